//! The keys of all definitions of a project at a moment.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::partition::definition::{
    DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition,
};
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::NamedKeys;
use crate::model::partition::named::TimeKeys;
use crate::model::partition::set::PartitionSet;

/// What decides which keys exist, besides what is declared.
#[derive(Clone, Debug, Default)]
pub struct ExistingKeys {
    /// The instant at which windows have ended.
    pub now: Timestamp,
    /// The keys of dynamic and files definitions; of one that is not here, none.
    pub named: HashMap<DefinitionId, NamedKeys>,
    /// The windows whose file is there, of definitions that ask for one, by their indexes in the lattice.
    pub windows: HashMap<DefinitionId, PartitionSet>,
    /// Why the keys of a definition are not all known.
    pub faults: HashMap<DefinitionId, String>,
}

/// A multi-dimensional definition has more than 2^32 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyKeys {
    /// The definition.
    pub definition: DefinitionId,
}

/// The keys of a project's partitions definitions at a moment.
#[derive(Clone, Debug)]
pub struct KeysByDefinition {
    unpartitioned: PartitionKeys,
    keys: Vec<PartitionKeys>,
    faults: HashMap<DefinitionId, String>,
}

impl KeysByDefinition {
    /// The keys of `definitions`, as far as they exist.
    pub(in crate::model) fn new(
        definitions: &[DeclaredPartitions],
        existing: &ExistingKeys,
    ) -> Result<Self, TooManyKeys> {
        let ids = || (0..definitions.len() as u32).map(DefinitionId);
        let flat = |id: DefinitionId| {
            let definition = &definitions[id.0 as usize].definition;
            flat_keys(id, definition, existing)
        };
        let mut keys: Vec<_> = ids().map(flat).collect();
        let mut faults = existing.faults.clone();
        for id in ids() {
            let dimensions = definitions[id.0 as usize].definition.dimensions();
            if dimensions.is_empty() {
                continue;
            }
            let mut parts = dimensions.iter();
            let fault = parts.find_map(|each| existing.faults.get(&each.definition));
            faults.extend(fault.map(|fault| (id, fault.clone())));
            let of = |each: &Dimension| {
                let flat = keys[each.definition.0 as usize].clone();
                (each.name.clone(), flat)
            };
            let product = MultiKeys::new(dimensions.iter().map(of).collect());
            let product = product.ok_or(TooManyKeys { definition: id })?;
            keys[id.0 as usize] = PartitionKeys::Multi(product);
        }
        Ok(Self {
            unpartitioned: PartitionKeys::Unpartitioned,
            keys,
            faults,
        })
    }

    /// Why the keys of a definition are not all known.
    pub fn fault_of(&self, definition: DefinitionId) -> Option<&str> {
        self.faults.get(&definition).map(String::as_str)
    }

    /// Why keys are not all known, each once, in order.
    pub fn faults(&self) -> BTreeSet<&str> {
        self.faults.values().map(String::as_str).collect()
    }

    /// Whether the keys of some definition are not all known.
    pub fn have_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The keys of a definition; the one keyless partition where there is none.
    pub fn get(&self, definition: Option<DefinitionId>) -> &PartitionKeys {
        definition.map_or(&self.unpartitioned, |id| &self.keys[id.0 as usize])
    }
}

/// The keys of a definition of one dimension; of one with several, nothing yet.
fn flat_keys(
    id: DefinitionId,
    definition: &PartitionsDefinition,
    existing: &ExistingKeys,
) -> PartitionKeys {
    let named = || {
        let keys = existing.named.get(&id).cloned();
        PartitionKeys::Named(keys.unwrap_or_else(|| NamedKeys::growing(Vec::new())))
    };
    match definition {
        PartitionsDefinition::Static(keys) => PartitionKeys::Named(NamedKeys::declared(keys)),
        PartitionsDefinition::Time {
            windows,
            exists: None,
        } => PartitionKeys::Time(TimeKeys::at(windows, existing.now)),
        PartitionsDefinition::Time {
            windows,
            exists: Some(_),
        } => {
            let there = existing.windows.get(&id).cloned().unwrap_or_default();
            PartitionKeys::Time(TimeKeys::only(windows, there))
        }
        PartitionsDefinition::Dynamic
        | PartitionsDefinition::Files(_)
        | PartitionsDefinition::Multi(_) => named(),
    }
}
