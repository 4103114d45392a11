//! What declarations say of assets and sources, turned around: who carries a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::asset::Asset;
use crate::model::declaration::Declaration;
use crate::model::name::AssetId;
use crate::model::partition::DefinitionId;

/// Assets and sources by a value that they carry, each list in order of declaration.
pub type ByValue<T> = BTreeMap<T, Vec<AssetId>>;

/// Which assets and sources carry what: as many of these lists as there are values are read where a question would
/// otherwise be put to each declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The assets that are made here.
    pub materializable: Vec<AssetId>,
    /// By their group.
    pub groups: ByValue<String>,
    /// By each of their kinds.
    pub kinds: ByValue<String>,
    /// By each of their owners.
    pub owners: ByValue<String>,
    /// By each of their tags: its name, then its value.
    pub tags: BTreeMap<String, ByValue<String>>,
    /// By their partitions definition.
    pub definitions: ByValue<DefinitionId>,
}

impl Labels {
    pub(super) fn new(declarations: &[Declaration]) -> Self {
        let mut labels = Self::default();
        for (index, declaration) in declarations.iter().enumerate() {
            labels.add(AssetId(index as u32), declaration);
        }
        labels
    }

    fn add(&mut self, id: AssetId, declaration: &Declaration) {
        if matches!(declaration, Declaration::Asset(asset) if Asset::is_materializable(asset)) {
            self.materializable.push(id);
        }
        let about = declaration.about();
        if let Some(group) = &about.group {
            put(&mut self.groups, group, id);
        }
        for kind in &about.kinds {
            put(&mut self.kinds, kind, id);
        }
        for owner in &about.owners {
            put(&mut self.owners, owner, id);
        }
        for (name, value) in &about.tags {
            if !self.tags.contains_key(name) {
                self.tags.insert(name.clone(), ByValue::new());
            }
            let values = self.tags.get_mut(name).expect("it was put there");
            put(values, value, id);
        }
        if let Some(definition) = declaration.partitions() {
            self.definitions.entry(definition).or_default().push(id);
        }
    }
}

fn put(lists: &mut ByValue<String>, value: &str, id: AssetId) {
    match lists.get_mut(value) {
        Some(list) => list.push(id),
        None => drop(lists.insert(value.to_owned(), vec![id])),
    }
}
