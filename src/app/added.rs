//! Keys that a run's commands have added: they are left to the next run.

use std::fmt;

use crate::look::asking_definitions;
use crate::model::{AssetGraph, KeysByDefinition};

/// Keys that exist since a run was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysAdded {
    /// The partitions definition, by its name or its type.
    pub definition: String,
    /// How many keys.
    pub count: u32,
}

impl fmt::Display for KeysAdded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let definition = &self.definition;
        match self.count {
            1 => write!(f, "1 key was added to {definition}: run again"),
            many => write!(f, "{many} keys were added to {definition}: run again"),
        }
    }
}

/// Which of the keys that exist `now` did not exist `before`.
pub(super) fn keys_added(
    graph: &AssetGraph,
    before: &KeysByDefinition,
    now: &KeysByDefinition,
) -> Vec<KeysAdded> {
    let mut all = Vec::new();
    for id in asking_definitions(graph) {
        let (old, new) = (before.get(Some(id)), now.get(Some(id)));
        let is_new = |index: &u32| old.index_of_slot(&new.slot(*index)).is_none();
        let count = new.range().filter(is_new).count() as u32;
        if count > 0 {
            let declared = &graph.definitions()[id.0 as usize];
            let name = declared.name.as_ref().map(ToString::to_string);
            let definition = name.unwrap_or_else(|| declared.definition.type_name().to_owned());
            all.push(KeysAdded { definition, count });
        }
    }
    all
}
