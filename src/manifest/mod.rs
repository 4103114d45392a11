//! `Assets.toml` → the asset graph, or all that is wrong with it, each problem at its span.
//!
//! Text is parsed into tables with spans (`document`), tables into what they declare (`project`, `partitions`, `source`,
//! `asset`), in two passes: names, partitions and outputs first, as deps and templates refer to them; then the rest.
//! Last come the checks that look at everything at once (`overlap`, cycles). A problem never ends the reading; a graph
//! comes out only where there is none.
//!
//! The disk is asked for manifest files and, when they are parsed, for symlinked folders. Whether sources, code files
//! and tools exist is a question of the run.

mod about;
mod apart;
mod asset;
mod batch;
mod claims;
mod code;
mod command;
mod compiled;
mod deps;
mod diagnostic;
mod disk;
mod document;
mod doubts;
mod duration;
mod env;
mod error;
mod file;
mod find;
mod glob_meets;
mod include;
mod inline;
mod load;
mod locking;
mod mapping;
mod moved;
mod names;
mod outputs;
mod overlap;
mod partition_placeholder;
mod partitions;
mod paths;
mod placeholders;
mod project;
mod quoting;
mod source;
mod streams;
mod suggest;
mod template;
mod test_sources;
mod trie;

#[cfg(test)]
mod tests;

pub use compiled::{Compiled, compiled_digest, load_compiled, read_compiled};
pub use diagnostic::{Label, ManifestError, ManifestErrors, PlacedLabel};
pub use error::Problem;
pub use file::SourceFile;
pub use find::{MANIFEST, ProjectRoot, find};
pub use load::{Manifest, load};
pub use moved::{TypedPathError, typed_path};
