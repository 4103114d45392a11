//! `accept`: the outputs on disk stand. They are recorded as materialized by the present declaration; nothing runs.
//!
//! Upstreams come first, so that what reads an accepted output is judged by it. An input that is not accepted itself is
//! taken at its recorded version, stale or not. What is fresh already is left alone. Either everything that was asked for
//! is accepted, or nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::instance::Instance;
use crate::app::materialize::{refuse_nested, words};
use crate::app::project::Project;
use crate::app::ranges::key_ranges;
use crate::app::refusal::{Refusal, Refusals};
use crate::app::selection::{Range, select};
use crate::app::size::size_on_disk;
use crate::engine::{
    EngineError, Evaluation, Made, Observing, Problems, StoreRecords, Workspace, clear_crashed,
    materialized, put_back_asides,
};
use crate::executor::LocalExecutor;
use crate::hash::Found;
use crate::model::{
    AcceptRequest, AffectedReport, Asset, AssetId, CodeRecord, DataVersion, DataVersionRule,
    Effect, Origin, Outcome, OutputKind, PartitionSet, RunCounts, RunId, RunStatus, Status,
};
use crate::plan::{Cell, Purpose, Role, Scope, Upstream, code_record};
use crate::store::{
    AssetPartition, CrashedRun, Lease, NewRun, Notice, Recording, RunEnd, Store, Success,
};
use crate::sys::clock::Clock;

/// Records the outputs on disk of what is selected.
///
/// # Errors
///
/// If an output is missing or of the wrong kind, or an input has no version yet: all such refusals at once. If another
/// process works on what is selected.
pub fn accept(
    project: &Project,
    request: &AcceptRequest,
    clock: &dyn Clock,
) -> Result<(AffectedReport, Vec<Notice>), AppError> {
    let goals = select(
        project,
        &request.selection,
        &request.partitions,
        Range::Assets,
    )?;
    let mut instance = Instance::open(project)?;
    refuse_nested(project, &instance)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    if request.effect == Effect::Apply {
        put_back_asides(&workspace, &instance.store).map_err(Problems::from)?;
    }
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Given);
    let run = RunId(uuid::Uuid::now_v7());
    let acceptance = Acceptance {
        workspace: &workspace,
        scope: &scope,
        run,
        time: clock.now(),
    };
    let mut accepted = acceptance.look(&mut instance)?;
    if request.effect == Effect::Apply && !accepted.is_empty() {
        instance.make_writable(project)?;
        let new = NewRun {
            id: run,
            selection: words(&request.selection),
            partitions: words(&request.partitions),
            manifest: project.manifest_digest(),
            time: acceptance.time,
            pid: Some(std::process::id()),
        };
        accepted = acceptance.record(&mut instance, &new, &accepted)?;
    }
    project.keep_what_was_learnt();
    let report = AffectedReport {
        affected: accepted
            .sets
            .iter()
            .flat_map(|(id, set)| key_ranges(&scope, *id, set))
            .collect(),
        files: accepted.files(),
        bytes: accepted.bytes(),
        effect: request.effect,
    };
    Ok((report, instance.notices))
}

/// What is accepted, upstream before downstream.
#[derive(Default)]
struct Accepted {
    sets: Vec<(AssetId, PartitionSet)>,
    successes: Vec<Success>,
}

impl Accepted {
    fn is_empty(&self) -> bool {
        self.successes.is_empty()
    }

    fn partitions(&self) -> Vec<AssetPartition> {
        let partition = |success: &Success| AssetPartition {
            asset: success.materialization.asset.clone(),
            partition: success.materialization.partition.clone(),
            slot: success.slot.clone(),
        };
        self.successes.iter().map(partition).collect()
    }

    fn files(&self) -> Vec<String> {
        let outputs = self
            .successes
            .iter()
            .flat_map(|it| &it.materialization.outputs);
        let mut files: Vec<String> = outputs.map(|output| output.path.clone()).collect();
        files.sort_unstable();
        files
    }

    fn bytes(&self) -> u64 {
        let outputs = self
            .successes
            .iter()
            .flat_map(|it| &it.materialization.outputs);
        outputs.map(|output| output.bytes).sum()
    }

    fn counts(&self) -> RunCounts {
        let mut counts = RunCounts::default();
        for success in &self.successes {
            match success.materialization.outcome {
                Outcome::Materialized => counts.materialized += 1,
                Outcome::Unchanged => counts.unchanged += 1,
            }
        }
        counts
    }
}

struct Acceptance<'a> {
    workspace: &'a Workspace<'a>,
    scope: &'a Scope<'a>,
    run: RunId,
    time: Timestamp,
}

impl<'a> Acceptance<'a> {
    /// Records what is accepted, as a run that holds a lease on each partition. Everything is looked at once more under
    /// the leases, as another process may have run in between.
    fn record(
        &self,
        instance: &mut Instance,
        new: &NewRun,
        first: &Accepted,
    ) -> Result<Accepted, AppError> {
        let begun = instance.store.begin_run(new)?;
        let recorded = self.record_leased(instance, first, &begun.crashed);
        let (status, counts) = match &recorded {
            Ok(accepted) => (RunStatus::Success, accepted.counts()),
            Err(_) => (RunStatus::Failure, RunCounts::default()),
        };
        let time = self.time;
        let end = RunEnd {
            status,
            counts,
            time,
        };
        instance.store.finish_run(begun.guard, end)?;
        recorded
    }

    fn record_leased(
        &self,
        instance: &mut Instance,
        first: &Accepted,
        crashed: &[CrashedRun],
    ) -> Result<Accepted, AppError> {
        let partitions = first.partitions();
        let taken = instance.store.lease(self.run, &partitions, self.time)?;
        for crashed in crashed.iter().chain(&taken.crashed) {
            clear_crashed(self.workspace.root, crashed);
        }
        for (lease, partition) in taken.leases.iter().zip(&partitions) {
            if let Lease::Held(holder) = lease {
                let held = EngineError::Held {
                    step: partition.step_name(),
                    holder: holder.to_string(),
                };
                return Err(Problems::from(held).into());
            }
        }
        let accepted = self.look(instance)?;
        let success = |success: &Success| Recording::Succeeded(Box::new(success.clone()));
        let recordings: Vec<Recording> = accepted.successes.iter().map(success).collect();
        instance.store.record(&recordings)?;
        Ok(accepted)
    }

    /// Judges what is selected, and puts together what would be recorded.
    fn look(&self, instance: &mut Instance) -> Result<Accepted, AppError> {
        let evaluation =
            instance.evaluate(self.workspace, self.scope, Purpose::Run, Observing::Last)?;
        let mut looking = Looking {
            found: self.find_outputs()?,
            acceptance: self,
            evaluation,
            store: &instance.store,
            codes: HashMap::new(),
            refused: HashSet::new(),
            refusals: Refusals::default(),
        };
        let mut accepted = Accepted::default();
        for row in self.scope.rows() {
            let Some(asset) = self.scope.graph().asset(row.asset) else {
                continue;
            };
            let mut set = Vec::new();
            for (cell, index) in row.cells().zip(row.set.iter()) {
                if self.scope.role(cell) != Role::Selected {
                    continue;
                }
                if let Some(success) = looking.success(asset, cell) {
                    accepted.successes.push(success);
                    set.push(index);
                }
            }
            if !set.is_empty() {
                accepted.sets.push((row.asset, set.into_iter().collect()));
            }
        }
        looking.refusals.into_result()?;
        Ok(accepted)
    }

    /// What is at the outputs of the selected cells whose content is their version.
    fn find_outputs(&self) -> Result<HashMap<Cell, Vec<Found>>, AppError> {
        let mut paths: Vec<(Cell, String)> = Vec::new();
        for row in self.scope.rows() {
            let asset = self.scope.graph().asset(row.asset);
            let Some(asset) = asset.filter(|it| it.data_version == DataVersionRule::Content) else {
                continue;
            };
            for cell in row
                .cells()
                .filter(|cell| self.scope.role(*cell) == Role::Selected)
            {
                let partition = self.scope.at(cell).1;
                let outputs = asset.outputs.iter();
                paths.extend(outputs.map(|it| (cell, it.path.path(partition).into_owned())));
            }
        }
        let names: Vec<&str> = paths.iter().map(|(_, path)| path.as_str()).collect();
        let found = self.workspace.versions.of_many(&names);
        let mut by_cell: HashMap<Cell, Vec<Found>> = HashMap::new();
        for ((cell, _), found) in paths.iter().zip(found) {
            by_cell.entry(*cell).or_default().push(found?);
        }
        Ok(by_cell)
    }
}

struct Looking<'a, 's> {
    acceptance: &'s Acceptance<'a>,
    evaluation: Evaluation<'a>,
    store: &'s Store,
    found: HashMap<Cell, Vec<Found>>,
    /// Readable code records, made once for each asset.
    codes: HashMap<AssetId, Arc<CodeRecord>>,
    refused: HashSet<Cell>,
    refusals: Refusals,
}

/// An output on disk: its version where its content is that, and its size.
struct OnDisk {
    version: Option<DataVersion>,
    bytes: u64,
}

impl Looking<'_, '_> {
    /// What is recorded of a selected cell; `None` if it is fresh already, or refused.
    fn success(&mut self, asset: &Asset, cell: Cell) -> Option<Success> {
        let verdict = self.evaluation.judge.judge(cell, &StoreRecords(self.store));
        self.evaluation.verdicts[cell.index()] = verdict;
        if verdict.status == Status::Fresh {
            return None;
        }
        let outputs = match self.outputs(asset, cell) {
            Ok(outputs) => outputs,
            Err(refusal) => return self.refuse(cell, Some(refusal)),
        };
        let Some(fingerprint) = verdict.fingerprint else {
            let refusal = self.unknown_input(asset, cell);
            return self.refuse(cell, refusal);
        };
        let kept = self.kept_versions(asset, cell);
        let version = |(index, output): (usize, &OnDisk)| match (output.version, &kept) {
            (Some(content), _) => content,
            (None, Some(kept)) => kept[index],
            (None, None) => DataVersion(fingerprint.0),
        };
        let made = Made {
            cell,
            versions: outputs.iter().enumerate().map(version).collect(),
            bytes: outputs.iter().map(|output| output.bytes).collect(),
            run: self.acceptance.run,
            time: self.acceptance.time,
            duration: Duration::ZERO,
            origin: Origin::Accepted,
        };
        let (materialization, blocks) = materialized(&mut self.evaluation, &made);
        let (id, partition) = self.acceptance.scope.at(cell);
        let codes = &self.evaluation.codes;
        let code = self
            .codes
            .entry(id)
            .or_insert_with(|| Arc::new(code_record(asset, &codes.observed(id))));
        Some(Success {
            slot: partition.keys.slot(partition.index),
            materialization,
            code: Arc::clone(code),
            blocks,
            events: Vec::new(),
        })
    }

    fn refuse(&mut self, cell: Cell, refusal: Option<Refusal>) -> Option<Success> {
        self.refused.insert(cell);
        if let Some(refusal) = refusal {
            let step = self.evaluation.step_name(cell);
            self.refusals.add(step, refusal);
        }
        None
    }

    /// The outputs of a cell as they are on disk.
    fn outputs(&self, asset: &Asset, cell: Cell) -> Result<Vec<OnDisk>, Refusal> {
        if asset.outputs.is_empty() {
            return Err(Refusal::NoOutputs);
        }
        let partition = self.acceptance.scope.at(cell).1;
        let mut outputs = Vec::new();
        for (index, output) in asset.outputs.iter().enumerate() {
            let path = output.path.path(partition).into_owned();
            let (kind, on_disk) = match self.found.get(&cell).map(|found| found[index]) {
                Some(Found::Absent) => return Err(Refusal::MissingOutput(path)),
                Some(found) => (content_kind(found), content(found)),
                None => match self.by_kind(&path) {
                    Some(found) => found,
                    None => return Err(Refusal::MissingOutput(path)),
                },
            };
            if kind != output.kind {
                return Err(Refusal::OutputKind { path, found: kind });
            }
            outputs.push(on_disk);
        }
        Ok(outputs)
    }

    /// An output whose content is not its version.
    fn by_kind(&self, path: &str) -> Option<(OutputKind, OnDisk)> {
        let file = self.acceptance.workspace.resolve(path);
        let kind = if file.metadata().ok()?.is_dir() {
            OutputKind::Directory
        } else {
            OutputKind::File
        };
        let bytes = size_on_disk(&file);
        let version = None;
        Some((kind, OnDisk { version, bytes }))
    }

    /// The recorded versions of outputs whose version is not their content: they stand for the same data as before.
    fn kept_versions(&self, asset: &Asset, cell: Cell) -> Option<Vec<DataVersion>> {
        let recorded = self.evaluation.judge.facts().recorded[cell.index()].as_ref()?;
        let last = recorded.materialized.as_ref()?;
        (last.outputs.len() == asset.outputs.len()).then(|| last.outputs.clone())
    }

    /// The first input without a version; `None` if it is one that was refused itself, which is told already.
    fn unknown_input(&self, asset: &Asset, cell: Cell) -> Option<Refusal> {
        let scope = self.acceptance.scope;
        let (id, partition) = scope.at(cell);
        let versions = &self.evaluation.judge.facts().versions;
        for dep in &asset.deps {
            for index in scope.mapped(id, dep, partition.index).iter() {
                let Some(up) = scope.cell(dep.asset, index) else {
                    continue;
                };
                let slots = scope.row_of_cell(up).versions_of(up);
                if versions[slots].iter().all(|it| it.version().is_some()) {
                    continue;
                }
                if self.refused.contains(&up) {
                    return None;
                }
                let upstream = self.evaluation.step_name(up);
                let made = scope.graph().asset(dep.asset);
                let reason = match made.filter(|up| up.recipe.is_some()) {
                    Some(_) => format!("{upstream} was never materialized"),
                    None => self.evaluation.obstacle(up),
                };
                return Some(Refusal::Input {
                    input: dep.input.clone(),
                    upstream,
                    reason,
                });
            }
        }
        None
    }
}

fn content_kind(found: Found) -> OutputKind {
    match found {
        Found::Directory { .. } => OutputKind::Directory,
        Found::File { .. } | Found::Absent => OutputKind::File,
    }
}

fn content(found: Found) -> OnDisk {
    OnDisk {
        version: found.version(),
        bytes: found.bytes(),
    }
}
