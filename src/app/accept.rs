//! `accept`: the outputs on disk stand. They are recorded as materialized by the present declaration; nothing runs.
//!
//! Upstreams come first, so that what reads an accepted output is judged by it. An input that is not accepted itself is
//! taken at its recorded version, stale or not. What is fresh already is left alone. Either everything that was asked for
//! is accepted, or nothing.

use jiff::Timestamp;

use crate::answer::{AffectedReport, RunCounts};
use crate::app::acceptor::Acceptor;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::{LockFile, SourceLook, source_changes};
use crate::app::materialize::carry_out::typed;
use crate::app::neighbours::key_ranges;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::{new_run_id, refuse_nested, refuse_running};
use crate::app::selection::{Range, select};
use crate::engine::{clear_crashed, put_back_asides};
use crate::executor::LocalExecutor;
use crate::lock::{LockChanges, key_changes, line_of};
use crate::look::{EngineError, Observing, Problems, Workspace, keep_source_content};
use crate::model::{
    AcceptRequest, AssetGraph, AssetId, AssetKey, LockLine, Outcome, PartitionSet, RunId,
    RunStatus, StepName,
};
use crate::plan::{Evaluation, Purpose, Role, Scope, Upstream};
use crate::store::{AssetPartition, CrashedRun, Lease, NewRun, Recording, RunEnd, Success};
use crate::sys::clock::Clock;

/// Records the outputs on disk of what is selected.
///
/// # Errors
///
/// If an output is missing or of the wrong kind, or an input has no version yet: all such refusals at once. If another
/// process works on what is selected.
pub fn accept(
    project: &OpenProject,
    request: &AcceptRequest,
    clock: &dyn Clock,
) -> Result<(AffectedReport, Vec<Notice>), AppError> {
    let lock = LockFile::read(project)?;
    let selection = select(project, &request.selection, Range::Assets)?;
    let mut instance = InstanceAccess::open(project)?;
    let goals = selection.narrowed(project, &mut instance)?;
    refuse_nested(project, &instance)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    if !request.dry_run {
        put_back_asides(&workspace, &instance.store).map_err(Problems::from)?;
    }
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Given);
    let time = clock.now();
    let run = new_run_id(time);
    let acceptance = Acceptance {
        project,
        lock: &lock,
        workspace: &workspace,
        scope: &scope,
        run,
        time,
    };
    let (mut accepted, _) = acceptance.look(&mut instance)?;
    if !request.dry_run && !accepted.is_empty() {
        refuse_running(project, &mut instance, &accepted.sets)?;
        instance.make_writable(project)?;
        let new = NewRun {
            id: run,
            selection: typed(&request.selection.assets),
            partitions: request.selection.partitions.to_string(),
            manifest: project.manifest_digest(),
            time: acceptance.time,
            pid: Some(std::process::id()),
            events: Vec::new(),
        };
        accepted = acceptance.record(&mut instance, &new, &accepted)?;
        let mut changes = std::mem::take(&mut accepted.sources);
        changes.append(key_changes(project.graph(), project.keys(), lock.lock()));
        changes.lines = accepted.lines(project.graph());
        instance.take_notices(lock.notices());
        lock.change(project, &versions, &changes)?;
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
        dry_run: request.dry_run,
    };
    Ok((report, instance.notices))
}

/// What is accepted, upstream before downstream.
#[derive(Default)]
struct Accepted {
    sets: Vec<(AssetId, PartitionSet)>,
    successes: Vec<Success>,
    /// What changes in the lock file's lines of sources.
    sources: LockChanges,
}

impl Accepted {
    fn is_empty(&self) -> bool {
        self.successes.is_empty()
    }

    fn partitions(&self) -> Vec<AssetPartition> {
        let partition = |success: &Success| AssetPartition {
            step: StepName {
                asset: success.materialization.asset.clone(),
                partition: success.materialization.partition.clone(),
            },
            slot: success.slot.clone(),
        };
        self.successes.iter().map(partition).collect()
    }

    /// The lines of the lock file for what is accepted.
    fn lines(&self, graph: &AssetGraph) -> Vec<(AssetKey, Vec<LockLine>)> {
        let mut lines: Vec<(AssetKey, Vec<LockLine>)> = Vec::new();
        for made in self
            .successes
            .iter()
            .map(|success| &success.materialization)
        {
            let asset = graph
                .find(made.asset.as_str())
                .and_then(|id| graph.asset(id));
            let Some(asset) = asset.filter(|asset| asset.locked) else {
                continue;
            };
            let line = line_of(asset, made);
            match lines.last_mut() {
                Some((last, lines)) if *last == asset.key => lines.push(line),
                _ => lines.push((asset.key.clone(), vec![line])),
            }
        }
        lines
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
    project: &'a OpenProject,
    lock: &'a LockFile,
    workspace: &'a Workspace<'a>,
    scope: &'a Scope<'a>,
    run: RunId,
    time: Timestamp,
}

impl Acceptance<'_> {
    /// Records what is accepted, as a run that holds a lease on each partition. Everything is looked at once more under
    /// the leases, as another process may have run in between.
    fn record(
        &self,
        instance: &mut InstanceAccess,
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
            events: Vec::new(),
        };
        instance.store.finish_run(begun.guard, &end)?;
        recorded
    }

    fn record_leased(
        &self,
        instance: &mut InstanceAccess,
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
                    step: partition.step.clone(),
                    holder: holder.to_string(),
                };
                return Err(Problems::from(held).into());
            }
        }
        let (accepted, evaluation) = self.look(instance)?;
        let success = |success: &Success| Recording::Succeeded(Box::new(success.clone()));
        let recordings: Vec<Recording> = accepted.successes.iter().map(success).collect();
        instance.store.record(&recordings)?;
        keep_source_content(self.workspace, &mut instance.store, &evaluation)?;
        Ok(accepted)
    }

    /// Judges what is selected, and puts together what would be recorded.
    fn look(&self, instance: &mut InstanceAccess) -> Result<(Accepted, Evaluation<'_>), AppError> {
        let mut evaluation =
            instance.evaluate(self.workspace, self.scope, Purpose::Run, Observing::Last)?;
        instance.take_lock(self.project, self.workspace, &mut evaluation, self.lock)?;
        let sources = source_changes(self.project, &evaluation, self.lock.lock(), SourceLook::All);
        let mut acceptor = Acceptor::new(
            self.workspace,
            evaluation,
            &instance.store,
            (self.run, self.time),
        )?;
        let mut accepted = Accepted {
            sources,
            ..Accepted::default()
        };
        for (row, asset) in self.scope.asset_rows() {
            let mut set = Vec::new();
            for (cell, index) in row.cells().zip(row.set.iter()) {
                if self.scope.role(cell) != Role::Selected {
                    continue;
                }
                if let Some(success) = acceptor.success(asset, cell) {
                    accepted.successes.push(success);
                    set.push(index);
                }
            }
            if !set.is_empty() {
                accepted.sets.push((row.asset, set.into_iter().collect()));
            }
        }
        let evaluation = acceptor.finish()?;
        Ok((accepted, evaluation))
    }
}
