//! What is folded into each kind of version: the one place that says so.

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::model::DataVersion;
use crate::sys::file::FileStamp;

/// An entry of a directory or glob, as its version sees it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    /// A directory below; what it holds are entries of their own.
    Directory,
    /// A regular file.
    File(DataVersion),
    /// A symlink.
    Link(DataVersion),
}

/// The version of a file with this content hash and stamp, of which only the executable bit counts.
pub(super) fn file(content: &blake3::Hash, stamp: &FileStamp) -> DataVersion {
    file_of(content, u64::from(stamp.is_executable()))
}

/// The version that a file has which holds these bytes and is not executable.
pub fn version_of_bytes(bytes: &[u8]) -> DataVersion {
    file_of(&blake3::keyed_hash(Kind::File.key(), bytes), 0)
}

fn file_of(content: &blake3::Hash, executable: u64) -> DataVersion {
    let mut fields = Folding::new();
    fields.digest("content", Digest::truncated(content));
    fields.number("executable", executable);
    DataVersion(fields.finish(Kind::File))
}

/// The version of a symlink: its text, and the version of what it points to where that counts.
pub(super) fn link(text: &[u8], target: Option<DataVersion>) -> DataVersion {
    let mut fields = Folding::new();
    name(&mut fields, "text", text);
    if let Some(DataVersion(digest)) = target {
        fields.digest("target", digest);
    }
    DataVersion(fields.finish(Kind::Link))
}

/// The version of a directory or glob with these entries, which come sorted by the bytes of their names.
pub(super) fn tree<'n>(entries: impl Iterator<Item = (&'n [u8], Entry)>) -> DataVersion {
    let mut fields = Folding::new();
    for (path, entry) in entries {
        match entry {
            Entry::Directory => name(&mut fields, "directory", path),
            Entry::File(DataVersion(digest)) => {
                name(&mut fields, "file", path);
                fields.digest("version", digest);
            }
            Entry::Link(DataVersion(digest)) => {
                name(&mut fields, "link", path);
                fields.digest("version", digest);
            }
        }
    }
    DataVersion(fields.finish(Kind::Tree))
}

/// The version of a value, given as canonical JSON.
pub(super) fn value(json: &str) -> DataVersion {
    DataVersion(Kind::Value.digest(json.as_bytes()))
}

/// A name is bytes: one that is no text is folded in hexadecimal, under another field name.
fn name(fields: &mut Folding, field: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => fields.text(field, text),
        Err(_) => fields.text(&format!("{field} in hexadecimal"), &hex::encode(bytes)),
    }
}
