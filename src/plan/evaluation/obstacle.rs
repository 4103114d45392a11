//! Why cells are blocked, in words.

use crate::plan::{Cell, Decision, Evaluation, MissingSource, NonexistentKeys, obstacles};

impl Evaluation<'_> {
    /// Why a cell is not made in this run although it is not fresh: what its nearest root is, in words.
    pub fn why_blocked(&self, cell: Cell) -> String {
        let mut cell = cell;
        loop {
            let obstacles = obstacles(&self.judge, &self.decisions.of, cell);
            // What is missing is the root of what is blocked, be it blocked by an external asset too.
            let is_root = |up: &&Cell| self.decision(**up) != Decision::AwaitsExternal;
            let first = obstacles.iter().find(is_root).or(obstacles.first());
            let Some(first) = first.copied() else {
                return self.obstacle(cell);
            };
            cell = first;
        }
    }

    /// Why a cell is blocked, in words: what is missing of the sources that it needs.
    pub fn obstacle(&self, cell: Cell) -> String {
        let name = self.step_name(cell);
        match self.findings.sources.missing.get(&cell) {
            Some(MissingSource::Paths(paths)) => format!("{name}: {} missing", looked_for(paths)),
            Some(MissingSource::Key { path, key }) => format!("{name}: {path} has no key {key}"),
            Some(MissingSource::Unobserved) => {
                format!(
                    "{name} was never observed: `assetctl observe {}`",
                    name.asset
                )
            }
            Some(MissingSource::ObserveFailed(why)) => format!("{name}: its observe command {why}"),
            Some(MissingSource::Unreadable(why)) => format!("{name}: {why}"),
            None if let Some(why) = self.lacking_keys(cell) => format!("{name} {why}"),
            None if let Some(why) = self.too_long.get(&cell) => format!("{name}: {why}"),
            None if let Some(error) = self.codes().unreadable.get(&self.scope().at(cell).0) => {
                format!("{name}: {error}")
            }
            None if self
                .scope()
                .graph()
                .asset(self.scope().at(cell).0)
                .is_some_and(|it| it.recipe.is_none()) =>
            {
                let why = if self.changed_outputs(cell).is_some() {
                    "its outputs differ from the record"
                } else if self.recorded(cell).is_some() {
                    "is stale"
                } else {
                    "was never accepted"
                };
                format!(
                    "{name} is external and {why}: accept it (`assetctl accept {name}`) or report it"
                )
            }
            None => format!("{name} is blocked"),
        }
    }

    /// Why a cell cannot be made for want of keys, to be read behind its name.
    fn lacking_keys(&self, cell: Cell) -> Option<String> {
        if !self.facts().lacking_keys.contains(&cell) {
            return None;
        }
        let scope = self.scope();
        let (asset, _) = scope.at(cell);
        if let Some(fault) = scope.fault(asset) {
            return Some(format!("depends on keys that are not known: {fault}"));
        }
        let NonexistentKeys { upstream, keys } = scope.nonexistent_keys(cell)?;
        let read = scope.graph().key(upstream);
        let (keys_words, verb) = match keys.as_slice() {
            [only] => (format!("`{only}`"), "does"),
            [first, rest @ ..] => (format!("`{first}` and {} more keys", rest.len()), "do"),
            [] => return None,
        };
        let partitions = scope.keys(upstream);
        let newest = partitions.len().checked_sub(1);
        let newest = newest.and_then(|last| partitions.window(last));
        // A window that comes after the newest one has not ended, or the definition has.
        let is_to_come = partitions.time().is_some_and(|windows| {
            let at = windows.index_of_key(keys[0].as_str());
            let start = at.map(|at| windows.window(at).start);
            start.is_some_and(|start| newest.is_none_or(|newest| start >= newest.end))
        });
        let help = if is_to_come {
            format!(
                "`end_offset = 1` in the partitions of `{read}` adds the window that has not ended"
            )
        } else {
            format!("let the partitions of `{read}` begin earlier")
        };
        Some(format!(
            "needs {keys_words} of `{read}`, which {verb} not exist: {help}, or set `allow_missing = true` on this dep"
        ))
    }
}

fn looked_for(paths: &[String]) -> String {
    match paths {
        [only] => format!("{only} is"),
        [first, rest @ ..] => format!("{first} and {} more are", rest.len()),
        [] => "its data is".to_owned(),
    }
}
