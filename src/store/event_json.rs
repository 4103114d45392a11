//! Events as the JSON that is stored: everything but the time, the run and the step, which have columns.
//!
//! This form belongs to the instance and is read back by later versions of assetctl only; what is shown to other programs
//! is another one, numbered for itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::model::{
    Batch, Cause, CauseKind, CodeChange, DataChange, DataVersion, DependencyChange, EventKind,
    OutputChange, OutputKind, PartitionKey, RunCounts, RunOutcome, StepFailure, StepName,
    StepOutcome,
};

/// The word for a kind of event.
pub(super) fn kind(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::RunStarted { .. } => "run_started",
        EventKind::StepStarted { .. } => "step_started",
        EventKind::StepWaiting { .. } => "step_waiting",
        EventKind::OutputSetAside { .. } => "output_set_aside",
        EventKind::StepFinished { .. } => "step_finished",
        EventKind::StepBlocked { .. } => "step_blocked",
        EventKind::StepFresh { .. } => "step_fresh",
        EventKind::RunFinished { .. } => "run_finished",
    }
}

/// What an event says beyond its time, run and step: an object.
pub(super) fn payload(kind: &EventKind) -> Value {
    match kind {
        EventKind::RunStarted { run: _, steps } => json!({ "steps": steps }),
        EventKind::StepStarted {
            step: _,
            batch,
            attempt,
            causes,
            usually,
        } => with_batch(
            batch.as_deref(),
            json!({
                "attempt": attempt,
                "causes": all_causes(causes),
                "expected_ms": usually.map(milliseconds),
            }),
        ),
        EventKind::StepWaiting { step: _, holder } => json!({ "holder": holder }),
        EventKind::OutputSetAside {
            step: _,
            path,
            kept,
        } => json!({ "path": path, "kept": kept }),
        EventKind::StepFinished {
            step: _,
            batch,
            attempt,
            outcome,
            duration,
            log,
            causes,
            warnings,
        } => with_batch(
            batch.as_deref(),
            json!({
                "attempt": attempt,
                "outcome": step_outcome(outcome),
                "duration_ms": milliseconds(*duration),
                "log": log,
                "causes": all_causes(causes),
                "warnings": warnings,
            }),
        ),
        EventKind::StepBlocked {
            step: _,
            needs,
            reason,
        } => {
            let needs: Vec<_> = needs.iter().map(StepName::to_string).collect();
            json!({ "needs": needs, "reason": reason })
        }
        EventKind::StepFresh { step: _ } => json!({}),
        EventKind::RunFinished {
            run: _,
            outcome,
            counts,
            duration,
        } => json!({
            "outcome": run_outcome(*outcome),
            "counts": run_counts(*counts),
            "duration_ms": milliseconds(*duration),
        }),
    }
}

/// What an event says, with the batch that it belongs to, where there is one.
fn with_batch(batch: Option<&Batch>, mut payload: Value) -> Value {
    if let Some(Batch { first, last, len }) = batch {
        payload["batch"] = json!({ "first": first.as_str(), "last": last.as_str(), "count": len });
    }
    payload
}

fn step_outcome(outcome: &StepOutcome) -> Value {
    match outcome {
        StepOutcome::Materialized { version, bytes } => {
            json!({ "kind": "materialized", "data_version": version.to_string(), "bytes": bytes })
        }
        StepOutcome::Unchanged { version } => {
            json!({ "kind": "unchanged", "data_version": version.to_string() })
        }
        StepOutcome::Failed(failure) => failed(failure),
        StepOutcome::Canceled => json!({ "kind": "canceled" }),
    }
}

fn failed(failure: &StepFailure) -> Value {
    json!({
        "kind": "failed",
        "code": failure.code,
        "message": failure.message,
        "help": failure.help,
        "exit": failure.exit,
        "signal": failure.signal,
        "command": failure.command,
        "tail": failure.tail,
    })
}

fn run_outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Success => "success",
        RunOutcome::Failed => "failed",
        RunOutcome::Canceled => "canceled",
    }
}

fn run_counts(counts: RunCounts) -> Value {
    json!({
        "materialized": counts.materialized,
        "unchanged": counts.unchanged,
        "stale": counts.stale,
        "fresh": counts.fresh,
        "failed": counts.failed,
        "blocked": counts.blocked,
        "canceled": counts.canceled,
    })
}

fn all_causes(causes: &[Cause]) -> Vec<Value> {
    causes.iter().map(cause).collect()
}

fn cause(cause: &Cause) -> Value {
    let kind = cause.kind();
    match cause {
        Cause::Code(change) => code_cause(kind, change),
        Cause::Dependency { input, change } => {
            json!({ "kind": kind.word(), "input": input.as_str(), "change": dependency_change(change) })
        }
        Cause::DependencyRemoved => json!({ "kind": kind.word(), "change": "removed" }),
        Cause::Data(change) => data_cause(kind, change),
        Cause::Output {
            output,
            path,
            change,
        } => {
            json!({ "kind": kind.word(), "output": output, "path": path, "change": output_change(*change) })
        }
        Cause::Rule { old, new } => json!({ "kind": kind.word(), "old": old, "new": new }),
        Cause::Forced | Cause::Volatile | Cause::FailedBefore => json!({ "kind": kind.word() }),
    }
}

fn code_cause(kind: CauseKind, change: &CodeChange) -> Value {
    json!({
        "kind": kind.word(),
        "what": change.what,
        "path": change.path,
        "old": change.old,
        "new": change.new,
    })
}

fn data_cause(kind: CauseKind, change: &DataChange) -> Value {
    json!({
        "kind": kind.word(),
        "input": change.input.as_str(),
        "asset": change.asset.as_str(),
        "partition": change.partition.as_ref().map(PartitionKey::as_str),
        "path": change.path,
        "old": change.old.map(|version| version.to_string()),
        "new": change.new.map(|version| version.to_string()),
        "root": all_causes(&change.root),
    })
}

fn dependency_change(change: &DependencyChange) -> Value {
    match change {
        DependencyChange::Added => json!({ "kind": "added" }),
        DependencyChange::Removed => json!({ "kind": "removed" }),
        DependencyChange::Remapped { old, new } => {
            json!({ "kind": "remapped", "old": old, "new": new })
        }
    }
}

fn output_change(change: OutputChange) -> Value {
    match change {
        OutputChange::Missing => json!({ "kind": "missing" }),
        OutputChange::Altered { old, new } => {
            let text = |version: Option<DataVersion>| version.map(|it| it.to_string());
            json!({ "kind": "altered", "old": text(old), "new": text(new) })
        }
        OutputChange::Kind { found } => {
            let found = match found {
                OutputKind::File => "file",
                OutputKind::Directory => "directory",
            };
            json!({ "kind": "kind", "found": found })
        }
        OutputChange::Unreadable => json!({ "kind": "unreadable" }),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
