//! What the user should know of asset partitions that only the lock file knew.

use std::fmt;

use crate::lockfile::{FILE_NAME, LockError};
use crate::model::{DataVersionRule, Provenance, StepName};
use crate::plan::Evaluation;

/// How many steps are named.
const NAMED: usize = 5;

/// What has become of asset partitions that only the lock file knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromLock {
    /// So many were here, and are recorded now.
    TakenOver(u32),
    /// These were made, from the same as the locked ones, and came out different.
    CameOutOtherwise(Vec<StepName>),
}

impl FromLock {
    /// The steps of a run that has ended whose commands are not reproducible by what the lock file said; `None` if there is
    /// none.
    pub(super) fn came_out_otherwise(evaluation: &Evaluation<'_>) -> Option<Self> {
        let scope = evaluation.scope();
        let recorded = &evaluation.facts().recorded;
        let mut cells: Vec<_> = evaluation
            .locked()
            .elsewhere
            .iter()
            .filter(|(cell, locked)| {
                let asset = scope.graph().asset(scope.at(**cell).0);
                let is_comparable = asset.is_some_and(|asset| {
                    let is_incremental = asset.is_incremental() || asset.is_volatile();
                    !is_incremental && asset.data_version != DataVersionRule::Inputs
                });
                let made = recorded.materialized(cell.index());
                let made = made.filter(|made| made.provenance != Provenance::Locked);
                let same = made.zip(locked.as_ref()).is_none_or(|(made, locked)| {
                    made.fingerprint != locked.fingerprint || made.outputs == locked.outputs
                });
                is_comparable && !same
            })
            .map(|(cell, _)| *cell)
            .collect();
        cells.sort_unstable();
        let steps: Vec<_> = cells
            .into_iter()
            .map(|it| evaluation.step_name(it))
            .collect();
        (!steps.is_empty()).then_some(Self::CameOutOtherwise(steps))
    }
}

impl fmt::Display for FromLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenOver(1) => write!(
                f,
                "the outputs of one asset partition are already here and match {FILE_NAME}: it is recorded now"
            ),
            Self::TakenOver(count) => write!(
                f,
                "the outputs of {count} asset partitions are already here and match {FILE_NAME}: they are recorded now"
            ),
            Self::CameOutOtherwise(steps) => {
                let named: Vec<_> = steps.iter().take(NAMED).map(ToString::to_string).collect();
                write!(f, "{}", named.join(", "))?;
                if steps.len() > NAMED {
                    write!(f, " and {} more", steps.len() - NAMED)?;
                }
                write!(
                    f,
                    ": differs from {FILE_NAME}, although the inputs are the same: the command is not reproducible"
                )
            }
        }
    }
}

/// A lock file that was asked what the instance does not know, and that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadLock(String);

impl UnreadLock {
    /// Why it cannot be read.
    pub(super) fn of(error: &LockError) -> Self {
        let said = error.to_string();
        Self(match error {
            LockError::Damaged { lines, .. } => match lines.first() {
                Some(first) => format!("{said}: line {}: {}", first.line, first.damage),
                None => said,
            },
            _ => said,
        })
    }
}

impl fmt::Display for UnreadLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            f,
            "{why}; judged without it (`assetctl check` shows details)"
        )
    }
}
