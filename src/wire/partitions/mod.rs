//! `partitions … --json`.

mod change;
mod list;
mod map;
mod show;

pub use change::KeysDocument;
pub use list::PartitionsDocument;
pub use map::MapDocument;
pub use show::ShownPartitionsDocument;

use serde::ser::{Serialize, Serializer};

use crate::model::{PartitionKeys, PartitionSet};

/// The keys of a set, in order, each made when it is written; `null` for the partition of an unpartitioned asset.
#[derive(Debug)]
struct SetOfKeys<'a> {
    keys: &'a PartitionKeys,
    set: &'a PartitionSet,
}

impl Serialize for SetOfKeys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.keys.walk(self.set))
    }
}
