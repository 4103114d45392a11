//! `materialize`: bring asset partitions up to date, on disk or in memory.
//!
//! Both are the same run, with the same engine, plan and events. What differs is said by `carry_out::Medium`: where outputs are
//! kept, which folder the run works in, and whether the instance, caches, the lock file and the snapshot are used and written.

pub(super) mod carry_out;
pub(super) mod in_memory;
mod on_disk;
mod printed;
pub(super) mod progress;

pub use in_memory::{InMemory, KeptValue, materialize_in_memory};
pub use on_disk::{OpenedProject, materialize_opened};
pub use progress::{Progress, RunContext, RunPlace};

use crate::app::error::AppError;
use crate::app::materialize::on_disk::materialize_on_disk;
use crate::app::project::Surroundings;
use crate::engine::RunSummary;
use crate::model::MaterializeOptions;

/// What a run has left.
pub enum Materialized {
    /// Outputs at their paths.
    OnDisk(RunSummary),
    /// Outputs in memory.
    InMemory(Box<InMemory>),
}

impl Materialized {
    /// How the run went.
    pub fn summary(&self) -> &RunSummary {
        match self {
            Self::OnDisk(summary) => summary,
            Self::InMemory(done) => &done.result,
        }
    }
}

/// Brings what is selected up to date, on disk or in memory.
///
/// # Errors
///
/// If the run cannot be planned, or cannot go on.
pub fn materialize(
    surroundings: &Surroundings,
    options: &MaterializeOptions,
    running: RunContext<'_>,
) -> Result<Materialized, AppError> {
    if options.in_memory.is_some() {
        let done = materialize_in_memory(surroundings, options, running)?;
        Ok(Materialized::InMemory(Box::new(done)))
    } else {
        materialize_on_disk(surroundings, options, running).map(Materialized::OnDisk)
    }
}
