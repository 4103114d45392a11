//! The library's front door: a project, an instance, requests, and what comes of them.
//!
//! Everything here stands on the rooms below and is re-exported at the root of the crate. Nothing prints, exits, or reads
//! the environment, the current directory, signals or the clock of the process: a [`Project`] holds all that it may know.
//! What the command line adds, its words, progress and exit codes, is deliberately absent.

mod error;
mod instance;
mod lookup;
mod materialize;
mod output;
mod output_error;
mod project;
mod recorder;
mod request;
mod run_result;
mod turn;
mod verbs;

pub use error::Error;
pub use instance::{Instance, TestInstance};
pub use materialize::{materialize, materialize_to_memory};
pub use output::OutputValue;
pub use output_error::OutputError;
pub use project::Project;
pub use request::{
    CheckRequest, IoManagerKind, MaterializeRequest, PlanRequest, RaiseOnError, StatusRequest,
};
pub use run_result::{FailedStep, MaterializedStep, RunResult};
pub use verbs::{check, plan, status};
