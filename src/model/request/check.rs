//! What `check` is asked for.

use crate::model::request::{PartitionsSelection, Rebuild, SelectionText};

/// Say whether everything is fresh, from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRequest {
    /// Of what; of everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Only what the changes since this git revision can touch.
    pub since: Option<String>,
    /// Which files are judged.
    pub tree: CheckedTree,
    /// What is asked of outputs.
    pub outputs: CheckedOutputs,
    /// What is said of windows that are due.
    pub due: DueWindows,
    /// What is said of what cannot be judged.
    pub strictness: Strictness,
    /// How many fresh ones are built in scratch; `None` for none, so that no command runs.
    pub rebuild: Option<Rebuild>,
}

/// Which files are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckedTree {
    /// The work tree.
    #[default]
    Work,
    /// What git would commit.
    Staged,
}

/// What is asked of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckedOutputs {
    /// Those that exist are what is locked; the others may be absent, as in a fresh clone.
    #[default]
    Matching,
    /// All exist and are what is locked.
    Required,
    /// They are not looked at.
    Ignored,
}

/// Whether time windows after the newest locked one of their asset count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueWindows {
    /// They are told apart: a clock alone makes nothing stale.
    #[default]
    Apart,
    /// They count as missing.
    Counted,
}

/// Whether what cannot be judged is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// It is told apart.
    #[default]
    Lenient,
    /// It counts as not fresh.
    Strict,
}
