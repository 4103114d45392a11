//! Small doors to the operating system: the only room that touches these parts of it.
//!
//! Linux and macOS; where they differ, the difference stands here.

pub mod chance;
pub mod clock;
pub mod file;
pub mod inherited;
pub mod lock;
pub mod parallel;
pub mod private_folder;
pub mod process;
pub mod secret;
pub mod shell;
