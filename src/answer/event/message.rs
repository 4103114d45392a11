//! An event in one line, for people, and how much it matters.

use std::time::Duration;

use crate::answer::event::{
    EventKind, HookName, Level, ResourcePhase, RunCounts, RunOutcome, StepOutcome,
};
use crate::model::StepName;

impl EventKind {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::StepFinished {
                outcome: StepOutcome::Failed(_),
                ..
            }
            | Self::RunFinished {
                outcome: RunOutcome::Failed,
                ..
            }
            | Self::ResourceFailed {
                phase: ResourcePhase::Setup,
                ..
            } => Level::Error,
            Self::StepFinished { warnings, .. } if !warnings.is_empty() => Level::Warn,
            Self::ResourceFailed { .. }
            | Self::StepUpForRetry(_)
            | Self::HookErrored { .. }
            | Self::OutputSetAside { .. }
            | Self::StepBlocked { .. }
            | Self::RunCanceled { .. } => Level::Warn,
            _ => Level::Info,
        }
    }

    /// What it says, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::RunStarted { steps, .. } => format!("run started, steps to run: {steps}"),
            Self::RunPlanned(planned) => {
                let counts = planned.counts;
                format!(
                    "planned: {} to run, {} that may run, {} fresh, {} blocked",
                    counts.run, counts.may_run, counts.fresh, counts.blocked
                )
            }
            Self::Observation { step, version } => format!("{step} observed: version {version}"),
            Self::StepStarted { step, .. } => format!("{step} started"),
            Self::StepUpForRetry(tried) => {
                let (step, reason) = (&tried.step, &tried.reason);
                let (next, of) = (tried.attempt.saturating_add(2), tried.max_attempts);
                let delay = seconds(tried.delay);
                format!("{step} failed: {reason}; attempt {next} of {of} in {delay:.1}s")
            }
            Self::StepRestarted { step, attempt, .. } => {
                format!(
                    "{step} started again, attempt {}",
                    attempt.saturating_add(1)
                )
            }
            Self::StepWaiting { step, holder } => format!("{step} waits for {holder}"),
            Self::OutputSetAside { path, kept, .. } => {
                format!("{path} was not made by any step and is now {kept}")
            }
            Self::Materialization { step, version, .. } => {
                format!("{step} materialized: version {version}")
            }
            Self::StepFinished {
                step,
                outcome,
                duration,
                ..
            } => {
                let how = match outcome {
                    StepOutcome::Materialized { .. } => "finished",
                    StepOutcome::Unchanged { .. } => "finished unchanged",
                    StepOutcome::Failed(failure) => return failure.message.clone(),
                    StepOutcome::Canceled => "canceled",
                };
                format!("{step} {how} after {:.1}s", seconds(*duration))
            }
            Self::StepBlocked { step, reason, .. } => format!("{step} is blocked: {reason}"),
            Self::ResourceStarted { resource } => format!("resource {resource} is set up"),
            Self::ResourceFailed { failure, .. } | Self::HookErrored { failure, .. } => {
                failure.message.clone()
            }
            Self::ResourceStopped { resource } => format!("resource {resource} was torn down"),
            Self::HookCompleted { hook, duration, .. } => {
                format!("{hook} completed after {:.1}s", seconds(*duration))
            }
            Self::StepFresh { step } => format!("{step} is fresh"),
            Self::RunCanceled { by: Some(by) } => format!("run canceled by {by}"),
            Self::RunCanceled { by: None } => "run canceled".to_owned(),
            Self::RunFinished {
                outcome,
                counts,
                duration,
                ..
            } => {
                let how = match outcome {
                    RunOutcome::Success => "succeeded",
                    RunOutcome::Failed => "failed",
                    RunOutcome::Canceled => "canceled",
                };
                format!("run {how} after {:.1}s: {counts}", seconds(*duration))
            }
            Self::Other(unknown) => unknown.text("message").unwrap_or_default().to_owned(),
        }
    }
}

/// A duration in seconds, by its milliseconds, which are what is stored: an event that is read back says the same.
fn seconds(duration: Duration) -> f64 {
    Duration::from_millis(duration.as_millis() as u64).as_secs_f64()
}

impl std::fmt::Display for HookName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hook, declared, .. } = self;
        write!(f, "hook {} ({})", hook.word(), declared.word())?;
        match (&self.step, self.batch.as_deref()) {
            (Some(StepName { asset, .. }), Some(batch)) => {
                write!(f, " of {asset}@{}...{}", batch.first, batch.last)
            }
            (Some(step), None) => write!(f, " of {step}"),
            (None, _) => Ok(()),
        }
    }
}

impl std::fmt::Display for RunCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (self.materialized, "materialized"),
            (self.unchanged, "unchanged"),
            (self.stale, "stale"),
            (self.fresh, "fresh"),
            (self.failed, "failed"),
            (self.blocked, "blocked"),
            (self.canceled, "not run"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        for (index, (count, word)) in parts.enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{count} {word}")?;
        }
        Ok(())
    }
}
