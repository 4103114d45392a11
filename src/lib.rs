//! make for data: knows from contents which asset partitions are stale, says why, and runs exactly those.

pub mod app;
#[cfg(feature = "cli")]
pub mod cli;
pub mod digest;
pub mod engine;
pub mod executor;
pub mod git;
pub mod hash;
pub mod io_manager;
pub mod lockfile;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod select;
pub mod store;
pub mod sys;
pub mod wire;
