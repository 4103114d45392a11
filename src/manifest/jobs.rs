//! `[job.NAME]`: read before the graph is built, checked against it afterwards.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::manifest::common_keys;
use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::partitions::Definitions;
use crate::manifest::policies;
use crate::model::{
    AssetGraph, AssetId, DefinitionId, ExecutorKind, Job, JobExecution, Location, Name,
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

const KEYS: [&str; 9] = [
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

/// Reads the jobs of all files.
pub(super) fn read<'a>(
    files: &[Table<'a>],
    definitions: &Definitions<'a>,
    problems: &mut Problems,
) -> Vec<ReadJob<'a>> {
    let mut jobs: Vec<ReadJob<'a>> = Vec::new();
    let mut known: HashMap<&str, Location> = HashMap::new();
    for file in files {
        for (value, table) in file.named_tables("job", problems) {
            let name = problems.name(value.key, value.key_location, "a job");
            if let Some(first) = known.insert(value.key, value.key_location) {
                problems.duplicate_name(value.key, value.key_location, first);
            }
            let job = read_job(name, &table, definitions, problems);
            jobs.extend(job);
        }
    }
    jobs
}

fn read_job<'a>(
    name: Option<Name>,
    table: &Table<'a>,
    definitions: &Definitions<'a>,
    problems: &mut Problems,
) -> Option<ReadJob<'a>> {
    let keys: Vec<&str> = KEYS.into_iter().chain(policies::KEYS).collect();
    table.only(&keys, problems);
    let selection = table.texts("selection", problems);
    let partitions = table.get("partitions");
    let partitions = partitions.and_then(|value| definitions.named(&value, problems));
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
        tags: common_keys::json_entries(table, "tags", "the tags", problems),
        metadata: common_keys::json_entries(table, "metadata", "the metadata", problems),
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
            let help = "write how many steps may run at once; 0 is as many as there are cores";
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
