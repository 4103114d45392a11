//! What a look judges by, and the file of the snapshot that belongs to it.

use std::path::{Path, PathBuf};

use crate::digest::{Folding, Kind, Sink};
use crate::model::CheckedOutputs;
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
pub(super) fn file(home: &Path, root: &Path, basis: Basis) -> PathBuf {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.text("root", &root.to_string_lossy());
    folding.text("basis", basis.name());
    let name = folding.finish(Kind::Manifest).to_string();
    home.join("snapshots").join(name).with_extension("base")
}
