//! Keys of several dimensions.
//!
//! A key's index is a number in mixed radix: its digits are the indexes in the dimensions, the first dimension outermost.
//! A set that is a product of sets is a set of ranges over such numbers.

use std::ops::Range;
use std::sync::Arc;

use crate::model::name::Name;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::set::PartitionSet;

/// What stands between the parts of a key.
pub const PART_SEPARATOR: char = '|';

/// The product of the keys of two or more dimensions.
#[derive(Clone, Debug)]
pub struct MultiKeys {
    dimensions: Arc<[DimensionKeys]>,
    len: u32,
}

/// The keys of a dimension.
#[derive(Clone, Debug)]
pub struct DimensionKeys {
    /// The dimension's name.
    pub name: Name,
    /// Its keys.
    pub keys: PartitionKeys,
    /// How far apart the indexes of neighbours in this dimension are.
    stride: u32,
}

impl MultiKeys {
    /// The product of `dimensions`, the first outermost; `None` if it has more than 2^32 keys.
    #[must_use]
    pub fn new(dimensions: Vec<(Name, PartitionKeys)>) -> Option<Self> {
        let mut len: u32 = 1;
        let mut product = Vec::with_capacity(dimensions.len());
        for (name, keys) in dimensions.into_iter().rev() {
            product.push(DimensionKeys {
                name,
                stride: len,
                keys: keys.clone(),
            });
            len = len.checked_mul(keys.len())?;
        }
        product.reverse();
        Some(Self {
            dimensions: product.into(),
            len,
        })
    }

    /// The dimensions, the outermost first.
    #[must_use]
    pub fn dimensions(&self) -> &[DimensionKeys] {
        &self.dimensions
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The index in the dimension numbered `dimension` of the key `index`.
    #[must_use]
    pub fn part(&self, index: u32, dimension: usize) -> u32 {
        let dimension = &self.dimensions[dimension];
        index / dimension.stride % dimension.keys.len()
    }

    /// The key as text: its parts, joined by `|`.
    #[must_use]
    pub fn key(&self, index: u32) -> String {
        let mut text = String::new();
        for (at, dimension) in self.dimensions.iter().enumerate() {
            if at > 0 {
                text.push(PART_SEPARATOR);
            }
            if let Some(key) = dimension.keys.key(self.part(index, at)) {
                text.push_str(key.as_str());
            }
        }
        text
    }

    /// The index of a key, if it exists.
    #[must_use]
    pub fn index_of(&self, key: &str) -> Option<u32> {
        let mut parts = key.split(PART_SEPARATOR);
        let mut index = 0;
        for dimension in self.dimensions.iter() {
            index += dimension.keys.index_of(parts.next()?)? * dimension.stride;
        }
        parts.next().is_none().then_some(index)
    }

    /// All keys whose index in each dimension is in the set for that dimension.
    ///
    /// # Panics
    ///
    /// If there is not a set for each dimension.
    #[must_use]
    pub fn product(&self, sets: &[PartitionSet]) -> PartitionSet {
        assert_eq!(
            sets.len(),
            self.dimensions.len(),
            "a set for each dimension"
        );
        // From the innermost dimension outwards: ranges of whole rows stay one range.
        let mut ranges: Vec<Range<u32>> = std::iter::once(0..1).collect();
        for (dimension, set) in self.dimensions.iter().zip(sets).rev() {
            let whole = ranges.len() == 1 && ranges[0] == (0..dimension.stride);
            ranges = if whole {
                set.ranges()
                    .map(|range| range.start * dimension.stride..range.end * dimension.stride)
                    .collect()
            } else {
                let shifted = |at: u32| {
                    let offset = at * dimension.stride;
                    ranges
                        .iter()
                        .map(move |range| range.start + offset..range.end + offset)
                        .collect::<Vec<_>>()
                };
                set.iter().flat_map(shifted).collect()
            };
        }
        PartitionSet::from_ranges(ranges)
    }
}
