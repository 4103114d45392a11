//! What `logs` answers.

use jiff::Timestamp;

use crate::model::event::StepName;
use crate::model::partition::PartitionKey;
use crate::model::record::RunId;

/// Logs of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsReport {
    /// Oldest first.
    pub logs: Vec<StepLog>,
}

/// What a step's command wrote to standard output and error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLog {
    /// The step; of a batch the first.
    pub step: StepName,
    /// The last key, where one command made all from the step's on.
    pub last: Option<PartitionKey>,
    /// The run that it was part of.
    pub run: RunId,
    /// When the log was last written.
    pub time: Timestamp,
    /// The file, relative to the project root.
    pub path: String,
    /// Its bytes, which need not be text.
    pub content: Vec<u8>,
}
