//! Where in the manifest something stands.

use serde::{Deserialize, Serialize};

/// The index of a manifest file in [`crate::model::AssetGraph::files`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileId(pub u16);

/// A span of bytes in a manifest file, and the line on which it starts, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
    /// The byte offset.
    pub start: u32,
    /// The number of bytes.
    pub len: u32,
}
