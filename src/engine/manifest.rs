//! Runs the command that prints a manifest.

use std::ffi::OsStr;
use std::time::Duration;

use crate::command::{SourceEnv, render_observe};
use crate::engine::failure::last_lines;
use crate::executor::{Cancel, Secret, StdoutTo};
use crate::look::{EngineError, Problems, Spot, Workspace};
use crate::model::{AssetGraph, DeclaredResource, EnvValue, Generator, encode_whole_component};
use crate::sys::file::{create_parent, read_file, remove_tree};

/// How long such a command may take.
pub const PRINTING_LIMIT: Duration = Duration::from_mins(1);

/// The longest text that is taken.
const LONGEST: u64 = 512_000_000;

/// What the command of a manifest prints now, within a time limit.
///
/// # Errors
///
/// If it fails, takes longer, or prints what is not text.
pub fn print_manifest(
    workspace: &Workspace<'_>,
    generator: &Generator,
    limit: Duration,
    cancel: &Cancel,
) -> Result<String, Problems> {
    let name = encode_whole_component(&generator.to);
    let folder = workspace.resolve(&format!("{}/manifests/{name}", workspace.own));
    let _ = remove_tree(&folder);
    let printed = folder.join("printed");
    create_parent(&printed).map_err(|source| EngineError::Unwritable {
        path: folder.clone(),
        source,
    })?;
    let log = folder.join("log");
    let refused = |reason: String, lines: Vec<String>| {
        let spot = Spot::read(workspace, generator.asset.location);
        Problems::from(EngineError::generator_failed(
            (&generator.to, reason),
            (&lines, &log),
            spot,
        ))
    };
    let Some(recipe) = &generator.asset.recipe else {
        return Err(refused("is not there".to_owned(), Vec::new()));
    };
    let rendered = render_observe(
        workspace,
        &generator.asset.key,
        &recipe.command,
        (None, &SourceEnv::default()),
    );
    let rendered = rendered.map_err(|error| refused(error.message, Vec::new()))?;
    let mut line = rendered.command_line(workspace.resolve(&recipe.folder), log.clone());
    line.stdout = StdoutTo::File(printed.clone());
    line.timeout = Some(limit);
    line.secrets = all_secrets(workspace.graph, &|name| workspace.variable(name));
    let execution = workspace.executor.execute(&line, cancel);
    if !execution.exit.is_success() {
        let lines = execution.log.as_deref().map_or_else(Vec::new, last_lines);
        return Err(refused(
            format!("failed: {}", execution.exit.describe()),
            lines,
        ));
    }
    let text =
        read_file(&printed, LONGEST).map_err(|error| refused(error.to_string(), Vec::new()))?;
    let text = String::from_utf8(text);
    let text = text.map_err(|_| refused("prints what is not UTF-8".to_owned(), Vec::new()))?;
    let _ = std::fs::remove_file(&printed);
    Ok(text)
}

/// What no log may hold: the secrets of all commands, as far as `variable` knows them.
pub fn all_secrets<'a>(
    graph: &AssetGraph,
    variable: &dyn Fn(&str) -> Option<&'a OsStr>,
) -> Vec<Secret> {
    let of_declarations = graph.ids().flat_map(|id| graph.get(id).env());
    let of_resources = graph
        .settings()
        .resources
        .iter()
        .flat_map(DeclaredResource::env);
    let values = of_declarations.chain(of_resources).filter_map(|declared| {
        let EnvValue::Secret {
            variable: named, ..
        } = &declared.value
        else {
            return None;
        };
        let value = variable(named)?;
        Some(Secret::new(value.as_encoded_bytes()))
    });
    values.collect()
}
