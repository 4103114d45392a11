//! Bytes on disk → data version: files, directories, globs, and single values of structured files.
//!
//! [`Versions`] is the door to the room. What it gives depends on contents alone: times, inodes and modes serve only to
//! avoid reading a file again, through the [`StatCache`], and only when all of them are what they were.
//!
//! A data version is
//!
//! - of a file: its bytes and its executable bit;
//! - of a directory: the sorted relative names of all below it, each with its kind and version;
//! - of a glob: the same, of the files that it matches, named from the pattern's literal head;
//! - of a symlink: its text *and* the version of what it points to;
//! - of a value: its canonical JSON.
//!
//! Deliberately absent: what an output or a source is, and what an absent one means. Callers know that.

mod entries;
mod error;
mod glob;
mod look;
mod patterns;
mod settle;
mod sightings;
mod stamps;
mod stat_cache;
mod ticker;
mod tree;
mod value;
mod version;
mod versions;

pub use entries::{
    EntryReader, EntryWriter, Seen, SeenEntry, Sighting, read_number, take, write_number,
};
pub use error::{HashError, SyntaxError};
pub use glob::GlobVersion;
pub use patterns::{
    Exceptions, GitIgnored, Ignore, PathGlob, glob_matches, glob_matches_any, is_glob,
    literal_start,
};
pub use settle::Settled;
pub use sightings::Sightings;
pub use stamps::{Difference, Look};
pub use stat_cache::StatCache;
pub use value::{ValueFound, parse_values, value_at};
pub use version::{Found, version_of_bytes};
pub use versions::Versions;

#[cfg(test)]
mod tests;
