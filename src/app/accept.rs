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
use crate::app::run_details::details_of;
use crate::app::running::{new_run_id, refuse_nested, refuse_running};
use crate::app::selection::{Range, select};
use crate::app::snapshot::OwnLines;
use crate::engine::{clear_crashed, put_back_asides};
use crate::executor::LocalExecutor;
use crate::lock::{LockChanges, key_changes, line_of};
use crate::look::{EngineError, Observing, Problems, Workspace, keep_source_content};
use crate::model::{
    AcceptRequest, AssetId, Outcome, PartitionRef, PartitionSet, RunId, RunStatus, RunVerb,
    StepName,
};
use crate::plan::{Cell, Purpose, Scope, Upstream};
use crate::store::{AssetPartition, CrashedRun, Lease, NewRun, RunEnd, Store, Success};
use crate::sys::clock::Clock;

/// How many partitions are leased in one transaction.
const LEASED_AT_ONCE: usize = 10_000;

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
    let mut accepted = acceptance.look(&mut instance)?;
    let mut sets = accepted.sets();
    if !request.dry_run && !sets.is_empty() {
        drop(accepted);
        refuse_running(project, &mut instance, &sets)?;
        instance.make_writable(project)?;
        let new = NewRun {
            id: run,
            selection: typed(&request.selection),
            partitions: request.selection.partitions.to_string(),
            manifest: project.manifest_digest(),
            time: acceptance.time,
            pid: Some(std::process::id()),
            details: details_of(project, RunVerb::Accept),
            steps: Vec::new(),
            events: Vec::new(),
        };
        accepted = acceptance.record(&mut instance, &new, &sets)?;
        sets = accepted.sets();
        let mut changes = std::mem::take(&mut accepted.changes);
        changes.append(key_changes(project.graph(), project.keys(), lock.lock()));
        instance.take_notices(lock.notices());
        lock.change(project, &versions, changes)?;
    }
    project.keep_what_was_learnt();
    let report = AffectedReport {
        affected: sets
            .iter()
            .flat_map(|(id, set)| key_ranges(&scope, *id, set))
            .collect(),
        files: files(&scope, &sets),
        bytes: accepted.bytes,
        dry_run: request.dry_run,
    };
    Ok((report, instance.notices))
}

/// The outputs of asset partitions, in order of their paths.
fn files(scope: &Scope<'_>, sets: &[(AssetId, PartitionSet)]) -> Vec<String> {
    let mut files = Vec::new();
    for (id, set) in sets {
        let keys = scope.keys(*id);
        let outputs = scope
            .graph()
            .asset(*id)
            .map_or(&[][..], |asset| &asset.outputs);
        for index in set.iter() {
            let at = PartitionRef { keys, index };
            files.extend(outputs.iter().map(|it| it.path.path(at).into_owned()));
        }
    }
    files.sort_unstable();
    files
}

/// What is accepted, upstream before downstream.
#[derive(Default)]
struct Accepted {
    indexes: Vec<(AssetId, Vec<u32>)>,
    bytes: u64,
    counts: RunCounts,
    /// What changes in the lock file.
    changes: LockChanges,
}

impl Accepted {
    fn sets(&self) -> Vec<(AssetId, PartitionSet)> {
        let indexes = self.indexes.iter();
        let set = |(id, of): &(AssetId, Vec<u32>)| (*id, of.iter().copied().collect());
        indexes.map(set).collect()
    }

    /// Takes a success up. Those of one asset follow each other.
    fn add(&mut self, scope: &Scope<'_>, cell: Cell, success: &Success) {
        let made = &success.materialization;
        let (id, PartitionRef { index, .. }) = scope.at(cell);
        match self.indexes.last_mut() {
            Some((last, indexes)) if *last == id => indexes.push(index),
            _ => self.indexes.push((id, vec![index])),
        }
        self.bytes += made.outputs.iter().map(|output| output.bytes).sum::<u64>();
        match made.outcome {
            Outcome::Materialized => self.counts.materialized += 1,
            Outcome::Unchanged => self.counts.unchanged += 1,
        }
        let Some(asset) = scope.asset_at(cell).filter(|asset| asset.locked) else {
            return;
        };
        let line = line_of(asset, made);
        match self.changes.lines.last_mut() {
            Some((last, lines)) if *last == asset.key => lines.push(line),
            _ => self.changes.lines.push((asset.key.clone(), vec![line])),
        }
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
        first: &[(AssetId, PartitionSet)],
    ) -> Result<Accepted, AppError> {
        let begun = instance.store.begin_run(new)?;
        let recorded = self.record_leased(instance, first, &begun.crashed);
        let (status, counts) = match &recorded {
            Ok(accepted) => (RunStatus::Success, accepted.counts),
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
        first: &[(AssetId, PartitionSet)],
        crashed: &[CrashedRun],
    ) -> Result<Accepted, AppError> {
        for crashed in crashed {
            clear_crashed(self.workspace.root, crashed);
        }
        for (id, set) in first {
            self.lease(&mut instance.store, *id, set)?;
        }
        let (sources, mut acceptor) = self.acceptor(instance)?;
        let mut accepted = Accepted::default();
        let successes = acceptor.successes().map(|found| {
            let (cell, success) = found?;
            accepted.add(self.scope, cell, &success);
            Ok::<_, AppError>(success)
        });
        instance.store.record_each(successes)??;
        accepted.changes.append(sources);
        let evaluation = acceptor.into_evaluation();
        keep_source_content(self.workspace, &mut instance.store, &evaluation)?;
        Ok(accepted)
    }

    fn lease(&self, store: &mut Store, id: AssetId, set: &PartitionSet) -> Result<(), AppError> {
        let keys = self.scope.keys(id);
        let partition = |index: u32| AssetPartition {
            step: StepName {
                asset: self.scope.graph().key(id).clone(),
                partition: keys.key(index),
            },
            slot: keys.slot(index),
        };
        let mut indexes = set.iter();
        loop {
            let partitions = indexes.by_ref().take(LEASED_AT_ONCE).map(partition);
            let partitions: Vec<_> = partitions.collect();
            if partitions.is_empty() {
                return Ok(());
            }
            let taken = store.lease(self.run, &partitions, self.time)?;
            for crashed in &taken.crashed {
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
        }
    }

    /// What would be recorded.
    fn look(&self, instance: &mut InstanceAccess) -> Result<Accepted, AppError> {
        let (_, mut acceptor) = self.acceptor(instance)?;
        let mut accepted = Accepted::default();
        for found in acceptor.successes() {
            let (cell, success) = found?;
            accepted.add(self.scope, cell, &success);
        }
        Ok(accepted)
    }

    /// Judges what is selected. With it comes what changes in the lock file's lines of sources.
    fn acceptor(
        &self,
        instance: &mut InstanceAccess,
    ) -> Result<(LockChanges, Acceptor<'_, '_>), AppError> {
        let mut evaluation =
            instance.evaluate(self.workspace, self.scope, Purpose::Run, Observing::Last)?;
        let lock = (self.lock, &OwnLines::default());
        instance.take_lock((self.project, self.workspace), &mut evaluation, lock)?;
        let sources = source_changes(self.project, &evaluation, self.lock.lock(), SourceLook::All);
        let acceptor = Acceptor::new(self.workspace, evaluation, (self.run, self.time))?;
        Ok((sources, acceptor))
    }
}
