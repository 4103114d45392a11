//! How many bytes are taken, of how many that may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::io_manager::IoManagerError;

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
    /// Room for so many bytes.
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
