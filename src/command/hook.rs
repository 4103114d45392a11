//! The command of a hook.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use crate::command::rendered::{Rendered, TOO_LONG, Unrenderable};
use crate::command::variables::{declared, of_hook};
use crate::command::words::{SHORTEN, Values, argv, too_long};
use crate::executor::{Environment, Inherit};
use crate::look::Workspace;
use crate::model::{
    Batch, CommandPlaceholder, Hook, Name, PartitionPlaceholder, ResolvedResource, RunId, RunTags,
    StepName,
};

/// What a hook is rendered for.
#[derive(Clone, Copy)]
pub struct HookCommand<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// The hook.
    pub hook: &'a Hook,
    /// The run.
    pub run: RunId,
    /// The job that is run.
    pub job: Option<&'a Name>,
    /// The tags of the run.
    pub tags: &'a RunTags,
    /// The step that it follows; `None` where it follows the run.
    pub step: Option<&'a StepName>,
    /// All that the step makes, where that is more.
    pub batch: Option<&'a Batch>,
    /// The type of the event that it follows.
    pub event: &'a str,
    /// The file with that event.
    pub file: &'a Path,
    /// The resources that it needs.
    pub resources: &'a [ResolvedResource],
    /// The variables that their setups have given.
    pub given: &'a [(OsString, OsString)],
}

impl HookCommand<'_> {
    /// The command, ready to run.
    ///
    /// # Errors
    ///
    /// If it is longer than the system takes.
    pub fn render(&self) -> Result<Rendered, Unrenderable> {
        let argv = argv(&self.hook.command, self)?;
        let of_resources = self.resources.iter().flat_map(|it| &it.env);
        let all = declared(self.workspace, of_resources.chain(&self.hook.env));
        let given = self.given.iter();
        let given = given.map(|(name, value)| (name.clone(), Some(value.clone())));
        let variables: Vec<_> = all.variables.into_iter().chain(given).collect();
        let env = Environment {
            caller: self.workspace.environment,
            inherit: &Inherit::All,
            declared: &variables,
            ours: &of_hook(self),
        }
        .build();
        if let Some(message) = too_long(&argv, &env) {
            return Err(Unrenderable {
                code: TOO_LONG,
                message,
                help: Some(SHORTEN.to_owned()),
            });
        }
        Ok(Rendered {
            argv,
            env,
            secrets: all.secrets,
            lists: Vec::new(),
            loads: Vec::new(),
        })
    }

    /// The key, of a batch the first and the last one, and nothing without partitions.
    fn partition(&self) -> String {
        match (self.batch, self.step) {
            (Some(Batch { first, last, .. }), _) => format!("{first}...{last}"),
            (None, Some(step)) => step.partition.iter().map(ToString::to_string).collect(),
            (None, None) => String::new(),
        }
    }
}

impl Values for HookCommand<'_> {
    fn values(&self, placeholder: &CommandPlaceholder) -> Result<Cow<'_, [String]>, Unrenderable> {
        let value = match placeholder {
            CommandPlaceholder::Asset => self.step.map(|step| step.asset.to_string()),
            CommandPlaceholder::Partition(PartitionPlaceholder::Key) => Some(self.partition()),
            CommandPlaceholder::RunId => Some(self.run.to_string()),
            CommandPlaceholder::Project => self.workspace.graph.settings().name.clone(),
            // The manifest refuses the others.
            _ => None,
        };
        Ok(Cow::Owned(vec![value.unwrap_or_default()]))
    }

    fn may_be_several(&self, _: &CommandPlaceholder) -> bool {
        false
    }
}
