//! Commands beside steps, which have the caller's environment and write no outputs: of sources, resources and hooks.

use std::ffi::OsString;

use crate::command::rendered::{Rendered, TOO_LONG, Unrenderable};
use crate::command::variables::declared;
use crate::command::words::{SHORTEN, too_long};
use crate::executor::{Environment, Inherit};
use crate::look::Workspace;
use crate::model::EnvVariable;

/// The variables of a command: `declared` ones, those that setups have `given`, and `ours`.
pub(super) struct VariablesBeside<'a, I> {
    /// Those that it and its resources declare; of a name that occurs twice the value is the same.
    pub declared: I,
    /// Those that setups of its resources have given.
    pub given: &'a [(OsString, OsString)],
    /// Those that assetctl itself tells.
    pub ours: &'a [(OsString, OsString)],
}

impl<'e, I: Iterator<Item = &'e EnvVariable>> VariablesBeside<'_, I> {
    /// The command of these words, ready to run.
    ///
    /// # Errors
    ///
    /// If it is longer than the system takes.
    pub fn with_words(
        self,
        argv: Vec<String>,
        workspace: &Workspace<'_>,
    ) -> Result<Rendered, Unrenderable> {
        let all = declared(workspace, self.declared);
        let given = self.given.iter();
        let given = given.map(|(name, value)| (name.clone(), Some(value.clone())));
        let variables: Vec<_> = all.variables.into_iter().chain(given).collect();
        let env = Environment {
            caller: workspace.environment,
            inherit: &Inherit::All,
            declared: &variables,
            ours: self.ours,
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
}
