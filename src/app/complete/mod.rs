//! What may come next on a command line: words of the project, of whose compiled manifest only what is asked for is read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::project::{OpenProject, Surroundings, look};
use crate::git::Repository;
use crate::hash::Ignore;
use crate::lockfile::LockPlace;
use crate::look::{KeyQuestion, OWN_FOLDER, World};
use crate::manifest;
use crate::model::{
    AssetGraph, DeclaredPartitions, DefinitionId, KeysByDefinition, PartitionKeys,
    PartitionsDefinition, RunFilter, RunWord,
};
use crate::select::{continuations, fitting, fitting_names, last_word, written, written_key};
use crate::store::InstancePlace;
use crate::sys::inherited::temporary_folder;

/// How many runs are offered at most.
const RUNS: usize = 100;

/// The words of a project, as far as something may come next.
#[derive(Debug)]
pub struct CompletionWords<'a> {
    surroundings: &'a Surroundings,
    graph: AssetGraph,
}

impl<'a> CompletionWords<'a> {
    /// The words of the project that `surroundings` lie in.
    ///
    /// # Errors
    ///
    /// If the project cannot be read.
    pub fn of(surroundings: &'a Surroundings) -> Result<Self, AppError> {
        let graph = surroundings.declared()?;
        Ok(Self {
            surroundings,
            graph,
        })
    }

    /// What a SELECTION that begins with `typed` may go on to, as whole texts.
    ///
    /// # Errors
    ///
    /// If it is a key that is typed, and the instance or the disk cannot be asked for keys.
    pub fn selections(&self, typed: &str) -> Result<Vec<String>, AppError> {
        let (before, word) = last_word(typed);
        if let Some(revision) = word.strip_prefix("changed:") {
            let found = complete_revision(self.surroundings, revision.trim_start_matches('"'))?;
            let written = found.iter().map(|it| written(it));
            return Ok(written.map(|it| format!("{before}changed:{it}")).collect());
        }
        match word.split_once('@') {
            Some((name, key)) if !name.contains([':', '"']) => {
                let keys = self.partitions(&[name.to_owned()], key.trim_start_matches('"'))?;
                let whole = keys.iter().map(|key| written_key(key));
                Ok(whole.map(|key| format!("{before}{name}@{key}")).collect())
            }
            _ => Ok(self.expressions(typed)),
        }
    }

    /// What a SELECTION of what can be made may go on to: [`Self::selections`] without the names of sources.
    ///
    /// # Errors
    ///
    /// As [`Self::selections`].
    pub fn selections_of_assets(&self, typed: &str) -> Result<Vec<String>, AppError> {
        let mut found = self.selections(typed)?;
        let is_source = |word: &String| {
            self.graph
                .find(word)
                .is_some_and(|it| self.graph.is_source(it))
        };
        found.retain(|word| !is_source(word));
        Ok(found)
    }

    /// The words of the language and the project; where only `changed:` fits, the revisions behind it, too, if there are any.
    fn expressions(&self, typed: &str) -> Vec<String> {
        let found = continuations(typed, &self.graph);
        match found.as_slice() {
            [only] if only.ends_with("changed:") => match self.selections(only) {
                Ok(further) if !further.is_empty() => further,
                _ => found,
            },
            _ => found,
        }
    }

    /// The names of assets and sources that begin with `typed`.
    pub fn names(&self, typed: &str) -> Vec<String> {
        fitting_names(&self.graph, typed)
    }

    /// The same, and behind `@` the keys of an asset.
    ///
    /// # Errors
    ///
    /// If it is a key that is typed, and the instance or the disk cannot be asked for keys.
    pub fn names_and_keys(&self, typed: &str) -> Result<Vec<String>, AppError> {
        let Some((name, key)) = typed.split_once('@') else {
            return Ok(self.names(typed));
        };
        let keys = self.partitions(&[name.to_owned()], key)?;
        Ok(keys.iter().map(|key| format!("{name}@{key}")).collect())
    }

    /// What a clause of `--steps` that begins with `typed` may go on to.
    ///
    /// # Errors
    ///
    /// If it is a key that is typed, and the instance or the disk cannot be asked for keys.
    pub fn steps(&self, typed: &str) -> Result<Vec<String>, AppError> {
        let step = typed.trim_start_matches(['*', '+']);
        let signs = &typed[..typed.len() - step.len()];
        let steps = self.names_and_keys(step)?;
        Ok(steps.iter().map(|step| format!("{signs}{step}")).collect())
    }

    /// The definitions, and the assets and sources that have one, whose names begin with `typed`.
    pub fn partitioned(&self, typed: &str) -> Vec<String> {
        let named = self.graph.definitions().iter();
        let named = named.filter_map(|it| Some(it.name.as_ref()?.as_str()));
        let using = self.graph.labels().definitions.values().flatten();
        let using = using.map(|id| self.graph.key(*id).as_str());
        let mut names: Vec<&str> = named.chain(using).collect();
        names.sort_unstable();
        names.dedup();
        fitting(&names, typed)
    }

    /// Jobs that begin with `typed`.
    pub fn jobs(&self, typed: &str) -> Vec<String> {
        let jobs = self.graph.settings().jobs.iter();
        let names = jobs.map(|job| job.name.to_string());
        names.filter(|name| name.starts_with(typed)).collect()
    }

    /// Environments that begin with `typed`.
    pub fn environments(&self, typed: &str) -> Vec<String> {
        let environments = self.graph.settings().environments.iter();
        let names = environments.map(|it| it.name.to_string());
        names.filter(|name| name.starts_with(typed)).collect()
    }

    /// The dynamic definitions whose names begin with `typed`.
    pub fn dynamic(&self, typed: &str) -> Vec<String> {
        let is_dynamic = |it: &&DeclaredPartitions| it.definition == PartitionsDefinition::Dynamic;
        let all = self.graph.definitions().iter();
        let names = all
            .filter(is_dynamic)
            .filter_map(|it| Some(it.name.as_ref()?.as_str()));
        names
            .filter(|name| name.starts_with(typed))
            .map(str::to_owned)
            .collect()
    }
}

/// The inputs of the assets `of` whose names begin with `typed`.
///
/// # Errors
///
/// If the project cannot be read.
pub fn complete_input(
    surroundings: &Surroundings,
    of: &[String],
    typed: &str,
) -> Result<Vec<String>, AppError> {
    let project = OpenProject::open(surroundings)?;
    let graph = project.graph();
    let deps = of
        .iter()
        .filter_map(|name| graph.find(name))
        .flat_map(|id| graph.deps(id));
    let mut inputs: Vec<_> = deps.map(|dep| dep.input.to_string()).collect();
    inputs.retain(|input| input.starts_with(typed));
    Ok(inputs)
}

/// The runs whose ids begin with `typed`, newest first.
///
/// # Errors
///
/// If there is no project, or its instance cannot be read.
pub fn complete_run(surroundings: &Surroundings, typed: &str) -> Result<Vec<String>, AppError> {
    let mut instance = InstanceAccess::open(&OpenProject::open(surroundings)?)?;
    let runs = instance.read(|store| store.find_runs(&RunFilter::default()))?;
    let newest_first = runs.into_iter().map(|run| run.id.to_string());
    let words = [RunWord::Last, RunWord::LastFailed].map(|word| word.to_string());
    let offered = words.into_iter().chain(newest_first);
    let offered = offered.filter(|name| name.starts_with(typed));
    Ok(offered.take(RUNS).collect())
}

/// The branches and tags of the project's repository, and `HEAD`, that begin with `typed`.
///
/// # Errors
///
/// If there is no project, no repository or no git.
pub fn complete_revision(
    surroundings: &Surroundings,
    typed: &str,
) -> Result<Vec<String>, AppError> {
    let mut revisions =
        Repository::open(&root(surroundings)?, &surroundings.environment)?.revisions()?;
    revisions.insert(0, "HEAD".to_owned());
    revisions.retain(|revision| revision.starts_with(typed));
    Ok(revisions)
}

fn root(surroundings: &Surroundings) -> Result<PathBuf, AppError> {
    Ok(manifest::find(&surroundings.directory)?.0)
}

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
            let all = 0..self.graph.definitions().len() as u32;
            return all.map(DefinitionId).collect();
        }
        named
    }

    /// The definition of this name, or that of the asset or source of this name.
    fn partitions_of(&self, name: &str) -> Option<DefinitionId> {
        let of_use = || self.graph.partitions(self.graph.find(name)?);
        self.definition(name).or_else(of_use)
    }

    /// The definition of this name.
    fn definition(&self, name: &str) -> Option<DefinitionId> {
        let all = self.graph.definitions();
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
        let graph = &self.graph;
        let of = |id: DefinitionId| &graph.definitions()[id.0 as usize].definition;
        let dimensions = definitions.iter().flat_map(|id| of(*id).dimensions());
        let parts = dimensions.map(|dimension| dimension.definition);
        let mut asked: BTreeSet<_> = parts.chain(definitions.iter().copied()).collect();
        asked.retain(|id| KeyQuestion::of(of(*id)) != KeyQuestion::Declared);
        let kept = self.surroundings.kept_places(&root)?;
        let home = self.surroundings.home_of(&root.join(OWN_FOLDER), kept.home);
        let lock = kept.lock.unwrap_or_else(|| LockPlace::in_root(&root));
        let world = World {
            root: &root,
            graph,
            ignore: &Ignore::new(&graph.settings().ignore)?,
            now: self.surroundings.now,
            added: &[],
        };
        let key = self.surroundings.own_key(&root);
        let place = InstancePlace {
            home: &home,
            temporary: &temporary_folder(&self.surroundings.environment),
            key: key.as_ref(),
        };
        Ok(look(world, (&lock, place), &asked)?.0)
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
