//! Looks at a project by the snapshot of the last ones: what need not be judged again, and what is kept for the next.

mod basis;
mod keep;
mod lock_stamp;
mod nothing_to_do;
mod project_look;
mod settled_records;

pub use basis::LookBasis;
pub use keep::{FinishedLook, JudgedByInstance};
pub use nothing_to_do::{NothingToDo, nothing_to_do};
pub use project_look::{LockLines, ProjectLook};
pub use settled_records::SettledRecords;
