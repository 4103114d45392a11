//! `show`: one asset or source, with everything that is declared of it.

use std::time::Duration;

use crate::answer::{
    KeyRange, ShowReport, ShownAsset, ShownConfig, ShownHook, ShownRecipe, ShownRetries,
    WrittenCommand,
};
use crate::app::error::AppError;
use crate::app::list::{declared_in, listing};
use crate::app::project::OpenProject;
use crate::app::selection::find;
use crate::executor::LocalExecutor;
use crate::look::{Workspace, observe_code_of, resolved_config};
use crate::model::{
    Asset, AssetGraph, AssetId, Command, ConfigFault, ConfigLeaf, EffectiveConfig, EnvValue,
    EnvVariable, HookMoment, Job, Recipe, RetryPolicy, ShowRequest,
};

/// One asset or source.
pub fn show(project: &OpenProject, request: &ShowRequest) -> Result<ShowReport, AppError> {
    let graph = project.graph();
    let id = find(project, request.asset.as_str())?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let names = |ids: &[AssetId]| ids.iter().map(|id| graph.key(*id).clone()).collect();
    let declared = graph.asset(id);
    let recipe = declared.and_then(|asset| {
        let recipe = asset.recipe.as_ref()?;
        let job = project.configuration().job.as_ref();
        let job = job.and_then(|name| graph.job(name.as_str()));
        Some(ShownRecipe {
            hooks: shown_hooks(graph, asset, job),
            ..shown_recipe(&workspace, asset, recipe)
        })
    });
    project.keep_what_was_learnt();
    let asset = ShownAsset {
        listing: listing(graph, id),
        declared_in: declared_in(project, id),
        keys: keys(project, graph, id),
        recipe,
        after: declared.map_or_else(Vec::new, |asset| names(&asset.after)),
        downstream: names(graph.downstream(id)),
    };
    Ok(ShowReport { asset })
}

/// All keys of an asset or source as they exist now.
fn keys(project: &OpenProject, graph: &AssetGraph, id: AssetId) -> KeyRange {
    let keys = project.keys().get(graph.partitions(id));
    let last = keys.len().checked_sub(1);
    KeyRange {
        asset: graph.key(id).clone(),
        first: last.and_then(|_| keys.key(0)),
        last: last.and_then(|last| keys.key(last)),
        count: keys.len(),
    }
}

fn shown_recipe(workspace: &Workspace<'_>, asset: &Asset, recipe: &Recipe) -> ShownRecipe {
    let (code, code_version) = match observe_code_of(workspace, asset) {
        Ok((observed, version)) => {
            let files = observed.files.into_iter().map(|(path, _)| path);
            (files.collect(), Some(version))
        }
        Err(_) => (named_code(workspace, recipe), None),
    };
    let words = |words: &[(String, _)]| words.iter().map(|(word, _)| word.clone()).collect();
    ShownRecipe {
        command: written(&recipe.command),
        folder: recipe.folder.clone(),
        code,
        tools: words(&recipe.code.tools),
        code_version,
        staging: !recipe.in_place,
        stdin: asset.stdin().map(|dep| dep.input.clone()),
        stdout: recipe.stdout_is_output,
        incremental: recipe.incremental,
        may_end_leftovers: recipe.may_end_leftovers,
        volatile: recipe.volatile,
        env: recipe.env.iter().map(shown_variable).collect(),
        resources: recipe.resources.clone(),
        hooks: Vec::new(),
        config: resolved_config(workspace, asset).map(shown_config),
        timeout: recipe.timeout,
        retries: recipe.retries.or(recipe.default_retries).map(shown_retries),
    }
}

/// How many waits are listed.
const WAITS: u32 = 100;

fn shown_retries(policy: RetryPolicy) -> ShownRetries {
    let milliseconds = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    let waits = (1..=policy.max.min(WAITS)).map(|retry| policy.interval(retry));
    ShownRetries {
        max: policy.max,
        delays_ms: waits
            .map(|(low, high)| (milliseconds(low), milliseconds(high)))
            .collect(),
    }
}

/// The hooks of its steps, with those of the job that is named.
fn shown_hooks(graph: &AssetGraph, asset: &Asset, job: Option<&Job>) -> Vec<ShownHook> {
    let moments = HookMoment::OF_STEPS.into_iter();
    let hooks = moments.flat_map(|moment| graph.hooks(moment, Some(asset), job));
    let shown = hooks.map(|(declared, hook)| ShownHook {
        hook: hook.moment,
        declared,
        command: written(&hook.command),
    });
    shown.collect()
}

fn written(command: &Command) -> WrittenCommand {
    match command {
        Command::Shell { written, .. } => WrittenCommand::Shell(written.clone()),
        Command::Direct { written, .. } => WrittenCommand::Direct(written.clone()),
    }
}

pub(super) fn shown_config(resolved: Result<EffectiveConfig, Vec<ConfigFault>>) -> ShownConfig {
    let problem = |fault: &ConfigFault| format!("{}: {}", fault.path, fault.problem);
    let (config, problems) = match resolved {
        Ok(config) => {
            let problems = config.missing().iter().map(problem).collect();
            (config, problems)
        }
        Err(faults) => (
            EffectiveConfig::default(),
            faults.iter().map(problem).collect(),
        ),
    };
    let origin = |leaf: &ConfigLeaf| (leaf.path.to_string(), leaf.origin.in_words().to_owned());
    let of_partitions = config.by_partition().into_iter().map(|(key, leaves)| {
        let differs = |leaf: &&ConfigLeaf| !config.common().contains(leaf);
        let own = ConfigLeaf::table(leaves.iter().filter(differs));
        (key.to_string(), own.to_json())
    });
    ShownConfig {
        values: ConfigLeaf::table(config.common().iter()).to_json(),
        origins: config.common().iter().map(origin).collect(),
        partition_config: of_partitions.collect(),
        problems,
    }
}

/// The code files by name where not all of them are there: the declared ones, and those of the command that exist.
fn named_code(workspace: &Workspace<'_>, recipe: &Recipe) -> Vec<String> {
    if recipe.code.version.is_some() {
        return Vec::new();
    }
    let exists = |path: &&String| workspace.resolve(path).exists();
    let found = recipe.code.candidates.iter().filter(exists);
    let declared = recipe.code.declared.iter().map(|(path, _)| path);
    let mut files: Vec<String> = declared.chain(found).cloned().collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn shown_variable(variable: &EnvVariable) -> (String, String) {
    let value = match &variable.value {
        EnvValue::Literal(value) => value.clone(),
        EnvValue::FromEnv { variable, .. } => format!("from env {variable}"),
        EnvValue::Secret { .. } => "secret".to_owned(),
    };
    (variable.name.clone(), value)
}
