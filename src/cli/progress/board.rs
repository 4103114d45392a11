//! What is known of a run while it goes on: counts, what runs, what failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::{EventKind, RunCounts, StepFailure, StepOutcome};
use crate::cli::progress::failure::{is_first, is_last};
use crate::cli::text::amounts;
use crate::model::{AssetKey, Batch, StepName};

/// The state of a run, as its events tell it.
#[derive(Debug)]
pub struct Board {
    /// How many steps run or may run, less those that need not any more.
    pub total: u32,
    /// How many have ended.
    pub done: u32,
    /// How many have failed.
    pub failed: u32,
    /// What has started and was not told to have ended, oldest first.
    pub running: Vec<RunningStep>,
    /// How many commands run at once at most.
    pub jobs: usize,
    /// What failed, to be told again at the end.
    pub failures: Vec<Failed>,
    /// What is blocked, and by what.
    pub blocked: Vec<Blocked>,
    /// When the run started, by the drawing thread's clock.
    pub started: Instant,
    /// How many lines have been printed.
    pub printed: usize,
    /// How many hooks have failed.
    pub failed_hooks: u32,
}

/// A step that runs.
#[derive(Debug)]
pub struct RunningStep {
    /// The step; of a batch the first.
    pub step: StepName,
    /// All that its command makes, where that is more.
    pub batch: Option<Arc<Batch>>,
    /// The number of its attempt.
    pub attempt: u32,
    /// How long it usually takes.
    pub usually: Option<Duration>,
    /// Since when, by the drawing thread's clock.
    pub since: Instant,
}

/// A step that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The step.
    pub step: StepName,
    /// All that its command makes, where that is more.
    pub batch: Option<Arc<Batch>>,
    /// How.
    pub failure: StepFailure,
    /// Its log.
    pub log: Option<String>,
    /// How many lines had been printed before it was told in full.
    pub line: usize,
}

/// A step that cannot run.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// The step.
    pub step: StepName,
    /// The assets that it waits for in vain.
    pub needs: Vec<AssetKey>,
    /// Why, in words.
    pub reason: String,
}

impl Board {
    /// A run that starts.
    pub fn new(now: Instant) -> Self {
        Self {
            total: 0,
            done: 0,
            failed: 0,
            running: Vec::new(),
            jobs: usize::MAX,
            failures: Vec::new(),
            blocked: Vec::new(),
            started: now,
            printed: 0,
            failed_hooks: 0,
        }
    }

    /// Takes an event in.
    pub fn take(&mut self, event: &EventKind, now: Instant) {
        match event {
            EventKind::RunStarted { steps, .. } => {
                self.total = *steps;
                self.started = now;
            }
            EventKind::StepStarted {
                step,
                batch,
                attempt,
                usually,
                ..
            } => self.started((step, batch.as_ref()), *attempt, *usually, now),
            EventKind::StepRestarted {
                step,
                batch,
                attempt,
                ..
            } if is_first(step, batch.as_deref()) => {
                self.started((step, batch.as_ref()), *attempt, None, now);
            }
            EventKind::StepUpForRetry(tried) => self.ended(&tried.step, tried.batch.as_ref()),
            EventKind::StepFinished {
                step,
                batch,
                outcome,
                log,
                ..
            } => {
                self.done += 1;
                self.failed += u32::from(matches!(outcome, StepOutcome::Failed(_)));
                self.ended(step, batch.as_ref());
                if let StepOutcome::Failed(failure) = outcome {
                    self.failures.push(Failed {
                        step: step.clone(),
                        batch: batch.clone(),
                        failure: (**failure).clone(),
                        log: log.clone(),
                        line: self.printed,
                    });
                }
            }
            EventKind::StepBlocked {
                step,
                needs,
                reason,
            } => {
                self.total = self.total.saturating_sub(1);
                self.blocked.push(Blocked {
                    step: step.clone(),
                    needs: needs.iter().map(|it| it.asset.clone()).collect(),
                    reason: reason.clone(),
                });
            }
            EventKind::StepFresh { .. } => self.total = self.total.saturating_sub(1),
            // Steps that are blocked from the start are told one by one after it.
            EventKind::RunPlanned(planned) => self.total += planned.counts.blocked,
            EventKind::HookErrored { .. } => self.failed_hooks += 1,
            EventKind::Observation { .. }
            | EventKind::HookCompleted { .. }
            | EventKind::ResourceStarted { .. }
            | EventKind::ResourceFailed { .. }
            | EventKind::ResourceStopped { .. }
            | EventKind::StepRestarted { .. }
            | EventKind::StepWaiting { .. }
            | EventKind::OutputSetAside { .. }
            | EventKind::Materialization { .. }
            | EventKind::RunCanceled { .. }
            | EventKind::RunFinished { .. }
            | EventKind::Other(_) => {}
        }
    }

    /// A batch is one that runs, for as long as its partitions usually take together.
    fn started(
        &mut self,
        (step, batch): (&StepName, Option<&Arc<Batch>>),
        attempt: u32,
        usually: Option<Duration>,
        now: Instant,
    ) {
        if is_first(step, batch.map(Arc::as_ref)) {
            self.running.push(RunningStep {
                step: step.clone(),
                batch: batch.cloned(),
                attempt,
                usually,
                since: now,
            });
        } else if let Some(running) = self.running.last_mut() {
            let both = running.usually.zip(usually);
            running.usually = both.map(|(before, more)| before + more);
        }
    }

    /// A batch runs until the last of its partitions has ended.
    fn ended(&mut self, step: &StepName, batch: Option<&Arc<Batch>>) {
        if is_last(step, batch.map(Arc::as_ref)) {
            self.running.retain(|it| match batch {
                Some(_) => it.step.asset != step.asset || it.batch.as_ref() != batch,
                None => it.step != *step,
            });
        }
    }

    /// What runs, oldest first: a step that has ended is told once it is recorded, and others may have started by then.
    pub fn running_now(&self) -> &[RunningStep] {
        let ended = self.running.len().saturating_sub(self.jobs);
        &self.running[ended..]
    }

    /// Whether just one command has failed.
    pub fn failed_once(&self) -> bool {
        let Some((first, others)) = self.failures.split_first() else {
            return false;
        };
        others.iter().all(|other| {
            let same_asset = other.step.asset == first.step.asset;
            same_asset && other.batch.is_some() && other.batch == first.batch
        })
    }

    /// That of the step that ends next.
    pub fn counter_of_next(&self) -> String {
        let total = self.total.max(self.done + 1);
        let width = total.to_string().len();
        format!("[{:>width$}/{total}]", self.done + 1)
    }

    /// `[ 1/14]`, as wide for the first step as for the last.
    pub fn counter(&self) -> String {
        let total = self.total.max(self.done);
        let width = total.to_string().len();
        format!("[{:>width$}/{total}]", self.done)
    }

    /// How long the rest may take, from how long what has ended took; `None` before anything has.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let rest = self.total.checked_sub(self.done)?;
        if self.done == 0 || rest == 0 {
            return None;
        }
        Some(now.duration_since(self.started) * rest / self.done)
    }
}

/// How many steps ended how, in words: `10 materialized, 4 unchanged, 1,083 fresh`.
pub fn counted(counts: RunCounts) -> String {
    let parts = [
        (counts.materialized, "materialized"),
        (counts.unchanged, "unchanged"),
        (counts.stale, "stale"),
        (counts.fresh, "fresh"),
        (counts.failed, "failed"),
        (counts.blocked, "blocked"),
        (counts.canceled, "not run"),
    ];
    let parts = amounts(parts);
    if parts.is_empty() {
        return "nothing".to_owned();
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::Board;
    use crate::answer::{EventKind, PlanCounts, Planned};
    use crate::cli::fixtures::step;

    #[test]
    fn steps_that_are_blocked_from_the_start_are_not_among_those_that_run() {
        let now = Instant::now();
        let mut board = Board::new(now);
        let counts = PlanCounts {
            run: 3,
            blocked: 1,
            ..PlanCounts::default()
        };
        for event in [
            EventKind::RunStarted {
                selection: String::new(),
                partitions: String::new(),
                origin: Box::default(),
                steps: 3,
                configuration: None,
            },
            EventKind::RunPlanned(Arc::new(Planned {
                counts,
                ..Planned::default()
            })),
            EventKind::StepBlocked {
                step: step("ext", ""),
                needs: vec![],
                reason: "ext was never accepted".into(),
            },
        ] {
            board.take(&event, now);
        }
        assert_eq!(board.total, 3);
    }
}
