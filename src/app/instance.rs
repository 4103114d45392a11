//! The instance as verbs use it: opened for reading first, and for writing once there is something to write.

use crate::app::error::AppError;
use crate::app::project::Project;
use crate::engine::{EngineError, Evaluation, Observing, Problems, Workspace, evaluate};
use crate::plan::{Purpose, Scope};
use crate::store::{Access, Notice, Opened, Store, StoreError};

/// An open instance, with what had to be put right.
#[derive(Debug)]
pub struct Instance {
    /// The instance.
    pub store: Store,
    /// What the user should know, each once.
    pub notices: Vec<Notice>,
    /// What reading has found damaged.
    damage: Option<String>,
}

impl Instance {
    /// Opens the project's instance for reading.
    pub fn open(project: &Project) -> Result<Self, StoreError> {
        let Opened { store, notices } = project.instance(Access::Read)?;
        Ok(Self {
            store,
            notices,
            damage: None,
        })
    }

    /// Opens it for writing.
    pub fn open_for_writing(project: &Project) -> Result<Self, StoreError> {
        let Opened { store, notices } = project.instance(Access::Write)?;
        Ok(Self {
            store,
            notices,
            damage: None,
        })
    }

    /// Opens it anew for writing, after it was read.
    pub fn make_writable(&mut self, project: &Project) -> Result<(), StoreError> {
        // The reading connection is closed first, so that a damaged file can be moved aside.
        self.store = Store::ephemeral()?;
        let opened = match &self.damage {
            Some(detail) => project.instance_anew(Access::Write, detail)?,
            None => project.instance(Access::Write)?,
        };
        self.store = opened.store;
        for notice in opened.notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        Ok(())
    }

    /// Looks at a scope and judges it. An instance that turns out to be damaged counts as empty from then on.
    pub fn evaluate<'a>(
        &mut self,
        project: &Project,
        workspace: &Workspace<'_>,
        scope: &'a Scope<'a>,
        purpose: Purpose,
        observing: Observing<'_>,
    ) -> Result<Evaluation<'a>, AppError> {
        match evaluate(workspace, scope, &self.store, purpose, observing) {
            Ok(evaluation) => Ok(evaluation),
            Err(problems) => {
                let Some(detail) = damage(&problems) else {
                    return Err(problems.into());
                };
                self.store = Store::ephemeral()?;
                let opened = project.instance_anew(Access::Read, &detail)?;
                self.store = opened.store;
                self.notices.extend(opened.notices);
                self.damage = Some(detail);
                Ok(evaluate(workspace, scope, &self.store, purpose, observing)?)
            }
        }
    }
}

fn damage(problems: &Problems) -> Option<String> {
    problems.list().iter().find_map(|problem| match problem {
        EngineError::Store(StoreError::Damaged { detail, .. }) => Some(detail.clone()),
        _ => None,
    })
}
