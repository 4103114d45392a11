//! Which keys of partitions definitions exist.

use std::collections::BTreeSet;

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::lockfile::LockPlace;
use crate::look::{KeyQuestion, World, asking_definitions, existing_keys, look_for_foreign_files};
use crate::model::{DefinitionId, KeysByDefinition, PartitionKeys};
use crate::store::{InstancePlace, StoreError};
use crate::sys::inherited::temporary_folder;

/// The keys that exist, and what the user should know of the instance.
pub(in crate::app) type Looked = (KeysByDefinition, Vec<Notice>);

impl OpenProject {
    /// The keys that exist now, whatever existed when the project was opened.
    pub fn keys_now(&self) -> Result<KeysByDefinition, AppError> {
        let used = asking_definitions(self.graph());
        Ok(self.look(&used)?.0)
    }

    /// The keys of a definition, be it used or not.
    pub fn keys_of(&self, definition: DefinitionId) -> Result<PartitionKeys, AppError> {
        let declared = |id: DefinitionId| &self.graph().definitions()[id.0 as usize].definition;
        let dimensions = declared(definition).dimensions();
        let parts = dimensions.iter().map(|dimension| dimension.definition);
        let mut asked: BTreeSet<_> = parts
            .chain([definition])
            .filter(|id| KeyQuestion::of(declared(*id)) != KeyQuestion::Declared)
            .collect();
        let mut used = asking_definitions(self.graph());
        let known;
        let keys = if asked.is_subset(&used) {
            &self.keys
        } else {
            asked.append(&mut used);
            known = self.look(&asked)?.0;
            &known
        };
        if keys.fault_of(definition).is_some() {
            look_for_foreign_files(self.world(), definition)?;
        }
        Ok(keys.get(Some(definition)).clone())
    }

    fn look(&self, definitions: &BTreeSet<DefinitionId>) -> Result<Looked, AppError> {
        let temporary = temporary_folder(&self.environment);
        let places = (self.lock_place(), self.place(&temporary));
        look(self.world(), places, definitions)
    }
}

/// The keys that exist, those of `definitions` among them; lock file and instance are opened only if they have to be asked.
/// An instance that is damaged counts as empty, with a notice.
pub(in crate::app) fn look(
    world: World<'_>,
    (lock, home): (&LockPlace, InstancePlace<'_>),
    definitions: &BTreeSet<DefinitionId>,
) -> Result<Looked, AppError> {
    look_in(world, lock, definitions, || InstanceAccess::at(home))
}

/// [`look`], in an instance that is opened only if it is asked.
pub(super) fn look_in(
    world: World<'_>,
    lock: &LockPlace,
    definitions: &BTreeSet<DefinitionId>,
    open: impl FnOnce() -> Result<InstanceAccess, StoreError>,
) -> Result<Looked, AppError> {
    let asks = |id: &DefinitionId| {
        let declared = &world.graph.definitions()[id.0 as usize];
        KeyQuestion::of(&declared.definition) == KeyQuestion::Instance
    };
    if !definitions.iter().any(asks) {
        return Ok((existing_keys(world, definitions, None)?, Vec::new()));
    }
    let added = lock.added_keys()?;
    let world = World {
        added: &added,
        ..world
    };
    let mut instance = open()?;
    let keys = instance.look(|store| existing_keys(world, definitions, Some(store)))?;
    Ok((keys, instance.notices))
}
