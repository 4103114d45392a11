//! What verbs answer: plain data, made by `app`, shown by `cli` and written as JSON by `wire`.

mod affected;
mod check;
mod explain;
mod graph;
mod history;
mod impact;
mod init;
mod list;
mod lock;
mod lock_diff;
mod logs;
mod observe;
mod partitions;
mod places;
mod plan;
mod range;
mod rebuilt;
mod show;
mod status;
mod validate;

pub use affected::AffectedReport;
pub use check::{
    Ahead, Certainty, CheckBasis, CheckCounts, CheckReport, CheckedAsset, GitignoredFiles,
    LockedSources, ManifestLine, Observed, Orphans, StaleRange, Unverifiable, WhyUnverifiable,
};
pub use explain::{ComparedField, ComparedOutput, ExplainReport};
pub use graph::{GraphEdge, GraphReport, GraphVertex};
pub use history::{FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt};
pub use impact::{AffectedRange, Impact, ImpactReport};
pub use init::{FileChange, InitReport, InitializedFile};
pub use list::{DeclarationKind, ListReport, ListedDep, ListedOutput, ListedPlace, Listing};
pub use lock::{ChangedLines, LineKind, LockReport};
pub use lock_diff::{
    ChangedInputs, ChangedOutputs, ChangedParts, LineChange, LockDiffReport, LockDifference,
    Sameness,
};
pub use logs::{LogEnd, LogsReport, StepLog};
pub use observe::{ObserveReport, ObservedChange, ObservedSource};
pub use partitions::{
    ChangedKeys, KeyChange, KeysReport, ListedDimension, ListedKeys, ListedSchedule, MapReport,
    MappedKeys, PartitionsReport, ShownPartitions, ShownRow,
};
pub use places::KeyPlaces;
pub use plan::{Decision, MadeElsewhere, PlanCounts, PlanReport, PlanStep, Planned, PlannedAside};
pub use range::KeyRange;
pub use rebuilt::{NotRebuilt, RebuildOutcome, Rebuilt, WhyDifferent, WhyNotRebuilt};
pub use show::{ShowReport, ShownRecipe, WrittenCommand};
pub use status::{AssetStatus, PartitionRun, RunningPartition, StatusCounts, StatusReport};
pub use validate::{Problem, ValidateReport};
