//! `hooks` of the project, of jobs, of `[defaults]` and of assets.

use std::time::Duration;

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::jobs::ReadJob;
use crate::manifest::placeholders::{CommandContext, CommandOwner};
use crate::manifest::project::CommandFrame;
use crate::manifest::template::Scope;
use crate::manifest::{command, common_keys, resources};
use crate::model::{Declaration, FileId, Hook, HookMoment};

/// How long a hook may take that does not say so itself.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Hooks that no single asset and no job declares.
#[derive(Clone, Debug, Default)]
pub(super) struct CommonHooks {
    /// Those of the project.
    pub project: Vec<Hook>,
    /// Those of `[defaults]`, by file; files without any are left out.
    pub defaults: Vec<(FileId, Vec<Hook>)>,
}

impl CommonHooks {
    /// All of these, with those of jobs and of assets.
    pub(super) fn and_others<'h>(
        &'h self,
        jobs: &'h [ReadJob<'_>],
        declarations: &'h [Declaration],
    ) -> Vec<&'h Hook> {
        let defaults = self.defaults.iter().flat_map(|(_, hooks)| hooks);
        let jobs = jobs.iter().flat_map(|read| &read.job.hooks);
        let assets = declarations.iter().flat_map(Declaration::hooks);
        let all = self.project.iter().chain(defaults).chain(jobs);
        all.chain(assets).collect()
    }
}

impl CommandFrame<'_> {
    /// Reads the hooks of `[project]` and of `[defaults]` of all files, the main one first.
    pub(super) fn common_hooks(self, files: &[Table<'_>], problems: &mut Problems) -> CommonHooks {
        let mut common = CommonHooks::default();
        if let Some(table) = files.first().and_then(|it| unchecked(it, "project")) {
            common.project = self.hooks(&table, &HookMoment::ALL, problems);
        }
        for (number, file) in (0..).zip(files) {
            let table = unchecked(file, "defaults");
            let hooks = table.map(|it| self.hooks(&it, &HookMoment::OF_STEPS, problems));
            let hooks = hooks.filter(|it| !it.is_empty());
            common.defaults.extend(hooks.map(|it| (FileId(number), it)));
        }
        common
    }

    /// Reads `hooks` of a table, which may have these.
    pub(super) fn hooks(
        self,
        table: &Table<'_>,
        moments: &[HookMoment],
        problems: &mut Problems,
    ) -> Vec<Hook> {
        let Some(hooks) = table.table("hooks", Heading::Inline("the hooks"), problems) else {
            return Vec::new();
        };
        let words: Vec<&str> = moments.iter().map(|moment| moment.word()).collect();
        hooks.only(&words, problems);
        let read = |moment: &HookMoment| {
            let value = hooks.get(moment.word())?;
            self.read_hook(&value, *moment, problems)
        };
        moments.iter().filter_map(read).collect()
    }

    fn read_hook(
        self,
        value: &Value<'_>,
        moment: HookMoment,
        problems: &mut Problems,
    ) -> Option<Hook> {
        let context = CommandContext {
            owner: if moment.is_of_step() {
                CommandOwner::StepHook
            } else {
                CommandOwner::RunHook
            },
            scope: Scope::Unpartitioned,
            inputs: &[],
            outputs: None,
            shell: self.shell,
            project: self.project,
            is_batched: false,
            config: None,
        };
        let Some(table) = value.as_table(Heading::Inline("the hook")) else {
            return Some(Hook {
                moment,
                command: command::read(value, &context, problems)?,
                folder: value.file.folder().to_owned(),
                timeout: TIMEOUT,
                env: Vec::new(),
                resources: Vec::new(),
            });
        };
        table.only(&["command", "env", "timeout", "resources"], problems);
        let env = common_keys::env(&table, problems);
        let timeout = common_keys::duration(&table, "timeout", problems);
        let resources = resources::named(&table, self.resources, problems);
        let help = "write the command that it runs";
        let command = table.required("command", "this hook", help, problems)?;
        Some(Hook {
            moment,
            command: command::read(&command, &context, problems)?,
            folder: table.file.folder().to_owned(),
            timeout: timeout.unwrap_or(TIMEOUT),
            env,
            resources,
        })
    }
}

/// A table of a file, where all that is wrong with it is told by what else reads it.
fn unchecked<'a>(file: &Table<'a>, key: &'static str) -> Option<Table<'a>> {
    file.table(key, Heading::Only(key), &mut Problems::default())
}
