//! Keys of several dimensions.
//!
//! A key's index is a number in mixed radix: its digits are the indexes in the dimensions, the first dimension outermost.
//! A set that is a product of sets is a set of ranges over such numbers, and a range of them a few boxes: products of
//! ranges, one for each dimension.

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

impl DimensionKeys {
    /// How far apart the indexes of neighbours in this dimension are.
    pub(super) fn stride(&self) -> u32 {
        self.stride
    }
}

impl MultiKeys {
    /// The product of `dimensions`, the first outermost; `None` if it has 2^32 keys or more.
    pub fn new(dimensions: Vec<(Name, PartitionKeys)>) -> Option<Self> {
        let mut len: u32 = 1;
        let mut product = Vec::with_capacity(dimensions.len());
        for (name, keys) in dimensions.into_iter().rev() {
            let stride = len;
            len = len.checked_mul(keys.len())?;
            product.push(DimensionKeys { name, keys, stride });
        }
        product.reverse();
        Some(Self {
            dimensions: product.into(),
            len,
        })
    }

    /// The dimensions, the outermost first.
    pub fn dimensions(&self) -> &[DimensionKeys] {
        &self.dimensions
    }

    /// How many keys there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The index in the dimension numbered `dimension` of the key `index`.
    pub fn part(&self, index: u32, dimension: usize) -> u32 {
        let dimension = &self.dimensions[dimension];
        index / dimension.stride % dimension.keys.len()
    }

    /// The key as text: its parts, joined by `|`.
    pub fn key(&self, index: u32) -> String {
        let mut text = String::new();
        for (at, dimension) in self.dimensions.iter().enumerate() {
            if at > 0 {
                text.push(PART_SEPARATOR);
            }
            text.push_str(&dimension.keys.text(self.part(index, at)));
        }
        text
    }

    /// The index of a key, if it exists.
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
    pub fn product(&self, sets: &[PartitionSet]) -> PartitionSet {
        PartitionSet::from_ranges(self.product_ranges(sets))
    }

    /// All keys whose index in one dimension is in a set.
    pub fn with_part(&self, dimension: u32, part: PartitionSet) -> PartitionSet {
        let mut sets = self.all_parts();
        sets[dimension as usize] = part;
        self.product(&sets)
    }

    /// The indexes in one dimension of the keys of a set.
    pub fn parts(&self, set: &PartitionSet, dimension: u32) -> PartitionSet {
        let dimension = &self.dimensions[dimension as usize];
        let len = dimension.keys.len();
        let parts = set.ranges().flat_map(|range| {
            let (first, last) = (
                range.start / dimension.stride,
                (range.end - 1) / dimension.stride,
            );
            let (from, to) = (first % len, last % len);
            // A range that goes on into the next round of this dimension covers its end and its beginning.
            match last / len - first / len {
                0 => [from..to + 1, 0..0],
                1 => [from..len, 0..to + 1],
                _ => [0..len, 0..0],
            }
        });
        PartitionSet::from_ranges(parts)
    }

    /// A set for each dimension that holds all of it.
    pub(super) fn all_parts(&self) -> Vec<PartitionSet> {
        let dimensions = self.dimensions.iter();
        let all = dimensions.map(|each| PartitionSet::from_range(each.keys.range()));
        all.collect()
    }

    /// The product of sets, as ranges in order.
    ///
    /// # Panics
    ///
    /// If there is not a set for each dimension.
    pub(super) fn product_ranges(&self, sets: &[PartitionSet]) -> Vec<Range<u32>> {
        assert_eq!(
            sets.len(),
            self.dimensions.len(),
            "a set for each dimension"
        );
        // From the innermost dimension outwards: ranges of whole rows stay one range.
        let mut ranges: Vec<Range<u32>> = std::iter::once(0..1).collect();
        for (dimension, set) in self.dimensions.iter().zip(sets).rev() {
            let stride = dimension.stride;
            let whole = ranges.len() == 1 && ranges[0] == (0..stride);
            ranges = if whole {
                let rows = set.ranges();
                rows.map(|row| row.start * stride..row.end * stride)
                    .collect()
            } else {
                let shifted = |at: u32| {
                    let shift = move |range: &Range<u32>| {
                        range.start + at * stride..range.end + at * stride
                    };
                    ranges.iter().map(shift)
                };
                set.iter().flat_map(shifted).collect()
            };
        }
        ranges
    }

    /// A range of keys as boxes, in order: fewer than twice as many as there are dimensions.
    pub(super) fn boxes(&self, indexes: Range<u32>) -> Vec<Vec<Range<u32>>> {
        let mut boxes = Vec::new();
        if !indexes.is_empty() {
            self.push_boxes(&mut Vec::new(), indexes, &mut boxes);
        }
        boxes
    }

    /// The boxes of keys that agree in their outer `parts`, whose inner parts are the numbers in `inner`.
    fn push_boxes(
        &self,
        outer: &mut Vec<Range<u32>>,
        inner: Range<u32>,
        boxes: &mut Vec<Vec<Range<u32>>>,
    ) {
        let Some(dimension) = self.dimensions.get(outer.len()) else {
            boxes.push(outer.clone());
            return;
        };
        let stride = dimension.stride;
        let mut within = |parts: Range<u32>, inner: Range<u32>| {
            if !parts.is_empty() {
                outer.push(parts);
                self.push_boxes(outer, inner, boxes);
                outer.pop();
            }
        };
        let (first, last) = (inner.start / stride, (inner.end - 1) / stride);
        let (from, to) = (inner.start % stride, (inner.end - 1) % stride + 1);
        if first == last {
            within(first..last + 1, from..to);
            return;
        }
        // Rows that are not whole stand at the ends.
        let (begun, cut) = (from > 0, to < stride);
        if begun {
            within(first..first + 1, from..stride);
        }
        within(first + u32::from(begun)..last + u32::from(!cut), 0..stride);
        if cut {
            within(last..last + 1, 0..to);
        }
    }
}
