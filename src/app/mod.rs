//! One verb a file: wires the rooms below into what a verb asks for.
//!
//! A verb gets a [`OpenProject`] and a request, and gives a report, or for `materialize` a stream of events. Nothing here
//! prints, reads arguments, or exits.

mod accept;
mod acceptor;
mod affected;
mod check;
mod comparison;
mod complete;
mod config;
mod configured_lines;
mod doctor;
mod error;
mod explain;
mod generated;
mod gitignored;
mod graph;
mod history;
mod init;
mod instance;
mod jobs;
pub(crate) mod library;
mod list;
mod lock;
mod logs;
mod made;
mod materialize;
mod neighbours;
mod notice;
mod observe;
mod partitions;
mod places_read;
mod plan;
mod project;
mod run_details;
mod running;
mod runs;
mod selection;
mod show;
mod size;
mod snapshot;
mod status;
mod steps;
#[cfg(test)]
mod tests;
mod validate;
mod wipe;

pub use accept::accept;
pub use affected::{Touched, TouchedSets, affected, changed_since, touched};
pub use check::{Rebuilding, check, is_project, place_in_repository};
pub use complete::{CompletionWords, complete_input, complete_revision, complete_run};
pub use config::{check_config, config_schema, scaffold_config};
pub use doctor::doctor;
pub use error::{AppError, Blame, InMemoryError, Quoted, RequestError};
pub use explain::explain;
pub use generated::open_planned;
pub use graph::graph;
pub use history::history;
pub use init::init;
pub use jobs::{list_jobs, show_job};
pub use list::list;
pub use lock::{lock, lock_diff, prune_lock};
pub use logs::{logs, running_run};
pub use made::{MadeRow, made_rows};
pub use materialize::{
    InMemory, KeptValue, Materialized, OpenedProject, Progress, RunContext, RunPlace, materialize,
    materialize_in_memory, materialize_opened,
};
pub use notice::{DamagedLock, FromLock, KeysAdded, Notice, SelectionNotice};
pub use observe::{ObserveOutcome, observe};
pub use partitions::{change_keys, list_partitions, map_partitions, show_partitions};
pub use plan::plan;
pub use project::{Declared, OpenProject, Surroundings};
pub use runs::{
    Trace, cancel_run, delete_runs, ended_runs, export_run, find_run, list_runs, run_events,
    run_logs, run_steps, show_run, trace_run,
};
pub use show::show;
pub use size::size_on_disk;
pub use status::status;
pub use validate::validate;
pub use wipe::wipe;
