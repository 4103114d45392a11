//! What `logs` answers.

use jiff::Timestamp;

use crate::model::event::StepName;
use crate::model::partition::PartitionKey;
use crate::model::record::{Outcome, RunId};
use crate::model::report::FailedAttempt;

/// Logs of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsReport {
    /// Oldest first.
    pub logs: Vec<StepLog>,
}

/// How the step of a log ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// It failed.
    Failed(Box<FailedAttempt>),
    /// It made its outputs.
    Made {
        /// Whether they are others than before.
        outcome: Outcome,
        /// When it was recorded.
        time: Timestamp,
        /// How long its command took, in milliseconds.
        duration_ms: u64,
    },
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
    /// How the step ended; `None` where that is not recorded: it still runs, or was interrupted.
    pub end: Option<LogEnd>,
    /// The file, relative to the project root; `None` where the command printed nothing.
    pub path: Option<String>,
}
