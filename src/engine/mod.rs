//! Carries a plan out: looks at a project, judges it, runs what is stale, records what came of it.

mod admission;
mod coordinator;
mod failure;
mod hooks;
mod inputs;
mod manifest;
mod materialization;
mod observe;
mod occupied;
mod order;
mod outbox;
mod publishing;
mod recovery;
mod resources;
mod retry;
mod run;
mod scheduler;
mod staging;
mod staging_pool;
mod step;
mod step_locks;

pub use coordinator::CANCELED_BY_VERB;
pub use hooks::HookFunction;
pub use run::{Finished, RunDoors, RunOptions, RunSummary, run};

pub use manifest::{PRINTING_LIMIT, all_secrets, print_manifest};
pub use materialization::{Made, materialized};
pub use observe::observe_sources;
pub use order::{block_too_long, command_of};
pub use recovery::{clear_crashed, put_back_asides};
pub use resources::ResourcePool;
pub use staging::has_asides;
pub use step_locks::{WorkingRun, end_orphaned_resources, is_running, working_runs};
