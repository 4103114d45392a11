//! `partitions add` and `partitions remove`: the keys of a dynamic definition.
//!
//! A change is one short transaction, so a command may ask for one while the run that started it goes on. That run's keys
//! are fixed: what is added is for the next one. A lock file, if there is one, has the keys too, so that a clone has them.

use std::collections::HashSet;

use crate::answer::{ChangedKeys, KeysReport};
use crate::app::error::{AppError, RequestError};
use crate::app::instance::InstanceAccess;
use crate::app::list::definition_label;
use crate::app::lock::LockFile;
use crate::app::notice::Notice;
use crate::app::partitions::list::{NamedDefinition, find_definition};
use crate::app::project::OpenProject;
use crate::lock::{LockChanges, is_locked, keys_of};
use crate::look::IN_MEMORY;
use crate::model::{
    AddedKey, AssetKey, ChangeKeysRequest, DefinitionId, KeyChange, PART_SEPARATOR, PartitionKey,
    PartitionSet, PartitionsDefinition,
};
use crate::store::{Store, StoreError};

/// Adds keys to a dynamic definition or removes some, and says what changed. What is recorded of keys that go stays.
pub fn change_keys(
    project: &OpenProject,
    request: &ChangeKeysRequest,
) -> Result<(KeysReport, Vec<Notice>), AppError> {
    let name = request.definition.as_str();
    let found = find_definition(project, name)?;
    let id = check(found, name)?;
    let lock = LockFile::read(project)?;
    let mut instance = InstanceAccess::open(project)?;
    let recorded = match request.change {
        KeyChange::Add => {
            check_keys(project, id, request)?;
            Vec::new()
        }
        KeyChange::Remove => instance.read(|store| recorded(project, store, id, &request.keys))?,
    };
    instance.make_writable(project)?;
    let (store, keys) = (&mut instance.store, request.keys.as_slice());
    let changed = match request.change {
        KeyChange::Add => store.add_dynamic_keys(&request.definition, keys)?,
        KeyChange::Remove => store.remove_dynamic_keys(&request.definition, keys)?,
    };
    let here = store.dynamic_keys(&request.definition)?;
    // What only the lock file holds was there too.
    instance.take_notices(lock.notices());
    let locked = keys_of(lock.lock(), &request.definition);
    let now_locked = change_locked_keys(project, lock, request)?;
    let changed: HashSet<&PartitionKey> = match request.change {
        KeyChange::Add => changed.iter().filter(|key| !locked.contains(key)).collect(),
        KeyChange::Remove => changed.iter().chain(&locked).collect(),
    };
    let (changed, rest) = keys.iter().cloned().partition(|key| changed.contains(key));
    let all: HashSet<&PartitionKey> = here.iter().chain(&now_locked).collect();
    let report = KeysReport {
        definition: request.definition.clone(),
        count: all.len() as u32,
        changed: match request.change {
            KeyChange::Add => ChangedKeys::Added {
                added: changed,
                present: rest,
            },
            KeyChange::Remove => ChangedKeys::Removed {
                removed: changed,
                absent: rest,
                recorded,
            },
        },
    };
    Ok((report, instance.notices))
}

/// Adds keys to the lock file or removes them, if there is one and they belong there, and gives those that stand there now.
/// A command of a run in memory leaves it alone.
fn change_locked_keys(
    project: &OpenProject,
    lock: LockFile,
    request: &ChangeKeysRequest,
) -> Result<Vec<PartitionKey>, AppError> {
    if project.variable(IN_MEMORY).is_some() {
        return Ok(keys_of(lock.lock(), &request.definition));
    }
    let added = |key: &PartitionKey| AddedKey {
        definition: request.definition.clone(),
        key: key.clone(),
    };
    let keys = request.keys.iter().map(added).collect();
    let mut changes = LockChanges::default();
    match request.change {
        KeyChange::Add if lock.exists() && is_locked(project.graph(), &request.definition) => {
            changes.added_keys = keys;
        }
        KeyChange::Add => {}
        KeyChange::Remove => changes.dropped_keys = keys,
    }
    let now = lock.change(project, &project.versions()?, changes)?;
    Ok(keys_of(now.lock(), &request.definition))
}

/// The id of a definition that was named, if it is dynamic.
fn check(found: NamedDefinition<'_>, name: &str) -> Result<DefinitionId, RequestError> {
    if let Some(asset) = found.asset {
        let help = match &found.declared.name {
            Some(definition) => format!("did you mean `{definition}`, which `{asset}` has?"),
            None => format!("`{asset}` has a definition of its own without a name"),
        };
        let name = name.to_owned();
        return Err(RequestError::UnknownName { name, help });
    }
    let help = match &found.declared.definition {
        PartitionsDefinition::Dynamic => return Ok(found.id),
        PartitionsDefinition::Static(_) => {
            "its keys are listed in Assets.toml: edit `keys` there".to_owned()
        }
        PartitionsDefinition::Time { .. } => {
            "its keys are time windows; a window becomes a key when it ends".to_owned()
        }
        PartitionsDefinition::Multi(dimensions) => {
            let names: Vec<_> = dimensions
                .iter()
                .map(|it| format!("`{}`", it.name))
                .collect();
            format!(
                "its keys are those of its dimensions combined: {}",
                names.join(", ")
            )
        }
        PartitionsDefinition::Files(pattern) => {
            format!("its keys are the files that match `{}`", pattern.source())
        }
    };
    Err(RequestError::NotDynamic {
        name: name.to_owned(),
        type_name: found.declared.definition.type_name(),
        help,
    })
}

/// Refuses keys that cannot be parts of a key, if the definition is a dimension.
fn check_keys(
    project: &OpenProject,
    id: DefinitionId,
    request: &ChangeKeysRequest,
) -> Result<(), AppError> {
    let is_dimension = |definition: &PartitionsDefinition| {
        let mut dimensions = definition.dimensions().iter();
        dimensions.any(|dimension| dimension.definition == id)
    };
    let mut definitions = project.graph().definitions().iter();
    let Some(multi) = definitions.find(|it| is_dimension(&it.definition)) else {
        return Ok(());
    };
    let wrong = request
        .keys
        .iter()
        .filter(|key| key.as_str().contains(PART_SEPARATOR));
    let errors: Vec<_> = wrong
        .map(|key| RequestError::SeparatorInKey {
            key: key.clone(),
            definition: request.definition.to_string(),
            multi: definition_label(multi),
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(AppError::from_requests(errors))
}

/// The assets that have records of any of these keys.
fn recorded(
    project: &OpenProject,
    store: &Store,
    id: DefinitionId,
    keys: &[PartitionKey],
) -> Result<Vec<AssetKey>, StoreError> {
    let graph = project.graph();
    let all = project.keys().get(Some(id));
    let indexes = keys.iter().filter_map(|key| all.index_of(key.as_str()));
    let set: PartitionSet = indexes.collect();
    let mut users = Vec::new();
    for asset in graph.ids() {
        if graph.partitions(asset) == Some(id) {
            let states = store.current_of(graph.key(asset), all, &set)?;
            if states.iter().any(|state| state.is_some()) {
                users.push(graph.key(asset).clone());
            }
        }
    }
    Ok(users)
}
