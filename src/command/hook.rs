//! The command of a hook.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use crate::command::beside::VariablesBeside;
use crate::command::rendered::{Rendered, Unrenderable};
use crate::command::variables::of_hook;
use crate::command::words::{Values, argv};
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
        let variables = VariablesBeside {
            declared: of_resources.chain(&self.hook.env),
            given: self.given,
            ours: &of_hook(self),
        };
        variables.with_words(argv, self.workspace)
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
