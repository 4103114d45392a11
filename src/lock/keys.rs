//! Keys of dynamic definitions: a clone has them from the lock file.

use std::collections::{BTreeSet, HashSet};

use crate::lock::update::Changes;
use crate::model::{
    AddedKey, AssetGraph, DefinitionId, KeysByDefinition, Lock, Name, PartitionKey, PartitionKeys,
    PartitionsDefinition,
};

/// Keys that the lock file lacks, in order of addition.
pub fn key_changes(graph: &AssetGraph, keys: &KeysByDefinition, lock: &Lock) -> Changes {
    let mut changes = Changes::default();
    let definitions = locked_definitions(graph);
    if definitions.is_empty() {
        return changes;
    }
    let known: HashSet<(&str, &str)> = lock
        .added
        .iter()
        .map(|added| (added.definition.as_str(), added.key.as_str()))
        .collect();
    for (id, name) in definitions {
        let PartitionKeys::Named(named) = keys.get(Some(id)) else {
            continue;
        };
        let in_order = (0..named.len()).map(|place| named.key(named.shown(place)));
        let new = in_order.filter(|key| !known.contains(&(name.as_str(), key.as_str())));
        changes.added_keys.extend(new.map(|key| AddedKey {
            definition: name.clone(),
            key: key.clone(),
        }));
    }
    changes
}

/// The keys of a definition that a lock file holds, in its order.
pub fn keys_of(lock: &Lock, definition: &Name) -> Vec<PartitionKey> {
    let added = lock.added.iter();
    let of_this = added.filter(|added| added.definition == *definition);
    of_this.map(|added| added.key.clone()).collect()
}

/// Whether the keys of a definition stand in the lock file: an asset with lines, or a source that one reads, has them, as
/// its own or as a dimension.
pub fn is_locked(graph: &AssetGraph, definition: &Name) -> bool {
    let mut definitions = locked_definitions(graph).into_iter();
    definitions.any(|(_, name)| name == definition)
}

/// The dynamic definitions whose keys stand in the lock file.
fn locked_definitions(graph: &AssetGraph) -> BTreeSet<(DefinitionId, &Name)> {
    let declared = |id: DefinitionId| &graph.definitions()[id.0 as usize];
    let is_dynamic = |id: &DefinitionId| declared(*id).definition == PartitionsDefinition::Dynamic;
    let all = (0..graph.definitions().len() as u32).map(DefinitionId);
    if !all.into_iter().any(|id| is_dynamic(&id)) {
        return BTreeSet::new();
    }
    let locked = graph.ids().filter_map(|id| graph.asset(id));
    let locked = locked.filter(|asset| asset.is_locked());
    let used = locked.flat_map(|asset| {
        let sources = asset.deps.iter().filter_map(|dep| graph.source(dep.asset));
        let of_sources = sources.filter_map(|source| source.partitions);
        asset.partitions.into_iter().chain(of_sources)
    });
    used.flat_map(|id| {
        let dimensions = declared(id).definition.dimensions().iter();
        let parts = dimensions.map(|dimension| dimension.definition);
        parts.chain([id])
    })
    .filter(is_dynamic)
    .filter_map(|id| Some((id, declared(id).name.as_ref()?)))
    .collect()
}
