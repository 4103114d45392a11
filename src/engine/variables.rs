//! The environment of a command: what assetctl tells it there, and what its asset declares.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::engine::render::{Previous, Words};
use crate::model::{
    Command, CommandPlaceholder, CommandTemplate, EnvValue, PartitionPlaceholder, PartitionRef,
    Piece, TimeFormat,
};

/// A variable that lists an input's paths is set while it stays under this, in bytes.
const LONGEST_LIST: usize = 64 * 1024;

/// Variables that an asset declares, and the values among them that are secret.
pub(super) struct Declared {
    pub(super) variables: Vec<(OsString, Option<OsString>)>,
    pub(super) secrets: Vec<Vec<u8>>,
}

impl Words<'_> {
    /// What assetctl tells the command in its environment.
    pub(super) fn variables(
        &self,
        lists: &mut HashMap<String, Vec<String>>,
    ) -> Vec<(OsString, OsString)> {
        let mut variables: Vec<(String, String)> = vec![
            ("ASSETCTL_ASSET".into(), self.asset.key.to_string()),
            ("ASSETCTL_RUN_ID".into(), self.rendering.run.to_string()),
            (
                "ASSETCTL_ATTEMPT".into(),
                self.rendering.attempt.to_string(),
            ),
            (
                "ASSETCTL_PROJECT".into(),
                self.rendering.workspace.root.to_string_lossy().into_owned(),
            ),
            (
                "ASSETCTL_HOME".into(),
                self.rendering.workspace.home.to_string_lossy().into_owned(),
            ),
        ];
        let PartitionRef { keys, index } = self.partition;
        if let Some(key) = keys.key(index) {
            variables.push(("ASSETCTL_PARTITION".into(), key.to_string()));
        }
        if keys.time().is_some() {
            let start = PartitionPlaceholder::WindowStart(TimeFormat::Rfc3339);
            let end = PartitionPlaceholder::WindowEnd(TimeFormat::Rfc3339);
            variables.push(("ASSETCTL_WINDOW_START".into(), start.value(self.partition)));
            variables.push(("ASSETCTL_WINDOW_END".into(), end.value(self.partition)));
        }
        if self.asset.is_incremental() {
            let previous = if self.places.previous == Previous::Present {
                "1"
            } else {
                "0"
            };
            variables.push(("ASSETCTL_PREVIOUS".into(), previous.into()));
        }
        self.output_variables(&mut variables);
        self.input_variables(&mut variables, lists);
        variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn output_variables(&self, variables: &mut Vec<(String, String)>) {
        let mut unnamed = Vec::new();
        for (output, path) in self.asset.outputs.iter().zip(&self.places.outputs) {
            match &output.name {
                Some(name) => variables.push((
                    format!("ASSETCTL_OUTPUT_{}", name.as_variable()),
                    self.see(path),
                )),
                None => unnamed.push(self.see(path)),
            }
        }
        if !unnamed.is_empty() {
            variables.push(("ASSETCTL_OUTPUT".into(), unnamed.join("\n")));
        }
    }

    fn input_variables(
        &self,
        variables: &mut Vec<(String, String)>,
        lists: &mut HashMap<String, Vec<String>>,
    ) {
        for (index, dep) in self.asset.deps.iter().enumerate() {
            let name = format!("ASSETCTL_INPUT_{}", dep.input.as_variable());
            let list_name = format!("{name}_LIST");
            let paths = self.input(index);
            let length: usize = paths.iter().map(|path| path.len() + 1).sum();
            if length <= LONGEST_LIST {
                variables.push((name, paths.join("\n")));
            }
            if length > LONGEST_LIST || self.names_list(index, &list_name) {
                let path = self.list_path(index);
                variables.push((list_name, self.see(&path)));
                lists.insert(path, paths.to_vec());
            }
        }
    }

    /// Whether the command's text names the file that lists an input's paths.
    fn names_list(&self, dep: usize, variable: &str) -> bool {
        let named = |template: &CommandTemplate| {
            template.pieces().iter().any(|piece| match piece {
                Piece::Text(text) => text.contains(variable),
                Piece::Placeholder(CommandPlaceholder::InputList(named)) => *named == dep,
                Piece::Placeholder(_) => false,
            })
        };
        match &self.recipe.command {
            Command::Shell { text, .. } => named(text),
            Command::Direct { arguments, .. } => arguments.iter().any(named),
        }
    }

    /// Variables that the asset declares, and the values among them that are secret.
    pub(super) fn declared(&self) -> Declared {
        use std::os::unix::ffi::OsStrExt;
        let mut secrets = Vec::new();
        let declared = self.recipe.env.iter().map(|variable| {
            let value = match &variable.value {
                EnvValue::Literal(value) => Some(value.into()),
                EnvValue::FromEnv { variable, .. } => {
                    self.rendering.workspace.variable(variable).map(Into::into)
                }
                EnvValue::Secret { variable, .. } => {
                    let value = self.rendering.workspace.variable(variable);
                    secrets.extend(value.map(|value| value.as_bytes().to_vec()));
                    value.map(Into::into)
                }
            };
            (OsString::from(&variable.name), value)
        });
        let variables = declared.collect();
        Declared { variables, secrets }
    }
}
