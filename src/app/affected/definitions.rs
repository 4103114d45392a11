//! Which keys of a partitions definition have changed with its declaration.

use std::collections::HashMap;

use crate::app::project::OpenProject;
use crate::model::{
    AssetGraph, DeclaredPartitions, DefinitionId, Dimension, ExistingKeys, KeysByDefinition,
    PartitionKeys, PartitionSet, PartitionsDefinition,
};

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
