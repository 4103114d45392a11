//! Which text assetctl has written last as the lock file.
//!
//! A text is known by its digest, which stands in a file in the project's own folder. If the lock file has it, it is just
//! what the writer gives for what it says, so lines can be put into it without reading the others. Whatever anybody
//! else writes has another digest and is read as a whole. The note is disposable, and a torn one is none.

use std::path::{Path, PathBuf};

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::engine::OWN_FOLDER;
use crate::model::RULE;
use crate::sys::file::{read_own, write_atomically};

/// The file with the note, in the project's own folder.
const NOTE: &str = "lockfile.written";

/// Whether a text is the one that was noted.
pub fn is_written(root: &Path, text: &[u8]) -> bool {
    let note = read_own(&path(root));
    note.is_ok_and(|note| note == digest(text).to_string().as_bytes())
}

/// Notes a text that the writer gave.
pub fn note(root: &Path, text: &[u8]) {
    // Without a note the next call reads everything.
    drop(write_atomically(
        &path(root),
        digest(text).to_string().as_bytes(),
    ));
}

fn path(root: &Path) -> PathBuf {
    root.join(OWN_FOLDER).join(NOTE)
}

/// Another version of assetctl may write otherwise.
fn digest(text: &[u8]) -> Digest {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("rule", RULE.into());
    folding.digest("text", Kind::Value.digest(text));
    folding.finish(Kind::Value)
}
