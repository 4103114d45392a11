//! A run in the form that trace viewers read: the Trace Event Format, as Chrome and Perfetto know it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Event, RunAttempt, RunStep};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::app::runs::{found, run_steps};
use crate::model::{RunId, RunStatus, RunWord};

/// A trace: one slice for each attempt, on as many lanes as ran at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    #[serde(rename = "traceEvents")]
    slices: Vec<Value>,
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    about: Value,
}

/// The trace of a recorded run.
///
/// # Errors
///
/// If there is no such run, or several.
pub fn trace_run(project: &OpenProject, word: &RunWord) -> Result<Trace, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let run = found(&mut instance, word)?;
    let events = instance.read(|store| store.events(run.id))?;
    Ok(Trace::of(Some(run.id), &events, run.status))
}

impl Trace {
    /// That of a run with these events.
    pub fn of(run: Option<RunId>, events: &[Event], status: RunStatus) -> Self {
        let steps = run_steps(events, status);
        let commands = steps.iter().filter(|step| step.is_first());
        let mut slices: Vec<Slice<'_>> = commands
            .flat_map(|step| step.attempts.iter().map(move |it| Slice::of(step, it)))
            .collect();
        slices.sort_by_key(|slice| slice.start);
        let mut lanes: Vec<i64> = Vec::new();
        let name = run.map_or_else(|| "assetctl".to_owned(), |run| format!("run {run}"));
        let mut all = vec![
            json!({"ph": "M", "name": "process_name", "pid": 1, "tid": 0, "args": {"name": name}}),
        ];
        for slice in slices {
            let free = lanes.iter().position(|until| *until <= slice.start);
            let lane = free.unwrap_or_else(|| {
                lanes.push(0);
                lanes.len() - 1
            });
            lanes[lane] = slice.start + slice.duration;
            all.push(slice.event(lane + 1));
        }
        for lane in 1..=lanes.len() {
            all.push(json!({
                "ph": "M", "name": "thread_name", "pid": 1, "tid": lane, "args": {"name": format!("command {lane}")},
            }));
        }
        Self {
            slices: all,
            unit: "ms",
            about: json!({"run": run, "status": status.word()}),
        }
    }
}

/// An attempt, in microseconds.
struct Slice<'a> {
    step: &'a RunStep,
    attempt: &'a RunAttempt,
    start: i64,
    duration: i64,
}

impl<'a> Slice<'a> {
    fn of(step: &'a RunStep, attempt: &'a RunAttempt) -> Self {
        let duration = attempt.duration_ms.saturating_mul(step.share());
        Self {
            step,
            attempt,
            start: Timestamp::as_microsecond(attempt.started),
            duration: i64::try_from(duration.saturating_mul(1000)).unwrap_or(i64::MAX),
        }
    }

    fn event(&self, lane: usize) -> Value {
        let mut told =
            json!({"attempt": self.attempt.attempt, "outcome": self.attempt.state.word()});
        if let Some(failure) = &self.attempt.failure {
            told["message"] = json!(failure.message);
        }
        if let Some(log) = &self.attempt.log {
            told["log"] = json!(log);
        }
        json!({
            "ph": "X", "name": self.step.name(), "cat": self.step.step.asset, "pid": 1, "tid": lane, "ts": self.start,
            "dur": self.duration, "args": told,
        })
    }
}
