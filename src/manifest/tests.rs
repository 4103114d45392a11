//! What manifests give, and what is said of wrong ones.

mod graphs;
#[cfg(feature = "cli")]
mod messages;
mod moved;
mod partitions;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A project folder with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        write(root.path(), path, text.as_bytes());
    }
    root
}

fn write(root: &Path, path: &str, text: &[u8]) {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("folders can be made");
    }
    fs::write(path, text).expect("the file can be written");
}
