//! The instance as verbs use it: opened for reading first, and for writing once there is something to write.

mod by_lock;
mod opening;

use std::borrow::Borrow;

use crate::app::error::AppError;
use crate::app::notice::Notice;
use crate::look::{EngineError, Observing, Problems, Workspace, evaluate};
use crate::model::{Lock, Occupied};
use crate::plan::{Evaluation, Purpose, Scope};
use crate::store::{self, Opened, Place, Store, StoreError};

/// An open instance, with what had to be put right.
#[derive(Debug)]
pub struct InstanceAccess {
    /// The instance.
    pub store: Store,
    /// What the user should know, each once.
    pub notices: Vec<Notice>,
    /// The instance that reading has found damaged, and how; an empty one is read in its place.
    damaged: Option<(Store, String)>,
}

impl InstanceAccess {
    /// An empty instance in memory, which ends with the value.
    pub fn ephemeral() -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::ephemeral()?,
            notices: Vec::new(),
            damaged: None,
        })
    }

    /// Opens an instance for reading.
    pub fn at(place: Place<'_>) -> Result<Self, StoreError> {
        Ok(Self::opened(Store::open_to_read(place)?))
    }

    /// [`Self::at`], and leaves the folder as it is, even for a moment.
    pub fn untouched_at(place: Place<'_>) -> Result<Self, StoreError> {
        Ok(Self::opened(Store::open_untouched(place)?))
    }

    fn opened(Opened { store, notices }: Opened) -> Self {
        Self {
            store,
            notices: notices.into_iter().map(Notice::from).collect(),
            damaged: None,
        }
    }

    /// Takes what the user should know of the selection.
    pub fn take_notices(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
    }

    /// Looks at a scope and judges it. An instance that turns out to be damaged counts as empty from then on.
    pub fn evaluate<'a>(
        &mut self,
        workspace: &Workspace<'_>,
        scope: &'a Scope<'a>,
        purpose: Purpose,
        observing: Observing<'_>,
    ) -> Result<Evaluation<'a>, AppError> {
        self.look(|store| evaluate(workspace, scope, store, purpose, observing))
    }

    /// Looks at the places of the outputs that are to be made.
    ///
    /// # Errors
    ///
    /// All folders there that hold something and that no step has made, if they are refused.
    pub fn look_at_places<L: Borrow<Lock>>(
        &self,
        workspace: &Workspace<'_>,
        evaluation: &mut Evaluation<'_>,
        occupied: Occupied,
        lock: impl FnOnce() -> Option<L>,
    ) -> Result<(), AppError> {
        Ok(evaluation.look_at_places(workspace, &self.store, occupied, lock)?)
    }

    /// Looks at the project with the instance. One that turns out to be damaged counts as empty from then on.
    pub fn look<T>(
        &mut self,
        mut look: impl FnMut(&Store) -> Result<T, Problems>,
    ) -> Result<T, AppError> {
        match look(&self.store) {
            Ok(seen) => Ok(seen),
            Err(problems) => {
                let Some(detail) = damage(&problems) else {
                    return Err(problems.into());
                };
                self.count_as_empty(detail)?;
                Ok(look(&self.store)?)
            }
        }
    }

    /// Reads from the instance. One that turns out to be damaged counts as empty from then on.
    pub fn read<T>(
        &mut self,
        query: impl Fn(&Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match query(&self.store) {
            Err(StoreError::Damaged { detail, .. }) => {
                self.count_as_empty(detail)?;
                query(&self.store)
            }
            answer => answer,
        }
    }

    fn count_as_empty(&mut self, detail: String) -> Result<(), StoreError> {
        let damaged = std::mem::replace(&mut self.store, Store::ephemeral()?);
        self.notices
            .push(Notice::Instance(store::Notice::IgnoredDamage {
                path: damaged.path().to_owned(),
                detail: detail.clone(),
            }));
        self.damaged = Some((damaged, detail));
        Ok(())
    }
}

fn damage(problems: &Problems) -> Option<String> {
    problems.list().iter().find_map(|problem| match problem {
        EngineError::Store(StoreError::Damaged { detail, .. }) => Some(detail.clone()),
        _ => None,
    })
}
