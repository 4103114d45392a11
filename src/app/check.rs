//! `check`: whether everything is fresh, from the lock file.

mod place;
mod rebuild;
mod staged;

pub use rebuild::{Locked, Rebuilding, rebuild};
pub use staged::StagedProject;
