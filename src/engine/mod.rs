//! Carries a plan out: looks at a project, judges it, runs what is stale, records what came of it.

mod admission;
mod begun;
mod code;
mod content;
mod coordinator;
mod doors;
mod elsewhere;
mod ending;
mod error;
mod evaluate;
mod failure;
mod finished;
mod folded;
mod found;
mod gather;
mod inputs;
mod keys;
mod length;
mod linked;
mod locked;
mod made;
mod observe;
mod options;
mod order;
mod outbox;
mod own_path;
mod places;
mod publish;
mod reads;
mod records;
mod recover;
mod render;
mod run;
mod scheduler;
mod set_aside;
mod share;
mod spares;
mod staging;
mod step;
mod step_locks;
mod unsettled;
mod variables;
mod verify;
mod watch;
mod workspace;

pub use begun::noted as begun_at;
pub use code::{Codes, observe_code, observe_code_of, refuse_unset_secrets};
pub use content::keep_source_content;
pub use doors::RunDoors;
pub use elsewhere::{Elsewhere, find_elsewhere};
pub use error::{EngineError, Problems, Spot};
pub use evaluate::{Evaluation, evaluate, source_path, step_name};
pub use finished::{Finished, RunResult};
pub use folded::BlockOutput;
pub use gather::{
    ChangedOutputs, FoundSources, MissingSource, absent_version, counted, counted_of,
    find_outputs_unlike, find_sources,
};

pub use keys::{
    KeyQuestion, World, asking_definitions, existing_keys, look_for_foreign_files, used_definitions,
};
pub use locked::LockedCells;
pub use made::{Basis, Made, materialized, materialized_of};
pub use observe::Observing;
pub use options::{AlteredOutputs, PreviousOutputs, RunOptions, Waiting};
pub use order::command_of;
pub use own_path::{
    Logged, OWN_FOLDER, asset_part, locked_partition, log_folder, log_path, logged, step_folder,
};
pub use reads::watched;
pub use records::StoreRecords;
pub use recover::{clear_crashed, put_back_asides};
pub use render::{Previous, Rendered, Rendering, StepPlaces, Unrenderable};
pub use run::run;
pub use staging::has_asides;
pub use step::Sync;
pub use step_locks::{WorkingRun, is_running, working_runs};
pub use unsettled::Unsettled;
pub use workspace::{IN_MEMORY, OwnLife, Workspace};
