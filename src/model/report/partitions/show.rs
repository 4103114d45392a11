//! What `partitions show` answers.

use crate::model::partition::PartitionKey;
use crate::model::report::AssetStatus;

/// How the partitions of an asset are.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPartitions {
    /// The asset with runs of equal state.
    pub status: AssetStatus,
    /// The name of its definition, or the type of one that is declared inline.
    pub definition: String,
    /// Its partitions in rows of one outer key each; one row without a key where there is but one dimension.
    pub rows: Vec<ShownRow>,
}

/// Neighbouring partitions that are drawn in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRow {
    /// The key of the outermost dimension.
    pub outer: Option<PartitionKey>,
    /// The first partition.
    pub first: Option<PartitionKey>,
    /// The last partition.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
}
