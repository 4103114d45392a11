//! Looks at a project by the snapshot of the last ones: what need not be judged again, and what is kept for the next.

mod basis;
mod first_glance;
mod keep;
mod lock_stamp;
mod project_look;
mod settled_records;

pub use basis::LookBasis;
pub use first_glance::{FirstGlance, GlancedSnapshot, NothingToDo};
pub use keep::{FinishedLook, JudgedByInstance, KeptLock};
pub use project_look::{LockLines, OwnLines, ProjectLook, RunDemand};
pub use settled_records::SettledRecords;
