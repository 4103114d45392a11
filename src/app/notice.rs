//! What the user should know besides the answer.

use std::fmt;

use crate::app::added::KeysAdded;
use crate::app::from_lock::{FromLock, UnreadLock};
use crate::app::lock::DamagedLock;
use crate::app::selection::SelectionNotice;
use crate::store;

/// What the user should know besides the answer; each is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Of the instance.
    Instance(store::Notice),
    /// Of how the selection was taken.
    Selection(SelectionNotice),
    /// Of keys that are left to the next run.
    KeysAdded(KeysAdded),
    /// Of lines of the lock file that cannot be read.
    DamagedLock(DamagedLock),
    /// Of a lock file that cannot be read where it is only asked.
    UnreadLock(UnreadLock),
    /// Of what only the lock file knew.
    FromLock(FromLock),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(notice) => notice.fmt(f),
            Self::Selection(notice) => notice.fmt(f),
            Self::KeysAdded(notice) => notice.fmt(f),
            Self::DamagedLock(notice) => notice.fmt(f),
            Self::UnreadLock(notice) => notice.fmt(f),
            Self::FromLock(notice) => notice.fmt(f),
        }
    }
}

impl From<store::Notice> for Notice {
    fn from(notice: store::Notice) -> Self {
        Self::Instance(notice)
    }
}

impl From<SelectionNotice> for Notice {
    fn from(notice: SelectionNotice) -> Self {
        Self::Selection(notice)
    }
}
