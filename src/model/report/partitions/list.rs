//! What `partitions list` answers.

use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKeys;

/// A partitions definition and its keys.
#[derive(Clone, Debug)]
pub struct PartitionsReport {
    /// Its name, or the type of one that is declared inline.
    pub definition: String,
    /// The word for its type.
    pub type_name: &'static str,
    /// The asset or source by which it was named.
    pub asset: Option<AssetKey>,
    /// Where its windows come from, if its keys are windows.
    pub schedule: Option<ListedSchedule>,
    /// Its dimensions, if it has several.
    pub dimensions: Vec<ListedDimension>,
    /// All its keys.
    pub keys: PartitionKeys,
    /// Which of them are listed.
    pub listed: ListedKeys,
}

/// Where windows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSchedule {
    /// The cron expression at whose ticks they start.
    pub cron: String,
    /// The strftime format of their keys.
    pub format: String,
    /// The name of their time zone.
    pub timezone: String,
}

/// A dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDimension {
    /// Its name.
    pub name: Name,
    /// The name of its definition, or the type of one that is declared inline.
    pub definition: String,
    /// The word for its definition's type.
    pub type_name: &'static str,
    /// How many keys it has.
    pub count: u32,
}

/// Which keys are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedKeys {
    /// None: the first, the last and the number say enough.
    Ends,
    /// All, in the order in which they are shown.
    All,
    /// Those from one index to another, both included.
    Range(u32, u32),
    /// The one of this index, and its neighbours.
    One(u32),
}

impl PartitionsReport {
    /// The index of the key that is shown at `place`.
    #[must_use]
    pub fn shown(&self, place: u32) -> u32 {
        match &self.keys {
            PartitionKeys::Named(keys) => keys.shown(place),
            _ => place,
        }
    }

    /// The place at which the key of `index` is shown.
    #[must_use]
    pub fn place_of(&self, index: u32) -> u32 {
        match &self.keys {
            PartitionKeys::Named(keys) => keys.place_of(index),
            _ => index,
        }
    }
}
