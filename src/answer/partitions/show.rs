//! What `partitions show` answers.

use jiff::Timestamp;
use serde::Serialize;

use crate::answer::{DeclarationKind, PartitionRun, StatusCounts};
use crate::model::{AssetKey, PartitionKey};

/// How the partitions of an asset are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownPartitions {
    /// The asset or source.
    pub asset: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// The name of its definition, or the type of one that is declared inline.
    pub definition: String,
    /// How many partitions have which status.
    pub counts: StatusCounts,
    /// When one of its partitions was last materialized, or observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Its partitions in order of keys: neighbours of equal state as one.
    pub partitions: Vec<PartitionRun>,
    /// Its partitions in rows of one outer key each; one row without a key where there is but one dimension.
    #[serde(skip)]
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
