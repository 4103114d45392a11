//! The keys that exist or did: a file that is gone took its key with it, and what has read that key is touched.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::app::affected::changes::{ChangedPath, Extent, Root};
use crate::app::affected::pattern::{PathPattern, Shape};
use crate::app::affected::sites::located;
use crate::app::project::OpenProject;
use crate::git::ChangeKind;
use crate::look::asking_definitions;
use crate::model::{
    AssetId, DefinitionId, ExistingKeys, KeysByDefinition, NamedKeys, PartitionKey, PartitionKeys,
    PartitionSet, PartitionsDefinition, TimeKeys,
};

/// All keys of a project that exist, and those that changed paths stand for.
#[derive(Debug)]
pub(super) struct Universe<'a> {
    project: &'a OpenProject,
    keys: KeysByDefinition,
    /// The keys that came or went, of definitions of one dimension.
    moved: BTreeMap<DefinitionId, PartitionSet>,
}

/// Keys that changed paths stand for.
#[derive(Default)]
struct Moved {
    named: BTreeMap<DefinitionId, Vec<PartitionKey>>,
    /// By their indexes in the lattice.
    windows: BTreeMap<DefinitionId, PartitionSet>,
}

impl<'a> Universe<'a> {
    pub(super) fn new(project: &'a OpenProject, root: &Root, changes: &[ChangedPath]) -> Self {
        let moved = Moved::find(project, root, changes);
        let keys = if moved.named.is_empty() && moved.windows.is_empty() {
            project.keys().clone()
        } else {
            // More keys than can be counted: those that are gone are left out.
            let all = project.graph().keys(&moved.existing(project));
            all.unwrap_or_else(|_| project.keys().clone())
        };
        let mut sets = BTreeMap::new();
        for (id, all) in &moved.named {
            let keys = keys.get(Some(*id));
            let set = all.iter().filter_map(|key| keys.index_of(key.as_str()));
            sets.insert(*id, set.collect());
        }
        for (id, windows) in &moved.windows {
            if let PartitionKeys::Time(keys) = keys.get(Some(*id)) {
                let set = windows.iter().filter_map(|at| keys.rank(at.into()));
                sets.insert(*id, set.collect());
            }
        }
        Self {
            project,
            keys,
            moved: sets,
        }
    }

    /// The keys of an asset or source.
    pub(super) fn keys(&self, id: AssetId) -> &PartitionKeys {
        self.keys.of(self.project.graph().get(id))
    }

    /// The keys of an asset or source that came or went.
    pub(super) fn moved(&self, id: AssetId) -> PartitionSet {
        let graph = self.project.graph();
        let Some(own) = graph.get(id).partitions() else {
            return PartitionSet::empty();
        };
        if let Some(set) = self.moved.get(&own) {
            return set.clone();
        }
        let (Some(multi), Some(declared)) = (self.keys(id).multi(), graph.definition(id)) else {
            return PartitionSet::empty();
        };
        let dimensions = declared.definition.dimensions().iter().enumerate();
        PartitionSet::union_of(dimensions.filter_map(|(place, dimension)| {
            let set = self.moved.get(&dimension.definition)?;
            Some(multi.with_part(place as u32, set.clone()))
        }))
    }

    /// Those of a set's keys that exist, as the project counts them.
    pub(super) fn existing(&self, id: AssetId, set: &PartitionSet) -> PartitionSet {
        moved_over(set, self.keys(id), self.existing_keys(id))
    }

    /// A set of keys as the project counts them, by the indexes of this universe: the inverse of [`Self::existing`].
    pub(super) fn counted(&self, id: AssetId, set: &PartitionSet) -> PartitionSet {
        moved_over(set, self.existing_keys(id), self.keys(id))
    }

    fn existing_keys(&self, id: AssetId) -> &PartitionKeys {
        self.project.keys().of(self.project.graph().get(id))
    }
}

/// A set of keys by their indexes among others, of which one list holds all of the other's.
fn moved_over(set: &PartitionSet, from: &PartitionKeys, to: &PartitionKeys) -> PartitionSet {
    if from.len() == to.len() {
        return set.clone();
    }
    let slots = set.iter().map(|index| from.slot(index));
    slots.filter_map(|slot| to.index_of_slot(&slot)).collect()
}

impl Moved {
    fn find(project: &OpenProject, root: &Root, changes: &[ChangedPath]) -> Self {
        let mut moved = Self::default();
        let is_moved = |it: &&ChangedPath| it.kind == ChangeKind::Presence;
        for id in asking_definitions(project.graph()) {
            match &project.graph().definitions()[id.0 as usize].definition {
                PartitionsDefinition::Files(template) => {
                    let now = project.keys().get(Some(id));
                    let template = located(Cow::Borrowed(template), root);
                    let pattern = PathPattern::new(template, Shape::Tree, now);
                    let mut keys = Vec::new();
                    for change in changes.iter().filter(is_moved) {
                        let text = pattern.key_text_at(&change.path);
                        keys.extend(text.and_then(|text| PartitionKey::parse(&text).ok()));
                        if change.extent == Extent::Whole {
                            let below = pattern.keys_at(change, project.ignore());
                            let below = below.unwrap_or_default();
                            keys.extend(below.iter().filter_map(|index| now.key(index)));
                        }
                    }
                    if !keys.is_empty() {
                        moved.named.insert(id, keys);
                    }
                }
                PartitionsDefinition::Time {
                    windows,
                    exists: Some(template),
                } => {
                    let lattice = PartitionKeys::Time(TimeKeys::at(windows, project.now()));
                    let template = located(Cow::Borrowed(template), root);
                    let pattern = PathPattern::new(template, Shape::Tree, &lattice);
                    let changes = changes.iter().filter(is_moved);
                    let sets = changes.filter_map(|it| pattern.keys_at(it, project.ignore()));
                    let set = PartitionSet::union_of(sets);
                    if !set.is_empty() {
                        moved.windows.insert(id, set);
                    }
                }
                _ => {}
            }
        }
        moved
    }
    /// What exists, and these.
    fn existing(&self, project: &OpenProject) -> ExistingKeys {
        let mut existing = ExistingKeys {
            now: project.now(),
            ..ExistingKeys::default()
        };
        for id in asking_definitions(project.graph()) {
            match project.keys().get(Some(id)) {
                PartitionKeys::Named(keys) => {
                    let more = self.named.get(&id).into_iter().flatten();
                    let all = keys.keys().iter().chain(more).cloned().collect();
                    existing.named.insert(id, NamedKeys::growing(all));
                }
                PartitionKeys::Time(keys) => {
                    let windows = (0..keys.len())
                        .filter_map(|index| u32::try_from(keys.lattice(index)).ok())
                        .collect::<PartitionSet>();
                    let all = match self.windows.get(&id) {
                        Some(more) => windows.union(more),
                        None => windows,
                    };
                    existing.windows.insert(id, all);
                }
                PartitionKeys::Unpartitioned | PartitionKeys::Multi(_) => {}
            }
        }
        existing
    }
}
