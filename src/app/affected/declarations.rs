//! Which declarations have changed: those of a revision compared with those of now, by value.
//!
//! Where something stands, and what people say of it, is no part of it. The order of what is declared is none either.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::app::affected::changes::{ChangedPath, Extent};
use crate::app::affected::sites::Universe;
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::git::{Commit, GitError, Repository};
use crate::manifest::{self, MANIFEST};
use crate::model::{
    AssetGraph, AssetId, DeclaredPartitions, DefinitionId, Dimension, ExistingKeys, FileId,
    KeysByDefinition, Location, PartitionKeys, PartitionSet, PartitionsDefinition,
};
use crate::sys::inherited::temporary_folder;

/// Sets of keys of assets and sources.
type Sets = Vec<(AssetId, PartitionSet)>;

/// What changed manifest files touch, as far as it can be told without an older state of them: all that they declare,
/// and what is partitioned by definitions in them.
pub(super) fn named(
    project: &OpenProject,
    universe: &Universe<'_>,
    changes: &[ChangedPath],
) -> Sets {
    let graph = project.graph();
    let files = graph.files().iter().enumerate();
    let files: HashSet<FileId> = files
        .filter(|(_, file)| changes.iter().any(|change| is_at(change, file)))
        .map(|(number, _)| FileId(number as u16))
        .collect();
    let lists = graph.settings().list_uses.iter();
    let made_of: HashSet<Location> = lists
        .filter(|(list, _)| files.contains(list))
        .flat_map(|(_, places)| places.iter().copied())
        .collect();
    let is_touched = |id: &AssetId| {
        let location = graph.location(*id);
        if made_of.contains(&location) {
            return true;
        }
        let own = location.file;
        let definition = graph.definition(*id).map(|it| it.location.file);
        files.contains(&own) || definition.is_some_and(|file| files.contains(&file))
    };
    whole(universe, graph.ids().filter(is_touched))
}

/// What has changed in the declarations since a commit.
pub(super) fn since(
    project: &OpenProject,
    universe: &Universe<'_>,
    repository: &Repository,
    commit: &Commit,
    changes: &[ChangedPath],
) -> Result<Sets, AppError> {
    // Which files an older main file included is known only once it is read, so every changed TOML file counts.
    let is_manifest = |change: &ChangedPath| {
        let named = project.graph().files().contains(&change.path);
        named || is_toml(&change.path)
    };
    if !changes.iter().any(is_manifest) {
        return Ok(Vec::new());
    }
    match old_graph(project, repository, commit)? {
        Some(old) => Ok(compared(project, universe, &old)),
        None if changes.iter().any(|change| is_at(change, MANIFEST)) => {
            Ok(whole(universe, project.graph().ids()))
        }
        None => Ok(named(project, universe, changes)),
    }
}

fn is_toml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == "toml")
}

fn is_at(change: &ChangedPath, file: &str) -> bool {
    let below = || {
        let rest = file.strip_prefix(&change.path);
        change.path.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
    };
    change.path == file || (change.extent == Extent::Whole && below())
}

/// The graph that a commit declares; `None` if it declares none that is right.
fn old_graph(
    project: &OpenProject,
    repository: &Repository,
    commit: &Commit,
) -> Result<Option<AssetGraph>, AppError> {
    let mut files = repository.files_at(commit)?;
    files.retain(|file| is_toml(&file.path) || project.graph().files().contains(&file.path));
    let folder =
        tempfile::tempdir_in(temporary_folder(project.environment())).map_err(GitError::from)?;
    repository.write_out(&files, folder.path())?;
    Ok(manifest::load(folder.path()).ok().map(|old| old.graph))
}

fn compared(project: &OpenProject, universe: &Universe<'_>, old: &AssetGraph) -> Sets {
    let new = project.graph();
    let definitions = Definitions::new(project, old);
    let settings = (old.settings(), new.settings());
    let renamed = settings.0.name != settings.1.name;
    let otherwise_ignored = settings.0.ignore != settings.1.ignore;
    let mut sets = Vec::new();
    for id in new.ids() {
        let before = old.find(new.key(id).as_str());
        let same = before.is_some_and(|before| old.own_meaning(before) == new.own_meaning(id));
        if !same || otherwise_ignored || (renamed && new.names_project(id)) {
            sets.extend(whole(universe, [id]));
            continue;
        }
        let before = before.and_then(|before| old.partitions(before));
        if let Some(set) = definitions.touched(before, new.partitions(id)) {
            sets.push((id, universe.counted(id, &set)));
        }
    }
    sets
}

fn whole(universe: &Universe<'_>, ids: impl IntoIterator<Item = AssetId>) -> Sets {
    let all = |id| (id, PartitionSet::from_range(universe.keys(id).range()));
    ids.into_iter().map(all).collect()
}

/// Definitions with more keys than this are compared as wholes.
const COMPARED: u32 = 1_000_000;

/// The definitions of an older graph beside those of now.
#[derive(Debug)]
pub(super) struct Definitions<'a> {
    project: &'a OpenProject,
    old: &'a AssetGraph,
    /// The keys that follow from the older declarations; `None` if they are too many to be counted.
    old_keys: Option<KeysByDefinition>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(project: &'a OpenProject, old: &'a AssetGraph) -> Self {
        let existing = ExistingKeys {
            now: project.now(),
            named: HashMap::new(),
            windows: HashMap::new(),
            faults: HashMap::new(),
        };
        Self {
            project,
            old,
            old_keys: old.keys(&existing).ok(),
        }
    }

    /// The keys that are not what they were; `None` if all are.
    ///
    /// Where keys were only added, it is these; otherwise all.
    pub(super) fn touched(
        &self,
        before: Option<DefinitionId>,
        now: Option<DefinitionId>,
    ) -> Option<PartitionSet> {
        self.of_definition(before?, now?)
    }

    fn of_definition(&self, before: DefinitionId, now: DefinitionId) -> Option<PartitionSet> {
        let new = self.project.graph();
        if same((self.old, before), (new, now)) {
            return None;
        }
        let keys = self.project.keys().get(Some(now));
        let all = PartitionSet::from_range(keys.range());
        let (one, other) = (declared(self.old, before), declared(new, now));
        let (one, other) = (&one.definition, &other.definition);
        if let (PartitionsDefinition::Multi(one), PartitionsDefinition::Multi(other), Some(multi)) =
            (one, other, keys.multi())
        {
            let names = |dimensions: &[Dimension]| {
                let names = dimensions.iter().map(|it| it.name.clone());
                names.collect::<Vec<_>>()
            };
            if names(one) != names(other) {
                return Some(all);
            }
            let pairs = one.iter().zip(other.iter()).enumerate();
            return Some(PartitionSet::union_of(pairs.filter_map(
                |(place, (one, other))| {
                    let part = self.of_definition(one.definition, other.definition)?;
                    Some(multi.with_part(place as u32, part))
                },
            )));
        }
        let old_keys = self.old_keys.as_ref().map(|keys| keys.get(Some(before)));
        let old_keys = old_keys.filter(|_| is_listed(one) && is_listed(other));
        Some(old_keys.and_then(|old| added(old, keys)).unwrap_or(all))
    }
}

/// Whether the keys of a definition of one dimension follow from its declaration, and the time.
fn is_listed(definition: &PartitionsDefinition) -> bool {
    matches!(
        definition,
        PartitionsDefinition::Static(_) | PartitionsDefinition::Time { exists: None, .. }
    )
}

/// The keys of `new` that `old` does not have; `None` if others have changed too, or there are too many to compare.
fn added(old: &PartitionKeys, new: &PartitionKeys) -> Option<PartitionSet> {
    if old.len() > COMPARED || new.len() > COMPARED || old.len() > new.len() {
        return None;
    }
    let mut kept = Vec::with_capacity(old.len() as usize);
    for index in old.range() {
        let found = new.index_of(old.key(index)?.as_str())?;
        if old.window(index) != new.window(found) {
            return None;
        }
        kept.push(found);
    }
    let same_order = kept.is_sorted();
    let kept: PartitionSet = kept.into_iter().collect();
    same_order.then(|| PartitionSet::from_range(new.range()).difference(&kept))
}

/// Whether two definitions of two graphs are equal by value.
fn same(one: (&AssetGraph, DefinitionId), other: (&AssetGraph, DefinitionId)) -> bool {
    let (old, new) = (declared(one.0, one.1), declared(other.0, other.1));
    match (&old.definition, &new.definition) {
        (PartitionsDefinition::Multi(a), PartitionsDefinition::Multi(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|(a, b)| {
                    a.name == b.name && same((one.0, a.definition), (other.0, b.definition))
                })
        }
        // Its keys are kept under its name.
        (PartitionsDefinition::Dynamic, PartitionsDefinition::Dynamic) => old.name == new.name,
        (a, b) => a == b,
    }
}

fn declared(graph: &AssetGraph, id: DefinitionId) -> &DeclaredPartitions {
    &graph.definitions()[id.0 as usize]
}
