//! What came of a run.

use crate::answer::{RunCounts, RunOutcome};
use crate::model::RunId;
use crate::plan::Evaluation;

/// A run that has ended.
pub struct Finished<'a> {
    /// What came of it.
    pub result: RunSummary,
    /// The evaluation as it stands now: what has run is fresh in it.
    pub evaluation: Evaluation<'a>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id; `None` if there was nothing to do, in which case nothing was recorded.
    pub run: Option<RunId>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many steps ended how.
    pub counts: RunCounts,
}
