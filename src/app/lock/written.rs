//! Which text assetctl has written last as the lock file.
//!
//! A text is known by its digest, which stands in a file in the project's own folder. If the lock file has it, it is just
//! what the writer gives for what it says, so lines can be put into it without reading the others. Whatever anybody
//! else writes has another digest and is read as a whole. The note is disposable, and a torn one is none. It is made with
//! the key of the project's caches: one that a repository brings along says nothing.

use std::path::{Path, PathBuf};

use crate::app::project::Project;
use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::engine::OWN_FOLDER;
use crate::model::RULE;
use crate::sys::file::{read_own, write_atomically};

/// The file with the note, in the project's own folder.
const NOTE: &str = "lockfile.written";

/// Whether a text is the one that was noted.
pub fn is_written(project: &Project, text: &[u8]) -> bool {
    let note = read_own(&path(project.root()));
    let key = project.cache_key();
    key.is_some_and(|key| note.is_ok_and(|note| note == digest(key, text).to_string().as_bytes()))
}

/// Notes a text that the writer gave.
pub fn note(project: &Project, text: &[u8]) {
    if let Some(key) = project.cache_key() {
        let note = digest(key, text).to_string();
        // Without a note the next call reads everything.
        drop(write_atomically(&path(project.root()), note.as_bytes()));
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(OWN_FOLDER).join(NOTE)
}

/// Another version of assetctl may write otherwise.
fn digest(key: &Key, text: &[u8]) -> Digest {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("rule", RULE.into());
    folding.digest("text", Kind::Value.digest(text));
    key.digest(folding.finish(Kind::Value).as_bytes())
}
