//! Carries a plan out: looks at a project, judges it, runs what is stale, records what came of it.

mod code;
mod error;
mod evaluate;
mod failure;
mod gather;
mod made;
mod observe;
mod order;
mod outbox;
mod publish;
mod records;
mod recover;
mod render;
mod run;
mod scheduler;
mod spares;
mod staging;
mod step;
mod verify;
mod workspace;

pub use code::{Codes, observe_code_of};
pub use error::{EngineError, Problems, Spot};
pub use evaluate::{Evaluation, evaluate, step_name};
pub use gather::{FoundSources, MissingSource, absent_version};
pub use made::{Made, materialized};
pub use observe::Observing;
pub use order::{command_of, log_folder, log_path, step_of_log};
pub use records::StoreRecords;
pub use recover::{clear_crashed, put_back_asides};
pub use render::{Places, Previous, Rendered, Rendering, Unrenderable};
pub use run::{
    AlteredOutputs, Finished, PreviousOutputs, RunDoors, RunOptions, RunResult, Waiting, run,
};
pub use staging::{OWN_FOLDER, has_asides, step_folder};
pub use step::Sync;
pub use workspace::Workspace;
