//! Make for data: knows from contents which asset partitions are stale, says why, and runs exactly those.
//!
//! This is the library of the command line tool of the same name. It loads the same projects, makes the same plans and runs
//! the same commands, for programs that do so themselves and for tests of pipelines. Without the default feature `cli` it has
//! no argument parser and no terminal:
//!
//! ```toml
//! [dependencies]
//! assetctl = { version = "0.1", default-features = false }
//! ```
//!
//! # A first run
//!
//! A project is a folder with an `Assets.toml`. Here it declares a source with a file for each day, an asset that is made of
//! it day by day, and one that is made of all days:
//!
//! ```
//! use std::sync::Arc;
//! use assetctl::{FixedClock, MaterializeRequest, PlanRequest, Project, TestInstance, materialize, plan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! std::fs::create_dir(folder.path().join("raw"))?;
//! std::fs::write(folder.path().join("raw/2024-01-01.txt"), "pear\napple\n")?;
//! std::fs::write(folder.path().join("raw/2024-01-02.txt"), "fig\n")?;
//! std::fs::write(folder.path().join("Assets.toml"), r#"
//!     [project]
//!     name = "fruit"
//!
//!     [partitions.day]
//!     type = "daily"
//!     start = "2024-01-01"
//!
//!     [source.raw]
//!     path = "raw/{{partition}}.txt"
//!     partitions = "day"
//!
//!     [asset.sorted]
//!     partitions = "day"
//!     deps = "raw"
//!     command = "sort {{input}} > {{output}}"
//!     outputs = "build/{{partition}}.txt"
//!
//!     [asset.count]
//!     deps = "sorted"
//!     command = "cat {{input}} | wc -l | tr -d ' ' > {{output}}"
//!     outputs = "count.txt"
//! "#)?;
//!
//! // Two days have ended by this clock, so there are two partitions.
//! let morning = FixedClock("2024-01-03T06:00:00Z".parse()?);
//! let project = Project::load(folder.path())?.with_clock(Arc::new(morning));
//! let instance = TestInstance::new()?;
//! let run = || materialize(&project, MaterializeRequest::new().instance(&instance));
//!
//! let first = run()?;
//! assert_eq!(first.counts().materialized, 3);
//! assert_eq!(&*first.output("count", None, None)?.bytes()?, b"3\n");
//!
//! // Nothing changed, so nothing runs.
//! assert_eq!(run()?.run_id(), None);
//!
//! // One day changes: that day is stale, and what is made of it may be.
//! std::fs::write(folder.path().join("raw/2024-01-02.txt"), "quince\n")?;
//! let todo = plan(&project, PlanRequest::new().instance(&instance))?;
//! assert_eq!((todo.counts.run, todo.counts.may_run), (1, 1));
//! assert_eq!(todo.steps[0].keys.to_string(), "sorted@2024-01-02");
//!
//! let second = run()?;
//! let sorted = second.output("sorted", Some("2024-01-02"), None)?;
//! assert_eq!(sorted.path(), Some(&*project.root().join("build/2024-01-02.txt")));
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! | to | begin with |
//! |---|---|
//! | load a project, and say what it may see of the process | [`Project`] |
//! | say what runs are remembered by | [`Instance`], [`TestInstance`] |
//! | run | [`materialize`], [`materialize_to_memory`] with a [`MaterializeRequest`]; [`run_job`] with a [`JobRequest`] |
//! | look | [`status`], [`plan`], [`check`] with a [`StatusRequest`], [`PlanRequest`], [`CheckRequest`] |
//! | see what came of it | [`RunResult`], its [events](RunResult::events) and [`OutputValue`]s |
//! | know why not | [`Error`], [`OutputError`], [`StepFailure`], each with a code |
//! | watch a run, or end it | [`EventSink`], [`Cancel`] |
//! | run commands elsewhere | [`Executor`] |
//! | keep values elsewhere | [`IoManager`] |
//! | say what time it is | [`Clock`] |
//!
//! # The words
//!
//! - An **asset** is data that a command makes, or somebody makes elsewhere: one or several outputs, each a file or a
//!   directory. A **source** is data that is only read. [`AssetKey`] is the name of either.
//! - A **partition** is one of the parts in which an asset is made, by day, by region or by both, and has a
//!   [`PartitionKey`]. An asset at one partition is what a **step** makes; a [`StepName`] is written `sorted@2024-01-02`.
//! - To **materialize** is to run the commands of steps. A run has a [`RunId`], and what happens in it is told by [`Event`]s.
//! - A **data version** is the digest of what an output or source holds ([`DataVersion`]), whatever its time and place. A step is
//!   **fresh** if it was made of the versions that its inputs have now, by the command that it has now, else **stale**, with
//!   its [`Cause`]s.
//! - An **instance** is the memory of runs, an `SQLite` file in a folder. `Assets.lock` says the same for all checkouts, as
//!   text in the repository.
//! - An **IO manager** keeps values between the step that makes them and those that read them: on disk, or in memory.
//!
//! # What is promised
//!
//! - Nothing prints, exits, handles signals, or reads or changes the environment and the current directory of the process. A [`Project`]
//!   is given an environment and a clock, and there is nothing else it knows. (A relative path that is handed in is taken from the
//!   current directory. How many cores there are is asked of the system, and how long things take is measured; the threads that
//!   hash are rayon's own, for the number of which rayon reads `RAYON_NUM_THREADS`.)
//! - All of it may be used from many threads at once, and as often as wanted in one process. Runs on one [`Instance`] share the work, from
//!   several processes too. Runs on several instances that write into one project take turns within a process.
//! - Whatever can be asked for wrongly is a typed [`Error`] with a code that `docs/errors.md` explains. A panic is a mistake
//!   in this crate.
//!
//! `examples/embed.rs` is a program that does all this, `examples/test_a_pipeline.rs` shows tests of a pipeline.

#[doc(hidden)]
pub mod answer;
#[doc(hidden)]
pub mod app;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod command;
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
pub mod lock;
#[doc(hidden)]
pub mod lockfile;
#[doc(hidden)]
pub mod look;
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
#[cfg(any(test, debug_assertions, feature = "testkit"))]
#[doc(hidden)]
pub mod testkit;

#[doc(inline)]
pub use answer::{
    Ahead, AssetStatus, BlockedRange, Certainty, CheckBasis, CheckCounts, CheckReport,
    CheckedAsset, Decision, DeclarationKind, Event, EventKind, EventSink, GitignoredFiles,
    GivenConfiguration, HookName, InputRange, KeyRange, Level, LockedSources, MadeElsewhere,
    ManifestLine, NotRebuilt, Observed, Orphans, PartitionRun, PlanCounts, PlanReport, PlanStep,
    Planned, PlannedAside, RebuildOutcome, Rebuilt, ResourcePhase, RunCounts, RunOutcome,
    RunningPartition, StaleRange, StatusCounts, StatusReport, StepFailure, StepOutcome,
    UnknownEvent, Unverifiable, WhyDifferent, WhyNotRebuilt, WhyUnverifiable,
};
pub use app::library::{
    CheckRequest, ConfigRequest, Error, FailedStep, Instance, IoManagerKind, JobRequest,
    MaterializeRequest, MaterializedStep, OutputError, OutputValue, PlanRequest, Project,
    RaiseOnError, ResolvedConfig, RunResult, StatusRequest, TestInstance, check, check_config,
    materialize, materialize_to_memory, plan, run_job, status,
};
#[doc(inline)]
pub use app::{AppError, InMemoryError, Notice, RequestError};
#[doc(inline)]
pub use executor::{
    Background, Cancel, CommandLine, DEFAULT_GRACE, EmptyLog, Execution, Executor, Exit,
    FakeExecutor, Leftovers, LocalExecutor, Moment, Secret, Severity, StdinFrom, StdoutTo, Usage,
    Watcher,
};
#[doc(inline)]
pub use git::GitError;
#[doc(inline)]
pub use hash::HashError;
#[doc(inline)]
pub use io_manager::{
    Entry, EntryKind, FilesystemIoManager, Giving, IoManager, IoManagerError, MemoryIoManager,
    StagedOutput, Stored, Streams, Taken, Value, Written,
};
#[doc(inline)]
pub use lockfile::LockError;
#[doc(inline)]
pub use look::{EngineError, Problems, Resource, ResourceContext, ResourceError};
#[doc(inline)]
pub use manifest::{ManifestError, ManifestErrors};
#[doc(inline)]
pub use model::{
    AssetKey, Batch, Cause, CauseKind, CheckedOutputs, CodeChange, DataChange, DataDetail,
    DataVersion, DependencyChange, DueWindows, Evidence, FileChanges, Force, HookMoment, HookOwner,
    InvalidName, InvalidPartitionKey, OutputChange, OutputKind, OutputRecord, PartitionKey,
    Presence, RecordingRun, ResourceUsage, RunId, StaleManifest, StaleReason, Status, StepName,
    Strictness,
};
#[doc(inline)]
pub use select::SelectionError;
#[doc(inline)]
pub use store::StoreError;
#[doc(inline)]
pub use sys::clock::{Clock, FixedClock, SystemClock};
