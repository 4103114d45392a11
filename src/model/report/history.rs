//! What `history` answers.

use jiff::Timestamp;

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::record::{Origin, Outcome, RunId};
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

/// The materializations of an asset, and its failed attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryReport {
    /// The asset.
    pub asset: AssetKey,
    /// Newest first.
    pub entries: Vec<PastAttempt>,
}

impl HistoryReport {
    /// Its materializations, newest first.
    pub fn materializations(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            PastAttempt::Made(made) => Some(&**made),
            PastAttempt::Failed(_) => None,
        })
    }
}

/// What came of an attempt to make an asset partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastAttempt {
    /// A materialization.
    Made(Box<HistoryEntry>),
    /// Nothing.
    Failed(Box<FailedAttempt>),
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The run that it was part of.
    pub run: RunId,
    /// Which attempt of its step, 0 first.
    pub attempt: u32,
    /// When it ended.
    pub time: Timestamp,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
    /// The exit code, if there was one.
    pub exit: Option<i32>,
    /// The signal that ended it, by name.
    pub signal: Option<String>,
    /// The diagnostic code.
    pub code: String,
    /// What went wrong, in words.
    pub message: String,
    /// What to do, where there is something to do.
    pub help: Option<String>,
    /// The command as it can be copied into a shell.
    pub command: String,
    /// Its log, relative to the project root, if there is anything in it.
    pub log: Option<String>,
    /// The last lines of its log.
    pub tail: Vec<String>,
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
