//! What `partitions list` answers.

use crate::model::name::{AssetKey, Name};
use crate::model::partition::{PartitionKey, PartitionKeys, PartitionSet};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedKeys {
    /// None: the first, the last and the number say enough.
    Ends,
    /// All, in the order in which they are shown.
    All,
    /// These, in the order in which they are shown.
    Some(PartitionSet),
    /// The one of this index, and its neighbours.
    One(u32),
}

impl PartitionsReport {
    /// The first and the last key, as they are shown.
    #[must_use]
    pub fn ends(&self) -> (Option<PartitionKey>, Option<PartitionKey>) {
        let at = |place: u32| self.keys.key(self.keys.shown_at(place));
        match self.keys.len().checked_sub(1) {
            None => (None, None),
            Some(last) => (at(0), at(last)),
        }
    }

    /// The key that is shown at a place.
    #[must_use]
    pub fn key_at(&self, place: u32) -> Option<PartitionKey> {
        self.keys.key(self.keys.shown_at(place))
    }

    /// The keys that are shown before and after that of an index.
    #[must_use]
    pub fn neighbours(&self, index: u32) -> (Option<PartitionKey>, Option<PartitionKey>) {
        let place = self.keys.place_of(index);
        let at = |place: u32| self.keys.key(self.keys.shown_at(place));
        let after = Some(place + 1).filter(|after| *after < self.keys.len());
        (place.checked_sub(1).and_then(at), after.and_then(at))
    }

    /// The listed keys in order, each with its index.
    #[must_use]
    pub fn listed(&self) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + '_> {
        match &self.listed {
            ListedKeys::Ends => Box::new(std::iter::empty()),
            ListedKeys::All => self.all(),
            ListedKeys::Some(set) => match &self.keys {
                PartitionKeys::Time(_) => {
                    let keys = set.iter().zip(self.keys.walk(set));
                    Box::new(keys.filter_map(|(index, key)| Some((index, key?))))
                }
                keys => self.one_by_one(keys.shown_of(set).into_iter()),
            },
            ListedKeys::One(index) => {
                Box::new(self.keys.key(*index).map(|key| (*index, key)).into_iter())
            }
        }
    }

    fn all(&self) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + '_> {
        if let PartitionKeys::Time(_) = &self.keys {
            let keys = self.keys.range().zip(self.keys.walk_all());
            return Box::new(keys.filter_map(|(index, key)| Some((index, key?))));
        }
        self.one_by_one(self.keys.shown())
    }

    fn one_by_one<'a>(
        &'a self,
        indexes: impl Iterator<Item = u32> + 'a,
    ) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + 'a> {
        Box::new(indexes.filter_map(|index| Some((index, self.keys.key(index)?))))
    }
}
