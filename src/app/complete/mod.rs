//! What may come next on a command line: words of the project, kept so that a large one need not be read at each key press.

mod keys;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::kept::{Kept, keep, kept};
use crate::app::project::OpenProject;
use crate::app::surroundings::Surroundings;
use crate::git::Repository;
use crate::manifest;
use crate::model::{
    AssetGraph, DeclaredPartitions, DefinitionId, GraphParts, PartitionsDefinition,
};
use crate::select::{Vocabulary, continuations, fitting, last_word, written_key};

/// How many runs are offered at most.
const RUNS: usize = 100;

/// The words of a project, as far as something may come next.
#[derive(Debug)]
pub struct CompletionWords<'a> {
    surroundings: &'a Surroundings,
    known: KeptWords,
}

/// What is kept of the declarations: it is a small part of them, and read at each key press.
#[derive(Debug, Serialize, Deserialize)]
struct KeptWords {
    vocabulary: Vocabulary,
    /// The definition of each name of the vocabulary.
    partitions: Vec<Option<DefinitionId>>,
    /// The settings and definitions of the project, without what uses them.
    definitions: AssetGraph,
}

impl<'a> CompletionWords<'a> {
    /// The words of the project that `surroundings` lie in.
    ///
    /// # Errors
    ///
    /// If the project cannot be read.
    pub fn of(surroundings: &'a Surroundings) -> Result<Self, AppError> {
        let found = kept(surroundings, Kept::Words, "");
        let known = match found.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
            Some(known) => known,
            None => read(surroundings)?,
        };
        Ok(Self {
            surroundings,
            known,
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
            let written = found.iter().map(|it| self.known.vocabulary.written(it));
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
        found.retain(|word| !self.known.vocabulary.is_source(word));
        Ok(found)
    }

    /// The words of the language and the project; where only `changed:` fits, the revisions behind it, too, if there are any.
    fn expressions(&self, typed: &str) -> Vec<String> {
        let found = continuations(typed, &self.known.vocabulary);
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
        fitting(&self.known.vocabulary.names, typed)
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
        let named = self.known.definitions.definitions().iter();
        let named = named.filter_map(|it| Some(it.name.as_ref()?.to_string()));
        let using = self
            .known
            .vocabulary
            .names
            .iter()
            .zip(&self.known.partitions);
        let using = using.filter_map(|(name, of)| of.map(|_| name.clone()));
        let mut names: Vec<String> = named.chain(using).collect();
        names.sort_unstable();
        names.dedup();
        fitting(&names, typed)
    }

    /// The dynamic definitions whose names begin with `typed`.
    pub fn dynamic(&self, typed: &str) -> Vec<String> {
        let is_dynamic = |it: &&DeclaredPartitions| it.definition == PartitionsDefinition::Dynamic;
        let all = self.known.definitions.definitions().iter();
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
    let runs = instance.read(|store| store.runs(usize::MAX))?;
    let newest_first = runs.into_iter().map(|run| run.id.to_string());
    let offered = newest_first.filter(|name| name.starts_with(typed));
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

fn read(surroundings: &Surroundings) -> Result<KeptWords, AppError> {
    let project = OpenProject::open(surroundings)?;
    let graph = project.graph();
    let ids = graph.by_key().iter();
    let definitions = GraphParts {
        settings: graph.settings().clone(),
        files: graph.files().to_vec(),
        definitions: graph.definitions().to_vec(),
        declarations: Vec::new(),
    };
    let known = KeptWords {
        vocabulary: Vocabulary::of(graph),
        partitions: ids.map(|id| graph.get(*id).partitions()).collect(),
        definitions: AssetGraph::new(definitions).expect("what does not depend has no cycle"),
    };
    if let Ok(bytes) = postcard::to_stdvec(&known) {
        keep(&project, Kept::Words, "", &bytes);
    }
    Ok(known)
}

fn root(surroundings: &Surroundings) -> Result<PathBuf, AppError> {
    Ok(manifest::find(&surroundings.directory)?.0)
}
