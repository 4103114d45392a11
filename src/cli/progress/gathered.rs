//! The events of a batch taken together: one command leaves one line.

use std::borrow::Cow;
use std::time::Duration;

use crate::answer::{EventKind, StepOutcome};
use crate::model::{Batch, StepName};

/// What has ended of a batch so far.
#[derive(Debug, Default)]
pub struct FailureSummary {
    took: Duration,
    written: u64,
    materialized: bool,
}

impl FailureSummary {
    /// Takes an event in, and gives what is to be told: the event itself, or, with the last one of a batch, an event of
    /// its last partition that says how all of it ended.
    pub fn take<'a>(&mut self, event: &'a EventKind) -> Option<Cow<'a, EventKind>> {
        let EventKind::StepFinished {
            step,
            batch: Some(batch),
            outcome,
            duration,
            ..
        } = event
        else {
            return Some(Cow::Borrowed(event));
        };
        self.took += *duration;
        if let StepOutcome::Materialized { bytes, .. } = outcome {
            self.written += bytes;
            self.materialized = true;
        }
        if !is_last(step, Some(batch)) {
            return None;
        }
        let all = std::mem::take(self);
        let mut told = event.clone();
        if let EventKind::StepFinished {
            outcome, duration, ..
        } = &mut told
        {
            *duration = all.took;
            match outcome {
                StepOutcome::Materialized { version, .. } | StepOutcome::Unchanged { version }
                    if all.materialized =>
                {
                    *outcome = StepOutcome::Materialized {
                        version: *version,
                        bytes: all.written,
                    };
                }
                _ => {}
            }
        }
        Some(Cow::Owned(told))
    }
}

/// Whether a step is the first that its command makes.
pub fn is_first(step: &StepName, batch: Option<&Batch>) -> bool {
    batch.is_none_or(|batch| batch.starts_with(step.partition.as_ref()))
}

/// Whether a step is the last that its command makes.
pub fn is_last(step: &StepName, batch: Option<&Batch>) -> bool {
    batch.is_none_or(|batch| batch.ends_with(step.partition.as_ref()))
}
