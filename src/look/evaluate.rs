//! Looks at a scope and judges it: what `status`, `plan`, `explain` and `materialize` have in common.

use std::collections::{HashMap, HashSet};
use std::thread;

use crate::look::code::{Codes, observe_code};
use crate::look::content::value_detail;
use crate::look::error::Problems;
use crate::look::gather::{FoundSources, MissingSource, find_changed_outputs, find_sources};
use crate::look::locked::LockedCells;
use crate::look::observe::{Observations, Observing, observed_versions};
use crate::look::places::Places;
use crate::look::records::{StoreRecords, recorded};
use crate::look::share::AllCores;
use crate::look::workspace::Workspace;
use crate::model::{Cause, CurrentColumns, Observation, PartitionSlot, Place, Status, StepName};
use crate::plan::{
    Cell, Decision, Decisions, Evidence, Facts, Judge, Known, NonexistentKeys, Purpose, Scope,
    Verdict, causes, code_record, decide, obstacles,
};
use crate::store::{Store, StoreError};

/// So many cells are worth another thread.
const WORTH_A_THREAD: u32 = 8_192;

/// A scope that was looked at and judged.
pub struct Evaluation<'a> {
    /// The judge, with all facts.
    pub judge: Judge<'a>,
    /// By cell.
    pub verdicts: Vec<Verdict>,
    /// By cell.
    pub decisions: Decisions,
    /// The code versions, with what they were made of.
    pub codes: Codes,
    /// What was found at sources.
    pub sources: FoundSources,
    /// What `observe` commands answered, to be recorded.
    pub observations: Vec<(PartitionSlot, Observation)>,
    /// What only the lock file knows; nothing until it is asked.
    pub locked: LockedCells,
    /// What lies at the places of outputs; nothing until they are looked at.
    pub places: Places,
    /// Why commands are longer than the system takes; nothing until they are measured.
    pub too_long: HashMap<Cell, String>,
}

/// Looks at a scope and judges it.
///
/// # Errors
///
/// All problems at once: code files and variables that are missing, files that cannot be hashed.
pub fn evaluate<'a>(
    workspace: &Workspace<'_>,
    scope: &'a Scope<'a>,
    store: &Store,
    purpose: Purpose,
    observing: Observing<'_>,
) -> Result<Evaluation<'a>, Problems> {
    let codes = observe_code(workspace, scope)?;
    let (found, recorded) = find_sources_and_records(workspace, scope, store);
    let (mut versions, mut sources) = found?;
    let Observations {
        known,
        failed,
        news: observations,
    } = observed_versions(scope, store, observing)?;
    for (cell, version) in known {
        let row = scope.row_of_cell(cell);
        versions[row.versions_of(cell)].fill(version);
    }
    sources.missing.extend(failed);
    let recorded = recorded?;
    let changed_outputs = find_changed_outputs(workspace, scope, &recorded)?;
    let facts = Facts {
        code: codes.versions.clone(),
        versions,
        recorded,
        changed_outputs,
        lacking_keys: scope.lacking_keys(),
        too_long: HashSet::new(),
    };
    let mut judge = Judge::new(scope, facts, purpose);
    let verdicts = judge.judge_all(&StoreRecords(store), &AllCores);
    let mut evaluation = Evaluation {
        judge,
        verdicts,
        decisions: Decisions::default(),
        codes,
        sources,
        observations,
        locked: LockedCells::default(),
        places: Places::default(),
        too_long: HashMap::new(),
    };
    evaluation.decide();
    Ok(evaluation)
}

/// Looks at sources while the instance is read, where there is much of both.
fn find_sources_and_records(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    store: &Store,
) -> (SourcesFound, Result<CurrentColumns, StoreError>) {
    if scope.cells() < WORTH_A_THREAD {
        return (find_sources(workspace, scope), recorded(store, scope));
    }
    thread::scope(|threads| {
        let sources = threads.spawn(|| find_sources(workspace, scope));
        let recorded = recorded(store, scope);
        let sources = sources.join();
        let sources = sources.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sources, recorded)
    })
}

type SourcesFound = Result<(Vec<Known>, FoundSources), Problems>;

impl<'a> Evaluation<'a> {
    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &'a Scope<'a> {
        self.judge.scope()
    }

    /// Decides by the verdicts; what is not fresh and cannot be made now is blocked from then on.
    pub fn decide(&mut self) {
        self.decisions = decide(&self.judge, &self.verdicts);
        for (verdict, decision) in self.verdicts.iter_mut().zip(&self.decisions.of) {
            if *decision == Decision::Blocked && verdict.status != Status::Fresh {
                verdict.status = Status::Blocked;
            }
        }
    }

    /// The causes for which a cell is not fresh, or runs although it is.
    pub fn causes(&mut self, store: &Store, cell: Cell) -> Vec<Cause> {
        let scope = self.judge.scope();
        let codes = &self.codes;
        let code = |id| {
            let asset = scope.graph().asset(id);
            asset.map_or_else(Vec::new, |asset| code_record(asset, &codes.observed(id)))
        };
        let path = |cell| source_path(scope, cell);
        let sources = &self.sources;
        let detail = |cell, old| value_detail(sources, store, cell, old);
        let evidence = Evidence {
            records: &StoreRecords(store),
            verdicts: &self.verdicts,
            code: &code,
            path: &path,
            detail: &detail,
        };
        causes(&mut self.judge, &evidence, cell)
    }

    /// The name of a cell.
    #[must_use]
    pub fn step_name(&self, cell: Cell) -> StepName {
        step_name(self.scope(), cell)
    }

    /// Why a cell is not made in this run although it is not fresh: what its nearest root is, in words.
    #[must_use]
    pub fn why_blocked(&self, cell: Cell) -> String {
        let mut cell = cell;
        loop {
            let obstacles = obstacles(&self.judge, &self.decisions.of, cell);
            // What is missing is the root of what is blocked, be it blocked by an external asset too.
            let is_root = |up: &&Cell| self.decisions.of[up.index()] != Decision::AwaitsExternal;
            let first = obstacles.iter().find(is_root).or(obstacles.first());
            let Some(first) = first.copied() else {
                return self.obstacle(cell);
            };
            cell = first;
        }
    }

    /// Why a cell is blocked, in words: what is missing of the sources that it needs.
    #[must_use]
    pub fn obstacle(&self, cell: Cell) -> String {
        let name = self.step_name(cell);
        match self.sources.missing.get(&cell) {
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
            None if let Some(error) = self.codes.unreadable(self.scope().at(cell).0) => {
                format!("{name}: {error}")
            }
            None if self
                .scope()
                .graph()
                .asset(self.scope().at(cell).0)
                .is_some_and(|it| it.recipe.is_none()) =>
            {
                let facts = self.judge.facts();
                let why = if facts.changed_outputs.contains_key(&cell) {
                    "its outputs differ from the record"
                } else if facts.recorded.materialized(cell.index()).is_some() {
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
        let facts = self.judge.facts();
        if !facts.lacking_keys.contains(&cell) {
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

/// The name of a cell.
#[must_use]
pub fn step_name(scope: &Scope<'_>, cell: Cell) -> StepName {
    let (asset, _) = scope.at(cell);
    StepName {
        asset: scope.graph().key(asset).clone(),
        partition: scope.partition(cell),
    }
}

/// The path of a source's data, where it is one path.
#[must_use]
pub fn source_path(scope: &Scope<'_>, cell: Cell) -> Option<String> {
    let (id, partition) = scope.at(cell);
    let path = match &scope.graph().source(id)?.place {
        Place::Paths(paths) => match paths.as_slice() {
            [path] => path.template(),
            _ => return None,
        },
        Place::Value { path, .. } => path,
        Place::Observed { .. } => return None,
    };
    Some(path.path(partition).into_owned())
}

fn looked_for(paths: &[String]) -> String {
    match paths {
        [only] => format!("{only} is"),
        [first, rest @ ..] => format!("{first} and {} more are", rest.len()),
        [] => "its data is".to_owned(),
    }
}
