//! `check`: whether everything is fresh, from the lock file.

mod staged;

pub use staged::StagedProject;
