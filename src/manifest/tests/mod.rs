//! What manifests give, and what is said of wrong ones.

mod compiled;
mod each;
mod graphs;
#[cfg(feature = "cli")]
mod messages;
mod moved;
mod partitions;
mod schema;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::digest::Key;

/// A project folder with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        write(root.path(), path, text.as_bytes());
    }
    root
}

/// The key of a user whose secret is known.
fn key() -> Key {
    Key::of(&[7; 32], "a test")
}

fn write(root: &Path, path: &str, text: &[u8]) {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("folders can be made");
    }
    fs::write(path, text).expect("the file can be written");
}
