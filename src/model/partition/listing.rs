//! Keys in order, at less cost than one by one.

use std::ops::Range;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionKeys {
    /// The keys of the members of `set`, in order; `None` stands for the partition of an unpartitioned asset.
    ///
    /// Windows that follow each other are walked along; none is looked for by its number.
    ///
    /// # Panics
    ///
    /// If there is no such index, once it is come to.
    pub fn walk<'a>(
        &'a self,
        set: &'a PartitionSet,
    ) -> impl Iterator<Item = Option<PartitionKey>> + 'a {
        set.ranges().flat_map(|range| self.keys_of(range))
    }

    /// All keys, in order.
    pub fn walk_all(&self) -> impl Iterator<Item = Option<PartitionKey>> + '_ {
        self.keys_of(self.range())
    }

    fn keys_of(&self, range: Range<u32>) -> Box<dyn Iterator<Item = Option<PartitionKey>> + '_> {
        let Self::Time(keys) = self else {
            return Box::new(range.map(|index| self.key(index)));
        };
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let (first, last) = (keys.lattice(range.start), keys.lattice(range.end - 1));
        if last - first != i64::from(range.end - 1 - range.start) {
            return Box::new(range.map(|index| self.key(index)));
        }
        let texts = keys.definition().keys(first..last + 1);
        Box::new(texts.map(|text| Some(PartitionKey::made(&text))))
    }
}
