//! Looks at a project: from the disk and the instance to an evaluation of a scope.

mod begun;
mod code;
mod content;
mod elsewhere;
mod error;
mod evaluate;
mod folded;
mod found;
mod gather;
mod keys;
mod locked;
mod observe;
mod own_path;
mod places;
mod records;
mod workspace;

pub use begun::{note as note_begun, noted as begun_at};
pub use code::{
    is_code_as_seen, observe_code, observe_code_of, refuse_unset_secrets, unset_secrets,
    watched_code,
};
pub use content::keep_source_content;
pub use elsewhere::{Elsewhere, find_elsewhere};
pub use error::{EngineError, Problems, Spot};
pub use evaluate::evaluate;
pub use folded::BlockOutput;
pub use gather::{
    ChangedOutputs, changed_outputs_of, find_outputs_unlike, find_source, find_sources,
};
pub use keys::{
    KeyQuestion, World, asking_definitions, existing_keys, look_for_foreign_files, used_definitions,
};
pub use observe::{Observations, Observing};
pub use own_path::{
    Logged, OWN_FOLDER, asset_part, lock_name, locked_partition, log_folder, log_path, logged,
    own_folder_near, step_folder,
};
pub use places::holds_something;
pub use records::StoreRecords;
pub use workspace::{IN_MEMORY, OwnLife, Workspace, relative};
