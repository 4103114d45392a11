//! What the row of a run says besides how it went: how it was asked for, where it takes place, and which steps it has.

use serde_json::{Value, json};

use crate::answer::KeyRange;
use crate::app::neighbours::key_ranges;
use crate::app::project::OpenProject;
use crate::git::head_commit;
use crate::model::{
    AssetId, Configuration, KeyChoice, MaterializeOptions, PARTITION_TAG, PartitionKey,
    PartitionSet, RunDetails, RunTags, RunVerb,
};
use crate::plan::{CellDecision, Evaluation};
use crate::sys::inherited::host_name;

/// How a run of a project was asked for by this request, and where it takes place.
///
/// `key` is the only key that it was asked for.
pub(super) fn run_details(
    project: &OpenProject,
    request: &MaterializeOptions,
    key: Option<&PartitionKey>,
) -> RunDetails {
    let job = request.job().cloned();
    let verb = match job {
        Some(_) => RunVerb::JobRun,
        None => RunVerb::Materialize,
    };
    RunDetails {
        tags: run_tags(project, request, key),
        job,
        config: words(project.configuration()),
        ..details_of(project, verb)
    }
}

/// The tags of a run: those of its job, over them those of the request.
pub(super) fn run_tags(
    project: &OpenProject,
    request: &MaterializeOptions,
    key: Option<&PartitionKey>,
) -> RunTags {
    let job = request
        .job()
        .and_then(|name| project.graph().job(name.as_str()));
    let declared = job.map_or(&[][..], |job| &job.tags);
    let declared = declared.iter().map(|(tag, json)| {
        // A declared value was written as JSON when it was read.
        let value = serde_json::from_str(json).unwrap_or(Value::Null);
        (tag.clone(), value)
    });
    let mut tags: RunTags = declared.collect();
    tags.extend(request.tags.clone());
    tags.extend(key.map(|key| (PARTITION_TAG.to_owned(), key.as_str().into())));
    tags
}

/// The only key that a request names, of all partitioned assets that it selects; `None` where it names none or several.
pub(super) fn only_key(
    project: &OpenProject,
    request: &MaterializeOptions,
    goals: &[(AssetId, PartitionSet)],
) -> Option<PartitionKey> {
    let is_named = matches!(request.selection.partitions.keys, KeyChoice::Named(_))
        || request
            .selection
            .assets
            .iter()
            .any(|it| it.as_str().contains('@'));
    let partitioned = goals.iter().filter_map(|(id, set)| {
        let definition = project.graph().partitions(*id)?;
        Some((project.keys().get(Some(definition)), set))
    });
    let mut only = None;
    for (keys, set) in partitioned.filter(|_| is_named) {
        let first = keys.key(set.first()?)?;
        if set.len() > 1 || only.as_ref().is_some_and(|only| *only != first) {
            return None;
        }
        only = Some(first);
    }
    only
}

/// What is known of each run of a project that this verb begins.
pub(super) fn details_of(project: &OpenProject, verb: RunVerb) -> RunDetails {
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| project.variable(name));
    RunDetails {
        verb,
        environment: project.configuration().env.clone(),
        host: host_name(),
        user: user.map(|user| user.to_string_lossy().into_owned()),
        tool_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        git_commit: head_commit(project.root()),
        ..RunDetails::default()
    }
}

/// A configuration as it was given: words, and files with what they hold; `None` where nothing was given.
fn words(given: &Configuration) -> Option<Value> {
    if given.is_empty() {
        return None;
    }
    let Configuration {
        job,
        env,
        set,
        files,
        inputs,
    } = given;
    let files = files
        .iter()
        .map(|file| json!({"path": file.path, "text": file.text}));
    let inputs = inputs
        .iter()
        .map(|input| json!({"asset": input.asset, "path": input.path}));
    Some(json!({
        "job": job,
        "env": env,
        "set": set,
        "files": files.collect::<Vec<_>>(),
        "inputs": inputs.collect::<Vec<_>>(),
    }))
}

/// The steps of a plan in ranges: what runs, may run, or cannot run.
pub(super) fn planned_steps(evaluation: &Evaluation<'_>) -> Vec<KeyRange> {
    let scope = evaluation.scope();
    let rows = scope.asset_rows().map(|(row, _)| {
        let cells = row.cells().zip(row.set.iter());
        let planned = cells.filter(|(cell, _)| {
            let decision = evaluation.decision(*cell);
            matches!(decision, CellDecision::Run | CellDecision::MayRun) || decision.is_hindered()
        });
        let set: PartitionSet = planned.map(|(_, index)| index).collect();
        key_ranges(scope, row.asset, &set)
    });
    rows.flatten().collect()
}
