//! Values in the memory of this process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use walkdir::WalkDir;

use crate::io_manager::{
    Giving, IoManager, IoManagerError, StagedOutput, Stored, Streams, Written,
};
use crate::model::OutputKind;

/// The permissions of a file that came through a pipe.
const PIPED: u32 = 0o644;

/// Keeps values in memory, of at most `limit` bytes with the copies that commands read.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assetctl::{IoManager, IoManagerError, MemoryIoManager, OutputKind, StagedOutput, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(kept.value("build/x.txt").map(|value| value.bytes()), Some(5));
/// let past_the_limit = kept.store(&output, Written::Piped(vec![0; 996].into()));
/// assert!(matches!(past_the_limit, Err(IoManagerError::MemoryLimit { used: 5, limit: 1_000, .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryIoManager {
    room: Room,
    kept: Mutex<BTreeMap<String, Kept>>,
}

/// A value in memory. Clones share the bytes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use assetctl::Value;
///
/// let value = Value::File { bytes: b"hello"[..].into(), mode: 0o644 };
/// assert_eq!(value.bytes(), 5);
/// value.write(&folder.path().join("deep/x.txt"))?;
/// assert_eq!(std::fs::read(folder.path().join("deep/x.txt"))?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A file, with its permissions as Unix mode bits.
    File {
        /// What it holds.
        bytes: Arc<[u8]>,
        /// Who may do what.
        mode: u32,
    },
    /// A directory: what lies in it, folders before what they hold.
    Directory(Arc<[Entry]>),
}

/// What lies in a directory.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use assetctl::{Entry, EntryKind, Value};
///
/// let entry = |path: &str, kind| Entry { path: path.into(), kind };
/// let file = EntryKind::File { bytes: b"hello"[..].into(), mode: 0o600 };
/// let value = Value::Directory([entry("a", EntryKind::Folder), entry("a/x.txt", file)].into());
/// value.write(&folder.path().join("days"))?;
/// assert_eq!(std::fs::read(folder.path().join("days/a/x.txt"))?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the directory.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
}

/// What can lie in a directory.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use assetctl::{Entry, EntryKind, Value};
///
/// let link = Entry { path: "latest".into(), kind: EntryKind::Link("2024-01-31".into()) };
/// let value = Value::Directory([link].into());
/// value.write(&folder.path().join("days"))?;
/// assert_eq!(std::fs::read_link(folder.path().join("days/latest"))?.to_str(), Some("2024-01-31"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file, with its permissions as Unix mode bits.
    File {
        /// What it holds.
        bytes: Arc<[u8]>,
        /// Who may do what.
        mode: u32,
    },
    /// A symbolic link, with the text of it.
    Link(OsString),
}

#[derive(Debug)]
struct Kept {
    value: Value,
    #[expect(dead_code, reason = "it is there to be dropped")]
    taken: Taken,
}

impl MemoryIoManager {
    /// An empty one for at most `limit` bytes, of values and of copies that commands read.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            room: Room::new(limit),
            kept: Mutex::default(),
        }
    }

    /// The value stored under `path`, if there is one.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<Value> {
        self.kept().get(path).map(|kept| kept.value.clone())
    }

    /// The map is whole between any two statements.
    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stored(&self, path: &str) -> Result<Value, IoManagerError> {
        self.value(path).ok_or_else(|| IoManagerError::NotStored {
            path: path.to_owned(),
        })
    }
}

impl IoManager for MemoryIoManager {
    fn written(&self, staging: &str, path: &str) -> String {
        format!("{staging}/{path}")
    }

    fn make_way(&self, _: &StagedOutput) -> Result<(), IoManagerError> {
        Ok(())
    }

    /// Reads it, and removes it from where it was written.
    fn store(&self, output: &StagedOutput, written: Written) -> Result<Stored, IoManagerError> {
        let path = &output.path;
        let from = Path::new(&output.written);
        let (value, taken) = match (written, output.kind) {
            (Written::Piped(bytes), _) => {
                let taken = self.room.take(path, bytes.len() as u64)?;
                let mode = PIPED;
                (Value::File { bytes, mode }, taken)
            }
            (Written::AtPath, OutputKind::File) => {
                let metadata = fs::metadata(from)?;
                let taken = self.room.take(path, metadata.len())?;
                let value = Value::File {
                    bytes: fs::read(from)?.into(),
                    mode: metadata.mode(),
                };
                fs::remove_file(from)?;
                (value, taken)
            }
            (Written::AtPath, OutputKind::Directory) => {
                let taken = self.room.take(path, size_of_tree(from)?)?;
                (read_tree(from)?, taken)
            }
        };
        self.kept().insert(path.clone(), Kept { value, taken });
        Ok(Stored::Elsewhere)
    }

    /// What is not here is on disk: a step that is not part of the run made it.
    fn giving(&self, path: &str) -> Giving {
        if self.kept().contains_key(path) {
            Giving::Loaded
        } else {
            Giving::AtPath
        }
    }

    fn load(&self, path: &str, to: &Path) -> Result<Taken, IoManagerError> {
        let value = self.stored(path)?;
        let taken = self.room.take(path, value.bytes())?;
        value.write(to)?;
        Ok(taken)
    }

    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, IoManagerError> {
        match self.stored(path)? {
            Value::File { bytes, .. } => Ok(bytes),
            Value::Directory(_) => Err(IoManagerError::Directory {
                path: path.to_owned(),
            }),
        }
    }

    fn streams(&self) -> Streams {
        Streams::Pipes {
            limit: self.room.left(),
        }
    }
}

impl Value {
    /// How many bytes its files hold.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File { bytes, .. } => bytes.len() as u64,
            Self::Directory(entries) => entries.iter().map(Entry::bytes).sum(),
        }
    }

    /// Writes it to `to`, at which nothing is; the folder above is made.
    pub fn write(&self, to: &Path) -> io::Result<()> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match self {
            Self::File { bytes, mode } => write_file(to, bytes, *mode),
            Self::Directory(entries) => {
                fs::create_dir(to)?;
                for entry in entries.iter() {
                    entry.write(&to.join(&entry.path))?;
                }
                Ok(())
            }
        }
    }
}

impl Entry {
    fn bytes(&self) -> u64 {
        match &self.kind {
            EntryKind::File { bytes, .. } => bytes.len() as u64,
            EntryKind::Folder | EntryKind::Link(_) => 0,
        }
    }

    fn read(path: &Path, below: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let kind = if metadata.is_dir() {
            EntryKind::Folder
        } else if metadata.is_symlink() {
            EntryKind::Link(fs::read_link(path)?.into())
        } else {
            EntryKind::File {
                bytes: fs::read(path)?.into(),
                mode: metadata.mode(),
            }
        };
        Ok(Self {
            path: below.to_owned(),
            kind,
        })
    }

    fn write(&self, to: &Path) -> io::Result<()> {
        match &self.kind {
            EntryKind::Folder => fs::create_dir(to),
            EntryKind::Link(text) => symlink(text, to),
            EntryKind::File { bytes, mode } => write_file(to, bytes, *mode),
        }
    }
}

fn write_file(to: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    fs::write(to, bytes)?;
    fs::set_permissions(to, Permissions::from_mode(mode))
}

fn size_of_tree(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in WalkDir::new(folder) {
        let metadata = entry?.metadata().map_err(io::Error::from)?;
        size += if metadata.is_file() {
            metadata.len()
        } else {
            0
        };
    }
    Ok(size)
}

fn read_tree(folder: &Path) -> io::Result<Value> {
    let mut entries = Vec::new();
    for entry in WalkDir::new(folder).min_depth(1).sort_by_file_name() {
        let entry = entry?;
        let below = entry.path().strip_prefix(folder);
        let below = below.expect("the walk stays below its folder");
        entries.push(Entry::read(entry.path(), below)?);
    }
    Ok(Value::Directory(entries.into()))
}

/// Bytes that may be taken. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    limit: u64,
    used: Arc<AtomicU64>,
}

/// Bytes that are taken until this is dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use assetctl::{IoManager, MemoryIoManager, OutputKind, StagedOutput, Streams, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// let copy = kept.load("build/x.txt", &folder.path().join("copy.txt"))?;
/// assert_eq!(kept.streams(), Streams::Pipes { limit: 990 });
/// drop(copy);
/// assert_eq!(kept.streams(), Streams::Pipes { limit: 995 });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct Taken {
    taken: Option<(Arc<AtomicU64>, u64)>,
}

impl Room {
    /// Room for this number of bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: Arc::default(),
        }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Takes `bytes` for the value `path`.
    pub(super) fn take(&self, path: &str, bytes: u64) -> Result<Taken, IoManagerError> {
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.used.fetch_update(set, fetch, fits) {
            Ok(_) => Ok(Taken {
                taken: Some((Arc::clone(&self.used), bytes)),
            }),
            Err(used) => Err(IoManagerError::MemoryLimit {
                path: path.to_owned(),
                bytes,
                used,
                limit: self.limit,
            }),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some((used, bytes)) = self.taken.take() {
            used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{MemoryIoManager, Value};
    use crate::io_manager::{
        Giving, IoManager, IoManagerError, StagedOutput, Stored, Streams, Written,
    };
    use crate::model::OutputKind;

    fn output(manager: &MemoryIoManager, folder: &Path, kind: OutputKind) -> StagedOutput {
        let path = "out/x".to_owned();
        StagedOutput {
            written: manager.written(folder.to_str().expect("a text"), &path),
            path,
            kind,
        }
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let manager = MemoryIoManager::new(100);
        let output = output(&manager, folder.path(), OutputKind::File);
        fs::create_dir(folder.path().join("out")).expect("made");
        fs::write(&output.written, "bytes").expect("written");
        assert_eq!(manager.giving("out/x"), Giving::AtPath);
        let stored = manager.store(&output, Written::AtPath);
        assert_eq!(stored.expect("stored"), Stored::Elsewhere);
        assert!(!Path::new(&output.written).exists());
        assert_eq!(manager.giving("out/x"), Giving::Loaded);
        assert_eq!(&*manager.bytes("out/x").expect("there"), b"bytes");
        assert_eq!(manager.streams(), Streams::Pipes { limit: 95 });
        let to = folder.path().join("deep/er/x");
        let loaded = manager.load("out/x", &to).expect("loaded");
        assert_eq!(fs::read(&to).expect("read"), b"bytes");
        assert_eq!(manager.streams(), Streams::Pipes { limit: 90 });
        drop(loaded);
        assert_eq!(manager.streams(), Streams::Pipes { limit: 95 });
    }

    #[test]
    fn a_directory_comes_back_with_links_folders_and_permissions() {
        let folder = tempfile::tempdir().expect("a folder");
        let manager = MemoryIoManager::new(100);
        let output = output(&manager, folder.path(), OutputKind::Directory);
        let written = Path::new(&output.written);
        fs::create_dir_all(written.join("b/empty")).expect("made");
        fs::write(written.join("b/run"), "#!").expect("written");
        fs::set_permissions(written.join("b/run"), Permissions::from_mode(0o750)).expect("set");
        symlink("b/run", written.join("a")).expect("linked");
        manager.store(&output, Written::AtPath).expect("stored");
        assert_eq!(manager.value("out/x").map(|it| it.bytes()), Some(2));
        let to = folder.path().join("to");
        let _loaded = manager.load("out/x", &to).expect("loaded");
        assert!(to.join("b/empty").is_dir());
        assert_eq!(
            fs::read_link(to.join("a")).expect("a link"),
            Path::new("b/run")
        );
        let mode = fs::metadata(to.join("b/run")).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o750);
        let bytes = manager.bytes("out/x").expect_err("it has no bytes");
        assert!(matches!(bytes, IoManagerError::Directory { .. }));
    }

    #[test]
    fn past_the_limit_nothing_is_stored_or_loaded_and_what_is_replaced_counts_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let manager = MemoryIoManager::new(8);
        let output = output(&manager, folder.path(), OutputKind::File);
        let piped = |text: &str| Written::Piped(text.as_bytes().into());
        manager.store(&output, piped("12345")).expect("it fits");
        let error = manager.store(&output, piped("1234")).expect_err("too much");
        assert_eq!(
            error.to_string(),
            "`out/x` takes 4 bytes of memory; 5 of at most 8 are taken already"
        );
        manager
            .load("out/x", &folder.path().join("copy"))
            .expect_err("too much");
        assert!(!folder.path().join("copy").exists());
        manager.store(&output, piped("123")).expect("it fits");
        manager.store(&output, piped("45678")).expect("it fits");
        let last = Value::File {
            bytes: b"45678"[..].into(),
            mode: 0o644,
        };
        assert_eq!(manager.value("out/x"), Some(last));
    }
}
