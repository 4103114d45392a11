//! What the user should know besides the answer.

use std::fmt;

use crate::app::added::KeysAdded;
use crate::app::from_lock::{FromLock, UnreadLock};
use crate::app::lock::DamagedLock;
use crate::app::materialize::own_places::OwnPlaces;
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
    /// Of what keeps the keys of a definition from being known.
    UnknownKeys(String),
    /// Of sources that a test reads from their own places.
    OwnPlaces(OwnPlaces),
    /// Of outputs that were not removed.
    LeftOutputs(LeftOutputs),
    /// Of previous outputs that were put back after a crash, by their paths.
    PutBack(Vec<String>),
}

/// Outputs that `wipe` does not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutputs {
    /// The first of them.
    first: String,
    /// How many others there are.
    more: usize,
    why: WhyLeft,
}

/// Why outputs are not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLeft {
    /// A link leads out of the project on the way to them.
    Outside,
    /// No step has made them.
    NotMade,
}

impl LeftOutputs {
    /// `None` if there are none.
    pub(super) fn of(paths: Vec<String>, why: WhyLeft) -> Option<Self> {
        let more = paths.len().saturating_sub(1);
        let first = paths.into_iter().next()?;
        Some(Self { first, more, why })
    }
}

impl fmt::Display for LeftOutputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, more, why } = self;
        match more {
            0 => write!(f, "{first} stays: ")?,
            _ => write!(f, "{first} and {more} more stay: ")?,
        }
        f.write_str(match why {
            WhyLeft::Outside => "a link leads out of the project on the way",
            WhyLeft::NotMade => "no step has made the file there",
        })
    }
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
            Self::LeftOutputs(notice) => notice.fmt(f),
            Self::UnknownKeys(fault) => {
                write!(
                    f,
                    "keys are not known, and everything that uses them waits: {fault}"
                )
            }
            Self::OwnPlaces(notice) => notice.fmt(f),
            Self::PutBack(paths) => write!(
                f,
                "restored previous outputs that a dead run had moved aside: {}",
                paths.join(", ")
            ),
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
