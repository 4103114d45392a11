//! `Assets.toml` → the asset graph, or all that is wrong with it, each problem at its span.
//!
//! Text is parsed into tables with spans (`document`), tables into what they declare (`project`, `partitions`, `source`,
//! `asset`), in two passes: names, partitions and outputs first, as deps and templates refer to them; then the rest.
//! Last come the checks that look at everything at once (`overlap`, cycles). A problem never ends the reading; a graph
//! comes out only where nothing is wrong.
//!
//! The disk is asked for manifest files and, when they are parsed, for symlinked folders. Whether sources, code files
//! and tools exist is a question of the run.

mod asset;
mod blocks;
mod code;
mod command;
mod common_keys;
mod compiled;
mod config;
mod declaration_rules;
mod deps;
mod diagnostic;
mod document;
mod each;
mod environments;
mod error;
mod file;
mod generators;
mod given;
mod hooks;
mod jobs;
mod load;
mod mapping;
mod names;
mod other_paths;
mod outputs;
mod overlap;
mod partitions;
mod path_shapes;
mod paths;
mod patterns;
mod placeholders;
mod policies;
mod project;
mod project_files;
mod quoting;
mod resources;
mod retries;
mod revision;
mod run_config;
mod segments;
mod source;
mod streams;
mod template;

#[cfg(test)]
mod tests;

/// The JSON Schema of Assets.toml.
pub const SCHEMA: &str = include_str!("schema.json");

pub use compiled::{
    Compiled, compiled_digest, load_compiled, read_compiled, read_main, read_texts,
};
pub use diagnostic::{Label, ManifestError, ManifestErrors, PlacedLabel};
pub use error::Problem;
pub use file::SourceFile;
pub use given::GivenText;
pub use load::{Manifest, load, load_given, load_main, load_with};
pub use other_paths::{TypedPathError, typed_path};
pub use project_files::{MANIFEST, ProjectRoot, find};
pub use run_config::configured;
