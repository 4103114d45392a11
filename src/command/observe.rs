//! The command that observes a source: it prints the data version of one partition, or of all.

use std::borrow::Cow;

use crate::command::rendered::{Rendered, TOO_LONG, Unrenderable};
use crate::command::variables::of_source;
use crate::command::words::{SHORTEN, Values, argv, too_long};
use crate::executor::{Environment, Inherit};
use crate::look::Workspace;
use crate::model::{AssetKey, Command, CommandPlaceholder, PartitionRef};

/// The command that observes `source` at a partition; at all of them, where there is none.
///
/// # Errors
///
/// If the command is longer than the system takes.
pub fn render_observe(
    workspace: &Workspace<'_>,
    source: &AssetKey,
    command: &Command,
    partition: Option<PartitionRef<'_>>,
) -> Result<Rendered, Unrenderable> {
    let values = SourceValues {
        workspace,
        source,
        partition,
    };
    let env = Environment {
        caller: workspace.environment,
        inherit: &Inherit::All,
        declared: &[],
        ours: &of_source(workspace, source, partition),
    };
    let (argv, env) = (argv(command, &values)?, env.build());
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
        secrets: Vec::new(),
        lists: Vec::new(),
        loads: Vec::new(),
    })
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
