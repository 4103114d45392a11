//! `[project]` and `[defaults]`.

use std::time::Duration;

use crate::hash::Ignore;
use crate::manifest::declaration_rules::DOTENV;
use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::{common_keys, paths, retries};
use crate::model::{About, DeclaredResource, EnvVariable, RetryPolicy, TagValue};

/// How a command given as one string is run: with `pipefail` a pipe fails where any program of it does.
const DEFAULT_SHELL: [&str; 4] = ["bash", "-euo", "pipefail", "-c"];

/// Settings of the whole project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    /// Its name.
    pub name: Option<String>,
    /// Where outputs without a path go, relative to the root.
    pub storage: String,
    /// Globs of what is never part of anything.
    pub ignore: Vec<String>,
    /// The shell and its arguments before a command's text.
    pub shell: Vec<String>,
    /// Whether a `.env` file sets variables.
    pub dotenv: bool,
}

/// What a file sets for all of its assets.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    env: Vec<EnvVariable>,
    /// How long an attempt of an asset may take that does not say so itself.
    pub timeout: Option<Duration>,
    /// How often steps are tried again.
    pub retries: Option<RetryPolicy>,
    tags: Vec<(String, TagValue)>,
    owners: Vec<String>,
    group: Option<String>,
}

/// Parts of the project that all commands share.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandFrame<'a> {
    /// The project's shell.
    pub shell: &'a [String],
    /// The project's name.
    pub project: Option<&'a str>,
    /// The resources.
    pub resources: &'a [DeclaredResource],
}

impl Default for Project {
    fn default() -> Self {
        Self {
            name: None,
            storage: "assets".to_owned(),
            ignore: Vec::new(),
            shell: DEFAULT_SHELL.map(str::to_owned).to_vec(),
            dotenv: false,
        }
    }
}

/// The keys of `[project]`.
pub(super) const PROJECT_KEYS: [&str; 8] = [
    "name", "include", "storage", "ignore", "shell", "dotenv", "test", "hooks",
];

impl Project {
    /// What its commands share.
    pub(super) fn frame<'a>(&'a self, resources: &'a [DeclaredResource]) -> CommandFrame<'a> {
        CommandFrame {
            shell: &self.shell,
            project: self.name.as_deref(),
            resources,
        }
    }

    /// Reads `[project]` of the main file.
    pub(super) fn read(file: &Table<'_>, problems: &mut Problems) -> Self {
        let mut project = Self::default();
        let Some(table) = file.table("project", Heading::Only("project"), problems) else {
            return project;
        };
        table.only(&PROJECT_KEYS, problems);
        project.name = common_keys::owned(&table, "name", problems);
        if let Some(storage) = table.text("storage", problems)
            && paths::check_text(storage, problems)
        {
            let folded = paths::fold_literal("", storage.value);
            if folded.outside {
                let problem = Problem::InvalidPath {
                    message: format!(
                        "the storage `{}` lies outside of the project",
                        storage.value
                    ),
                    help: "name a folder of the project".to_owned(),
                };
                problems.at(storage.location(), "outside of the project", problem);
            }
            storage_path(&folded).clone_into(&mut project.storage);
        }
        project.dotenv = table.boolean("dotenv", problems) == Some(true);
        let before = problems.len();
        for glob in table.texts("ignore", problems) {
            let template = crate::model::PathTemplate::literal(glob.value);
            paths::check_glob(&template, glob.location(), problems);
            project.ignore.push(glob.value.to_owned());
        }
        if let Some(value) = table.get("ignore")
            && problems.len() == before
            && let Err(error) = Ignore::new(&project.ignore)
        {
            let help = "write fewer or shorter globs";
            value.invalid(error.to_string(), help, problems);
        }
        if project.dotenv {
            project.ignore.push(DOTENV.to_owned());
        }
        if let Some(shell) = table.get("shell") {
            let before = problems.len();
            let words = shell.texts(problems);
            if problems.len() > before {
                return project;
            }
            if words.first().is_none_or(|word| word.value.is_empty()) {
                let help =
                    "as `[\"bash\", \"-euo\", \"pipefail\", \"-c\"]` or `[\"sh\", \"-euc\"]`";
                shell.invalid("the shell has no program", help, problems);
            } else {
                project.shell = words.iter().map(|word| word.value.to_owned()).collect();
            }
        }
        project
    }
}

impl Defaults {
    /// Reads `[defaults]` of a file.
    pub(super) fn read(file: &Table<'_>, problems: &mut Problems) -> Self {
        let Some(table) = file.table("defaults", Heading::Only("defaults"), problems) else {
            return Self::default();
        };
        let keys = [
            "env", "hooks", "timeout", "retries", "tags", "owners", "group",
        ];
        table.only(&keys, problems);
        Self {
            env: common_keys::env(&table, problems),
            timeout: common_keys::duration(&table, "timeout", problems),
            retries: retries::read(&table, problems),
            tags: common_keys::tags(&table, problems),
            owners: common_keys::list(&table, "owners", problems),
            group: common_keys::owned(&table, "group", problems),
        }
    }

    /// Fills in what an asset does not say itself: tags by name, owners and group as a whole.
    pub(super) fn complete(&self, about: &mut About) {
        for (name, value) in &self.tags {
            if !about.tags.iter().any(|(own, _)| own == name) {
                about.tags.push((name.clone(), value.clone()));
            }
        }
        about.tags.sort();
        if about.owners.is_empty() {
            about.owners.clone_from(&self.owners);
        }
        if about.group.is_none() {
            about.group.clone_from(&self.group);
        }
    }

    /// Whether it sets variables.
    pub(super) fn sets_env(&self) -> bool {
        !self.env.is_empty()
    }

    /// The variables of an asset with `own` ones, which stand for defaults of the same name.
    pub(super) fn env(&self, own: Vec<EnvVariable>) -> Vec<EnvVariable> {
        let is_own = |name: &str| own.iter().any(|variable| variable.name == name);
        let mut all: Vec<EnvVariable> = self.env.clone();
        all.retain(|variable| !is_own(&variable.name));
        all.extend(own);
        all
    }
}

fn storage_path(folded: &paths::Folded) -> &str {
    folded.path.as_literal().unwrap_or_default()
}
