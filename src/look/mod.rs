//! Looks at a project: from the disk and the instance to an evaluation of a scope.

mod code;
mod dotenv;
mod error;
mod evaluate;
mod gather;
mod generated;
mod given_resource;
mod keys;
mod locked;
mod manifest_text;
mod places;
pub mod snapshot;
mod source_content;
mod workspace;

pub use code::{
    config_error, is_code_as_seen, observe_code, observe_code_of, refuse_unset_secrets,
    resolved_config, resolved_resource, row_configs, unset_secrets, unset_variable, watched_code,
};
pub use dotenv::{DOTENV, read_dotenv};
pub use error::{EngineError, Problems};
pub use evaluate::{Observations, Observing, StoreRecords, evaluate};
pub use gather::{
    ChangedOutputs, changed_outputs_of, find_outputs_unlike, find_source, find_sources, watched,
};
pub use generated::{manifest_fingerprint, manifest_version, stale_manifest};
pub use given_resource::{GivenResources, Resource, ResourceContext, ResourceError};
pub use keys::{
    KeyQuestion, World, asking_definitions, existing_keys, look_for_foreign_files, used_definitions,
};
pub use locked::BlockOutput;
pub use manifest_text::{ManifestText, ManifestTexts, Spot};
pub use places::{begun_at, holds_something, note_begun};
pub use source_content::{Elsewhere, find_elsewhere, keep_source_content};
pub use workspace::{
    IN_MEMORY, Logged, OWN_FOLDER, OwnLife, Workspace, asset_part, lock_name, locked_partition,
    log_folder, log_path, logged, logged_attempt, own_folder_near, relative, step_folder,
};
