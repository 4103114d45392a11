//! The configuration of assets: values, their schema, the layers that set them, and what comes of all layers.
//!
//! A [`ConfigLayer`] is what one place sets: the asset's own `config`, a job, a file, `--set`. Layers are checked against
//! the schema where they are read, so resolving them asks only what is not known before: variables of the environment,
//! the partition, and whether all that is required has a value.

mod fault;
mod layer;
mod path;
mod resolve;
mod schema;
mod value;

pub use fault::{CONFIG_SCHEMA, ConfigFault, ConfigProblem, PARAMS};
pub use layer::{AssetConfig, ConfigLayer, ConfigOrigin, Setting, SettingEntry, SettingTable};
pub use path::ConfigPath;
pub use resolve::{CONFIG_FIELD, ConfigLeaf, EffectiveConfig, LeafValue};
pub use schema::{ConfigKind, ConfigSchema, SchemaTable};
pub use value::{ConfigValue, Finite};
