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
pub use progress::{Progress, RunPlace, Running};
pub use to_disk::{OpenedProject, materialize, materialize_opened};
pub use to_memory::materialize_in_memory;
pub use values::{InMemory, KeptValue};
