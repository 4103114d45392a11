//! How much room an output takes.

use std::path::Path;

use walkdir::WalkDir;

/// The size of a file, or of all files in a directory, in bytes. Links are not followed, as they are not when an output is removed.
pub fn size_on_disk(path: &Path) -> u64 {
    let entries = WalkDir::new(path).into_iter().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum()
}
