//! The command that observes a source: it prints the data version of one partition, or of all.

use std::borrow::Cow;
use std::ffi::OsString;

use crate::command::beside::VariablesBeside;
use crate::command::rendered::{Rendered, Unrenderable};
use crate::command::variables::of_source;
use crate::command::words::{Values, argv};
use crate::look::Workspace;
use crate::model::{AssetKey, Command, CommandPlaceholder, EnvVariable, PartitionRef};

/// The command that observes `source` at a partition; at all of them, where there is none.
///
/// # Errors
///
/// If the command is longer than the system takes.
pub fn render_observe(
    workspace: &Workspace<'_>,
    source: &AssetKey,
    command: &Command,
    (partition, env): (Option<PartitionRef<'_>>, &SourceEnv),
) -> Result<Rendered, Unrenderable> {
    let values = SourceValues {
        workspace,
        source,
        partition,
    };
    let variables = VariablesBeside {
        declared: env.declared.iter(),
        given: &env.given,
        ours: &of_source(workspace, source, partition),
    };
    variables.with_words(argv(command, &values)?, workspace)
}

/// The variables of a command that observes a source.
#[derive(Clone, Debug, Default)]
pub struct SourceEnv {
    /// Those that it and its resources declare.
    pub declared: Vec<EnvVariable>,
    /// Those that setups have given.
    pub given: Vec<(OsString, OsString)>,
}

struct SourceValues<'a> {
    workspace: &'a Workspace<'a>,
    source: &'a AssetKey,
    partition: Option<PartitionRef<'a>>,
}

impl Values for SourceValues<'_> {
    fn values(&self, placeholder: &CommandPlaceholder) -> Result<Cow<'_, [String]>, Unrenderable> {
        let value = match placeholder {
            CommandPlaceholder::Partition(placeholder) => {
                self.partition.map(|partition| placeholder.value(partition))
            }
            CommandPlaceholder::Asset => Some(self.source.to_string()),
            CommandPlaceholder::Project => self.workspace.graph.settings().name.clone(),
            // A source has no inputs and no outputs: the manifest refuses the others.
            _ => None,
        };
        Ok(Cow::Owned(vec![value.unwrap_or_default()]))
    }

    fn may_be_several(&self, _: &CommandPlaceholder) -> bool {
        false
    }
}
