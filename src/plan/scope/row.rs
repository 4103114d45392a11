//! Rows: the partitions of one asset.

use std::ops::Range;

use crate::model::{AssetId, PartitionSet};
use crate::plan::scope::Cell;

/// The partitions of one asset or source that a request reaches.
#[derive(Clone, Debug)]
pub struct Row {
    /// The asset or source.
    pub asset: AssetId,
    /// Which of its partitions.
    pub set: PartitionSet,
    /// Which of these were selected.
    pub selected: PartitionSet,
    /// The number of the first cell.
    pub(super) base: u32,
    /// The number of the first version: an asset has one for each output.
    pub(super) version_base: u32,
    /// How many versions each cell has.
    pub(super) width: u32,
}

impl Row {
    /// The cell of a partition; `None` if the request does not reach it.
    pub fn cell(&self, index: u32) -> Option<Cell> {
        self.set.rank(index).map(|rank| Cell(self.base + rank))
    }

    /// All cells of the row.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = Cell> + use<> {
        (self.base..self.base + self.set.len()).map(Cell)
    }

    /// Where the versions of all cells of this row stand.
    pub fn versions(&self) -> Range<usize> {
        let start = self.version_base as usize;
        start..start + (self.set.len() * self.width) as usize
    }

    /// The partition of a cell of this row.
    ///
    /// # Panics
    ///
    /// If the cell belongs to another row.
    pub fn index_of(&self, cell: Cell) -> u32 {
        self.set
            .nth(cell.0 - self.base)
            .expect("the cell belongs to the row")
    }

    /// Where the versions of a cell of this row stand.
    pub fn versions_of(&self, cell: Cell) -> Range<usize> {
        let start = (self.version_base + (cell.0 - self.base) * self.width) as usize;
        start..start + self.width as usize
    }
}
