//! What can keep a verb from answering.

use std::ops::Range;

use jiff::Timestamp;
use miette::{Diagnostic, MietteError, SourceCode, SourceSpan, SpanContents};
use thiserror::Error;

use crate::git::GitError;
use crate::hash::HashError;
use crate::lockfile::LockError;
use crate::look::{EngineError, Problems};
use crate::manifest::{ManifestErrors, TypedPathError};
use crate::model::{
    AssetGraph, AssetKey, DeclaredEnvironment, Job, Name, PartitionKey, RunId, StepName,
};
use crate::select::{SelectionError, did_you_mean, job_help};
use crate::store::StoreError;

/// Why a verb cannot answer.
#[derive(Debug, Error, Diagnostic)]
pub enum AppError {
    /// The project's declarations are not right.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] ManifestErrors),
    /// Several things are wrong with what was asked for.
    #[error("{} problems with this request", .0.len())]
    Requests(#[related] Vec<RequestError>),
    /// One thing is wrong with what was asked for.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Request(#[from] RequestError),
    /// A plan cannot be made or carried out.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Plan(#[from] Problems),
    /// The instance cannot be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be hashed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Hash(#[from] HashError),
    /// Git has no answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Git(#[from] GitError),
    /// It cannot be done in memory.
    #[error(transparent)]
    #[diagnostic(transparent)]
    InMemory(#[from] InMemoryError),
    /// The lock file cannot be understood or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lock(#[from] LockError),
    /// A file of assetctl's own cannot be read.
    #[error("cannot read {path}: {source}")]
    #[diagnostic(
        code(assetctl::app::unreadable),
        help("make it readable for the user that runs assetctl")
    )]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of assetctl's own files, or one of them, is a link.
    #[error("{path} is a link; assetctl does not read or write its own files through links")]
    #[diagnostic(
        code(assetctl::app::linked),
        help("remove the link; `--home` keeps the instance elsewhere")
    )]
    Linked {
        /// The link.
        path: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    #[diagnostic(
        code(assetctl::app::unwritable),
        help("make room on the disk, or make the folder writable")
    )]
    Unwritable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What is wrong with what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum RequestError {
    /// An argument of a selection is wrong, or names something that is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Selection(#[from] SelectionError),
    /// What is named as a partition cannot be one.
    #[error("`{key}` is not a partition key: {reason}")]
    #[diagnostic(
        code(assetctl::app::invalid_key),
        help("`--partition-range A...B` and `--latest N` select several partitions")
    )]
    InvalidKey {
        /// As typed.
        key: String,
        /// What is wrong.
        reason: String,
        /// Where it was named.
        #[source_code]
        #[label("not a key")]
        argument: Quoted,
    },
    /// No asset or source has this name.
    #[error("there is no asset or source `{name}`")]
    #[diagnostic(code(assetctl::app::unknown_asset), help("{help}"))]
    UnknownAsset {
        /// The name.
        name: String,
        /// Where it was named.
        #[source_code]
        #[label("not declared")]
        argument: Quoted,
        /// Similar names, or where to find all.
        help: String,
    },
    /// Something was asked of a source that only an asset can do.
    #[error("`{name}` is a source: sources are observed, never made")]
    #[diagnostic(
        code(assetctl::app::source_selected),
        help("name an asset; `assetctl graph {name}` shows its readers")
    )]
    SourceSelected {
        /// The source.
        name: String,
    },
    /// Something was asked of an asset that only a source can do.
    #[error("`{name}` is an asset: assets are made, never observed")]
    #[diagnostic(
        code(assetctl::app::asset_selected),
        help("name a source; `assetctl graph {name}` shows which it reads")
    )]
    AssetSelected {
        /// The asset.
        name: String,
    },
    /// A definition does not have a key.
    #[error("`{asset}` has no partition `{key}`")]
    #[diagnostic(code(assetctl::app::unknown_partition), help("{help}"))]
    UnknownPartition {
        /// The asset.
        asset: String,
        /// The key.
        key: String,
        /// Where it was asked for.
        #[source_code]
        #[label("not one of its keys")]
        argument: Quoted,
        /// The nearest keys.
        help: String,
    },
    /// No definition of what is selected has a key.
    #[error("{nothing} the key `{key}`")]
    #[diagnostic(code(assetctl::app::unknown_key), help("{help}"))]
    UnknownKey {
        /// The key.
        key: String,
        /// What does not have it, in words: `no partitions definition has`.
        nothing: String,
        /// Where it was asked for.
        #[source_code]
        #[label("not a key")]
        argument: Quoted,
        /// The nearest keys.
        help: String,
    },
    /// A range whose first key comes after its last.
    #[error("the range `{range}` is reversed in {definition}")]
    #[diagnostic(
        code(assetctl::app::reversed_range),
        help(
            "the first key of a range must not come after the last, in any dimension; `assetctl show ASSET` shows the partitions of an asset"
        )
    )]
    ReversedRange {
        /// As written.
        range: String,
        /// The definition, in words.
        definition: String,
        /// Where it was asked for.
        #[source_code]
        #[label("the first comes after the last")]
        argument: Quoted,
    },
    /// A job that nobody declares.
    #[error("there is no job `{name}`")]
    #[diagnostic(code(assetctl::app::unknown_job), help("{help}"))]
    UnknownJob {
        /// The name.
        name: String,
        /// Similar names, or how to declare one.
        help: String,
    },
    /// The key of a tag of a run is not one.
    #[error("`{key}` is not a tag: {reason}")]
    #[diagnostic(
        code(assetctl::app::invalid_tag),
        help("a tag of a run has a key of its own, as `team`")
    )]
    InvalidTag {
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An environment that nobody declares.
    #[error("there is no environment `{name}`")]
    #[diagnostic(code(assetctl::app::unknown_environment), help("{help}"))]
    UnknownEnvironment {
        /// The name.
        name: String,
        /// Similar names, all of them, or how to declare one.
        help: String,
    },
    /// An asset is named that a job does not select.
    #[error("`{asset}` is not part of the job `{job}`")]
    #[diagnostic(
        code(assetctl::app::not_of_job),
        help("`assetctl job show {job}` lists its assets; without a job any asset can be named")
    )]
    NotOfJob {
        /// The asset.
        asset: String,
        /// The job.
        job: String,
    },
    /// A key is limited to a definition that does not exist.
    #[error("there is no partitions definition `{name}`")]
    #[diagnostic(code(assetctl::app::unknown_definition), help("{help}"))]
    UnknownDefinition {
        /// The name.
        name: String,
        /// Where it was asked for.
        #[source_code]
        #[label("neither a definition nor, as a whole, a key")]
        argument: Quoted,
        /// Names there are.
        help: String,
    },
    /// A key is limited to a definition by which nothing that is selected is partitioned.
    #[error("no selected asset is partitioned by `{name}`")]
    #[diagnostic(
        code(assetctl::app::definition_not_selected),
        help(
            "select an asset with this definition, or leave the key out; `assetctl list` shows the definitions of assets"
        )
    )]
    NotSelected {
        /// The definition.
        name: String,
        /// Where it was asked for.
        #[source_code]
        #[label("by this")]
        argument: Quoted,
    },
    /// All keys are limited to definitions other than that of a named asset.
    #[error("`{asset}` is partitioned by {definition}, and no key of that definition is given")]
    #[diagnostic(
        code(assetctl::app::no_key_for),
        help("leave out the asset, or add a `--partition` for it")
    )]
    NoKeyFor {
        /// The asset.
        asset: String,
        /// Its definition, in words.
        definition: String,
    },
    /// Nothing has this name.
    #[error("there is no partitions definition, asset or source `{name}`")]
    #[diagnostic(code(assetctl::app::unknown_name), help("{help}"))]
    UnknownName {
        /// The name.
        name: String,
        /// Similar names, or where to find all.
        help: String,
    },
    /// The partitions of something are asked for that has none.
    #[error("`{asset}` is not partitioned")]
    #[diagnostic(
        code(assetctl::app::unpartitioned),
        help("name a partitions definition, or an asset that has one: `assetctl list` shows them")
    )]
    Unpartitioned {
        /// The asset or source.
        asset: String,
    },
    /// The partition of an instant is asked for where keys are no windows.
    #[error("the partitions of `{name}` are not time windows, so none of them contains an instant")]
    #[diagnostic(
        code(assetctl::app::not_windows),
        help("name the partition itself: `--partition K`")
    )]
    NotWindows {
        /// The definition or asset.
        name: String,
    },
    /// No existing window holds an instant.
    #[error("no partition of `{name}` contains {instant}")]
    #[diagnostic(code(assetctl::app::no_window), help("{help}"))]
    NoWindow {
        /// The definition or asset.
        name: String,
        /// The instant.
        instant: Timestamp,
        /// Which window does, or would, or which there are.
        help: String,
    },
    /// An asset has no such input.
    #[error("`{asset}` has no input `{input}`")]
    #[diagnostic(code(assetctl::app::unknown_input), help("{help}"))]
    UnknownInput {
        /// The asset.
        asset: String,
        /// The name.
        input: String,
        /// Its inputs.
        help: String,
    },
    /// Keys are added or removed where these are not a matter of adding and removing.
    #[error("the keys of `{name}` cannot be added or removed: it is {type_name}")]
    #[diagnostic(code(assetctl::app::not_dynamic), help("{help}"))]
    NotDynamic {
        /// The definition.
        name: String,
        /// The word for its type.
        type_name: &'static str,
        /// How its keys come about.
        help: String,
    },
    /// A key of a dimension holds what stands between the parts of a key.
    #[error("`{key}` contains `|`, which separates the parts of a key of `{multi}`")]
    #[diagnostic(
        code(assetctl::app::separator_in_key),
        help("name the partition without it; `{definition}` is a dimension of `{multi}`")
    )]
    SeparatorInKey {
        /// The key.
        key: PartitionKey,
        /// The definition.
        definition: String,
        /// The definition of which it is a dimension.
        multi: String,
    },
    /// A partition of an unpartitioned asset.
    #[error("`{asset}` is not partitioned, so it has no partition `{key}`")]
    #[diagnostic(code(assetctl::app::not_partitioned), help("leave out `@{key}`"))]
    NotPartitioned {
        /// The asset.
        asset: String,
        /// The key.
        key: String,
        /// Where it was asked for.
        #[source_code]
        #[label("this")]
        argument: Quoted,
    },
    /// A verb that speaks of one partition got an asset with several.
    #[error("`{asset}` is partitioned: say which partition")]
    #[diagnostic(code(assetctl::app::partition_needed), help("for example {example}"))]
    PartitionNeeded {
        /// The asset.
        asset: String,
        /// A partition of it.
        example: String,
    },
    /// Partitions were named in two ways.
    #[error("`{word}` names a partition, and so does `{flag}`")]
    #[diagnostic(code(assetctl::app::partition_twice), help("leave out one of them"))]
    PartitionTwice {
        /// The word of the selection.
        word: String,
        /// Where it names it.
        #[source_code]
        #[label("one partition")]
        argument: Quoted,
        /// The flag that chooses otherwise.
        flag: &'static str,
    },
    /// A clause of `--steps` selects no step of the plan.
    #[error("the clause `{clause}` selects no step")]
    #[diagnostic(code(assetctl::app::no_step), help("{help}"))]
    NoStep {
        /// As written.
        clause: String,
        /// Why, or what was meant.
        help: String,
    },
    /// A command of a run asked for another run.
    #[error("run {run} is running this command, and would wait for itself")]
    #[diagnostic(
        code(assetctl::app::nested_run),
        help("declare what the command needs as deps instead; verbs that only read work here")
    )]
    NestedRun {
        /// The run that goes on.
        run: RunId,
    },
    /// A command of a run in memory asked for something that would change the project.
    #[error("this command belongs to a run in memory, which does not change the project")]
    #[diagnostic(
        code(assetctl::app::nested_in_memory),
        help(
            "declare what the command needs as deps instead; verbs that only read work here, and `materialize --in-memory`"
        )
    )]
    NestedInMemory,
    /// Outputs cannot be accepted.
    #[error("{step} cannot be accepted: {reason}")]
    #[diagnostic(code(assetctl::app::unacceptable), help("{help}"))]
    Unacceptable {
        /// The asset partition.
        step: String,
        /// Why.
        reason: String,
        /// What to do.
        help: String,
    },
    /// No run has this id, or one that begins so.
    #[error("there is no run `{word}`")]
    #[diagnostic(
        code(assetctl::app::unknown_run),
        help(
            "`assetctl runs list` shows the newest runs; write an id, the beginning of one, `last` or `last-failed`"
        )
    )]
    UnknownRun {
        /// As typed.
        word: String,
    },
    /// The ids of several runs begin so.
    #[error("`{word}` is the beginning of several runs: {runs}")]
    #[diagnostic(
        code(assetctl::app::ambiguous_run),
        help("write more digits of the id")
    )]
    AmbiguousRun {
        /// As typed.
        word: String,
        /// The first of them.
        runs: String,
    },
    /// Something was asked of a run that has ended.
    #[error("run {run} has ended: {status}")]
    #[diagnostic(
        code(assetctl::app::run_ended),
        help("`assetctl runs show {run}` shows how it went")
    )]
    RunEnded {
        /// The run.
        run: RunId,
        /// How.
        status: &'static str,
    },
    /// Something was asked of a run that has not ended.
    #[error("run {run} has not ended")]
    #[diagnostic(
        code(assetctl::app::run_lives),
        help("wait until it has ended, or end it with `assetctl runs cancel {run}`")
    )]
    RunLives {
        /// The run.
        run: RunId,
    },
    /// There is something where a file is to be written.
    #[error("{path} exists")]
    #[diagnostic(
        code(assetctl::app::output_exists),
        help("name a file that does not exist, or remove this one")
    )]
    OutputExists {
        /// The path.
        path: String,
    },
    /// There is no log.
    #[error("there is no log of {step}")]
    #[diagnostic(code(assetctl::app::no_log), help("{help}"))]
    NoLog {
        /// The step, as it was asked for.
        step: String,
        /// Where logs come from.
        help: String,
    },
}

/// Whose turn it is to do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The user's: arguments, declarations.
    Input,
    /// The machine's: locks, permissions, disks.
    Environment,
}

impl AppError {
    /// Whose turn it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Hash(error) => blame_of_file(error),
            Self::Git(error) if error.is_of_request() => Blame::Input,
            Self::Git(_)
            | Self::Lock(LockError::Unreadable { .. } | LockError::Unwritable { .. })
            | Self::Store(_)
            | Self::Unreadable { .. }
            | Self::Linked { .. }
            | Self::Unwritable { .. } => Blame::Environment,
            Self::Manifest(_)
            | Self::Requests(_)
            | Self::Request(_)
            | Self::InMemory(_)
            | Self::Lock(_) => Blame::Input,
            Self::Plan(problems) => {
                let of_machine = |problem: &EngineError| match problem {
                    EngineError::Hash(error) => blame_of_file(error) == Blame::Environment,
                    EngineError::Store(_)
                    | EngineError::Held { .. }
                    | EngineError::Unwritable { .. } => true,
                    _ => false,
                };
                if problems.list().iter().any(of_machine) {
                    Blame::Environment
                } else {
                    Blame::Input
                }
            }
        }
    }

    /// One request error, or several as one.
    pub(super) fn from_requests(mut errors: Vec<RequestError>) -> Self {
        if errors.len() == 1
            && let Some(only) = errors.pop()
        {
            return Self::Request(only);
        }
        Self::Requests(errors)
    }
}

/// A file that can be read and does not hold what it should is the user's.
fn blame_of_file(error: &HashError) -> Blame {
    match error {
        HashError::Syntax(_)
        | HashError::Format { .. }
        | HashError::NotText { .. }
        | HashError::Pattern { .. } => Blame::Input,
        HashError::Unreadable { source, .. }
            if source.kind() == std::io::ErrorKind::InvalidFilename =>
        {
            Blame::Input
        }
        HashError::Unreadable { .. } | HashError::Special { .. } | HashError::Changing { .. } => {
            Blame::Environment
        }
    }
}

/// An argument of the command line, and which part of it is meant: source and label of a diagnostic in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    text: String,
    part: Range<usize>,
}

impl Quoted {
    /// A part of an argument, in bytes.
    pub fn part(text: &str, part: Range<usize>) -> Self {
        let text = text.to_owned();
        Self { text, part }
    }
}

impl SourceCode for Quoted {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        self.text.read_span(span, before, after)
    }
}

impl From<Quoted> for SourceSpan {
    fn from(quoted: Quoted) -> Self {
        (quoted.part.start, quoted.part.len()).into()
    }
}

/// The job of a name in a graph.
///
/// # Errors
///
/// If there is none.
pub fn named_job<'g>(graph: &'g AssetGraph, name: &Name) -> Result<&'g Job, RequestError> {
    let found = graph.job(name.as_str());
    found.ok_or_else(|| RequestError::UnknownJob {
        name: name.to_string(),
        help: job_help(graph, name.as_str()),
    })
}

/// What cannot be done in memory.
#[derive(Debug, Error, Diagnostic)]
pub enum InMemoryError {
    /// Commands write to final paths.
    #[error("{} in place, which is not possible in memory", writing(assets))]
    #[diagnostic(
        code(assetctl::app::in_place_in_memory),
        help(
            "let the command write to `{{{{output}}}}` or `$ASSETCTL_OUTPUT`, without `staging = false`, or leave the asset out"
        )
    )]
    InPlace {
        /// The assets.
        assets: Vec<AssetKey>,
    },
    /// A path that was typed for a source cannot be one.
    #[error("`--input` names a path that cannot be read")]
    #[diagnostic(code(assetctl::app::invalid_input_path))]
    Paths(#[related] Vec<TypedPathError>),
    /// What is to be printed is not made or read by the run.
    #[error("`{asset}` is not part of this run, so there is nothing to print")]
    #[diagnostic(code(assetctl::app::not_printable), help("{help}"))]
    NotInRun {
        /// What is to be printed.
        asset: AssetKey,
        /// What to do.
        help: String,
    },
    /// An output that is not declared is to be printed.
    #[error("`{asset}` has no output `{output}`")]
    #[diagnostic(code(assetctl::app::no_such_output), help("{help}"))]
    NoSuchOutput {
        /// What is to be printed.
        asset: AssetKey,
        /// Its output.
        output: Name,
        /// What to do.
        help: String,
    },
    /// Several values could be meant.
    #[error("`{asset}` has {count} {what} in this run, and one value can be printed")]
    #[diagnostic(code(assetctl::app::several_printable), help("name one: {examples}"))]
    Several {
        /// What is to be printed.
        asset: AssetKey,
        /// How many there are.
        count: usize,
        /// Of what.
        what: &'static str,
        /// Words that would be right.
        examples: String,
    },
    /// A directory cannot be printed.
    #[error("the output of `{step}` is a directory, and only a file can be printed")]
    #[diagnostic(
        code(assetctl::app::directory_printed),
        help("print another output, or run without `--in-memory`")
    )]
    Directory {
        /// What is to be printed.
        step: StepName,
    },
}

fn writing(assets: &[AssetKey]) -> String {
    let names: Vec<String> = assets.iter().map(|asset| format!("`{asset}`")).collect();
    match names.as_slice() {
        [one] => format!("{one} writes"),
        names => format!("{} write", names.join(", ")),
    }
}

/// The environment of a name in a graph.
///
/// # Errors
///
/// If there is none.
pub fn named_environment<'g>(
    graph: &'g AssetGraph,
    name: &Name,
) -> Result<&'g DeclaredEnvironment, RequestError> {
    let found = graph.environment(name.as_str());
    found.ok_or_else(|| {
        let environments = graph.settings().environments.iter();
        let known: Vec<&str> = environments.map(|it| it.name.as_str()).collect();
        RequestError::UnknownEnvironment {
            name: name.to_string(),
            help: did_you_mean(name.as_str(), known.iter().copied()).unwrap_or_else(|| match known
                .as_slice()
            {
                [] => "declare it: `[env.NAME]` in Assets.toml".to_owned(),
                known => format!("environments are `{}`", known.join("`, `")),
            }),
        }
    })
}
