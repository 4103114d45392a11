//! What has finished and is not recorded yet: recordings with the events that are shown once they are written.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::answer::{Event, EventKind, StepOutcome};
use crate::digest::Folding;
use crate::engine::inputs::Unsettled;
use crate::engine::materialization::{Basis, Made, materialized_of};
use crate::engine::staging_pool::StagingPool;
use crate::engine::step::{MadeOutput, NotMade, StepEnd};
use crate::engine::step_locks::StepLocks;
use crate::look::{Problems, step_folder};
use crate::model::{
    Asset, Cause, CodeRecord, CodeVersion, DataVersion, Fingerprint, Name, Origin, Outcome,
    OutputRecord, ResourceUsage, RunId,
};
use crate::plan::{Cell, Evaluation, code_record, code_version, version_by_rule};
use crate::store::{AssetPartition, Failure, Recording, Store, Success};
use crate::sys::file::remove_tree;

/// How many recordings are written at once at most.
const FULL: usize = 512;

/// How many changed inputs of a step are named.
const PATHS_TOLD: usize = 5;

/// One asset partition of a step that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The end of the step.
    pub end: &'a StepEnd,
    /// Which of its cells.
    pub place: usize,
    /// What of its inputs was changed while the command ran.
    pub unsettled: &'a Unsettled,
}

impl<'a> Part<'a> {
    /// One of which nothing is unsettled.
    pub const fn settled(end: &'a StepEnd, place: usize) -> Self {
        const SETTLED: &Unsettled = &Unsettled {
            versions: Vec::new(),
            code: Vec::new(),
        };
        Self {
            end,
            place,
            unsettled: SETTLED,
        }
    }

    fn cell(self) -> Cell {
        self.end.cells[self.place]
    }

    /// Its share of the time that the command took.
    pub fn duration(self) -> Duration {
        self.end.usage.duration / self.share()
    }

    fn usage(self) -> ResourceUsage {
        let cpu = self.end.usage.cpu;
        ResourceUsage {
            cpu_ms: cpu.map(|cpu| (cpu / self.share()).as_millis() as u64),
            peak_bytes: self.end.usage.peak_memory,
        }
    }

    fn share(self) -> u32 {
        self.end.cells.len().max(1) as u32
    }
}

/// What has finished and is not recorded yet.
#[derive(Debug)]
pub struct Outbox {
    run: RunId,
    /// The job that it runs.
    job: Option<Name>,
    /// The number of the next event.
    next: u64,
    /// The folder that the run works in.
    own: String,
    /// What has happened, in order.
    recordings: Vec<Recording>,
    /// What they are of.
    ended: Vec<AssetPartition>,
    /// When the first of the recordings came.
    since: Option<Instant>,
    /// Folders with previous outputs that are not needed once all is recorded.
    asides: Vec<String>,
    /// Readable code records, made once for each code version.
    codes: HashMap<CodeVersion, Arc<CodeRecord>>,
    /// Why steps that run do so.
    causes: HashMap<Cell, Vec<Cause>>,
}

impl Outbox {
    /// An empty one, of a run that works in the folder `own`.
    pub fn new(run: RunId, job: Option<&Name>, own: &str) -> Self {
        Self {
            run,
            job: job.cloned(),
            next: 0,
            own: own.to_owned(),
            recordings: Vec::new(),
            ended: Vec::new(),
            since: None,
            asides: Vec::new(),
            codes: HashMap::new(),
            causes: HashMap::new(),
        }
    }

    /// Removes the staging of steps that have failed and are not recorded yet.
    pub fn drop_failed_staging(&self, root: &Path) {
        for recording in &self.recordings {
            if let Recording::Failed(Failure { at, .. }) = recording {
                // What stays is emptied before the next attempt.
                let _ = remove_tree(&root.join(step_folder(&self.own, "staging", &at.step)));
            }
        }
    }

    /// All events but those of what has succeeded: they are true whether they could be recorded or not.
    pub fn take_unrecorded(&mut self) -> Vec<Event> {
        self.since = None;
        let told = self.recordings.drain(..).flat_map(|it| match it {
            Recording::Succeeded(_) => Vec::new(),
            other => events(other),
        });
        told.collect()
    }

    /// An event that comes next.
    pub fn event(&mut self, time: Timestamp, kind: EventKind) -> Event {
        let seq = self.next;
        self.next += 1;
        Event {
            run: Some(self.run),
            seq,
            time,
            job: self.job.clone(),
            kind,
        }
    }

    /// Takes what has happened and leaves nothing but its event.
    pub fn told(&mut self, time: Timestamp, kind: EventKind) {
        let event = self.event(time, kind);
        self.push(Recording::Told(self.run, Box::new(event)));
    }

    /// Takes all events that are not recorded yet, where nothing else is to be.
    pub fn take_told(&mut self) -> Vec<Event> {
        self.since = None;
        self.recordings.drain(..).flat_map(events).collect()
    }

    /// Notes why a step runs.
    pub fn causes(&mut self, cell: Cell, causes: Vec<Cause>) {
        self.causes.insert(cell, causes);
    }

    /// When the recordings have to be written, if there are any.
    pub fn due(&self, batch: Duration) -> Option<Instant> {
        self.since.map(|since| since + batch)
    }

    /// Whether the recordings have to be written now.
    pub fn is_due(&self, batch: Duration) -> bool {
        self.recordings.len() >= FULL || self.due(batch).is_some_and(|due| due <= Instant::now())
    }

    /// Writes all recordings in one transaction and gives the events to be shown.
    ///
    /// # Errors
    ///
    /// If the instance cannot be written; then nothing is shown either.
    pub fn flush(
        &mut self,
        store: &mut Store,
        locks: &mut StepLocks,
        (root, pool): (&Path, &StagingPool),
    ) -> Result<Vec<Event>, Problems> {
        if self.recordings.is_empty() {
            return Ok(Vec::new());
        }
        store.record(&self.recordings)?;
        self.since = None;
        for folder in self.asides.drain(..) {
            // What stays is recognised as outdated by its note.
            let _ = pool.keep_aside(root, &folder);
        }
        locks.release(&self.ended);
        self.ended.clear();
        Ok(self.recordings.drain(..).flat_map(events).collect())
    }

    /// The event that tells how a partition of a step ended, and what it has made.
    pub fn finished(
        &mut self,
        part: Part<'_>,
        at: &AssetPartition,
        (outcome, outputs): (StepOutcome, Vec<OutputRecord>),
    ) -> EventKind {
        EventKind::StepFinished {
            step: at.step.clone(),
            batch: part.end.batch.clone(),
            attempt: part.end.attempt,
            outcome,
            outputs,
            duration: part.duration(),
            usage: part.usage(),
            log: part.end.log.clone(),
            causes: self.causes.remove(&part.cell()).unwrap_or_default(),
            warnings: warnings(part),
        }
    }

    /// Takes a step that has failed.
    pub fn failed(&mut self, partitions: Vec<AssetPartition>, mut end: StepEnd, time: Timestamp) {
        let result = std::mem::replace(&mut end.result, Err(NotMade::Canceled));
        let Err(NotMade::Failed(failure)) = result else {
            return;
        };
        for (place, at) in partitions.into_iter().enumerate() {
            let part = Part::settled(&end, place);
            let outcome = StepOutcome::Failed(failure.clone());
            let kind = self.finished(part, &at, (outcome, Vec::new()));
            let events = vec![self.event(time, kind)];
            self.ended.push(at.clone());
            self.push(Recording::Failed(Failure {
                at,
                run: self.run,
                events,
            }));
        }
    }

    /// Takes a partition of a step that has succeeded: judges downstream by it from now on, and records it soon. Says
    /// whether its data version has changed.
    ///
    /// # Panics
    ///
    /// If the partition's inputs are not all known.
    pub fn succeeded(
        &mut self,
        at: AssetPartition,
        part: Part<'_>,
        evaluation: &mut Evaluation<'_>,
        time: Timestamp,
    ) -> Outcome {
        let Ok(made) = &part.end.result else {
            return Outcome::Unchanged;
        };
        let (cell, outputs) = (part.cell(), &made[part.place]);
        let (id, _) = evaluation.scope().at(cell);
        let asset = evaluation.scope().asset_at(cell).expect("only assets run");
        let stand_ins = part.unsettled.code_stand_ins(self.run);
        let observed = if stand_ins.is_empty() {
            None
        } else {
            Some(evaluation.codes().observed_but(id, &stand_ins))
        };
        let mut basis = Basis::judged(evaluation, cell);
        if !part.unsettled.is_empty() {
            let code = match &observed {
                Some(observed) => code_version(asset, observed, &mut Folding::new()),
                None => basis.code_version,
            };
            basis = Basis::unsettled(evaluation, (cell, self.run), part.unsettled, code);
        }
        let made = Made {
            cell,
            versions: versions(asset, basis.fingerprint, outputs),
            bytes: outputs.iter().map(|output| output.bytes).collect(),
            run: Some(self.run),
            time,
            duration: part.duration(),
            usage: part.usage(),
            origin: Origin::Command,
        };
        let (materialization, blocks) = materialized_of(evaluation, &made, &basis);
        if !part.unsettled.is_empty() {
            evaluation.judge_mut().forget(cell);
        }
        let version = materialization.data_version;
        let outcome = materialization.outcome;
        let told = match outcome {
            Outcome::Materialized => StepOutcome::Materialized {
                version,
                bytes: made.bytes.iter().sum(),
            },
            Outcome::Unchanged => StepOutcome::Unchanged { version },
        };
        let codes = evaluation.codes();
        let observed = || observed.unwrap_or_else(|| codes.observed(id));
        let code = self
            .codes
            .entry(materialization.code_version)
            .or_insert_with(|| Arc::new(code_record(asset, &observed())));
        let code = Arc::clone(code);
        let materialized = EventKind::Materialization {
            step: at.step.clone(),
            attempt: part.end.attempt,
            version,
        };
        let finished = self.finished(part, &at, (told, materialization.outputs.clone()));
        let events = vec![self.event(time, materialized), self.event(time, finished)];
        self.asides.push(step_folder(&self.own, "aside", &at.step));
        self.push(Recording::Succeeded(Box::new(Success {
            slot: at.slot.clone(),
            materialization,
            code,
            blocks,
            events,
        })));
        self.ended.push(at);
        outcome
    }

    fn push(&mut self, recording: Recording) {
        self.recordings.push(recording);
        self.since.get_or_insert_with(Instant::now);
    }
}

fn events(recording: Recording) -> Vec<Event> {
    match recording {
        Recording::Succeeded(success) => success.events,
        Recording::Failed(failure) => failure.events,
        Recording::Told(_, event) => vec![*event],
    }
}

/// What the user should know of a part, changed inputs first.
fn warnings(part: Part<'_>) -> Vec<String> {
    let paths = part.unsettled.paths();
    let (told, more) = paths.split_at(paths.len().min(PATHS_TOLD));
    let changed =
        |path: &&str| format!("{path} changed while the command ran: the result is stale");
    let mut warnings: Vec<String> = told.iter().map(changed).collect();
    if !more.is_empty() {
        warnings.push(format!(
            "{} more inputs changed while the command ran",
            more.len()
        ));
    }
    warnings.extend(part.end.warnings.iter().cloned());
    warnings
}

fn versions(asset: &Asset, fingerprint: Fingerprint, outputs: &[MadeOutput]) -> Vec<DataVersion> {
    let version = |made: &MadeOutput| match made.version {
        Some(content) => version_by_rule(asset.data_version, fingerprint, content),
        None => DataVersion(fingerprint.0),
    };
    outputs.iter().map(version).collect()
}
