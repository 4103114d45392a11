//! The nouns: plain data, checked when it is constructed, without I/O.

mod asset;
mod event;
mod graph;
mod location;
mod name;
mod partition;
mod record;
mod report;
mod request;
mod status;
mod template;
mod version;

pub use asset::{
    About, Answers, Asset, Code, Command, DataVersionRule, Dep, EnvValue, EnvVariable, History,
    InheritEnv, Nonexistent, Output, OutputKind, Place, Recipe, Required, Runs, SourceAsset,
    SourcePath, Staging, Stdout,
};
pub use event::{
    Event, EventKind, EventSink, RunCounts, RunOutcome, StepFailure, StepName, StepOutcome,
};
pub use graph::{AssetGraph, AssetId, Cycle, Declaration, GraphParts, Settings};
pub use location::{FileId, Location};
pub use name::{AssetKey, InvalidName, Name};
pub use partition::{
    Cadence, DeclaredPartitions, DefinitionId, Dimension, DimensionKeys, DimensionMapping,
    DimensionSource, Exclusion, ExistingKeys, InvalidPartitionKey, InvalidTimePartitions,
    KeysByDefinition, Mapped, MultiKeys, MultiSide, NamedKeys, PART_SEPARATOR, PartitionKey,
    PartitionKeys, PartitionMapping, PartitionSet, PartitionSlot, PartitionsDefinition, TimeKeys,
    TimePartitions, TimeSetting, TimeSettings, TimeWindow, TooManyKeys,
};
pub use record::{
    BlockEntry, BlockRecord, CodeRecord, Current, CurrentColumns, CurrentMaterialization,
    CurrentRef, InputRecord, LastAttempt, Materialization, MaterializationId, MaterializedRef,
    Observation, Origin, Outcome, OutputRecord, RULE, RunId, RunStatus,
};
pub use report::{
    AffectedReport, AssetStatus, ComparedField, ComparedOutput, Decision, DeclarationKind,
    ExplainReport, FileChange, GraphEdge, GraphReport, GraphVertex, HistoryEntry, HistoryReport,
    InitReport, InitializedFile, InputRange, KeyRange, ListReport, ListedDep, ListedOutput,
    ListedPlace, Listing, LogsReport, ObserveReport, ObservedChange, ObservedSource, PartitionRun,
    PlanCounts, PlanReport, PlanStep, Planned, Problem, ShowReport, ShownRecipe, StatusCounts,
    StatusReport, StepLog, ValidateReport, WrittenCommand,
};
pub use request::{
    AcceptRequest, Altered, Durability, Effect, Evidence, ExplainRequest, FailurePolicy, Force,
    GraphRequest, Grouping, HistoryRequest, InitRequest, InitTemplate, InvalidSelected,
    ListRequest, LogsRequest, MaterializeRequest, ObserveRequest, Outputs, PlanRequest, Scope,
    Selected, ShowRequest, Sources, StatusRequest, StepOutput, Wait, WipeRequest,
};
pub use status::{
    Cause, CauseKind, CodeChange, DataChange, DependencyChange, OutputChange, Status,
};
pub use template::{
    CommandPlaceholder, CommandTemplate, PartitionPlaceholder, PartitionRef, PathTemplate, Piece,
    Template, TimeFormat, encode_component, encode_whole_component,
};
pub use version::{CodeVersion, DataVersion, Fingerprint};
