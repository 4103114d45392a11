//! What `check --rebuild` is asked for.

use std::num::NonZeroU32;

/// Build some fresh asset partitions in scratch, and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// How many, at most.
    pub count: NonZeroU32,
    /// Which of them: with one seed a greater count adds to what a smaller one chooses.
    pub seed: u64,
}
