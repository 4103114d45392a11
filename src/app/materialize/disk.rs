//! What a run on disk does that one in memory does not: it uses the instance, the lock file, caches and a seal.

use crate::engine::block_too_long;
use std::borrow::Cow;

use crate::answer::RunOutcome;
use crate::app::added::keys_added;
use crate::app::error::AppError;
use crate::app::from_lock::FromLock;
use crate::app::instance::InstanceAccess;
use crate::app::lock::{LockFile, lock_fresh};
use crate::app::materialize::planned::jobs;
use crate::app::materialize::progress::Progress;
use crate::app::notice::Notice;
use crate::app::plan::{purpose, refuse_unreadable};
use crate::app::project::OpenProject;
use crate::app::seal;
use crate::app::take_over::{TakingOver, to_take_over};
use crate::engine::{RunSummary, clear_crashed, observe_sources, put_back_asides};
use crate::executor::Cancel;
use crate::hash::Versions;
use crate::look::{OWN_FOLDER, Observing, Problems, Workspace, keep_source_content};
use crate::model::MaterializeOptions;
use crate::plan::{Evaluation, Scope};
use crate::store::{CrashedRun, Mark};
use crate::sys::clock::Clock;
use crate::sys::file::remove_abandoned;

/// A run on disk, as it was asked for.
pub(super) struct DiskRun<'a> {
    pub(super) project: &'a OpenProject,
    pub(super) request: &'a MaterializeOptions,
    pub(super) clock: &'a dyn Clock,
    pub(super) workspace: &'a Workspace<'a>,
}

/// What of a run on disk a seal can stand for.
pub(super) struct SealBasis {
    /// Whether the next run may take it for granted that nothing is to be done.
    pub(super) is_possible: bool,
    /// The mark of the instance that was looked at.
    pub(super) mark: Option<Mark>,
}

impl DiskRun<'_> {
    /// Clears up after dead runs, and judges a scope with what the instance and the lock file know. What is to be written finds
    /// the instance open for that.
    pub(super) fn evaluate<'s>(
        &self,
        instance: &mut InstanceAccess,
        scope: &'s Scope<'s>,
        lock: &LockFile,
        (cancel, progress): (&Cancel, &mut dyn Progress),
    ) -> Result<Evaluation<'s>, AppError> {
        let Self {
            project,
            request,
            clock,
            workspace,
        } = *self;
        self.recover(instance, progress)?;
        let answers = observe_sources(workspace, scope, jobs(request), clock.now(), cancel)?;
        let observing = Observing::Now(&answers);
        let mut evaluation =
            instance.evaluate(workspace, scope, purpose(request.force), observing)?;
        instance.take_lock(project, workspace, &mut evaluation, lock)?;
        instance.replace_if_damaged(project)?;
        refuse_unreadable(&evaluation)?;
        block_too_long(&mut evaluation, workspace);
        instance.look_at_places(workspace, &mut evaluation, request.occupied, || {
            lock.sound()
        })?;
        Ok(evaluation)
    }

    /// Opens the instance for writing where there is something to write, and records what was observed.
    pub(super) fn begin(
        &self,
        instance: &mut InstanceAccess,
        evaluation: &Evaluation<'_>,
        sealing: &mut SealBasis,
    ) -> Result<(), AppError> {
        let decisions = evaluation.decisions();
        let work = decisions.run + decisions.may_run + decisions.blocked;
        if work > 0 || !to_take_over(evaluation).is_empty() {
            // Another process may have added keys or records since the first look at the instance.
            sealing.is_possible &= Mark::read(self.project.home()) == sealing.mark;
            instance.make_writable(self.project)?;
        }
        // They are recorded where they are new.
        if !evaluation.observations().is_empty() {
            instance.make_writable(self.project)?;
            instance.store.observe(evaluation.observations())?;
        }
        Ok(())
    }

    /// Keeps what was learnt of sources, takes over what only the lock file knew, and writes the lock file and a seal.
    pub(super) fn conclude(
        &self,
        (result, evaluation): (&RunSummary, &mut Evaluation<'_>),
        mut instance: InstanceAccess,
        versions: &Versions<'_>,
        (lock, sealing): (LockFile, SealBasis),
        progress: &mut dyn Progress,
    ) -> Result<(), AppError> {
        let (project, workspace) = (self.project, self.workspace);
        if result.run.is_some() {
            keep_source_content(workspace, &mut instance.store, evaluation)?;
        }
        let taking_over = TakingOver {
            workspace,
            time: self.clock.now(),
        };
        let taken = taking_over.take(&mut instance.store, evaluation)?;
        if taken > 0 {
            progress.notice(&Notice::FromLock(FromLock::TakenOver(taken)));
        }
        if let Some(otherwise) = FromLock::came_out_otherwise(evaluation) {
            progress.notice(&Notice::FromLock(otherwise));
        }
        let mut mark = sealing.mark;
        if result.run.is_some() || taken > 0 {
            // Closing the instance gives it a new mark, which is the one that holds from now on.
            mark = instance.store.close();
        }
        let keys = match result.run {
            Some(_) => Cow::Owned(project.keys_now()?),
            None => Cow::Borrowed(project.keys()),
        };
        let added = keys_added(project.graph(), project.keys(), &keys);
        // A seal is made of the keys that were looked at, and the mark is of an instance that holds more.
        let can_be_sealed = sealing.is_possible && added.is_empty();
        for added in added {
            progress.notice(&Notice::KeysAdded(added));
        }
        lock_fresh(project, versions, evaluation, &keys, lock)?;
        if result.outcome == RunOutcome::Success && can_be_sealed {
            seal::write(project, self.request, versions, evaluation, mark);
        }
        Ok(())
    }

    /// Clears up after runs whose processes died.
    fn recover(
        &self,
        instance: &mut InstanceAccess,
        progress: &mut dyn Progress,
    ) -> Result<(), AppError> {
        let project = self.project;
        for folder in [&project.root().join(OWN_FOLDER), project.home()] {
            remove_abandoned(folder);
            remove_abandoned(&folder.join("seals"));
        }
        if instance.store.has_crashed_runs()? {
            instance.make_writable(project)?;
            let clear = |crashed: &CrashedRun| clear_crashed(project.root(), crashed);
            instance.store.mark_crashed_runs(self.clock.now(), &clear)?;
        }
        let put_back = put_back_asides(self.workspace, &instance.store).map_err(Problems::from)?;
        if !put_back.is_empty() {
            progress.notice(&Notice::PutBack(put_back));
        }
        Ok(())
    }
}
