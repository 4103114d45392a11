//! `[env.NAME]`: read before the graph is built, checked against it afterwards.

use std::collections::{BTreeSet, HashMap};

use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::names::Names;
use crate::manifest::partitions::Definitions;
use crate::manifest::template::Scope;
use crate::manifest::{common_keys, config, paths};
use crate::model::{
    AssetConfig, AssetGraph, AssetId, ConfigFault, ConfigPath, ConfigProblem, Declaration,
    DeclaredEnvironment, DeclaredResource, EnvValue, EnvironmentConfig, EnvironmentPath, LOCK_FILE,
    Location, Recipe, Setting, SettingTable,
};

/// The keys of an environment.
const KEYS: [&str; 6] = ["config", "resources", "env", "lock", "home", "description"];

const HOLDS_PLACEHOLDER: &str = "holds a placeholder, and is the same for all partitions";

/// Reads the environments of all files.
pub(super) fn read(
    files: &[Table<'_>],
    (definitions, names): (&Definitions<'_>, &Names<'_>),
    problems: &mut Problems,
) -> Vec<DeclaredEnvironment> {
    let mut environments = Vec::new();
    let mut known: HashMap<&str, Location> = HashMap::new();
    for file in files {
        for (value, table) in file.named_tables("env", problems) {
            let name = problems.name(value.key, value.key_location, "an environment");
            if let Some(first) = known.insert(value.key, value.key_location) {
                problems.duplicate_name(value.key, value.key_location, first);
            }
            table.only(&KEYS, problems);
            let environment = |name| DeclaredEnvironment {
                name,
                location: table.location,
                description: common_keys::owned(&table, "description", problems),
                configs: configs(&table, (definitions, names), problems),
                resources: resources(&table, problems),
                env: common_keys::env(&table, problems),
                concerned: Vec::new(),
                lock: lock(&table, problems),
                home: home(&table, problems),
            };
            environments.extend(name.map(environment));
        }
    }
    environments
}

/// `config`: values by asset.
fn configs(
    table: &Table<'_>,
    (definitions, names): (&Definitions<'_>, &Names<'_>),
    problems: &mut Problems,
) -> Vec<EnvironmentConfig> {
    let mut configs = Vec::new();
    let Some(config) = table.table("config", Heading::Inline("`config`"), problems) else {
        return configs;
    };
    for value in config.values() {
        let heading = Heading::Inline("the values of an asset");
        let Some(values) = value.table(heading, problems) else {
            continue;
        };
        let id = names.find(value.key);
        let partitions = id.map(|id| names.get(id).partitions);
        let scope = partitions.map_or(Scope::Unknown, |it| definitions.scope(it));
        configs.push(EnvironmentConfig {
            name: value.key.to_owned(),
            settings: config::settings(&values, scope, problems),
            location: value.key_location,
        });
    }
    configs
}

/// `resources`: values by resource.
fn resources(table: &Table<'_>, problems: &mut Problems) -> Vec<EnvironmentConfig> {
    let heading = Heading::Inline("`resources`");
    let Some(resources) = table.table("resources", heading, problems) else {
        return Vec::new();
    };
    let mut configs = Vec::new();
    for value in resources.values() {
        let heading = Heading::Inline("the values of a resource");
        let values = value.table(heading, problems);
        configs.extend(values.map(|values| EnvironmentConfig {
            name: value.key.to_owned(),
            settings: config::settings(&values, Scope::Unpartitioned, problems),
            location: value.key_location,
        }));
    }
    configs
}

/// `lock`: a file below the project root.
fn lock(table: &Table<'_>, problems: &mut Problems) -> Option<EnvironmentPath> {
    let value = table.get("lock")?;
    let text = value.text(problems)?;
    if !paths::check_text(text, problems) {
        return None;
    }
    let folded = paths::fold_literal("", text.value);
    let path = folded.path.as_literal().unwrap_or_default().to_owned();
    let refused = if text.value.contains("{{") {
        HOLDS_PLACEHOLDER
    } else if folded.outside {
        "lies outside of the project"
    } else if path.is_empty() || folded.trailing_slash {
        "is a folder"
    } else if path == LOCK_FILE {
        "is the lock file of calls without an environment"
    } else {
        let location = value.location();
        return Some(EnvironmentPath { path, location });
    };
    let message = format!("the lock file `{}` {refused}", text.value);
    let help = format!(
        "name a file of its own below the project root, as `{}`",
        example_lock(table)
    );
    problems.at(
        text.location(),
        "here",
        Problem::Environment { message, help },
    );
    None
}

/// A name for the lock file of an environment.
fn example_lock(table: &Table<'_>) -> String {
    let name = match table.heading {
        Heading::Named(_, name) => name,
        _ => "prod",
    };
    format!("Assets.{name}.lock")
}

/// `home`: a folder, in the project or elsewhere.
fn home(table: &Table<'_>, problems: &mut Problems) -> Option<EnvironmentPath> {
    let value = table.get("home")?;
    let text = value.text(problems)?;
    if !paths::check_text(text, problems) {
        return None;
    }
    let path = paths::fold_literal("", text.value).path;
    let path = path.as_literal().unwrap_or_default().to_owned();
    let refused = match path.as_str() {
        "" => Some("is the project itself"),
        "/" => Some("is the root of the file system"),
        path if path == "~" || path.starts_with("~/") => {
            Some("begins with `~`, which only a shell replaces")
        }
        _ => text.value.contains("{{").then_some(HOLDS_PLACEHOLDER),
    };
    if let Some(refused) = refused {
        let message = format!("the folder of the instance `{}` {refused}", text.value);
        let help = "name a folder of its own, as `.assetctl-prod`".to_owned();
        problems.at(
            text.location(),
            "here",
            Problem::Environment { message, help },
        );
        return None;
    }
    let location = value.location();
    Some(EnvironmentPath { path, location })
}

/// Notes which assets and sources declare variables that environments give other values.
pub(super) fn note_concerned(
    environments: &mut [DeclaredEnvironment],
    declarations: &[Declaration],
) {
    for environment in environments.iter_mut().filter(|it| !it.env.is_empty()) {
        let concerned = declarations.iter().filter_map(|declaration| {
            let is_concerned = environment.replaces_any(declaration.env());
            is_concerned.then(|| declaration.key().clone())
        });
        environment.concerned = concerned.collect();
    }
}

/// Takes over what was noted of the same environments before an edit.
pub(super) fn keep_concerned(
    environments: &mut [DeclaredEnvironment],
    former: &[DeclaredEnvironment],
) {
    for (now, former) in environments.iter_mut().zip(former) {
        now.concerned.clone_from(&former.concerned);
    }
}

/// Whether one of these declarations has a variable that an environment gives another value, without being noted.
pub(super) fn concern_others(
    environments: &[DeclaredEnvironment],
    declarations: &[(AssetId, Declaration)],
) -> bool {
    let is_other = |declaration: &Declaration| {
        let mut environments = environments.iter();
        environments.any(|it| {
            it.replaces_any(declaration.env()) && !it.concerned.contains(declaration.key())
        })
    };
    declarations.iter().any(|(_, it)| is_other(it))
}

/// Checks what environments set of the configuration of assets.
pub(super) fn check_configs(
    environments: &[DeclaredEnvironment],
    graph: &AssetGraph,
    problems: &mut Problems,
) {
    for environment in environments {
        for config in &environment.configs {
            match graph.find(&config.name) {
                None => {
                    let known = graph.ids().map(|id| graph.key(id).as_str());
                    let help =
                        did_you_mean(&config.name, known, "`assetctl list` names all of them");
                    let message = format!("there is no asset `{}`", config.name);
                    problems.at(
                        config.location,
                        "not declared",
                        Problem::Environment { message, help },
                    );
                }
                Some(id) => check_config(environment, config, (graph, id), problems),
            }
        }
        for config in &environment.resources {
            let Some(resource) = graph.resource(&config.name) else {
                let resources = graph.settings().resources.iter();
                let known = resources.map(|it| it.name.as_str());
                let help = did_you_mean(&config.name, known, "declare it: `[resource.NAME]`");
                let message = format!("there is no resource `{}`", config.name);
                let problem = Problem::Environment { message, help };
                problems.at(config.location, "not declared", problem);
                continue;
            };
            let heading = ["env", environment.name.as_str(), "resources", &config.name];
            check_settings(resource.config.as_deref(), config, &heading, problems);
        }
    }
}

fn check_config(
    environment: &DeclaredEnvironment,
    config: &EnvironmentConfig,
    (graph, id): (&AssetGraph, AssetId),
    problems: &mut Problems,
) {
    if graph.is_source(id) {
        let message = format!("`{}` is a source, which has no configuration", config.name);
        let help = "set the values of an asset".to_owned();
        problems.at(
            config.location,
            "a source",
            Problem::Environment { message, help },
        );
        return;
    }
    let declared = recipe(graph, id).and_then(|it| it.config.as_deref());
    let heading = ["env", environment.name.as_str(), "config", &config.name];
    check_settings(declared, config, &heading, problems);
}

fn check_settings(
    declared: Option<&AssetConfig>,
    config: &EnvironmentConfig,
    heading: &[&str],
    problems: &mut Problems,
) {
    let mut faults = Vec::new();
    if let Some(declared) = declared {
        declared.clone().add(config.layer(), &mut faults);
    } else {
        faults.extend(config.settings.iter().map(|entry| ConfigFault {
            path: ConfigPath::new(vec![entry.key.clone()]),
            location: entry.key_location,
            problem: ConfigProblem::Unknown { known: Vec::new() },
        }));
    }
    let heading = ConfigPath::new(heading.iter().map(|it| (*it).to_owned()).collect());
    for fault in faults {
        config::report(fault, &heading.to_string(), problems);
    }
}

/// Checks the variables of environments: all assets are looked at.
pub(super) fn check_variables(
    environments: &[DeclaredEnvironment],
    graph: &AssetGraph,
    problems: &mut Problems,
) {
    let sets_nothing = |it: &DeclaredEnvironment| {
        it.env.is_empty() && it.configs.is_empty() && it.resources.is_empty()
    };
    if environments.iter().all(sets_nothing) {
        return;
    }
    let mut declared = BTreeSet::new();
    let mut secrets: HashMap<&str, Location> = HashMap::new();
    let mut recorded: HashMap<&str, Location> = HashMap::new();
    let of_declarations = graph.ids().flat_map(|id| graph.get(id).env());
    let resources = &graph.settings().resources;
    for variable in of_declarations.chain(resources.iter().flat_map(DeclaredResource::env)) {
        declared.insert(variable.name.as_str());
        if let EnvValue::Secret { variable: from, .. } = &variable.value {
            secrets.entry(from).or_insert(variable.location);
        }
    }
    let configs = graph
        .ids()
        .filter_map(|id| recipe(graph, id)?.config.as_ref());
    let configs = configs.chain(resources.iter().filter_map(|it| it.config.as_ref()));
    recorded.extend(configs.flat_map(|config| config.variables()));
    for environment in environments {
        for variable in &environment.env {
            if !declared.contains(variable.name.as_str()) {
                let message = format!("nothing declares the variable `{}`", variable.name);
                let help = did_you_mean(
                    &variable.name,
                    declared.iter().copied(),
                    "declare it in `env` of an asset: an environment replaces values, and adds none",
                );
                problems.at(
                    variable.location,
                    "not declared",
                    Problem::Environment { message, help },
                );
            }
        }
        check_secrets(environment, (&secrets, &recorded), problems);
    }
}

/// Refuses variables that are a secret and give a value of a configuration, one of which the environment says.
fn check_secrets(
    environment: &DeclaredEnvironment,
    (secrets, recorded): (&HashMap<&str, Location>, &HashMap<&str, Location>),
    problems: &mut Problems,
) {
    let mut own = Vec::new();
    for config in environment.configs.iter().chain(&environment.resources) {
        variables(&config.settings, &mut own);
    }
    let own_secrets: HashMap<&str, Location> = environment.secrets().collect();
    let met = own.iter().filter_map(|(variable, location)| {
        let secret = own_secrets.get(variable).or(secrets.get(variable))?;
        Some((*variable, *location, *secret))
    });
    let declared = own_secrets
        .iter()
        .filter_map(|(variable, secret)| Some((*variable, *recorded.get(variable)?, *secret)));
    let mut found: Vec<_> = met.chain(declared).collect();
    found.sort_unstable_by_key(|(_, recorded, secret)| (recorded.start, secret.start));
    for (variable, recorded, secret) in found {
        let problem = Problem::ConflictingKeys {
            message: format!("`{variable}` is both a secret and a value of a configuration"),
            help: "a configuration is shown and recorded: pass the secret in `env` alone"
                .to_owned(),
        };
        let labels = [
            Label::new(recorded, "recorded here"),
            Label::new(secret, "secret here"),
        ];
        problems.add(problem, labels);
    }
}

/// The variables that values are taken from, each with its place.
fn variables<'s>(settings: &'s SettingTable, found: &mut Vec<(&'s str, Location)>) {
    for entry in settings {
        match &entry.setting {
            Setting::FromEnv(variable) => found.push((variable, entry.location)),
            Setting::Table(table) => variables(table, found),
            Setting::Value(_) | Setting::Text(_) | Setting::List(_) => {}
        }
    }
}

fn recipe(graph: &AssetGraph, id: AssetId) -> Option<&Recipe> {
    graph.asset(id)?.recipe.as_ref()
}
