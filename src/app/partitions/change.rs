//! `partitions add` and `partitions remove`: the keys of a dynamic definition.
//!
//! A change is one short transaction, so a command may ask for one while the run that started it goes on. That run's keys
//! are fixed: what is added is for the next one.

use std::collections::HashSet;

use crate::app::error::{AppError, RequestError};
use crate::app::instance::Instance;
use crate::app::list::definition_label;
use crate::app::notice::Notice;
use crate::app::partitions::definition::{NamedDefinition, find_definition};
use crate::app::project::Project;
use crate::model::{
    AssetKey, ChangeKeysRequest, ChangedKeys, DefinitionId, KeyChange, KeysReport, PART_SEPARATOR,
    PartitionKey, PartitionSet, PartitionsDefinition,
};
use crate::store::{Store, StoreError};

/// Adds keys to a dynamic definition or removes some, and says what changed. What is recorded of keys that go stays.
pub fn change_keys(
    project: &Project,
    request: &ChangeKeysRequest,
) -> Result<(KeysReport, Vec<Notice>), AppError> {
    let name = request.definition.as_str();
    let found = find_definition(project, name)?;
    let id = check(found, name)?;
    let lock = LockFile::read(project)?;
    let mut instance = Instance::open(project)?;
    let recorded = match request.change {
        KeyChange::Add => {
            check_keys(project, id, request)?;
            Vec::new()
        }
        KeyChange::Remove => instance.read(|store| recorded(project, store, id, &request.keys))?,
    };
    instance.make_writable(project)?;
    let (store, keys) = (&mut instance.store, request.keys.as_slice());
    match request.change {
        KeyChange::Add => store.add_dynamic_keys(&request.definition, keys)?,
        KeyChange::Remove => store.remove_dynamic_keys(&request.definition, keys)?,
    };
    if lock.exists() && is_locked(project.graph(), &request.definition) {
        let changes = Changes::of_keys(&request.definition, keys, request.change);
        lock.change(project, &project.versions()?, &changes)?;
    }
    let before = project.keys_of(id)?;
    let was_there = |key: &&PartitionKey| before.index_of(key.as_str()).is_some();
    let (present, absent): (Vec<_>, Vec<_>) = keys.iter().partition(was_there);
    let owned = |keys: Vec<&PartitionKey>| keys.into_iter().cloned().collect();
    let report = KeysReport {
        definition: request.definition.clone(),
        count: project.keys_now_of(id)?.len(),
        changed: match request.change {
            KeyChange::Add => ChangedKeys::Added {
                added: owned(absent),
                present: owned(present),
            },
            KeyChange::Remove => ChangedKeys::Removed {
                removed: owned(present),
                absent: owned(absent),
                recorded,
            },
        },
    };
    Ok((report, instance.notices))
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
            "its keys are time windows, each of which is one when it has ended".to_owned()
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
    project: &Project,
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
    project: &Project,
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
        if graph.get(asset).partitions() == Some(id) {
            let states = store.current_of(graph.key(asset), all, &set)?;
            if states.iter().any(|state| state.is_some()) {
                users.push(graph.key(asset).clone());
            }
        }
    }
    Ok(users)
}
