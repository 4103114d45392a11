//! The library's front door: a project, an instance, requests, and what comes of them.
//!
//! Everything here stands on the rooms below and is re-exported at the root of the crate. Nothing prints, exits, or reads
//! the environment, the current directory, signals or the clock of the process: a [`Project`] holds all that it may know.
//! What the command line adds, its words, progress and exit codes, is deliberately absent.

mod error;
mod instance;
mod output;
mod project;
mod request;
mod resolved_config;
mod run_result;
mod verbs;

pub use error::{Error, OutputError};
pub use instance::{Instance, TestInstance};
pub use output::OutputValue;
pub use project::Project;
pub use request::{
    CheckRequest, ConfigRequest, IoManagerKind, JobRequest, MaterializeRequest, PlanRequest,
    RaiseOnError, StatusRequest,
};
pub use resolved_config::ResolvedConfig;
pub use run_result::{FailedStep, MaterializedStep, RunResult};
pub use verbs::{check, check_config, materialize, materialize_to_memory, plan, run_job, status};
