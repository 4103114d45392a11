//! The JSON lines of `materialize --json`, one event each.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Batch, Cause, DataVersion, Event, EventKind, PartitionKey, RunCounts, RunId, RunOutcome,
    StepFailure, StepName, StepOutcome,
};
use crate::wire::text::milliseconds;
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"type":…,"time":…,…}`
#[derive(Debug, Serialize)]
pub struct EventLine<'a> {
    schema: u32,
    #[serde(flatten)]
    kind: KindShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Text<RunId>>,
    time: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KindShape<'a> {
    RunStarted {
        steps: u32,
    },
    StepStarted {
        #[serde(flatten)]
        step: StepShape<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        batch: Option<BatchShape<'a>>,
        attempt: u32,
        causes: &'a [Cause],
        #[serde(skip_serializing_if = "Option::is_none")]
        expected_ms: Option<u64>,
    },
    StepWaiting {
        #[serde(flatten)]
        step: StepShape<'a>,
        holder: &'a str,
    },
    OutputSetAside {
        #[serde(flatten)]
        step: StepShape<'a>,
        path: &'a str,
        kept: &'a str,
    },
    StepFinished(Box<FinishedShape<'a>>),
    StepBlocked {
        #[serde(flatten)]
        step: StepShape<'a>,
        needs: Vec<Text<&'a StepName>>,
        reason: &'a str,
    },
    StepFresh {
        #[serde(flatten)]
        step: StepShape<'a>,
    },
    RunFinished {
        outcome: &'static str,
        counts: RunCountsShape,
        duration_ms: u64,
    },
}

#[derive(Debug, Serialize)]
struct StepShape<'a> {
    step: Text<&'a StepName>,
    asset: &'a str,
    partition: Option<&'a str>,
}

/// The neighbouring partitions that one command makes.
#[derive(Debug, Serialize)]
struct BatchShape<'a> {
    first: &'a str,
    last: &'a str,
    count: u32,
}

#[derive(Debug, Serialize)]
struct FinishedShape<'a> {
    #[serde(flatten)]
    step: StepShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchShape<'a>>,
    attempt: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_version: Option<Text<DataVersion>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_bytes: Option<u64>,
    #[serde(flatten)]
    failure: Option<FailureShape<'a>>,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    causes: &'a [Cause],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
struct FailureShape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    command: &'a str,
    tail: &'a [String],
}

#[derive(Debug, Serialize)]
struct RunCountsShape {
    materialized: u32,
    unchanged: u32,
    #[serde(skip_serializing_if = "is_none")]
    stale: u32,
    fresh: u32,
    failed: u32,
    blocked: u32,
    canceled: u32,
}

impl<'a> From<&'a Event> for EventLine<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            schema: SCHEMA,
            kind: KindShape::from(&event.kind),
            run: event.run.map(Text),
            time: event.time,
        }
    }
}

impl<'a> From<&'a EventKind> for KindShape<'a> {
    fn from(kind: &'a EventKind) -> Self {
        match kind {
            EventKind::RunStarted { run: _, steps } => Self::RunStarted { steps: *steps },
            EventKind::StepStarted {
                step,
                batch,
                attempt,
                causes,
                usually,
            } => Self::StepStarted {
                step: step.into(),
                batch: batch.as_deref().map(BatchShape::from),
                attempt: *attempt,
                causes,
                expected_ms: usually.map(milliseconds),
            },
            EventKind::StepWaiting { step, holder } => Self::StepWaiting {
                step: step.into(),
                holder,
            },
            EventKind::OutputSetAside { step, path, kept } => Self::OutputSetAside {
                step: step.into(),
                path,
                kept,
            },
            EventKind::StepFinished {
                step,
                batch,
                attempt,
                outcome,
                duration,
                log,
                causes,
                warnings,
            } => Self::StepFinished(Box::new(
                FinishedShape {
                    batch: batch.as_deref().map(BatchShape::from),
                    ..FinishedShape::new(step, *attempt, outcome, *duration)
                }
                .with(log.as_deref(), causes, warnings),
            )),
            EventKind::StepBlocked {
                step,
                needs,
                reason,
            } => Self::StepBlocked {
                step: step.into(),
                needs: needs.iter().map(Text).collect(),
                reason,
            },
            EventKind::StepFresh { step } => Self::StepFresh { step: step.into() },
            EventKind::RunFinished {
                run: _,
                outcome,
                counts,
                duration,
            } => Self::RunFinished {
                outcome: run_outcome(*outcome),
                counts: (*counts).into(),
                duration_ms: milliseconds(*duration),
            },
        }
    }
}

impl<'a> FinishedShape<'a> {
    fn new(step: &'a StepName, attempt: u32, outcome: &'a StepOutcome, took: Duration) -> Self {
        let (word, data_version, output_bytes, failure) = match outcome {
            StepOutcome::Materialized { version, bytes } => {
                ("materialized", Some(*version), Some(*bytes), None)
            }
            StepOutcome::Unchanged { version } => ("unchanged", Some(*version), None, None),
            StepOutcome::Failed(failure) => ("failed", None, None, Some(&**failure)),
            StepOutcome::Canceled => ("canceled", None, None, None),
        };
        Self {
            step: step.into(),
            batch: None,
            attempt,
            outcome: word,
            data_version: data_version.map(Text),
            output_bytes,
            failure: failure.map(FailureShape::from),
            duration_ms: milliseconds(took),
            log: None,
            causes: &[],
            warnings: &[],
        }
    }

    fn with(mut self, log: Option<&'a str>, causes: &'a [Cause], warnings: &'a [String]) -> Self {
        self.log = log;
        self.causes = causes;
        self.warnings = warnings;
        self
    }
}

impl<'a> From<&'a StepName> for StepShape<'a> {
    fn from(step: &'a StepName) -> Self {
        Self {
            step: Text(step),
            asset: step.asset.as_str(),
            partition: step.partition.as_ref().map(PartitionKey::as_str),
        }
    }
}

impl<'a> From<&'a Batch> for BatchShape<'a> {
    fn from(batch: &'a Batch) -> Self {
        Self {
            first: batch.first.as_str(),
            last: batch.last.as_str(),
            count: batch.len,
        }
    }
}

impl<'a> From<&'a StepFailure> for FailureShape<'a> {
    fn from(failure: &'a StepFailure) -> Self {
        Self {
            exit: failure.exit,
            signal: failure.signal.as_deref(),
            code: failure.code,
            message: &failure.message,
            help: failure.help.as_deref(),
            command: &failure.command,
            tail: &failure.tail,
        }
    }
}

impl From<RunCounts> for RunCountsShape {
    fn from(counts: RunCounts) -> Self {
        let RunCounts {
            materialized,
            unchanged,
            stale,
            fresh,
            failed,
            blocked,
            canceled,
        } = counts;
        Self {
            materialized,
            unchanged,
            stale,
            fresh,
            failed,
            blocked,
            canceled,
        }
    }
}

/// Whether it is a number of nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}

fn run_outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Success => "success",
        RunOutcome::Failed => "failed",
        RunOutcome::Canceled => "canceled",
    }
}

#[cfg(test)]
mod tests;
