//! Partition keys that may come next: newest first, as it is mostly those that are meant.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::app::complete::{CompletionWords, root};
use crate::app::error::AppError;
use crate::app::project::look;
use crate::hash::Ignore;
use crate::look::{KeyQuestion, OWN_FOLDER, World};
use crate::model::{DefinitionId, KeysByDefinition, PartitionKeys};
use crate::store::Place;
use crate::sys::inherited::temporary_folder;

/// How many keys are offered at most.
const OFFERED: usize = 2_000;

/// How many keys are written at a time, from the newest on.
const CHUNK: u32 = 4_096;

/// What stands between the ends of a range.
const TO: &str = "...";

impl CompletionWords<'_> {
    /// The keys that begin with `typed` of the assets, sources and definitions named in `of`; where these have none, of all
    /// definitions. Behind `DEFINITION=` it is the keys of that.
    ///
    /// # Errors
    ///
    /// If the instance or the disk cannot be asked for keys.
    pub fn partitions(&self, of: &[String], typed: &str) -> Result<Vec<String>, AppError> {
        if let Some((name, key)) = typed.split_once('=')
            && let Some(id) = self.definition(name)
        {
            let keys = self.keys(&BTreeSet::from([id]), key)?;
            return Ok(keys.iter().map(|key| format!("{name}={key}")).collect());
        }
        self.keys(&self.named(of), typed)
    }

    /// The same for `A...B`.
    ///
    /// # Errors
    ///
    /// If the instance or the disk cannot be asked for keys.
    pub fn ranges(&self, of: &[String], typed: &str) -> Result<Vec<String>, AppError> {
        let Some((first, last)) = typed.rsplit_once(TO) else {
            let keys = self.partitions(of, typed)?;
            return Ok(keys.iter().map(|key| format!("{key}{TO}")).collect());
        };
        let limited = first
            .split_once('=')
            .and_then(|(it, _)| self.definition(it));
        let definitions = limited.map_or_else(|| self.named(of), |id| BTreeSet::from([id]));
        let keys = self.keys(&definitions, last)?;
        Ok(keys.iter().map(|key| format!("{first}{TO}{key}")).collect())
    }

    /// The definitions of what is named, or else all.
    fn named(&self, of: &[String]) -> BTreeSet<DefinitionId> {
        let names = of.iter().map(|word| word.split('@').next().unwrap_or(word));
        let named: BTreeSet<_> = names.filter_map(|name| self.partitions_of(name)).collect();
        if named.is_empty() {
            let all = 0..self.known.definitions.definitions().len() as u32;
            return all.map(DefinitionId).collect();
        }
        named
    }

    /// The definition of this name, or that of the asset or source of this name.
    fn partitions_of(&self, name: &str) -> Option<DefinitionId> {
        self.definition(name).or_else(|| {
            let names = &self.known.vocabulary.names;
            let at = names.binary_search_by(|known| known.as_str().cmp(name));
            self.known.partitions[at.ok()?]
        })
    }

    /// The definition of this name.
    fn definition(&self, name: &str) -> Option<DefinitionId> {
        let all = self.known.definitions.definitions();
        let is_it = |known: &str| known == name;
        let at = all
            .iter()
            .position(|it| it.name.as_ref().is_some_and(|it| is_it(it.as_str())))?;
        Some(DefinitionId(at as u32))
    }

    /// The keys of some definitions that begin with `typed`, each once.
    fn keys(
        &self,
        definitions: &BTreeSet<DefinitionId>,
        typed: &str,
    ) -> Result<Vec<String>, AppError> {
        let existing = self.existing(definitions)?;
        let mut offered = Vec::new();
        for id in definitions {
            let room = OFFERED.saturating_sub(offered.len());
            offered.extend(newest(existing.get(Some(*id)), typed, room));
        }
        let mut seen = BTreeSet::new();
        offered.retain(|key| seen.insert(key.clone()));
        Ok(offered)
    }

    /// The keys that exist now, those of `definitions` among them.
    fn existing(&self, definitions: &BTreeSet<DefinitionId>) -> Result<KeysByDefinition, AppError> {
        let root = root(self.surroundings)?;
        let graph = &self.known.definitions;
        let of = |id: DefinitionId| &graph.definitions()[id.0 as usize].definition;
        let dimensions = definitions.iter().flat_map(|id| of(*id).dimensions());
        let parts = dimensions.map(|dimension| dimension.definition);
        let mut asked: BTreeSet<_> = parts.chain(definitions.iter().copied()).collect();
        asked.retain(|id| KeyQuestion::of(of(*id)) != KeyQuestion::Declared);
        let home = match &self.surroundings.home {
            Some(home) => self.surroundings.directory.join(home),
            None => root.join(OWN_FOLDER),
        };
        let world = World {
            root: &root,
            graph,
            ignore: &Ignore::new(&graph.settings().ignore)?,
            now: self.surroundings.now,
            added: &[],
        };
        let key = self.surroundings.own_key(&root);
        let place = Place {
            home: &home,
            temporary: &temporary_folder(&self.surroundings.environment),
            key: key.as_ref(),
        };
        Ok(look(world, place, &asked)?.0)
    }
}

/// The newest keys that begin with `typed`, newest first. Where there are more, the oldest of them comes last, so that a
/// shell does not take what the newest have in common for what all have.
fn newest(keys: &PartitionKeys, typed: &str, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut end = keys.len();
    while end > 0 && found.len() < limit {
        let start = end.saturating_sub(CHUNK);
        let chunk: Vec<_> = keys.texts(start..end).collect();
        let fitting = chunk.iter().rev().filter(|key| key.starts_with(typed));
        found.extend(fitting.map(ToString::to_string));
        end = start;
    }
    if found.len() >= limit && limit > 0 {
        let mut texts = keys.texts(keys.range());
        let oldest = texts.find(|key| key.starts_with(typed));
        found.truncate(limit);
        found.extend(oldest.map(Cow::into_owned));
    }
    found
}
