//! Cells: asset partitions by number.

/// The number of an asset partition in a [`crate::plan::Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u32);

impl Cell {
    /// The cell as an index into dense columns.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
