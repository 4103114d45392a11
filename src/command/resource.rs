//! The setup and the teardown of a resource.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use crate::command::beside::VariablesBeside;
use crate::command::rendered::{Rendered, Unrenderable};
use crate::command::variables::of_resource;
use crate::command::words::{Values, argv};
use crate::look::Workspace;
use crate::model::{Command, CommandPlaceholder, ConfigValue, ResolvedResource, RunId, ValueForm};

/// What a command of a resource is rendered for.
#[derive(Clone, Copy)]
pub struct ResourceCommand<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// The resource.
    pub resolved: &'a ResolvedResource,
    /// The run.
    pub run: RunId,
    /// The file for variables that the setup gives.
    pub file: &'a Path,
    /// Those that it has given.
    pub given: &'a [(OsString, OsString)],
}

impl ResourceCommand<'_> {
    /// The command, ready to run.
    ///
    /// # Errors
    ///
    /// If it is longer than the system takes, or names a value that cannot be words.
    pub fn render(&self, command: &Command) -> Result<Rendered, Unrenderable> {
        let argv = argv(command, self)?;
        let variables = VariablesBeside {
            declared: self.resolved.env.iter(),
            given: self.given,
            ours: &of_resource(self),
        };
        variables.with_words(argv, self.workspace)
    }
}

impl Values for ResourceCommand<'_> {
    fn values(&self, placeholder: &CommandPlaceholder) -> Result<Cow<'_, [String]>, Unrenderable> {
        let value = match placeholder {
            CommandPlaceholder::Config(path, form) => {
                let value = self.resolved.config.at(path.keys());
                return config_words(value, &path.to_string(), *form).map(Cow::Owned);
            }
            CommandPlaceholder::RunId => Some(self.run.to_string()),
            CommandPlaceholder::Project => self.workspace.graph.settings().name.clone(),
            // The manifest refuses the others.
            _ => None,
        };
        Ok(Cow::Owned(vec![value.unwrap_or_default()]))
    }

    fn may_be_several(&self, placeholder: &CommandPlaceholder) -> bool {
        match placeholder {
            CommandPlaceholder::Config(path, ValueForm::Words) => {
                let value = self.resolved.config.at(path.keys());
                matches!(value, Some(ConfigValue::List(_)))
            }
            _ => false,
        }
    }
}

/// The words of a value of a configuration; none of one that has no value.
pub(super) fn config_words(
    value: Option<&ConfigValue>,
    path: &str,
    form: ValueForm,
) -> Result<Vec<String>, Unrenderable> {
    if form == ValueForm::Json {
        let json = value.map_or_else(|| "null".to_owned(), ConfigValue::json);
        return Ok(vec![json]);
    }
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let is_list = matches!(value, ConfigValue::List(_));
    let why = match value.words() {
        Some(_) if is_list && form == ValueForm::Joined => {
            "is a list, and text is joined to it here"
        }
        Some(words) => return Ok(words),
        None if is_list => "is a list that holds lists or tables, which are not words",
        None => "is a table, which is not a word",
    };
    Err(Unrenderable {
        code: "assetctl::engine::unrenderable_value",
        message: format!("`config.{path}` {why}"),
        help: Some(format!(
            "`{{{{config.{path}:json}}}}` gives all of it as JSON in one word"
        )),
    })
}
