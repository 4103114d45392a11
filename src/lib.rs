//! make for data: knows from contents which asset partitions are stale, says why, and runs exactly those.

mod api;
#[doc(hidden)]
pub mod app;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod executor;
#[doc(hidden)]
pub mod git;
#[doc(hidden)]
pub mod hash;
#[doc(hidden)]
pub mod io_manager;
#[doc(hidden)]
pub mod lockfile;
#[doc(hidden)]
pub mod manifest;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod select;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod sys;
#[doc(hidden)]
pub mod wire;

pub use api::{
    CheckRequest, Error, FailedStep, Instance, IoManagerKind, MaterializeRequest, MaterializedStep,
    OutputError, OutputValue, PlanRequest, Project, RaiseOnError, RunResult, StatusRequest,
    TestInstance, check, materialize, materialize_to_memory, plan, status,
};
#[doc(inline)]
pub use app::{AppError, Notice};
#[doc(inline)]
pub use executor::{
    Cancel, CommandLine, Execution, Executor, Exit, FakeExecutor, LocalExecutor, Severity,
    StdinFrom, StdoutTo,
};
#[doc(inline)]
pub use io_manager::{FilesystemIoManager, IoManager, MemoryIoManager};
#[doc(inline)]
pub use model::{
    AssetKey, AssetStatus, Batch, Cause, CheckBasis, CheckCounts, CheckReport, CheckedOutputs,
    DataVersion, Decision, Event, EventKind, EventSink, Evidence, Force, KeyRange, PartitionKey,
    PartitionRun, PlanCounts, PlanReport, PlanStep, RunCounts, RunId, RunOutcome, StaleRange,
    Status, StatusCounts, StatusReport, StepFailure, StepName, StepOutcome,
};
#[doc(inline)]
pub use sys::clock::{Clock, FixedClock, SystemClock};
