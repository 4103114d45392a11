//! `[job.NAME]`: read before the graph is built, checked against it afterwards.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::manifest::common_keys;
use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::names::Names;
use crate::manifest::partitions::Definitions;
use crate::manifest::project::CommandFrame;
use crate::manifest::template::Scope;
use crate::manifest::{config, policies, retries, run_config};
use crate::model::{
    AssetConfig, AssetGraph, AssetId, DefinitionId, ExecutorKind, HookMoment, Job, JobConfig,
    JobExecution, JobInput, JobSetting, JobValue, Location, Name, PARAMS, ParamPiece, PartitionKey,
    SelectionText,
};
use crate::select::{
    Attribute, Lookups, Selection, SelectionError, SelectionErrorKind, evaluate, parse,
};

/// A job, with the places of what can only be checked against the graph.
pub(super) struct ReadJob<'a> {
    pub job: Job,
    table: Table<'a>,
    selection: Vec<Text<'a>>,
}

const KEYS: [&str; 14] = [
    "params",
    "config",
    "partition_config",
    "inputs",
    "resources",
    "description",
    "selection",
    "steps",
    "partitions",
    "executor",
    "max_concurrent",
    "tags",
    "metadata",
    "priority",
];

/// What jobs are read against.
#[derive(Clone, Copy)]
struct JobContext<'c, 'a> {
    /// What all commands share.
    pub frame: CommandFrame<'c>,
    /// The partitions definitions.
    pub definitions: &'c Definitions<'a>,
    /// Everything that has a table.
    pub names: &'c Names<'a>,
    /// The params of the job that is read.
    pub params: &'c [String],
}

impl JobContext<'_, '_> {
    /// `config` and `partition_config`: values by asset.
    fn configs(self, table: &Table<'_>, problems: &mut Problems) -> Vec<JobConfig> {
        let mut configs = Vec::new();
        if let Some(config) = table.table("config", Heading::Inline("`config`"), problems) {
            self.read_configs(&config, None, &mut configs, problems);
        }
        let heading = Heading::Inline("`partition_config`");
        let Some(of_partitions) = table.table("partition_config", heading, problems) else {
            return configs;
        };
        if table.get("partitions").is_none() {
            problems.conflict(
                "`partition_config` is for keys, and the job does not say of which definition",
                "add `partitions`, or set the values in `config`",
                [of_partitions.location],
            );
        }
        let fixed = configs.len();
        for value in of_partitions.values() {
            let key = PartitionKey::parse(value.key);
            if let Err(error) = &key {
                let problem = Problem::InvalidPartitionKey {
                    key: value.key.to_owned(),
                    reason: error.to_string(),
                };
                problems.at(value.key_location, "this key", problem);
            }
            let heading = Heading::Inline("the values of a partition");
            if let (Ok(key), Some(config)) = (key, value.table(heading, problems)) {
                self.read_configs(&config, Some(&key), &mut configs, problems);
            }
        }
        let (fixed, of_partitions) = configs.split_at(fixed);
        for (one, other) in fixed
            .iter()
            .flat_map(|one| of_partitions.iter().map(move |it| (one, it)))
        {
            if one.name == other.name {
                refuse_twice(&one.values, &other.values, problems);
            }
        }
        configs
    }

    /// `resources`: values by resource.
    fn resources(self, table: &Table<'_>, problems: &mut Problems) -> Vec<JobConfig> {
        let heading = Heading::Inline("`resources`");
        let Some(table) = table.table("resources", heading, problems) else {
            return Vec::new();
        };
        let mut configs = Vec::new();
        for value in table.values() {
            let heading = Heading::Inline("the values of a resource");
            let Some(config) = value.table(heading, problems) else {
                continue;
            };
            let mut values = Vec::new();
            let scope = Scope::Unpartitioned;
            read_values((&config, scope), self.params, &[], (&mut values, problems));
            configs.push(JobConfig {
                name: value.key.to_owned(),
                partition: None,
                values,
                location: value.key_location,
            });
        }
        configs
    }

    fn read_configs(
        self,
        table: &Table<'_>,
        partition: Option<&PartitionKey>,
        configs: &mut Vec<JobConfig>,
        problems: &mut Problems,
    ) {
        for value in table.values() {
            let heading = Heading::Inline("the values of an asset");
            let Some(config) = value.table(heading, problems) else {
                continue;
            };
            let id = self.names.find(value.key);
            let partitions = id.map(|id| self.names.get(id).partitions);
            let scope = partitions.map_or(Scope::Unknown, |it| self.definitions.scope(it));
            configs.push(JobConfig {
                name: value.key.to_owned(),
                partition: partition.cloned(),
                values: {
                    let mut values = Vec::new();
                    read_values((&config, scope), self.params, &[], (&mut values, problems));
                    values
                },
                location: value.key_location,
            });
        }
    }
}

/// Reads what a job sets of an asset, by path.
fn read_values(
    (table, scope): (&Table<'_>, Scope<'_>),
    params: &[String],
    above: &[String],
    (values, problems): (&mut Vec<JobValue>, &mut Problems),
) {
    for value in table.values() {
        let mut keys = above.to_vec();
        keys.push(value.key.to_owned());
        let inner = value.as_table(Heading::Inline("the values"));
        if let Some(inner) = inner.filter(|inner| inner.get("from_env").is_none()) {
            read_values((&inner, scope), params, &keys, (values, problems));
            continue;
        }
        let pieces = value.as_text().map(|text| pieces(text, params, problems));
        let setting = match pieces {
            Some(pieces) if has_params(&pieces) => {
                let is_other =
                    |it: &ParamPiece| matches!(it, ParamPiece::Text(text) if text.contains("{{"));
                if pieces.iter().any(is_other) {
                    let help = "write a param alone, or leave out the other placeholder";
                    value.invalid(
                        "a text with params holds no other placeholders",
                        help,
                        problems,
                    );
                }
                JobSetting::OfParams(pieces)
            }
            _ => match config::setting(&value, scope, problems) {
                Some(setting) => JobSetting::Plain(setting),
                None => continue,
            },
        };
        values.push(JobValue {
            keys,
            setting,
            key_location: value.key_location,
            location: value.location(),
        });
    }
}

/// A text of a job, with its params taken apart; one that is not declared is reported. All else stays as it is written.
fn pieces(text: Text<'_>, params: &[String], problems: &mut Problems) -> Vec<ParamPiece> {
    let mut pieces = Vec::new();
    let mut rest = 0;
    while let Some(start) = text.value[rest..].find("{{").map(|at| rest + at) {
        let Some(end) = text.value[start..].find("}}").map(|at| start + at) else {
            break;
        };
        let inner = text.value[start + 2..end].trim();
        if let Some(name) = inner.strip_prefix("param.") {
            if rest < start {
                pieces.push(ParamPiece::Text(text.value[rest..start].to_owned()));
            }
            if !params.iter().any(|known| known == name) {
                let problem = Problem::UnknownPlaceholder {
                    name: inner.to_owned(),
                    help: did_you_mean(
                        name,
                        params.iter().map(String::as_str),
                        "declare it in `params` of the job",
                    ),
                };
                problems.at(text.part(start..end + 2), "no such param", problem);
            }
            pieces.push(ParamPiece::Param(name.to_owned()));
            rest = end + 2;
        } else {
            if rest < end + 2 {
                pieces.push(ParamPiece::Text(text.value[rest..end + 2].to_owned()));
            }
            rest = end + 2;
        }
    }
    if rest < text.value.len() {
        pieces.push(ParamPiece::Text(text.value[rest..].to_owned()));
    }
    pieces
}

fn has_params(pieces: &[ParamPiece]) -> bool {
    let mut pieces = pieces.iter();
    pieces.any(|piece| matches!(piece, ParamPiece::Param(_)))
}

/// Refuses keys that a job sets for all partitions and for one.
fn refuse_twice(fixed: &[JobValue], of_partition: &[JobValue], problems: &mut Problems) {
    for one in fixed {
        let mut others = of_partition.iter();
        let overlaps = |other: &&JobValue| {
            other.keys.starts_with(&one.keys) || one.keys.starts_with(&other.keys)
        };
        if let Some(other) = others.find(overlaps) {
            problems.conflict(
                format!(
                    "the job sets `{}` for all partitions and for one",
                    one.keys.join(".")
                ),
                "remove one of them",
                [one.key_location, other.key_location],
            );
        }
    }
}

/// `params`: what may be set from outside.
fn params(table: &Table<'_>, problems: &mut Problems) -> Option<AssetConfig> {
    let params = table.table("params", Heading::Inline("the params"), problems)?;
    Some(AssetConfig {
        schema: config::schema_table(&params, PARAMS, problems),
        layers: Vec::new(),
        location: params.location,
    })
}

fn inputs(table: &Table<'_>, params: &[String], problems: &mut Problems) -> Vec<JobInput> {
    let Some(inputs) = table.table("inputs", Heading::Inline("the inputs"), problems) else {
        return Vec::new();
    };
    let input = |value: Value<'_>| {
        let path = value.text(problems)?;
        Some(JobInput {
            name: value.key.to_owned(),
            path: pieces(path, params, problems),
            location: path.location(),
        })
    };
    inputs.values().filter_map(input).collect()
}

/// Reads the jobs of all files.
pub(super) fn read<'a>(
    files: &[Table<'a>],
    frame: CommandFrame<'_>,
    (definitions, names): (&Definitions<'a>, &Names<'a>),
    problems: &mut Problems,
) -> Vec<ReadJob<'a>> {
    let context = JobContext {
        frame,
        definitions,
        names,
        params: &[],
    };
    let mut jobs: Vec<ReadJob<'a>> = Vec::new();
    let mut known: HashMap<&str, Location> = HashMap::new();
    for file in files {
        for (value, table) in file.named_tables("job", problems) {
            let name = problems.name(value.key, value.key_location, "a job");
            if let Some(first) = known.insert(value.key, value.key_location) {
                problems.duplicate_name(value.key, value.key_location, first);
            }
            let job = read_job(name, &table, context, problems);
            jobs.extend(job);
        }
    }
    jobs
}

fn read_job<'a>(
    name: Option<Name>,
    table: &Table<'a>,
    context: JobContext<'_, 'a>,
    problems: &mut Problems,
) -> Option<ReadJob<'a>> {
    let definitions = context.definitions;
    let keys: Vec<&str> = KEYS.into_iter().chain(policies::KEYS).collect();
    table.only(&keys, problems);
    let selection = table.texts("selection", problems);
    let partitions = table.get("partitions");
    let partitions = partitions.and_then(|value| definitions.named(&value, problems));
    let declared = params(table, problems);
    let names: Vec<String> = match &declared {
        Some(params) => params.schema.iter().map(|(name, _)| name.clone()).collect(),
        None => Vec::new(),
    };
    let context = JobContext {
        params: &names,
        ..context
    };
    let job = Job {
        name: name?,
        location: table.location,
        description: common_keys::owned(table, "description", problems),
        selection: selection
            .iter()
            .map(|text| SelectionText::from(text.value))
            .collect(),
        steps: common_keys::list(table, "steps", problems),
        partitions,
        execution: execution(table, problems),
        configs: context.configs(table, problems),
        resources: context.resources(table, problems),
        inputs: inputs(table, &names, problems),
        params: declared,
        tags: common_keys::json_entries(table, "tags", "the tags", problems),
        metadata: common_keys::json_entries(table, "metadata", "the metadata", problems),
        retries: retries::read(table, problems),
        hooks: context.frame.hooks(table, &HookMoment::ALL, problems),
        policies: policies::read(table, problems),
    };
    Some(ReadJob {
        job,
        table: *table,
        selection,
    })
}

fn execution(table: &Table<'_>, problems: &mut Problems) -> JobExecution {
    let executor = table.get("executor").and_then(|value| {
        if value.as_elements().is_some() || value.as_table(Heading::Inline("executor")).is_some() {
            let help = "write `executor = \"in_process\"` or `executor = \"multiprocess\"`";
            value.invalid("exactly one executor runs a job", help, problems);
            return None;
        }
        let text = value.text(problems)?;
        let all = ExecutorKind::ALL.iter();
        let found = all.clone().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let message = format!("there is no executor `{}`", text.value);
            let words = all.map(|(word, _)| *word);
            let help = did_you_mean(
                text.value,
                words,
                "executors are `in_process` and `multiprocess`",
            );
            value.invalid(message, help, problems);
        }
        found.map(|(_, kind)| *kind)
    });
    let concurrent = table.get("max_concurrent");
    let max_concurrent = concurrent.and_then(|value| {
        let number = value.integer(problems)?;
        if number < 0 {
            let help = "write how many steps may run at once; 0 is the number of cores";
            value.invalid("`max_concurrent` is not negative", help, problems);
        }
        u32::try_from(number).ok().and_then(NonZeroU32::new)
    });
    if let (Some(ExecutorKind::InProcess), Some(value)) = (executor, concurrent) {
        let keys = table.get("executor").map(|it| it.key_location);
        problems.conflict(
            "`in_process` runs one step at a time, and `max_concurrent` says how many",
            "remove `max_concurrent`, or use `executor = \"multiprocess\"`",
            [value.key_location].into_iter().chain(keys),
        );
    }
    JobExecution {
        executor,
        max_concurrent,
    }
}

/// Checks what the jobs of a graph select.
pub(super) fn check(jobs: &[ReadJob<'_>], graph: &AssetGraph, problems: &mut Problems) {
    let parsed: Vec<Vec<(Selection, Text<'_>)>> =
        jobs.iter().map(|job| job.parsed(problems)).collect();
    let before = problems.len();
    check_cycles(jobs, &parsed, problems);
    if problems.len() > before {
        return;
    }
    for (job, selections) in jobs.iter().zip(&parsed) {
        run_config::check_job(graph, &job.job, problems);
        job.check_selected(selections, graph, problems);
    }
}

impl<'a> ReadJob<'a> {
    /// What it selects, as far as it can be read.
    fn parsed(&self, problems: &mut Problems) -> Vec<(Selection, Text<'a>)> {
        let mut parsed = Vec::new();
        for text in &self.selection {
            match parse(text.value) {
                Ok(selection) => parsed.push((selection, *text)),
                Err(errors) => {
                    for error in errors {
                        report(error, text, problems);
                    }
                }
            }
        }
        parsed
    }

    fn check_selected(
        &self,
        selections: &[(Selection, Text<'_>)],
        graph: &AssetGraph,
        problems: &mut Problems,
    ) {
        let mut members = Vec::new();
        for (selection, text) in selections {
            let mut errors = Vec::new();
            let one = std::slice::from_ref(selection);
            let selected = evaluate(graph, one, &Lookups::default(), &mut errors);
            for mention in &selected.mentions {
                if let Some(partition) = &mention.partition {
                    errors.push(SelectionError {
                        text: selection.text.clone(),
                        span: partition.span.clone(),
                        kind: SelectionErrorKind::MisplacedPartition,
                        help: Some("a job is for all keys; choose some with `--partition`".into()),
                    });
                }
            }
            for error in errors {
                report(error, text, problems);
            }
            members.extend(selected.whole.iter().map(|id| (id, *text)));
        }
        if self.selection.is_empty() {
            let text = self.table.get("partitions");
            let all = graph.ids().filter(|id| !graph.is_source(*id));
            self.check_partitions(all, text, graph, problems);
        } else {
            let text = self.table.get("selection");
            let ids = members.into_iter().map(|(id, _)| id);
            self.check_partitions(ids, text, graph, problems);
        }
    }

    /// Refuses assets with another definition than the job's.
    fn check_partitions(
        &self,
        members: impl Iterator<Item = AssetId>,
        at: Option<Value<'_>>,
        graph: &AssetGraph,
        problems: &mut Problems,
    ) {
        let (Some(definition), Some(key)) = (self.job.partitions, self.table.get("partitions"))
        else {
            return;
        };
        let differs = |id: &AssetId| graph.partitions(*id).is_some_and(|own| own != definition);
        let mut others = members.filter(differs);
        let Some(first) = others.next() else {
            return;
        };
        let more = others.count();
        let name = |id: DefinitionId| match &graph.definitions()[id.0 as usize].name {
            Some(name) => format!("`{name}`"),
            None => "its own definition".to_owned(),
        };
        let own = graph.partitions(first).map(name).unwrap_or_default();
        let problem = Problem::JobPartitions {
            job: self.job.name.to_string(),
            asset: graph.key(first).to_string(),
            definition: own,
            more: match more {
                0 => String::new(),
                1 => ", and one more asset by another".to_owned(),
                more => format!(", and {more} more by others"),
            },
        };
        let mut labels = vec![Label::new(key.location(), "the keys of the job")];
        labels.extend(at.map(|value| Label::new(value.location(), "selected here")));
        labels.dedup_by_key(|label| label.location);
        problems.add(problem, labels);
    }
}

/// Refuses jobs that select by themselves, directly or not.
fn check_cycles(
    jobs: &[ReadJob<'_>],
    parsed: &[Vec<(Selection, Text<'_>)>],
    problems: &mut Problems,
) {
    let place = |name: &str| jobs.iter().position(|job| job.job.name.as_str() == name);
    let named: Vec<Vec<(usize, Location)>> = parsed
        .iter()
        .map(|selections| {
            let jobs = selections.iter().flat_map(|(selection, text)| {
                selection.attributes().filter_map(|it| match it {
                    Attribute::Job(name) => {
                        Some((place(&name.text)?, text.part(name.span.clone())))
                    }
                    _ => None,
                })
            });
            jobs.collect()
        })
        .collect();
    for start in 0..jobs.len() {
        let mut reached = vec![false; jobs.len()];
        let mut next = vec![start];
        while let Some(job) = next.pop() {
            for (other, location) in &named[job] {
                if *other == start {
                    let problem = Problem::JobCycle {
                        job: jobs[start].job.name.to_string(),
                    };
                    problems.at(*location, "selects it again", problem);
                    return;
                }
                if !std::mem::replace(&mut reached[*other], true) {
                    next.push(*other);
                }
            }
        }
    }
}

fn report(error: SelectionError, text: &Text<'_>, problems: &mut Problems) {
    let problem = Problem::JobSelection {
        message: error.to_string(),
        help: error
            .help
            .unwrap_or_else(|| "`assetctl help selection` describes the language".to_owned()),
    };
    problems.at(text.part(error.span), "here", problem);
}
