//! Keys that a run's commands have added: they are left to the next run.

use std::fmt;

use crate::app::project::Project;
use crate::engine::asking_definitions;
use crate::model::KeysByDefinition;

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

/// Which of `keys`, those that exist now, did not when the project was opened.
pub(super) fn keys_added(project: &Project, keys: &KeysByDefinition) -> Vec<KeysAdded> {
    let mut all = Vec::new();
    for id in asking_definitions(project.graph()) {
        let (old, new) = (project.keys().get(Some(id)), keys.get(Some(id)));
        let is_new = |index: &u32| old.index_of_slot(&new.slot(*index)).is_none();
        let count = new.range().filter(is_new).count() as u32;
        if count > 0 {
            let declared = &project.graph().definitions()[id.0 as usize];
            let name = declared.name.as_ref().map(ToString::to_string);
            let definition = name.unwrap_or_else(|| declared.definition.type_name().to_owned());
            all.push(KeysAdded { definition, count });
        }
    }
    all
}
