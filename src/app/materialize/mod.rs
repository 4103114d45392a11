//! `materialize`: bring asset partitions up to date, on disk or in memory.
//!
//! Both are the same run, with the same engine, plan and events. What differs is said by `carry_out::Medium`: where outputs are
//! kept, which folder the run works in, and whether the instance, caches, the lock file and a seal are used and written.

mod carry_out;
mod disk;
pub(super) mod in_memory_error;
mod memory;
pub(super) mod own_places;
pub(super) mod planned;
mod printed;
pub(super) mod progress;
mod to_disk;
mod to_memory;
mod values;

pub use in_memory_error::InMemoryError;
pub use progress::{Progress, RunContext, RunPlace};
pub use to_disk::{OpenedProject, materialize_opened};
pub use to_memory::materialize_in_memory;
pub use values::{InMemory, KeptValue};

use crate::app::error::AppError;
use crate::app::materialize::to_disk::materialize_on_disk;
use crate::app::surroundings::Surroundings;
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
