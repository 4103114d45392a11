//! What the engine works with: a project as it lies on disk.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::executor::Executor;
use crate::hash::Versions;
use crate::io_manager::IoManager;
use crate::model::{AssetGraph, KeysByDefinition};

/// A project as it lies on disk, with the doors to the outside that its steps need.
#[derive(Clone, Copy)]
pub struct Workspace<'a> {
    /// The project root, absolute.
    pub root: &'a Path,
    /// The folder of the instance, absolute.
    pub home: &'a Path,
    /// The folder that runs work in, for staging, lists and logs: relative to the root, or absolute.
    pub own: &'a str,
    /// Whether that folder outlives the run.
    pub own_life: OwnLife,
    /// What is declared.
    pub graph: &'a AssetGraph,
    /// The keys of all partitions definitions.
    pub keys: &'a KeysByDefinition,
    /// The versions of what is on disk.
    pub versions: &'a Versions<'a>,
    /// The caller's environment.
    pub environment: &'a [(OsString, OsString)],
    /// Where values are kept.
    pub io_manager: &'a dyn IoManager,
    /// Where commands run.
    pub executor: &'a dyn Executor,
}

/// The variable by which a command, and an `assetctl` that it starts, knows that nothing of the project is to be changed.
pub const IN_MEMORY: &str = "ASSETCTL_IN_MEMORY";

/// Whether the folder that a run works in outlives the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnLife {
    /// It stays: logs, and what a failed step wrote, can be looked at.
    Kept,
    /// It goes when the run ends, and nobody is sent there.
    Gone,
}

impl Workspace<'_> {
    /// A project-relative or absolute path as one that can be opened from anywhere.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A variable of the caller's environment, if it is set.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self
            .environment
            .iter()
            .rev()
            .find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_os_str())
    }
}

/// The path `to` as it is seen from the folder `from`; both relative to the project root, without `.` and `..`.
///
/// An absolute path stays as it is.
pub fn relative(from: &str, to: &str) -> String {
    if from.is_empty() || to.starts_with('/') {
        return to.to_owned();
    }
    let (mut from, mut to) = (from.split('/').peekable(), to.split('/').peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    up.chain(to).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn paths_are_seen_from_the_folder() {
        for (from, to, seen) in [
            ("", "build/x.csv", "build/x.csv"),
            ("pipelines/a", "pipelines/a/build/x.csv", "build/x.csv"),
            ("pipelines/a", "pipelines/b/x.csv", "../b/x.csv"),
            (
                "pipelines/a",
                ".assetctl/staging/x",
                "../../.assetctl/staging/x",
            ),
            ("a", "/mnt/raw", "/mnt/raw"),
            ("a", "../outside", "../../outside"),
        ] {
            assert_eq!(relative(from, to), seen, "{from} {to}");
        }
    }
}
