//! `[resource.NAME]`, and `resources` of what names some.

use std::collections::HashMap;
use std::time::Duration;

use crate::manifest::config::ConfigContext;
use crate::manifest::diagnostic::{Problems, did_you_mean};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::partitions::Definitions;
use crate::manifest::placeholders::{CommandContext, CommandOwner};
use crate::manifest::project::Project;
use crate::manifest::template::Scope;
use crate::manifest::{code, command, common_keys, config};
use crate::model::{
    AssetConfig, Command, Declaration, DeclaredResource, EnvConflict, EnvValue, EnvVariable, Hook,
    Location, Name, ResolvedResource, ResourceVariable, env_conflict,
};

const KEYS: [&str; 10] = [
    "description",
    "config",
    "config_schema",
    "env",
    "setup",
    "teardown",
    "timeout",
    "code",
    "gitignored",
    "version",
];

/// How long a setup and a teardown may take that do not say so themselves.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Reads the resources of all files.
pub(super) fn read(
    files: &[Table<'_>],
    project: &Project,
    definitions: &Definitions<'_>,
    problems: &mut Problems,
) -> Vec<DeclaredResource> {
    let mut resources = Vec::new();
    let mut known: HashMap<&str, Location> = HashMap::new();
    for file in files {
        for (value, table) in file.named_tables("resource", problems) {
            let name = problems.name(value.key, value.key_location, "a resource");
            if let Some(first) = known.insert(value.key, value.key_location) {
                problems.duplicate_name(value.key, value.key_location, first);
            }
            let reading = ReadResource {
                name: value.key,
                table: &table,
                project,
                definitions,
            };
            resources.extend(reading.read(name, problems));
        }
    }
    resources
}

/// A resource that is read.
struct ReadResource<'r, 'a> {
    name: &'r str,
    table: &'r Table<'a>,
    project: &'r Project,
    definitions: &'r Definitions<'a>,
}

impl ReadResource<'_, '_> {
    fn read(&self, name: Option<Name>, problems: &mut Problems) -> Option<DeclaredResource> {
        let table = self.table;
        table.only(&KEYS, problems);
        let context = ConfigContext {
            section: "resource",
            name: self.name,
            scope: Scope::Unpartitioned,
            definition: None,
            definitions: self.definitions,
        };
        let read = config::read(table, context, problems);
        let mut of_config = Problems::default();
        let config = read.config.as_deref();
        let env = self.env(config, &mut of_config);
        let setup = self.command("setup", config, &mut of_config);
        let teardown = self.command("teardown", config, &mut of_config);
        if read.is_incomplete {
            of_config.retain(|problem| !matches!(problem, Problem::UnknownConfig { .. }));
        }
        problems.append(of_config);
        if let (None, None, Some(value)) = (&setup, &teardown, table.get("timeout")) {
            let has = |key| table.get(key).is_some();
            if !has("setup") && !has("teardown") {
                problems.conflict(
                    "`timeout` is for a resource with `setup` or `teardown`",
                    "remove it",
                    [value.key_location],
                );
            }
        }
        let resource = DeclaredResource {
            name: name?,
            location: table.location,
            description: common_keys::owned(table, "description", problems),
            config: read.config,
            env,
            setup,
            teardown,
            folder: table.file.folder().to_owned(),
            timeout: common_keys::duration(table, "timeout", problems).unwrap_or(TIMEOUT),
            code: code::read_files(table, problems),
            version: common_keys::owned(table, "version", problems),
        };
        Some(resource)
    }

    fn context<'c>(&'c self, config: Option<&'c AssetConfig>) -> CommandContext<'c> {
        CommandContext {
            owner: CommandOwner::Resource,
            scope: Scope::Unpartitioned,
            inputs: &[],
            outputs: None,
            shell: &self.project.shell,
            project: self.project.name.as_deref(),
            is_batched: false,
            config,
        }
    }

    fn command(
        &self,
        key: &str,
        config: Option<&AssetConfig>,
        problems: &mut Problems,
    ) -> Option<Command> {
        let value = self.table.get(key)?;
        command::read(&value, &self.context(config), problems)
    }

    /// The variables; a text may hold values of the configuration.
    fn env(&self, config: Option<&AssetConfig>, problems: &mut Problems) -> Vec<ResourceVariable> {
        let written = self.table.get("env");
        let written = written.and_then(|it| it.as_table(Heading::Inline("`env`")));
        let env = common_keys::env(self.table, problems);
        let variable = |declared: EnvVariable| {
            let value = written.as_ref().and_then(|it| it.get(&declared.name));
            let text = value.and_then(|it| it.as_text());
            let text = text.and_then(|it| command::text(it, &self.context(config), problems));
            let literal = text.as_ref().and_then(|it| it.as_literal());
            match literal.map(|it| EnvValue::Literal(it.to_owned())) {
                Some(value) => ResourceVariable {
                    declared: EnvVariable { value, ..declared },
                    text: None,
                },
                None => ResourceVariable { declared, text },
            }
        };
        env.into_iter().map(variable).collect()
    }
}

/// Reads `resources`: names of what is declared.
pub(super) fn named(
    table: &Table<'_>,
    resources: &[DeclaredResource],
    problems: &mut Problems,
) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for text in table.texts("resources", problems) {
        let found = resources.iter().find(|it| it.name.as_str() == text.value);
        let Some(resource) = found else {
            let known = resources.iter().map(|it| it.name.as_str());
            let problem = Problem::UnknownResource {
                name: text.value.to_owned(),
                help: did_you_mean(text.value, known, "declare it: `[resource.NAME]`"),
            };
            problems.at(text.location(), "no such resource", problem);
            continue;
        };
        if names.contains(&resource.name) {
            let message = format!("the resource `{}` is named twice", text.value);
            let help = "remove one of them".to_owned();
            let problem = Problem::InvalidValue { message, help };
            problems.at(text.location(), "again here", problem);
        } else {
            names.push(resource.name.clone());
        }
    }
    names
}

/// Refuses declarations that set one variable to two values, as far as that can be told without the environment.
pub(super) fn check_env(
    declarations: &[Declaration],
    resources: &[DeclaredResource],
    hooks: &[&Hook],
    problems: &mut Problems,
) {
    let fixed = resources.iter().filter(|resource| resource.is_fixed());
    let resolved = fixed.filter_map(|it| it.resolve(&|_| None).ok());
    let resolved: Vec<ResolvedResource> = resolved.collect();
    let of_declarations = declarations.iter().map(|it| (it.env(), it.resources()));
    let of_hooks = hooks.iter().map(|it| (&*it.env, &*it.resources));
    let all = of_declarations.chain(of_hooks);
    for (env, names) in all.filter(|(_, names)| !names.is_empty()) {
        let find = |name: &Name| resolved.iter().find(|it| it.name == *name);
        let named = names.iter().filter_map(find);
        if let Some(conflict) = env_conflict(env, named) {
            report(&conflict, problems);
        }
    }
}

fn report(conflict: &EnvConflict, problems: &mut Problems) {
    problems.conflict(
        conflict.to_string(),
        "give both the same value, or name one of them alone",
        [conflict.one.1, conflict.other.1],
    );
}
