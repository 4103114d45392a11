//! A set of assets and sources of one graph.

use fixedbitset::FixedBitSet;

use crate::model::AssetId;

/// A set of assets and sources of one graph: a bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSet {
    bits: FixedBitSet,
}

impl AssetSet {
    /// The empty set, in a graph of `len` assets and sources.
    pub fn empty(len: usize) -> Self {
        Self {
            bits: FixedBitSet::with_capacity(len),
        }
    }

    /// All of the `len` assets and sources of a graph.
    pub fn all(len: usize) -> Self {
        let mut set = Self::empty(len);
        set.bits.insert_range(..);
        set
    }

    /// Adds an asset; whether it was new.
    pub fn insert(&mut self, id: AssetId) -> bool {
        !self.bits.put(id.index())
    }

    /// Whether an asset is a member.
    pub fn contains(&self, id: AssetId) -> bool {
        self.bits.contains(id.index())
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The members, in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.bits.ones().map(|index| AssetId(index as u32))
    }

    /// Adds the members of `other`.
    pub fn union_with(&mut self, other: &Self) {
        self.bits.union_with(&other.bits);
    }

    /// Keeps what is a member of `other` too.
    pub fn intersect_with(&mut self, other: &Self) {
        self.bits.intersect_with(&other.bits);
    }

    /// Keeps what is no member of `other`.
    pub fn difference_with(&mut self, other: &Self) {
        self.bits.difference_with(&other.bits);
    }
}

impl Extend<AssetId> for AssetSet {
    fn extend<I: IntoIterator<Item = AssetId>>(&mut self, ids: I) {
        for id in ids {
            self.bits.insert(id.index());
        }
    }
}
