//! The instance as verbs use it: opened for reading first, and for writing once there is something to write.

use std::borrow::Borrow;

use crate::app::error::AppError;
use crate::app::notice::Notice;
use crate::app::project::{OpenProject, Traces};
use crate::look::{EngineError, Observing, Problems, Workspace, evaluate};
use crate::model::{Lock, Occupied, PartitionsDefinition};
use crate::plan::{Evaluation, Purpose, Scope};
use crate::store::{self, Access, InstancePlace, Opened, Store, StoreError};
use crate::sys::inherited::temporary_folder;

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
    pub fn at(place: InstancePlace<'_>) -> Result<Self, StoreError> {
        Ok(Self::opened(Store::open_to_read(place)?))
    }

    /// [`Self::at`], and leaves the folder as it is, even for a moment.
    pub fn untouched_at(place: InstancePlace<'_>) -> Result<Self, StoreError> {
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
            .push(Notice::Instance(store::InstanceNotice::IgnoredDamage {
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

impl InstanceAccess {
    /// Opens the project's instance for reading.
    pub fn open(project: &OpenProject) -> Result<Self, StoreError> {
        let temporary = temporary_folder(project.environment());
        let place = project.place(&temporary);
        let mut instance = match project.traces() {
            Traces::Left => Self::at(place)?,
            Traces::None => Self::untouched_at(place)?,
        };
        let known = project.notices().iter();
        let news = known.filter(|notice| !instance.notices.contains(notice));
        let news: Vec<_> = news.cloned().collect();
        instance.notices.splice(0..0, news);
        Ok(instance)
    }

    /// Lets it be written, after it was read.
    pub fn make_writable(&mut self, project: &OpenProject) -> Result<(), StoreError> {
        let notices = if let Some((store, detail)) = self.damaged.take() {
            let opened = store.open_anew(Access::Write, &detail)?;
            self.store = opened.store;
            opened.notices
        } else {
            let temporary = temporary_folder(project.environment());
            self.store.make_writable(project.place(&temporary))?
        };
        // What was found when it was opened to be read has been put right now.
        self.notices.retain(|notice| !is_of_one_ignored(notice));
        for notice in notices.into_iter().map(Notice::from) {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        Ok(())
    }

    /// Puts a new instance in the place of one that reading has found damaged or from elsewhere, so that everything is read again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Replaced`], if it was.
    pub fn replace_if_damaged(&mut self, project: &OpenProject) -> Result<(), StoreError> {
        if !self.notices.iter().any(is_of_one_ignored) {
            return Ok(());
        }
        let damage = self.notices.iter().find_map(|notice| match notice {
            Notice::Instance(store::InstanceNotice::IgnoredDamage { detail, .. }) => {
                Some(detail.clone())
            }
            _ => None,
        });
        self.make_writable(project)?;
        // Opening does not meet damage in what only some questions read.
        if let (None, Some(detail)) = (self.replacement(), damage) {
            if self.store.is_sound() {
                // What a row says may be damaged in a file that is sound. All else is read through this value, which notes it.
                self.read_dynamic_keys(project)?;
            } else {
                self.damaged = Some((
                    std::mem::replace(&mut self.store, Store::ephemeral()?),
                    detail,
                ));
                self.make_writable(project)?;
            }
        }
        let replaced = self.replacement().map(|notice| StoreError::Replaced {
            notice: Box::new(notice),
        });
        Err(replaced.unwrap_or_else(|| StoreError::ReplacedByAnother {
            path: self.store.path().to_owned(),
        }))
    }

    /// Reads the keys of all dynamic definitions.
    ///
    /// # Errors
    ///
    /// [`StoreError::Replaced`], if one of them is damaged and the instance is open for writing.
    fn read_dynamic_keys(&self, project: &OpenProject) -> Result<(), StoreError> {
        for declared in project.graph().definitions() {
            if let (PartitionsDefinition::Dynamic, Some(name)) =
                (&declared.definition, &declared.name)
            {
                self.store.dynamic_keys(name)?;
            }
        }
        Ok(())
    }

    /// How an instance came to be moved aside, if one was.
    fn replacement(&self) -> Option<store::InstanceNotice> {
        self.notices.iter().find_map(|notice| match notice {
            Notice::Instance(
                notice @ (store::InstanceNotice::SetAside { .. }
                | store::InstanceNotice::Foreign { .. }),
            ) => Some(notice.clone()),
            _ => None,
        })
    }
}

/// Whether an instance was read as an empty one.
fn is_of_one_ignored(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::Instance(
            store::InstanceNotice::IgnoredDamage { .. }
                | store::InstanceNotice::IgnoredForeign { .. }
        )
    )
}
