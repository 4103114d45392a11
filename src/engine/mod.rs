//! Carries a plan out: looks at a project, judges it, runs what is stale, records what came of it.

mod admission;
mod coordinator;
mod doors;
mod ending;
mod failure;
mod finished;
mod length;
mod linked;
mod made;
mod observe;
mod options;
mod order;
mod outbox;
mod publish;
mod reads;
mod recover;
mod run;
mod scheduler;
mod set_aside;
mod spares;
mod staging;
mod step;
mod step_locks;
mod unsettled;
mod verify;
mod watch;

pub use doors::RunDoors;
pub use finished::{Finished, RunSummary};

pub use length::block_too_long;
pub use made::{Basis, Made, materialized, materialized_of};
pub use observe::observe_sources;
pub use options::RunOptions;
pub use order::command_of;
pub use reads::watched;
pub use recover::{clear_crashed, put_back_asides};
pub use run::run;
pub use staging::has_asides;
pub use step_locks::{WorkingRun, is_running, working_runs};
pub use unsettled::Unsettled;
