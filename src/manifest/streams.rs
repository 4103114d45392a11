//! `stdin` and `stdout`: the input whose bytes a command is given, and whether what it prints is its output.

use crate::manifest::asset::AssetContext;
use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::inline::InlineSources;
use crate::manifest::names::Declares;
use crate::manifest::outputs::{Outputs, Reading};
use crate::manifest::placeholders::{Amount, Batching, InputView};
use crate::manifest::suggest::did_you_mean;
use crate::model::{Dep, OutputKind, Place, SourceAsset, SourcePath};

/// The inputs of an asset, among which `stdin` names one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs<'a> {
    /// The deps that are right.
    pub deps: &'a [Dep],
    /// Whether that is all of them.
    pub reading: Reading,
    /// The same as the command sees them.
    pub views: &'a [InputView],
    /// Whether one command makes several partitions.
    pub batching: Batching,
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
        if inputs.reading == Reading::Complete {
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
            problems.add(problem, [Label::new(name.location(), "no such input")]);
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
    if value.boolean(problems) != Some(true) || outputs.reading == Reading::Faulty {
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
    let several = inputs.batching == Batching::One && view.partitions == Amount::Several;
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
        None if outputs.reading == Reading::Faulty => None,
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
