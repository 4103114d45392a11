//! What `history` answers.

use jiff::Timestamp;

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::record::{Origin, Outcome, RunId};
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

/// The materializations of an asset.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryReport {
    /// The asset.
    pub asset: AssetKey,
    /// Its materializations, newest first.
    pub materializations: Vec<HistoryEntry>,
}

/// One materialization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The run that made or accepted it; `None` of what was taken from the lock file.
    pub run: Option<RunId>,
    /// When it was recorded.
    pub time: Timestamp,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// Its data version.
    pub data_version: DataVersion,
    /// Whether it changed the data.
    pub outcome: Outcome,
    /// Whether a command ran for it.
    pub origin: Origin,
    /// What it read.
    pub inputs: Vec<InputRange>,
}

/// Neighbouring partitions that a materialization read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRange {
    /// The input's name.
    pub input: String,
    /// The first key; `None` where the upstream is unpartitioned.
    pub first: Option<PartitionKey>,
    /// The last key.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
    /// Their data version; `None` where they have several.
    pub data_version: Option<DataVersion>,
}
