//! `job list` and `job show`, and the run that a job asks for.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use serde_json::{Map, Value};

use crate::answer::{JobReport, JobsReport, ListedJob, ShownJob};
use crate::app::error::AppError;
use crate::app::list::{definition_label, place};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{Range, find_job, select};
use crate::model::{
    AssetConfig, AssetGraph, ConfigSchema, ConfigValue, Job, JobConfig, JobSetting,
    MaterializeOptions, Name, ParamPiece, PartitionKey, SelectionRequest, StepOrdering,
};
use crate::sys::inherited::cores;

/// Lists the jobs.
pub fn list_jobs(project: &OpenProject) -> JobsReport {
    let graph = project.graph();
    let jobs = graph.settings().jobs.iter();
    JobsReport {
        jobs: jobs.map(|job| listed(graph, job)).collect(),
    }
}

/// Shows a job and what it selects, and gives what the user should know of the instance.
///
/// # Errors
///
/// If there is no such job, or its selection cannot be looked up.
pub fn show_job(project: &OpenProject, name: &Name) -> Result<(JobReport, Vec<Notice>), AppError> {
    let graph = project.graph();
    let listing = listed(graph, find_job(project, name)?);
    let request = SelectionRequest {
        job: Some(name.clone()),
        ..SelectionRequest::default()
    };
    let selection = select(project, &request, Range::Assets)?;
    let job = ShownJob {
        assets: selection.assets().map(|id| graph.key(id).clone()).collect(),
        listing,
    };
    Ok((JobReport { job }, selection.into_notices()))
}

fn listed(graph: &AssetGraph, job: &Job) -> ListedJob {
    let definitions = graph.definitions();
    ListedJob {
        name: job.name.clone(),
        description: job.description.clone(),
        selection: job.selection.clone(),
        steps: job.steps.clone(),
        partitions: job
            .partitions
            .map(|id| definition_label(&definitions[id.0 as usize])),
        executor: job.execution.executor,
        max_concurrent: job.execution.max_concurrent.map(Into::into),
        params: job.params.as_ref().map(params),
        config: configs(&job.configs, None),
        resources: configs(&job.resources, None),
        partition_config: partition_configs(job),
        inputs: job
            .inputs
            .iter()
            .map(|input| (input.name.clone(), ParamPiece::written(&input.path)))
            .collect(),
        tags: json(&job.tags),
        metadata: json(&job.metadata),
        policies: json(&job.policies),
        location: place(graph, job.location),
    }
}

/// The params of a job: type, default and description of each.
fn params(params: &AssetConfig) -> Map<String, Value> {
    let param = |(name, schema): &(String, ConfigSchema)| {
        let mut shown = Map::new();
        shown.insert("type".to_owned(), schema.kind.name().into());
        shown.insert("required".to_owned(), schema.required.into());
        let default = schema.default.as_ref().map(ConfigValue::to_json);
        shown.extend(default.map(|it| ("default".to_owned(), it)));
        let description = schema.description.clone().map(Value::from);
        shown.extend(description.map(|it| ("description".to_owned(), it)));
        (name.clone(), Value::Object(shown))
    };
    params.schema.iter().map(param).collect()
}

/// What a job sets for all partitions, or for one, by asset or resource, as it is written.
fn configs(configs: &[JobConfig], partition: Option<&PartitionKey>) -> Map<String, Value> {
    let mut all = Map::new();
    let of_partition = |config: &&JobConfig| config.partition.as_ref() == partition;
    for config in configs.iter().filter(of_partition) {
        let mut values = Value::Object(Map::new());
        for value in &config.values {
            let mut at = &mut values;
            for key in &value.keys {
                at = &mut at[key.as_str()];
            }
            *at = match &value.setting {
                JobSetting::Plain(setting) => setting.to_json(),
                JobSetting::OfParams(pieces) => ParamPiece::written(pieces).into(),
            };
        }
        all.insert(config.name.clone(), values);
    }
    all
}

fn partition_configs(job: &Job) -> Map<String, Value> {
    let keys = job
        .configs
        .iter()
        .filter_map(|config| config.partition.as_ref());
    let config = |key: &PartitionKey| (key.to_string(), configs(&job.configs, Some(key)).into());
    keys.map(config).collect()
}

/// Entries that are kept as JSON text.
fn json(entries: &[(String, String)]) -> Map<String, Value> {
    let entry = |(name, text): &(String, String)| {
        let value = serde_json::from_str(text).ok()?;
        Some((name.clone(), value))
    };
    entries.iter().filter_map(entry).collect()
}

/// The request of a run as its configuration executes it, and as its job does, where it runs one: what is said with the
/// request goes before these.
///
/// # Errors
///
/// If there is no such job.
pub(super) fn of_job<'r>(
    project: &OpenProject,
    request: &'r MaterializeOptions,
) -> Result<Cow<'r, MaterializeOptions>, AppError> {
    let job = request.job();
    let job = job.map(|name| find_job(project, name)).transpose()?;
    if job.is_none() && !project.execution().is_in_process() {
        return Ok(Cow::Borrowed(request));
    }
    let mut request = request.clone();
    let execution = match job {
        Some(job) => {
            if request.steps.is_empty() {
                request.steps.clone_from(&job.steps);
            }
            project.execution().over(job.execution)
        }
        None => project.execution(),
    };
    if execution.is_in_process() {
        request.order = StepOrdering::Declared;
    }
    let asked = request.jobs.map(NonZeroUsize::get);
    request.jobs = NonZeroUsize::new(execution.jobs(asked, cores()));
    Ok(Cow::Owned(request))
}
