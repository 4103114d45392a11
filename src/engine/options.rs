//! What a run is asked to be like.

use std::num::NonZeroU32;

use crate::digest::Digest;
use crate::engine::step::Sync;
use crate::model::{Occupied, RunId};

/// What a run is asked to be like.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Its id.
    pub run: RunId,
    /// How many commands run at once; at least 1.
    pub jobs: usize,
    /// Nothing new starts after so many failures.
    pub stop_after: Option<NonZeroU32>,
    /// Whether a step that another process runs is waited for.
    pub waiting: Waiting,
    /// Whether outputs are synced before they are recorded.
    pub sync: Sync,
    /// What becomes of outputs that were altered by hand.
    pub altered: AlteredOutputs,
    /// What becomes of folders at the places of outputs that no step has made.
    pub occupied: Occupied,
    /// Whether incremental assets find their previous output.
    pub previous: PreviousOutputs,
    /// The digest of the declarations.
    pub manifest: Digest,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// The partitions, as the user wrote them.
    pub partitions: String,
}

/// Whether a step that another process runs is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It is.
    Wait,
    /// It is an error that names the holder.
    Refuse,
}

/// What becomes of outputs that were altered by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlteredOutputs {
    /// They are made anew.
    Replace,
    /// They stay, and their step fails.
    Keep,
}

/// Whether incremental assets find their previous output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousOutputs {
    /// They do.
    Offered,
    /// They do not: `--full-refresh`.
    Withheld,
}
