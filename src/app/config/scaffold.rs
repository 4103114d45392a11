//! `config scaffold`: a commented file of run config, with all that can be set.

use std::fmt::Write;

use crate::app::config::{configured_assets, section};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::app::selection::find_job;
use crate::executor::LocalExecutor;
use crate::look::{Workspace, resolved_config};
use crate::model::{
    ConfigKind, ConfigLeaf, ConfigPath, ConfigSchema, ConfigValue, EffectiveConfig, Name,
    SchemaTable,
};

const HEAD: &str = "\
# Values for `--config FILE`. A line that begins with `#` sets nothing: remove the `#` of what is to be set, and of its section.

# [execution]
# executor = \"multiprocess\"
# max_concurrent = 0
# retries = true
";

/// Writes the file, for a job with params of these alone. What is required and has no value is set to a sample, all else is a
/// comment with the present value.
///
/// # Errors
///
/// If there is no such job, or files of the project cannot be looked at.
pub fn scaffold_config(project: &OpenProject, job: Option<&Name>) -> Result<String, AppError> {
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let mut text = HEAD.to_owned();
    let job = job.map(|name| find_job(project, name)).transpose()?;
    if let Some(params) = job.and_then(|job| job.params.as_ref()) {
        text.push_str("\n[params]\n");
        for (name, schema) in &params.schema {
            for line in schema.description.iter().flat_map(|it| it.lines()) {
                let _ = writeln!(text, "## {line}");
            }
            let value = set(project, name).or_else(|| schema.default.clone());
            let is_missing = schema.required && value.is_none();
            let mark = if is_missing { "" } else { "# " };
            let value = value.unwrap_or_else(|| schema.sample());
            let path = ConfigPath::new(vec![name.clone()]);
            let _ = writeln!(
                text,
                "{mark}{path} = {}  # {}",
                value.toml(),
                in_words(schema)
            );
        }
        scaffold_resources(project, &workspace, &mut text);
        return Ok(text);
    }
    for (_, asset, config) in configured_assets(project.graph()) {
        let resolved = resolved_config(&workspace, asset).and_then(Result::ok);
        let resolved = resolved.unwrap_or_default();
        let lacks = !resolved.missing().is_empty();
        let mark = if lacks { "" } else { "# " };
        let _ = write!(text, "\n{mark}[{}]\n", section(asset, &["config"]));
        keys(&config.schema, &ConfigPath::default(), &resolved, &mut text);
    }
    scaffold_resources(project, &workspace, &mut text);
    Ok(text)
}

/// The value that the call gives a param.
fn set(project: &OpenProject, name: &str) -> Option<ConfigValue> {
    let mut params = project.params()?.iter();
    let (_, setting) = params.find(|(param, _)| param == name)?;
    ConfigValue::of_json(&setting.to_json()).ok()
}

fn scaffold_resources(project: &OpenProject, workspace: &Workspace<'_>, text: &mut String) {
    for resource in &project.graph().settings().resources {
        let Some(config) = &resource.config else {
            continue;
        };
        let resolved = EffectiveConfig::new(config, &workspace.texts()).unwrap_or_default();
        let mark = if resolved.missing().is_empty() {
            "# "
        } else {
            ""
        };
        let path = ConfigPath::new(vec!["resource".to_owned(), resource.name.to_string()]);
        let _ = write!(text, "\n{mark}[{path}]\n");
        keys(&config.schema, &ConfigPath::default(), &resolved, text);
    }
}

fn keys(schema: &SchemaTable, at: &ConfigPath, config: &EffectiveConfig, text: &mut String) {
    for (key, schema) in schema {
        let path = at.then(key);
        for line in schema.description.iter().flat_map(|it| it.lines()) {
            let _ = writeln!(text, "## {line}");
        }
        if let ConfigKind::Table(Some(inner)) = &schema.kind {
            keys(inner, &path, config, text);
            continue;
        }
        let is_missing = config.missing().iter().any(|fault| fault.path == path);
        let mark = if is_missing { "" } else { "# " };
        let value = value_at(config, &path).unwrap_or_else(|| schema.sample());
        let _ = writeln!(
            text,
            "{mark}{path} = {}  # {}",
            value.toml(),
            in_words(schema)
        );
    }
}

/// The present value at a path.
fn value_at(config: &EffectiveConfig, path: &ConfigPath) -> Option<ConfigValue> {
    let below = |leaf: &&ConfigLeaf| leaf.path.keys().starts_with(path.keys());
    let leaves: Vec<&ConfigLeaf> = config.common().iter().filter(below).collect();
    if leaves.is_empty() {
        return None;
    }
    ConfigLeaf::table(leaves.into_iter())
        .at(path.keys())
        .cloned()
}

/// What a value may be, in words.
fn in_words(schema: &ConfigSchema) -> String {
    let mut words = match &schema.kind {
        ConfigKind::List(Some(of)) => format!("list of {}", of.kind.name()),
        kind => kind.name().to_owned(),
    };
    let bound = |bound: crate::model::Finite| {
        ConfigValue::Float(bound)
            .toml()
            .trim_end_matches(".0")
            .to_owned()
    };
    if let Some(min) = schema.min {
        let _ = write!(words, ", at least {}", bound(min));
    }
    if let Some(max) = schema.max {
        let _ = write!(words, ", at most {}", bound(max));
    }
    if !schema.choices.is_empty() {
        let choices: Vec<String> = schema.choices.iter().map(ConfigValue::toml).collect();
        let _ = write!(words, ", one of {}", choices.join(", "));
    }
    if !schema.required {
        words.push_str(", may be absent");
    } else if schema.default.is_none() {
        words.push_str(", required");
    }
    words
}
