//! What a look judges by, and the file of the snapshot that belongs to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::{Folding, Kind, Sink};
use crate::lockfile::LockPlace;
use crate::model::{CheckedOutputs, Configuration};
use crate::store::Store;

/// What is judged by, each with a snapshot of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// What the instance has recorded.
    Instance,
    /// What the lock file says, with outputs that count so.
    Lock(CheckedOutputs),
}

impl Basis {
    const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Lock(CheckedOutputs::Matching) => "lock, matching",
            Self::Lock(CheckedOutputs::Required) => "lock, required",
            Self::Lock(CheckedOutputs::Ignored) => "lock",
        }
    }
}

/// What a look judges by.
#[derive(Clone, Copy, Debug)]
pub enum LookBasis<'b> {
    /// The records of this instance.
    Instance(&'b Store),
    /// The lines of the lock file, with outputs that count so.
    Lock(CheckedOutputs),
}

/// The file of a snapshot.
pub(super) fn file(
    home: &Path,
    root: &Path,
    basis: Basis,
    (configuration, lock): (&Configuration, &LockPlace),
) -> PathBuf {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.text("root", &root.to_string_lossy());
    folding.text("basis", basis.name());
    if let Some(key) = configuration.key() {
        folding.digest("configuration", key);
    }
    if !lock.is_default() {
        folding.text("lock file", lock.path());
    }
    let name = folding.finish(Kind::Manifest).to_string();
    home.join("snapshots").join(name).with_extension("base")
}

/// How many snapshots a folder has at most, where calls have configurations of their own.
const MOST: usize = 12;

/// Removes the oldest snapshots from the folder of this one, where there are many.
pub(super) fn remove_oldest(of: &Path) {
    let Some(folder) = of.parent() else { return };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bases = entries.map(|entry| entry.path());
    let bases = bases.filter(|path| path.extension().is_some_and(|it| it == "base"));
    let written =
        |path: &PathBuf| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let mut bases: Vec<(Option<SystemTime>, PathBuf)> =
        bases.map(|path| (written(&path), path)).collect();
    bases.sort_unstable();
    for (_, base) in bases.iter().rev().skip(MOST) {
        // What cannot be removed is in nobody's way.
        drop(fs::remove_file(base.with_extension("changes")));
        drop(fs::remove_file(base));
    }
}
