//! `stdin`, `stdout` and `batch`: what one command is given, and whose output it prints.

use std::num::NonZeroU32;

use crate::manifest::asset::AssetContext;
use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::names::Declares;
use crate::manifest::outputs::Outputs;
use crate::manifest::partitions::Partitions;
use crate::manifest::placeholders::{Amount, InputView};
use crate::manifest::source::InlineSources;
use crate::model::{AssetId, Dep, Dimension, Location, OutputKind, Place, SourceAsset, SourcePath};

/// The inputs of an asset, among which `stdin` names one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs<'a> {
    /// The deps that are right.
    pub deps: &'a [Dep],
    /// Whether that is all of them.
    pub are_complete: bool,
    /// The same as the command sees them.
    pub views: &'a [InputView],
    /// Whether one command makes several partitions.
    pub is_batched: bool,
    /// Sources without a table.
    pub inline: &'a InlineSources,
}

/// Why an input is not one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// The mapping gives several partitions.
    Partitions,
    /// It is all of several outputs.
    Outputs,
    /// Its source has several paths.
    Paths,
    /// Its source is a glob.
    Glob,
    /// The output is a directory.
    Directory,
    /// A command observes its source.
    Observed,
    /// It is an external asset that declares no output.
    Nothing,
}

/// Reads `stdin`: the index of the dep that it names, which is one file.
pub(super) fn stdin(
    table: &Table<'_>,
    inputs: Inputs<'_>,
    context: AssetContext<'_>,
    problems: &mut Problems,
) -> Option<u32> {
    let name = table.get("stdin")?.text(problems)?;
    let is_it = |dep: &Dep| dep.input.as_str() == name.value;
    let Some(index) = inputs.deps.iter().position(is_it) else {
        // The dep that is meant may be one of those that are wrong.
        if inputs.are_complete {
            let known = inputs.deps.iter().map(|dep| dep.input.as_str());
            let otherwise = if inputs.deps.is_empty() {
                "inputs belong in `deps`"
            } else {
                "its inputs are those of its `deps`"
            };
            let problem = Problem::UnknownInput {
                asset: context.names.get(context.id).key.to_string(),
                input: name.value.to_owned(),
                help: did_you_mean(name.value, known, otherwise),
            };
            problems.at(name.location(), "no such input", problem);
        }
        return None;
    };
    let dep = &inputs.deps[index];
    if let Some(unfit) = unfit(dep, &inputs.views[index], inputs, context) {
        let problem = Problem::ConflictingKeys {
            message: format!(
                "`stdin` is one file, and the input `{}` is {}",
                dep.input,
                unfit.words()
            ),
            help: unfit.help(dep, &inputs.views[index], context),
        };
        let labels = [
            Label::new(name.location(), "this input"),
            Label::new(dep.location, unfit.label()),
        ];
        problems.add(problem, labels);
        return None;
    }
    Some(index as u32)
}

/// Reads `stdout`: whether what the command prints is its output.
pub(super) fn stdout(table: &Table<'_>, outputs: &Outputs, problems: &mut Problems) -> bool {
    let Some(value) = table.get("stdout") else {
        return false;
    };
    if value.boolean(problems) != Some(true) || !outputs.is_complete {
        return false;
    }
    let message = match outputs.list.as_slice() {
        [only] if only.kind == OutputKind::File => return true,
        [_] => "standard output cannot be a directory",
        _ => "standard output can be the only output, and there are several",
    };
    let problem = Problem::ConflictingKeys {
        message: message.to_owned(),
        help: "declare one output that is a file, or remove `stdout`".to_owned(),
    };
    let mut labels = vec![Label::new(value.key_location, "this key")];
    let outputs = outputs.list.iter().map(|output| output.location);
    labels.extend(outputs.map(|location| Label::new(location, "an output")));
    problems.add(problem, labels);
    false
}

fn unfit(
    dep: &Dep,
    view: &InputView,
    inputs: Inputs<'_>,
    context: AssetContext<'_>,
) -> Option<Unfit> {
    let of_upstream = match inputs.inline.get(dep.asset) {
        Some(source) => unfit_source(source),
        None => match &context.names.get(dep.asset).declares {
            Declares::Source(source) => unfit_source(source),
            Declares::Asset(outputs) => unfit_output(dep, outputs),
        },
    };
    // That a batch has several is reported of `batch`.
    let several = !inputs.is_batched && view.partitions == Amount::Several;
    of_upstream.or(several.then_some(Unfit::Partitions))
}

fn unfit_source(source: &SourceAsset) -> Option<Unfit> {
    match &source.place {
        Place::Observed { .. } => Some(Unfit::Observed),
        Place::Paths(paths) => match paths.as_slice() {
            [] | [SourcePath::Exact(_)] => None,
            [SourcePath::Glob(..)] => Some(Unfit::Glob),
            _ => Some(Unfit::Paths),
        },
        Place::Value { .. } => None,
    }
}

fn unfit_output(dep: &Dep, outputs: &Outputs) -> Option<Unfit> {
    let read = match dep.output {
        Some(index) => outputs.list.get(index as usize),
        None if !outputs.is_complete => None,
        None => match outputs.list.as_slice() {
            [] => return Some(Unfit::Nothing),
            [only] => Some(only),
            _ => return Some(Unfit::Outputs),
        },
    };
    read.is_some_and(|output| output.kind == OutputKind::Directory)
        .then_some(Unfit::Directory)
}

impl Unfit {
    fn words(self) -> &'static str {
        match self {
            Self::Partitions => "several partitions",
            Self::Outputs => "several outputs",
            Self::Paths => "several paths",
            Self::Glob => "a glob",
            Self::Directory => "a directory",
            Self::Observed => "none: a command observes it",
            Self::Nothing => "none: it declares no output",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Partitions | Self::Outputs | Self::Paths | Self::Glob => "can be several files",
            Self::Directory => "is a directory",
            Self::Observed | Self::Nothing => "is not a file",
        }
    }

    fn help(self, dep: &Dep, view: &InputView, context: AssetContext<'_>) -> String {
        let input = &dep.input;
        let named = format!("name it in the command, as `{{{{input.{input}}}}}`");
        let upstream = || &context.names.get(dep.asset).key;
        match self {
            Self::Partitions => format!("map it to one partition, or {named}"),
            Self::Outputs => {
                let first = view.outputs.first().map_or("", String::as_str);
                format!("read one of its outputs, as `\"{}.{first}\"`", upstream())
            }
            Self::Paths | Self::Glob => {
                format!("remove `stdin`, and {named} or `{{{{input_list.{input}}}}}`")
            }
            Self::Directory => format!("remove `stdin`, and {named}"),
            Self::Observed => "remove `stdin`: the command asks for the data itself".to_owned(),
            Self::Nothing => format!("give `{}` the output that is read", upstream()),
        }
    }
}

/// A declared batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// The greatest number of partitions of one command; more than one.
    pub max: NonZeroU32,
    location: Location,
}

/// Reads `batch`; `None` where a command makes one partition.
pub(super) fn batch(
    table: &Table<'_>,
    partitions: Partitions,
    problems: &mut Problems,
) -> Option<Batch> {
    let value = table.get("batch")?;
    let settings = value.table(Heading::Inline("`batch`"), problems)?;
    settings.only(&["max"], problems);
    let Some(max) = settings.get("max") else {
        let problem = Problem::MissingKey {
            table: "`batch`".to_owned(),
            key: "max",
            help: "say how many partitions one command makes at most: `batch = { max = 30 }`",
        };
        problems.at(value.location(), "of how many?", problem);
        return None;
    };
    let number = max.integer(problems)?;
    let Some(number) = u32::try_from(number).ok().and_then(NonZeroU32::new) else {
        let help = "a number from 1 on; with 1 each partition has a command of its own";
        max.invalid("a batch has at least one partition", help, problems);
        return None;
    };
    let batch = Batch {
        max: number,
        location: value.key_location,
    };
    if partitions == Partitions::None {
        let message = "`batch` is for an asset with partitions";
        batch.refuse(
            message,
            "give it `partitions`, or remove `batch`",
            None,
            problems,
        );
        return None;
    }
    (number.get() > 1).then_some(batch)
}

impl Batch {
    /// Reports what does not go together with it: a dep on earlier partitions of the asset, standard input and
    /// output, and dimensions whose variables would be those of the batch's ends.
    pub(super) fn check(
        &self,
        asset: AssetId,
        deps: &[Dep],
        dimensions: &[Dimension],
        streams: StreamKeys,
        problems: &mut Problems,
    ) {
        let is_an_end =
            |it: &&Dimension| ["START", "END"].contains(&it.name.as_variable().as_str());
        if let Some(dimension) = dimensions.iter().find(is_an_end) {
            let (name, variable) = (&dimension.name, dimension.name.as_variable());
            let message = format!(
                "the variable `ASSETCTL_PARTITION_{variable}` is an end of the batch and the dimension `{name}`"
            );
            let help = "give the dimension another name, or remove `batch`";
            self.refuse(&message, help, None, problems);
        }
        if let Some(own) = deps.iter().find(|dep| dep.asset == asset) {
            let message =
                "the partitions of a batch are made at once, and this asset reads its earlier ones";
            let other = (own.location, "reads the asset itself");
            self.refuse(message, "remove `batch`, or the dep", Some(other), problems);
        }
        if let Some(location) = streams.stdin {
            let message = "the inputs of a batch are several files, and standard input is one";
            let help = "name them in the command as `{{input}}`, or remove `batch`";
            self.refuse(message, help, Some((location, "and this key")), problems);
        }
        if let Some(location) = streams.stdout {
            let message = "the standard output of a batch is not the output of one partition";
            let help = "write each partition to its path, all of which `{{output}}` lists";
            self.refuse(message, help, Some((location, "and this key")), problems);
        }
    }

    fn refuse(
        &self,
        message: &str,
        help: &str,
        other: Option<(Location, &str)>,
        problems: &mut Problems,
    ) {
        let problem = Problem::ConflictingKeys {
            message: message.to_owned(),
            help: help.to_owned(),
        };
        let other = other.map(|(location, text)| Label::new(location, text));
        let labels = [Label::new(self.location, "this key")];
        problems.add(problem, labels.into_iter().chain(other));
    }
}

/// Where the keys stand that give a command its streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamKeys {
    /// `stdin`, if it is there.
    pub stdin: Option<Location>,
    /// `stdout`, if standard output is the output.
    pub stdout: Option<Location>,
}

impl StreamKeys {
    /// Those of an asset's table.
    pub(super) fn of(table: &Table<'_>, stdout_is_output: bool) -> Self {
        let location = |key| table.get(key).map(|value| value.key_location);
        Self {
            stdin: location("stdin"),
            stdout: location("stdout").filter(|_| stdout_is_output),
        }
    }
}
