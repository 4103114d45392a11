//! Which keys exist just now, as far as the world decides it: the instance, the files on disk and the time.
//!
//! What follows from declarations alone is the model's. A project whose keys all do costs nothing here. Only definitions
//! that something uses are looked at, because looking can take long and can fail.

mod found;
mod pattern;
mod world;

use std::collections::BTreeSet;

use crate::look::error::{EngineError, Problems, Spot};
use crate::look::keys::found::{FoundKeys, keys_of_files, windows_with_files};
use crate::model::{
    AssetGraph, DeclaredPartitions, DefinitionId, ExistingKeys, KeysByDefinition, NamedKeys,
    PartitionSet, PartitionsDefinition, TooManyKeys,
};
use crate::store::Store;

pub use world::World;

/// Who knows the keys of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyQuestion {
    /// They follow from what is declared, and the time.
    Declared,
    /// The instance.
    Instance,
    /// The disk.
    Disk,
}

impl KeyQuestion {
    /// Who knows the keys of `definition`; its dimensions, if it has some, are to be asked for themselves.
    pub fn of(definition: &PartitionsDefinition) -> Self {
        match definition {
            PartitionsDefinition::Static(_)
            | PartitionsDefinition::Multi(_)
            | PartitionsDefinition::Time { exists: None, .. } => Self::Declared,
            PartitionsDefinition::Dynamic => Self::Instance,
            PartitionsDefinition::Files(_) | PartitionsDefinition::Time { .. } => Self::Disk,
        }
    }
}

/// The definitions of `graph` that an asset or a source uses, as its own or as a dimension.
pub fn used_definitions(graph: &AssetGraph) -> BTreeSet<DefinitionId> {
    let own: BTreeSet<_> = graph
        .ids()
        .filter_map(|id| graph.get(id).partitions())
        .collect();
    let with_dimensions = own.into_iter().flat_map(|id| {
        let dimensions = declared(graph, id).definition.dimensions().iter();
        let parts = dimensions.map(|dimension| dimension.definition);
        parts.chain([id])
    });
    with_dimensions.collect()
}

/// Those of the used definitions of `graph` whose keys do not follow from what is declared.
pub fn asking_definitions(graph: &AssetGraph) -> BTreeSet<DefinitionId> {
    let asks = |it: &DeclaredPartitions| KeyQuestion::of(&it.definition) != KeyQuestion::Declared;
    if !graph.definitions().iter().any(asks) {
        return BTreeSet::new();
    }
    let mut used = used_definitions(graph);
    used.retain(|id| asks(declared(graph, *id)));
    used
}

/// The keys of all definitions of a project, of which those in `definitions` are asked of the world.
///
/// The others have the keys that follow from what is declared: none, where the world would have to be asked. Dynamic keys
/// are those of the lock file, then those of the `store` that it lacks.
///
/// # Errors
///
/// If there are more keys than can be counted, or the instance cannot be read. A file whose name is not a key, or a folder
/// that cannot be read, is a fault of its definition, which blocks what uses it.
pub fn existing_keys(
    world: World<'_>,
    definitions: &BTreeSet<DefinitionId>,
    store: Option<&Store>,
) -> Result<KeysByDefinition, Problems> {
    let mut existing = ExistingKeys {
        now: world.now,
        ..ExistingKeys::default()
    };
    for id in definitions {
        let declared = declared(world.graph, *id);
        match &declared.definition {
            PartitionsDefinition::Dynamic => {
                let name = declared.name.as_ref();
                let locked = world.added.iter();
                let locked = locked.filter(|added| Some(&added.definition) == name);
                let mut keys: Vec<_> = locked.map(|added| added.key.clone()).collect();
                if let (Some(store), Some(name)) = (store, name) {
                    keys.append(&mut store.dynamic_keys(name)?);
                }
                existing.named.insert(*id, NamedKeys::growing(keys));
            }
            PartitionsDefinition::Files(pattern) => {
                let found = keys_of_files(world, pattern);
                let FoundKeys { keys, foreign } = found.unwrap_or_else(|error| {
                    existing.faults.insert(*id, error.to_string());
                    FoundKeys::default()
                });
                if let Some(first) = foreign.first() {
                    existing
                        .faults
                        .insert(*id, first.words(pattern, foreign.len()));
                }
                existing.named.insert(*id, NamedKeys::growing(keys));
            }
            PartitionsDefinition::Time {
                windows,
                exists: Some(path),
            } => {
                let there = windows_with_files(world, windows, path);
                let there = there.unwrap_or_else(|error| {
                    existing.faults.insert(*id, error.to_string());
                    PartitionSet::empty()
                });
                existing.windows.insert(*id, there);
            }
            PartitionsDefinition::Static(_)
            | PartitionsDefinition::Multi(_)
            | PartitionsDefinition::Time { exists: None, .. } => {}
        }
    }
    let keys = world.graph.keys(&existing);
    keys.map_err(|many| too_many(world, many).into())
}

/// What keeps the keys of a definition from being known: all files whose names are not keys, or a folder that cannot be
/// read.
///
/// # Errors
///
/// That.
pub fn look_for_foreign_files(world: World<'_>, id: DefinitionId) -> Result<(), Problems> {
    let declared = declared(world.graph, id);
    let mut problems = Problems::default();
    let definitions = match &declared.definition {
        PartitionsDefinition::Multi(dimensions) => {
            dimensions.iter().map(|it| it.definition).collect()
        }
        _ => vec![id],
    };
    for id in definitions {
        let declared = self::declared(world.graph, id);
        match &declared.definition {
            PartitionsDefinition::Files(pattern) => match keys_of_files(world, pattern) {
                Ok(found) => problems.extend(found.foreign.into_iter().map(|file| {
                    let spot = Spot::of(world.root, world.graph, declared.location);
                    file.told(pattern, spot)
                })),
                Err(error) => problems.push(error.into()),
            },
            PartitionsDefinition::Time {
                windows,
                exists: Some(path),
            } => {
                if let Err(error) = windows_with_files(world, windows, path) {
                    problems.push(error.into());
                }
            }
            _ => {}
        }
    }
    problems.into_result(())
}

fn declared(graph: &AssetGraph, id: DefinitionId) -> &DeclaredPartitions {
    &graph.definitions()[id.0 as usize]
}

fn too_many(world: World<'_>, TooManyKeys { definition }: TooManyKeys) -> EngineError {
    let declared = declared(world.graph, definition);
    let (source_code, span) = Spot::of(world.root, world.graph, declared.location).into_parts();
    EngineError::TooManyKeys {
        definition: match &declared.name {
            Some(name) => format!("`{name}`"),
            None => "this definition".to_owned(),
        },
        source_code,
        span,
    }
}

#[cfg(test)]
mod tests;
