//! The answers of verbs: plain data, made by `app`, shown by `cli`, and written as JSON by themselves.
//!
//! Within [`SCHEMA`] fields are added, never renamed or removed. Absent means unknown or not applicable; a partition of
//! an unpartitioned asset is `null`. Times are RFC 3339 in UTC, durations `…_ms`, sizes `…_bytes`, versions lower-case
//! hexadecimal. The shapes are documented in `docs/json.md`. Where JSON differs from the type, `fields` says how.

mod affected;
mod cause;
mod check;
mod config;
mod errors;
mod event;
mod explain;
mod fields;
mod history;
mod job;
mod list;
mod lock;
mod logs;
mod partitions;
mod plan;
mod range;
mod rebuilt;
mod runs;
mod setup;
mod show;
mod status;

pub use affected::{
    AffectedRange, AffectedReport, ImpactReport, ObserveReport, ObservedChange, ObservedSource,
};
pub use check::{
    Ahead, Certainty, CheckBasis, CheckCounts, CheckReport, CheckedAsset, GitignoredFiles,
    LockedSources, ManifestLine, Observed, Orphans, StaleRange, Unverifiable, WhyUnverifiable,
};
pub use config::{ConfigReport, GivenConfiguration};
pub use errors::{
    BoxedDiagnostic, ErrorShape, ErrorsDocument, LabelShape, ValidateReport, flattened,
};
pub use event::{
    BlockedRange, Event, EventKind, EventSink, FailedTry, HookName, Level, OutputLine, Planned,
    ResourcePhase, RunCounts, RunOrigin, RunOutcome, StepFailure, StepOutcome, UnknownEvent,
};
pub use explain::{ComparedField, ComparedOutput, ExplainReport};
pub use history::{FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt};
pub use job::{JobReport, JobsReport, ListedJob, ShownJob};
pub use list::{
    DeclarationKind, DeclaredIn, GraphEdge, GraphReport, GraphVertex, ListReport, ListedDep,
    ListedOutput, ListedPlace, Listing,
};
pub use lock::{
    ChangedLines, ChangedParts, LineChange, LineKind, LockDiffReport, LockDifference, LockReport,
};
pub use logs::{LogEnd, LogsDocument, LogsReport, StepLog, WriteLog};
pub use partitions::{
    ChangedKeys, KeySet, KeysReport, ListedDimension, ListedKeys, ListedSchedule, MapReport,
    MappedKeys, PartitionsReport, ShownPartitions, ShownRow,
};
pub use plan::{
    Decision, KeyPlaces, MadeElsewhere, PlanCounts, PlanReport, PlanStep, PlannedAside,
};
pub use range::KeyRange;
pub use rebuilt::{NotRebuilt, RebuildOutcome, Rebuilt, WhyDifferent, WhyNotRebuilt};
pub use runs::{
    DeletedRuns, ExportedRun, ListedRun, RunAttempt, RunMore, RunStep, RunStepState, RunsReport,
};
pub use setup::{DoctorReport, FileChange, Finding, Health, InitReport, InitializedFile};
pub use show::{
    ShowReport, ShownAsset, ShownConfig, ShownHook, ShownRecipe, ShownRetries, WrittenCommand,
};
pub use status::{AssetStatus, PartitionRun, RunningPartition, StatusCounts, StatusReport};

use serde::Serialize;

/// The number of the shapes.
pub const SCHEMA: u32 = 1;

/// An answer with the number of its shape: `{"schema":1,…}`.
#[derive(Debug, Serialize)]
pub struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    answer: &'a T,
}

impl<'a, T> Document<'a, T> {
    /// The document of an answer, which is a struct or a map.
    pub const fn new(answer: &'a T) -> Self {
        Self {
            schema: SCHEMA,
            answer,
        }
    }
}
