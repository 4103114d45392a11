//! Opens a project's instance: to be read first, and to be written once there is something to write.

use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::{OpenProject, Traces};
use crate::model::PartitionsDefinition;
use crate::store::{self, Access, Store, StoreError};
use crate::sys::inherited::temporary_folder;

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

    /// Opens it anew for writing, after it was read.
    pub fn make_writable(&mut self, project: &OpenProject) -> Result<(), StoreError> {
        let opened = match self.damaged.take() {
            Some((store, detail)) => store.open_anew(Access::Write, &detail)?,
            None => project.instance()?,
        };
        // What was found when it was opened to be read has been put right now.
        self.notices.retain(|notice| !is_of_one_ignored(notice));
        self.store = opened.store;
        for notice in opened.notices.into_iter().map(Notice::from) {
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
            Notice::Instance(store::Notice::IgnoredDamage { detail, .. }) => Some(detail.clone()),
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
    fn replacement(&self) -> Option<store::Notice> {
        self.notices.iter().find_map(|notice| match notice {
            Notice::Instance(
                notice @ (store::Notice::SetAside { .. } | store::Notice::Foreign { .. }),
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
            store::Notice::IgnoredDamage { .. } | store::Notice::IgnoredForeign { .. }
        )
    )
}
