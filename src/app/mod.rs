//! One verb a file: wires the rooms below into what a verb asks for.
//!
//! A verb gets a [`OpenProject`] and a request, and gives a report, or for `materialize` a stream of events. Nothing here
//! prints, reads arguments, or exits.

mod accept;
mod acceptor;
mod added;
mod affected;
mod causes;
mod check;
mod comparison;
mod complete;
mod doctor;
mod doubt;
mod error;
mod explain;
mod from_lock;
mod gitignored;
mod graph;
mod history;
mod init;
mod instance;
mod kept;
pub(crate) mod library;
mod list;
mod lock;
mod logs;
mod made;
mod materialize;
mod nested;
mod notice;
mod observe;
mod partitions;
mod places_read;
mod plan;
mod project;
mod quoted;
mod ranges;
mod refusal;
mod replaced;
mod run_id;
mod running;
mod seal;
mod selection;
mod show;
mod size;
mod status;
mod steps;
mod surroundings;
mod take_over;
#[cfg(test)]
mod tests;
mod validate;
mod wipe;

pub use accept::accept;
pub use added::KeysAdded;
pub use affected::{Touched, TouchedSets, affected, changed_since, touched};
pub use check::{Rebuilding, check, is_project, place_in_repository};
pub use complete::{CompletionWords, complete_input, complete_revision, complete_run};
pub use doctor::doctor;
pub use error::{AppError, Blame, RequestError};
pub use explain::explain;
pub use from_lock::FromLock;
pub use graph::graph;
pub use history::history;
pub use init::init;
pub use kept::{Kept, keep, kept};
pub use list::list;
pub use lock::{DamagedLock, lock, lock_diff, prune_lock};
pub use logs::{logs, running_run};
pub use made::{MadeRow, made_rows};
pub use materialize::{
    InMemory, InMemoryError, KeptValue, Materialized, OpenedProject, Progress, RunContext,
    RunPlace, materialize, materialize_in_memory, materialize_opened,
};
pub use notice::Notice;
pub use observe::{ObserveOutcome, observe};
pub use partitions::{change_keys, list_partitions, map_partitions, show_partitions};
pub use plan::plan;
pub use project::{Declared, OpenProject};
pub use quoted::Quoted;
pub use selection::SelectionNotice;
pub use show::show;
pub use size::size_on_disk;
pub use status::status;
pub use surroundings::Surroundings;
pub use validate::validate;
pub use wipe::wipe;
