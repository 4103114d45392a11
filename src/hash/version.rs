//! What is folded into each kind of version: the one place that says so, and where each path is read.
//!
//! The content of a file counts by the keyed BLAKE3 hash of the bytes of one open file, as fast as its size allows.
//!
//! A small file takes one read into a buffer that the thread keeps. A large one is split along BLAKE3's own tree: pieces that
//! fit the processor's cache are read with `pread` and hashed as subtrees on all threads, and their chaining values merged.
//! The result is the plain keyed hash of the bytes. There is no memory map: a file that is truncated while it is mapped
//! kills the process.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::{Hash, Hasher, keyed_hash};

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::hash::HashError;
use crate::model::{Counted, DataVersion};
use crate::sys::file::FileStamp;
use crate::sys::parallel;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or a link that leads nowhere.
    Absent,
    /// A file, or a link to one.
    File {
        /// Its version.
        version: DataVersion,
        /// Its size.
        bytes: u64,
    },
    /// A directory, or a link to one.
    Directory {
        /// The version of all that it holds.
        version: DataVersion,
        /// The sizes of the files in it, taken together.
        bytes: u64,
    },
}

impl Found {
    /// The version of what was found; `None` for nothing.
    pub const fn version(&self) -> Option<DataVersion> {
        match self {
            Self::Absent => None,
            Self::File { version, .. } | Self::Directory { version, .. } => Some(*version),
        }
    }

    /// The size of what was found, in bytes.
    pub const fn bytes(&self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::File { bytes, .. } | Self::Directory { bytes, .. } => *bytes,
        }
    }
}

/// Where bytes are read, and the path they count as: an output is hashed in its staging as what it will be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    pub read: &'p Path,
    pub named: &'p Path,
    pub standing: Standing,
    pub counted: Counted,
}

/// How a path came to be asked about, which decides what a symlink means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was declared: a link to a directory is entered, a dangling one is absent.
    Declared,
    /// It was found in a directory or by a glob: such links count by their text.
    Inside,
}

impl<'p> Place<'p> {
    /// A declared path. A trailing slash says nothing that the disk does not, and would follow a link.
    pub fn declared(path: &'p str) -> Self {
        let trimmed = path.trim_end_matches('/');
        Self::at(Path::new(if trimmed.is_empty() { path } else { trimmed }))
    }

    /// A path that was found or declared.
    pub const fn at(path: &'p Path) -> Self {
        Self {
            read: path,
            named: path,
            standing: Standing::Declared,
            counted: Counted::All,
        }
    }

    /// The same place, of which no more counts than this.
    pub fn counting(self, counted: Counted) -> Self {
        Self { counted, ..self }
    }
}

pub(super) fn changing(place: Place<'_>) -> HashError {
    HashError::Changing {
        path: place.named.display().to_string(),
    }
}

/// Up to how many of these files one thread reads alone: so little work is not worth the start of threads (0.1 ms).
pub(super) fn read_alone(bytes: u64, files: usize) -> usize {
    if bytes > 256 * 1024 || files > 64 {
        1
    } else {
        files
    }
}

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

/// The version of a regular file with this stamp, out of its bytes.
pub(super) fn file(file: &Arc<File>, stamp: &FileStamp) -> io::Result<DataVersion> {
    let content = hash(file, stamp.size, Kind::File.key())?;
    Ok(file_of(&content, stamp.is_executable().into()))
}

/// The version that a file has which holds these bytes and is not executable.
pub fn version_of_bytes(bytes: &[u8]) -> DataVersion {
    file_of(&keyed_hash(Kind::File.key(), bytes), 0)
}

fn file_of(content: &Hash, executable: u64) -> DataVersion {
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

/// A name is bytes: one that is not UTF-8 is folded in hexadecimal, under another field name.
fn name(fields: &mut Folding, field: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => fields.text(field, text),
        Err(_) => fields.text(&format!("{field} in hexadecimal"), &hex::encode(bytes)),
    }
}

/// From here on a file is hashed in pieces on several threads.
const LARGE: u64 = 1024 * 1024;

/// Bytes of a piece: a power of two, so that every piece is a subtree, and small enough to be hashed out of the cache.
const PIECE: usize = 256 * 1024;

/// Files below this take one read.
const SMALL: usize = 16 * 1024;

type Key = &'static [u8; 32];

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The hash of all bytes of `file`, which was `size` long a moment ago. A large file that has become shorter is an
/// `UnexpectedEof`; any other change shows in the file's stamp, which the caller compares.
fn hash(file: &Arc<File>, size: u64, key: Key) -> io::Result<Hash> {
    if size < LARGE {
        with_buffer(|buffer| sequential(file, size, key, buffer))
    } else {
        let file = Arc::clone(file);
        parallel::run(move || whole(&Pieces { file: &file, key }, size))
    }
}

fn sequential(mut file: &File, size: u64, key: Key, buffer: &mut [u8]) -> io::Result<Hash> {
    let read = fill(&mut file, &mut buffer[..SMALL])?;
    if read < SMALL && read as u64 == size {
        return Ok(keyed_hash(key, &buffer[..read]));
    }
    let mut hasher = Hasher::new_keyed(key);
    hasher.update(&buffer[..read]);
    loop {
        match fill(&mut file, buffer)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        };
    }
}

/// One read, begun again when a signal interrupts it.
fn fill(file: &mut &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

struct Pieces<'f> {
    file: &'f File,
    key: Key,
}

fn whole(pieces: &Pieces<'_>, size: u64) -> io::Result<Hash> {
    let left_size = left_subtree_len(size);
    let (left, right) = rayon::join(
        || subtree(pieces, 0, left_size),
        || subtree(pieces, left_size, size - left_size),
    );
    Ok(merge_subtrees_root(
        &left?,
        &right?,
        Mode::KeyedHash(pieces.key),
    ))
}

fn subtree(pieces: &Pieces<'_>, offset: u64, size: u64) -> io::Result<ChainingValue> {
    if size <= PIECE as u64 {
        return with_buffer(|buffer| piece(pieces, offset, &mut buffer[..size as usize]));
    }
    let left_size = left_subtree_len(size);
    let (left, right) = rayon::join(
        || subtree(pieces, offset, left_size),
        || subtree(pieces, offset + left_size, size - left_size),
    );
    Ok(merge_subtrees_non_root(
        &left?,
        &right?,
        Mode::KeyedHash(pieces.key),
    ))
}

fn piece(pieces: &Pieces<'_>, offset: u64, buffer: &mut [u8]) -> io::Result<ChainingValue> {
    pieces.file.read_exact_at(buffer, offset)?;
    Ok(Hasher::new_keyed(pieces.key)
        .set_input_offset(offset)
        .update(buffer)
        .finalize_non_root())
}

/// Lends the thread's buffer of [`PIECE`] bytes. `work` starts no other work on the thread, so it is never lent twice.
fn with_buffer<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(PIECE, 0);
        work(buffer)
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;
    use std::sync::Arc;

    use proptest::prelude::{Strategy, prop_oneof, proptest};
    use proptest::test_runner::Config;

    use super::{LARGE, PIECE, SMALL, hash};
    use crate::digest::Kind;

    fn check(size: usize) {
        let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let open = Arc::new(File::open(file.path()).unwrap());
        let key = Kind::File.key();
        assert_eq!(
            hash(&open, size as u64, key).unwrap(),
            blake3::keyed_hash(key, &bytes),
            "a file of {size} bytes"
        );
    }

    #[test]
    fn sizes_around_every_boundary_give_the_plain_keyed_hash() {
        let large = LARGE as usize;
        for boundary in [
            0,
            1024,
            SMALL,
            PIECE,
            large,
            large + PIECE,
            2 * large,
            3 * large,
        ] {
            for size in [
                boundary.saturating_sub(1),
                boundary,
                boundary + 1,
                boundary + 1025,
            ] {
                check(size);
            }
        }
    }

    fn sizes() -> impl Strategy<Value = usize> {
        let large = LARGE as usize;
        prop_oneof![0..4096_usize, 0..large, large..5 * large]
    }

    proptest! {
        #![proptest_config(Config::with_cases(24))]
        #[test]
        fn any_size_gives_the_plain_keyed_hash(size in sizes()) {
            check(size);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(2 * LARGE).unwrap();
        let open = Arc::new(File::open(file.path()).unwrap());
        let error = hash(&open, 4 * LARGE, Kind::File.key()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
