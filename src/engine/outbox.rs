//! What has finished and is not recorded yet: recordings with the events that are shown once they are written.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::engine::error::Problems;
use crate::engine::evaluate::Evaluation;
use crate::engine::staging::step_folder;
use crate::engine::step::{MadeOutput, NotMade, StepEnd};
use crate::model::{
    Asset, AssetId, Cause, CodeRecord, CodeVersion, Current, CurrentMaterialization, DataVersion,
    Event, EventKind, Fingerprint, InputRecord, LastAttempt, Materialization, MaterializationId,
    Origin, Outcome, OutputRecord, RULE, RunId, StepName, StepOutcome,
};
use crate::plan::{Cell, code_record, mapping_in_words, output_read, version_by_rule};
use crate::store::{AssetPartition, Failure, Recording, Store, StoredBlock, Success};
use crate::sys::file::remove_tree;

/// How many recordings are written at once at most.
const FULL: usize = 512;

/// Whether a step has changed its asset's data version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It has.
    Materialized,
    /// It has not.
    Unchanged,
}

/// What has finished and is not recorded yet.
#[derive(Debug)]
pub struct Outbox {
    run: RunId,
    recordings: Vec<Recording>,
    /// When the first of the recordings came.
    since: Option<Instant>,
    /// Folders with previous outputs that are not needed once all is recorded.
    asides: Vec<String>,
    /// Readable code records, made once for each code version.
    codes: HashMap<CodeVersion, Arc<CodeRecord>>,
    /// Why steps that run do so.
    causes: HashMap<Cell, Vec<Cause>>,
    waited: HashSet<Cell>,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            recordings: Vec::new(),
            since: None,
            asides: Vec::new(),
            codes: HashMap::new(),
            causes: HashMap::new(),
            waited: HashSet::new(),
        }
    }

    /// Notes why a step runs.
    pub fn causes(&mut self, cell: Cell, causes: Vec<Cause>) {
        self.causes.insert(cell, causes);
    }

    /// Whether this is the first time that a step has to wait for another process.
    pub fn first_wait(&mut self, cell: Cell) -> bool {
        self.waited.insert(cell)
    }

    /// When the recordings have to be written, if there are any.
    #[must_use]
    pub fn due(&self, batch: Duration) -> Option<Instant> {
        self.since.map(|since| since + batch)
    }

    /// Whether the recordings have to be written now.
    #[must_use]
    pub fn is_due(&self, batch: Duration) -> bool {
        self.recordings.len() >= FULL || self.due(batch).is_some_and(|due| due <= Instant::now())
    }

    /// Writes all recordings in one transaction and gives the events to be shown.
    ///
    /// # Errors
    ///
    /// If the instance cannot be written; then nothing is shown either.
    pub fn flush(&mut self, store: &mut Store, root: &Path) -> Result<Vec<Event>, Problems> {
        if self.recordings.is_empty() {
            return Ok(Vec::new());
        }
        store.record(&self.recordings)?;
        self.since = None;
        for folder in self.asides.drain(..) {
            // What stays is recognised as outdated by its note.
            let _ = remove_tree(&root.join(folder));
        }
        let events = |recording: Recording| match recording {
            Recording::Succeeded(success) => success.events,
            Recording::Failed(failure) => failure.events,
        };
        Ok(self.recordings.drain(..).flat_map(events).collect())
    }

    /// The event that tells how a step ended.
    pub fn finished(&mut self, end: &StepEnd, step: StepName, outcome: StepOutcome) -> EventKind {
        EventKind::StepFinished {
            step,
            attempt: 0,
            outcome,
            duration: end.duration,
            log: end.log.clone(),
            causes: self.causes.remove(&end.cell).unwrap_or_default(),
            warnings: end.warnings.clone(),
        }
    }

    /// Takes a step that has failed, with the events of what it blocks.
    pub fn failed(
        &mut self,
        at: AssetPartition,
        mut end: StepEnd,
        blocked: Vec<Event>,
        time: Timestamp,
    ) {
        let result = std::mem::replace(&mut end.result, Err(NotMade::Canceled));
        let Err(NotMade::Failed(failure)) = result else {
            return;
        };
        let kind = self.finished(&end, at.step_name(), StepOutcome::Failed(failure));
        let mut events = vec![Event { time, kind }];
        events.extend(blocked);
        self.push(Recording::Failed(Failure {
            at,
            run: self.run,
            events,
        }));
    }

    /// Takes a step that has succeeded: judges downstream by it from now on, and records it soon.
    ///
    /// # Panics
    ///
    /// If the step's inputs are not all known.
    pub fn succeeded(
        &mut self,
        at: AssetPartition,
        end: &StepEnd,
        evaluation: &mut Evaluation<'_>,
        time: Timestamp,
    ) -> Recorded {
        let Ok(outputs) = &end.result else {
            return Recorded::Unchanged;
        };
        let cell = end.cell;
        let (id, _) = evaluation.scope().at(cell);
        let asset = evaluation
            .scope()
            .graph()
            .asset(id)
            .expect("only assets run");
        let fingerprint = evaluation.verdicts[cell.index()]
            .fingerprint
            .expect("a step starts once all its inputs are known");
        let versions = versions(asset, fingerprint, outputs);
        let outcome = outcome(evaluation, cell, &versions);
        let (inputs, blocks) = inputs(evaluation, cell, asset);
        let current = current(evaluation, id, fingerprint, &versions, (time, end.duration));
        let code_version = current.materialized.as_ref().map(|last| last.code_version);
        let code_version = code_version.expect("an asset has a code version");
        evaluation.judge.materialized(cell, current, &versions);
        let data_version = evaluation
            .judge
            .version_of_cell(cell)
            .expect("all outputs have a version now");
        let bytes = outputs.iter().map(|output| output.bytes).sum();
        let told = match outcome {
            Outcome::Materialized => StepOutcome::Materialized {
                version: data_version,
                bytes,
            },
            Outcome::Unchanged => StepOutcome::Unchanged {
                version: data_version,
            },
        };
        let partition = evaluation.scope().at(cell).1;
        let output_records = asset
            .outputs
            .iter()
            .enumerate()
            .map(|(index, output)| OutputRecord {
                label: asset.output_label(index),
                path: output.path.path(partition).into_owned(),
                version: versions[index],
                bytes: outputs[index].bytes,
            });
        let materialization = Materialization {
            asset: at.asset.clone(),
            partition: at.partition.clone(),
            run: self.run,
            time,
            duration_ms: end.duration.as_millis() as u64,
            rule: RULE,
            fingerprint,
            code_version,
            data_version,
            outputs: output_records.collect(),
            inputs,
            outcome,
            origin: Origin::Command,
        };
        let codes = &evaluation.codes;
        let code = self
            .codes
            .entry(code_version)
            .or_insert_with(|| Arc::new(code_record(asset, &codes.observed(id))));
        let code = Arc::clone(code);
        let kind = self.finished(end, at.step_name(), told);
        self.asides
            .push(step_folder("aside", &at.asset, at.partition.as_ref()));
        self.push(Recording::Succeeded(Box::new(Success {
            slot: at.slot,
            materialization,
            code,
            blocks,
            events: vec![Event { time, kind }],
        })));
        match outcome {
            Outcome::Materialized => Recorded::Materialized,
            Outcome::Unchanged => Recorded::Unchanged,
        }
    }

    fn push(&mut self, recording: Recording) {
        self.recordings.push(recording);
        self.since.get_or_insert_with(Instant::now);
    }
}

fn versions(asset: &Asset, fingerprint: Fingerprint, outputs: &[MadeOutput]) -> Vec<DataVersion> {
    let version = |made: &MadeOutput| match made.version {
        Some(content) => version_by_rule(asset.data_version, fingerprint, content),
        None => DataVersion(fingerprint.0),
    };
    outputs.iter().map(version).collect()
}

fn outcome(evaluation: &Evaluation<'_>, cell: Cell, versions: &[DataVersion]) -> Outcome {
    let recorded = evaluation.judge.facts().recorded[cell.index()].as_ref();
    let last = recorded.and_then(|current| current.materialized.as_ref());
    match last {
        Some(last) if last.outputs == versions => Outcome::Unchanged,
        _ => Outcome::Materialized,
    }
}

fn current(
    evaluation: &Evaluation<'_>,
    id: AssetId,
    fingerprint: Fingerprint,
    versions: &[DataVersion],
    (time, duration): (Timestamp, Duration),
) -> Current {
    let row = evaluation.scope().number_of(id);
    let code_version =
        evaluation.codes.versions[row].expect("the row of an asset has a code version");
    Current {
        materialized: Some(CurrentMaterialization {
            // The number that the instance will give is not known yet, and nothing in this run asks for it.
            id: MaterializationId(0),
            rule: RULE,
            fingerprint,
            code_version,
            outputs: versions.into(),
            time,
            duration_ms: duration.as_millis() as u64,
        }),
        attempt: LastAttempt::Succeeded,
    }
}

/// What a step has read, and the large blocks of keys among it.
///
/// # Panics
///
/// If the version of an input is not known: a step starts only once all are.
pub fn inputs(
    evaluation: &mut Evaluation<'_>,
    cell: Cell,
    asset: &Asset,
) -> (Vec<InputRecord>, Vec<StoredBlock>) {
    let graph = evaluation.scope().graph();
    let mut stored = Vec::new();
    let mut records = Vec::with_capacity(asset.deps.len());
    for (index, dep) in asset.deps.iter().enumerate() {
        let read = evaluation
            .judge
            .read(cell, index, |blocks, folding, mapped| {
                (
                    blocks.contribution(mapped, folding),
                    blocks.record(mapped, folding),
                )
            });
        let (contribution, (blocks, large)) =
            read.expect("a step starts once all its inputs are known");
        stored.extend(large.into_iter().map(|(digest, entries)| StoredBlock {
            digest,
            entries: entries.into(),
        }));
        records.push(InputRecord {
            input: dep.input.to_string(),
            asset: graph.key(dep.asset).clone(),
            output: output_read(graph, dep),
            mapping: mapping_in_words(&dep.mapping, dep.nonexistent),
            contribution,
            blocks,
        });
    }
    (records, stored)
}
