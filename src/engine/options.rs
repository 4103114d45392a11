//! What a run is asked to be like.

use crate::answer::Planned;
use crate::digest::Digest;
use crate::model::{MaterializeOptions, RunId};

/// The request of a run, and what is known of it before it begins.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The run's id.
    pub run: RunId,
    /// How many commands run at once.
    pub jobs: usize,
    /// The request. Its selection has been read already.
    pub request: MaterializeOptions,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The selection as it can be typed.
    pub selection: String,
    /// What is to be done, to be told before the first step.
    pub planned: Box<Planned>,
}
