//! Judges a scope by the instance and by the project's lock file.

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::{LockFile, everything};
use crate::app::notice::{Notice, UnreadLock};
use crate::app::project::OpenProject;
use crate::app::snapshot::OwnLines;
use crate::look::{Observing, StoreRecords, Workspace};
use crate::model::Lock;
use crate::plan::{Evaluation, Purpose, Scope, Upstream};

impl InstanceAccess {
    /// Looks at a scope and judges it, with what the project's lock file knows of what is not fresh by it: a lock file that
    /// is damaged, or of a later version, knows nothing, which a notice says. It is not opened where everything is fresh.
    pub fn evaluate_with_lock<'a>(
        &mut self,
        project: &OpenProject,
        workspace: &Workspace<'_>,
        scope: &'a Scope<'a>,
        purpose: Purpose,
        (observing, own): (Observing<'_>, &OwnLines),
    ) -> Result<Evaluation<'a>, AppError> {
        let mut evaluation = self.evaluate(workspace, scope, purpose, observing)?;
        if evaluation.is_in_doubt() {
            match LockFile::read(project) {
                Ok(file) if file.is_sound() => {
                    self.take_lock((project, workspace), &mut evaluation, (&file, own))?;
                }
                _ => {
                    if let Err(error) = project.lock_place().read() {
                        self.take_notices(vec![Notice::UnreadLock(UnreadLock::of(&error))]);
                    }
                }
            }
        }
        Ok(evaluation)
    }

    /// Takes in what a lock file knows of what is not fresh by the instance.
    pub fn take_lock(
        &mut self,
        (project, workspace): (&OpenProject, &Workspace<'_>),
        evaluation: &mut Evaluation<'_>,
        (file, own): (&LockFile, &OwnLines),
    ) -> Result<(), AppError> {
        if !evaluation.is_in_doubt() {
            return Ok(());
        }
        let part = file.part_about(evaluation.scope(), &|cell| evaluation.is_doubtful(cell));
        let lock = match &part {
            Some(part) if part.assets.is_empty() => None,
            Some(part) if !evaluation.lacks_records() => Some(part),
            _ => file.sound(),
        };
        if let Some(lock) = lock {
            evaluation.take_lock(workspace, &self.store, lock)?;
            if evaluation.meets_part_of_a_block(lock, |asset, index| own.has(asset, index)) {
                self.take_blocks(project, workspace, evaluation, lock)?;
            }
        }
        Ok(())
    }

    /// Takes in what is fresh by blocks of which an evaluation holds a part only: which blocks are right follows from the
    /// whole project. If that cannot be judged, nothing is fresh by them.
    fn take_blocks(
        &mut self,
        project: &OpenProject,
        workspace: &Workspace<'_>,
        evaluation: &mut Evaluation<'_>,
        lock: &Lock,
    ) -> Result<(), AppError> {
        let goals = everything(project);
        let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Close);
        let wide = self.evaluate(workspace, &scope, Purpose::Status, Observing::Last);
        if let Ok(mut wide) = wide {
            wide.take_lock(workspace, &self.store, lock)?;
            evaluation.take_witnesses_of(&wide, &StoreRecords(&self.store));
        }
        Ok(())
    }
}
