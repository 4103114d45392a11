//! What `explain` answers.

use std::time::Duration;

use crate::model::event::StepName;
use crate::model::report::{FailedAttempt, HistoryEntry, KeyRange};
use crate::model::status::{Cause, Status};
use crate::model::version::DataVersion;

/// Why an asset partition is fresh, or is not.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainReport {
    /// The asset partition.
    pub step: StepName,
    /// Its status.
    pub status: Status,
    /// Why, each with the chain to its root.
    pub causes: Vec<Cause>,
    /// Why it cannot be made now; `None` if it can.
    pub blocked: Option<String>,
    /// Everything that its fingerprint is made of, in the order of the record.
    pub record: Vec<ComparedField>,
    /// Its outputs, in declared order.
    pub outputs: Vec<ComparedOutput>,
    /// What would run, as an argument vector; empty for an external asset.
    pub command: Vec<String>,
    /// How long it usually takes.
    pub expected: Option<Duration>,
    /// Its last materialization.
    pub last: Option<HistoryEntry>,
    /// Its last attempt, where that failed.
    pub failed: Option<FailedAttempt>,
    /// The upstream partitions that it reads, in declared order; sources too.
    pub reads: Vec<KeyRange>,
    /// The downstream partitions that read it.
    pub feeds: Vec<KeyRange>,
}

/// A field of a fingerprint's readable record, as recorded and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedField {
    /// Its name: `code.command`, `input.flights`, `config.limit`.
    pub field: String,
    /// As recorded; `None` if it is new or nothing is recorded.
    pub recorded: Option<String>,
    /// As it is; `None` if it is gone, or cannot be known yet.
    pub now: Option<String>,
}

impl ComparedField {
    /// Whether it is what was recorded.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.recorded == self.now
    }
}

/// An output, as recorded and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedOutput {
    /// Its label; `None` for the only one.
    pub name: Option<String>,
    /// Its path, relative to the project root.
    pub path: String,
    /// Its recorded version; `None` if nothing is recorded.
    pub recorded: Option<DataVersion>,
    /// Its version now; `None` if nothing is there.
    pub now: Option<DataVersion>,
    /// Of a directory that is not what was recorded, the first files in it that are newer than the record.
    pub newer: Vec<String>,
    /// How many newer files there are besides.
    pub more: u64,
}

impl ComparedOutput {
    /// Whether it is what was recorded; nothing recorded is equal to nothing.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.recorded.is_some() && self.recorded == self.now
    }
}
