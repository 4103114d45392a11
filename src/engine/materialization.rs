//! From outputs that are in place to what is recorded of them: the one place where a materialization is put together.

use std::time::Duration;

use jiff::Timestamp;

use crate::answer::InputRange;
use crate::digest::Field;
use crate::engine::inputs::Unsettled;
use crate::model::{
    Asset, AssetGraph, CodeVersion, Current, CurrentMaterialization, DataVersion, Fingerprint,
    InputRecord, LastAttempt, Materialization, Origin, Outcome, Output, OutputRecord, Provenance,
    RULE, ResourceUsage, RunId, written_path,
};
use crate::plan::{Cell, Evaluation, Judge, PATH_FIELD, mapping_in_words, output_read};
use crate::store::StoredBlock;

/// Outputs that are in place, and how they came there.
#[derive(Clone, Debug)]
pub struct Made {
    /// Of which cell.
    pub cell: Cell,
    /// Their data versions, in declared order.
    pub versions: Vec<DataVersion>,
    /// Their sizes.
    pub bytes: Vec<u64>,
    /// The run that made or accepted them; `None` where they are taken from the lock file.
    pub run: Option<RunId>,
    /// When.
    pub time: Timestamp,
    /// How long the command took.
    pub duration: Duration,
    /// What it took besides.
    pub usage: ResourceUsage,
    /// Whether a command ran.
    pub origin: Origin,
}

/// What a materialization was made of.
#[derive(Clone, Debug)]
pub struct Basis {
    pub(super) fingerprint: Fingerprint,
    pub(super) code_version: CodeVersion,
    /// Versions that were read instead of those that are known, by the scope's numbering.
    read: Vec<(usize, DataVersion)>,
}

impl Basis {
    /// What it was judged by.
    ///
    /// # Panics
    ///
    /// If the cell is a source's, or a version among its inputs is not known.
    pub fn judged(evaluation: &Evaluation<'_>, cell: Cell) -> Self {
        Self {
            fingerprint: evaluation
                .verdict(cell)
                .fingerprint
                .expect("all inputs of what was made are known"),
            code_version: evaluation
                .code_version(cell)
                .expect("the row of an asset has a code version"),
            read: Vec::new(),
        }
    }

    /// The same, with what stands for inputs that were changed while the command of `run` ran: so the fingerprint is one
    /// that never comes true. `code` is the version of the code with what stands for changed files.
    ///
    /// # Panics
    ///
    /// As [`Self::judged`].
    pub fn unsettled(
        evaluation: &mut Evaluation<'_>,
        (cell, run): (Cell, RunId),
        unsettled: &Unsettled,
        code: CodeVersion,
    ) -> Self {
        let read = unsettled.stand_ins(run);
        let fingerprint = evaluation
            .judge_mut()
            .assuming(&read, |judge| judge.fingerprint(cell, code));
        Self {
            fingerprint: fingerprint.expect("all inputs of what was made are known"),
            code_version: code,
            read,
        }
    }
}

/// Puts a materialization together that was made of what it was judged by, and judges downstream by it from now on. With it
/// come the large blocks of keys that its inputs refer to.
///
/// # Panics
///
/// If the cell is a source's, or a version among its inputs is not known.
pub fn materialized(
    evaluation: &mut Evaluation<'_>,
    made: &Made,
) -> (Materialization, Vec<StoredBlock>) {
    let basis = Basis::judged(evaluation, made.cell);
    materialized_of(evaluation, made, &basis)
}

/// [`materialized`], of something that was made of `basis`.
///
/// # Panics
///
/// As [`materialized`].
pub fn materialized_of(
    evaluation: &mut Evaluation<'_>,
    made: &Made,
    basis: &Basis,
) -> (Materialization, Vec<StoredBlock>) {
    let cell = made.cell;
    let scope = evaluation.scope();
    let (_, partition) = scope.at(cell);
    let asset = scope.asset_at(cell).expect("only assets are made");
    let (fingerprint, code_version) = (basis.fingerprint, basis.code_version);
    let outcome = outcome(evaluation, cell, &made.versions);
    let judge = evaluation.judge_mut();
    let mut config = judge.config_of(cell);
    config.extend(other_paths(scope.graph(), asset));
    let (inputs, blocks) = judge.assuming(&basis.read, |judge| inputs(judge, cell, asset));
    let duration_ms = made.duration.as_millis() as u64;
    let current = Current {
        materialized: Some(CurrentMaterialization {
            provenance: match made.run {
                Some(_) => Provenance::ThisRun,
                None => Provenance::Locked,
            },
            rule: RULE,
            fingerprint,
            code_version,
            outputs: made.versions.clone(),
            time: made.time,
            duration_ms,
        }),
        attempt: LastAttempt::Succeeded,
    };
    evaluation
        .judge_mut()
        .materialized(cell, &current, &made.versions);
    let data_version = evaluation
        .judge_mut()
        .version_of_cell(cell)
        .expect("all outputs have a version now");
    let output = |(index, output): (usize, &Output)| OutputRecord {
        label: asset.output_label(index),
        path: output.path.path(partition).into_owned(),
        version: made.versions[index],
        bytes: made.bytes[index],
    };
    let materialization = Materialization {
        asset: asset.key.clone(),
        partition: scope.partition(cell),
        run: made.run,
        time: made.time,
        duration_ms,
        usage: made.usage,
        rule: RULE,
        fingerprint,
        code_version,
        data_version,
        outputs: asset.outputs.iter().enumerate().map(output).collect(),
        inputs,
        config,
        outcome,
        origin: made.origin,
    };
    (materialization, blocks)
}

/// The paths of inputs that are read from others than the declared ones.
fn other_paths(graph: &AssetGraph, asset: &Asset) -> Vec<Field> {
    let moved = asset.deps.iter().filter_map(|dep| {
        graph.declared_path(dep.asset)?;
        Some(Field {
            name: format!("{PATH_FIELD}{}", dep.input),
            value: written_path(graph.source(dep.asset)?)?,
        })
    });
    moved.collect()
}

fn outcome(evaluation: &Evaluation<'_>, cell: Cell, versions: &[DataVersion]) -> Outcome {
    match evaluation.recorded(cell) {
        Some(last) if last.outputs == versions => Outcome::Unchanged,
        _ => Outcome::Materialized,
    }
}

/// What a step reads, with versions, as ranges of neighbours; what is not known is left out.
pub fn inputs_read(judge: &mut Judge<'_>, cell: Cell) -> Vec<InputRange> {
    let scope = judge.scope();
    let (id, _) = scope.at(cell);
    let deps = scope.graph().deps(id);
    let mut inputs = Vec::with_capacity(deps.len());
    for (index, dep) in deps.iter().enumerate() {
        let read = judge.read(cell, index, |_, _, mapped| {
            inputs.extend(mapped.set.ranges().map(|range| {
                let first = (mapped.version)(range.start);
                let is_one = range.clone().all(|index| (mapped.version)(index) == first);
                InputRange {
                    input: dep.input.to_string(),
                    first: mapped.keys.key(range.start),
                    last: mapped.keys.key(range.end - 1),
                    count: range.end - range.start,
                    data_version: is_one.then_some(first),
                }
            }));
        });
        debug_assert!(read.is_some(), "all inputs of what runs are known");
    }
    inputs
}

/// What a step has read, and the large blocks of keys among it.
fn inputs(
    judge: &mut Judge<'_>,
    cell: Cell,
    asset: &Asset,
) -> (Vec<InputRecord>, Vec<StoredBlock>) {
    let graph = judge.scope().graph();
    let mut stored = Vec::new();
    let mut records = Vec::with_capacity(asset.deps.len());
    for (index, dep) in asset.deps.iter().enumerate() {
        let read = judge.read(cell, index, |blocks, folding, mapped| {
            (
                blocks.contribution(mapped, folding),
                blocks.record(mapped, folding),
            )
        });
        let (contribution, (blocks, large)) = read.expect("all inputs of what was made are known");
        stored.extend(large.into_iter().map(|(digest, entries)| StoredBlock {
            digest,
            entries: entries.into(),
        }));
        records.push(InputRecord {
            input: dep.input.to_string(),
            asset: graph.key(dep.asset).clone(),
            output: output_read(graph, dep),
            mapping: mapping_in_words(&dep.mapping, dep.allow_missing),
            contribution,
            blocks,
        });
    }
    (records, stored)
}
