//! The placeholders of commands: what each name stands for in a command, and how many values it can have.

use crate::manifest::diagnostic::{Problems, all_of, did_you_mean};
use crate::manifest::error::Problem;
use crate::manifest::template::{OF_A_LIST, Refusal, Scope, Written, refuse};
use crate::model::{
    AssetConfig, CommandPlaceholder, ConfigKind, ConfigPath, Location, Name, Output,
    PartitionPlaceholder, TimeFormat, ValueForm, as_variable,
};

/// How many values a placeholder can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// At most one.
    One,
    /// Any number.
    Several,
}

impl Amount {
    /// Several or one.
    pub(super) fn of(is_several: bool) -> Self {
        if is_several { Self::Several } else { Self::One }
    }
}

/// An input as its command sees it.
#[derive(Clone, Debug)]
pub(super) struct InputView {
    /// Its name.
    pub name: Name,
    /// How many of the upstream's partitions one partition reads.
    pub partitions: Amount,
    /// How many paths one of them has: of the output that is read, or of all.
    pub paths: Amount,
    /// The labels of the upstream's outputs, by index.
    pub outputs: Vec<String>,
    /// The only output that is read, if the dep names one.
    pub output: Option<usize>,
    /// Whether it is a source with a `key`, and so a value of a file.
    pub is_value: bool,
}

/// What `{{name}}` stands for; reports it where it cannot stand.
pub(super) fn read(
    name: &str,
    context: &CommandContext<'_>,
    location: impl Fn() -> Location,
    problems: &mut Problems,
) -> Option<(CommandPlaceholder, Amount)> {
    if let (CommandOwner::StepHook, "partition") = (context.owner, name) {
        let key = PartitionPlaceholder::Key;
        return Some((CommandPlaceholder::Partition(key), Amount::One));
    }
    let is_of_hook = matches!(
        context.owner,
        CommandOwner::StepHook | CommandOwner::RunHook
    );
    if let Some(written) = Written::parse(name).filter(|_| !is_of_hook) {
        if context.is_batched {
            let problem = Problem::MisplacedPlaceholder {
                name: name.to_owned(),
                reason: "one command makes a batch of partitions".to_owned(),
                help: format!("read {IN_A_BATCH} in the command"),
            };
            problems.at(location(), "of which partition?", problem);
            return None;
        }
        let placeholder = written.resolve(name, context.scope, location, problems)?;
        return Some((CommandPlaceholder::Partition(placeholder), Amount::One));
    }
    let (word, rest) = match name.split_once('.') {
        Some((word, rest)) => (word.trim_end(), Some(rest.trim_start())),
        None => (name, None),
    };
    let is_printed = context.owner == CommandOwner::Printed;
    if let ("config", Some(path), false) = (word, rest, is_printed || is_of_hook) {
        return named_config(path, context, location, problems);
    }
    let of_asset = !matches!(
        context.owner,
        CommandOwner::Resource | CommandOwner::RunHook
    );
    let found = match (word, rest, context.outputs) {
        ("asset", None, _) if of_asset => Ok((CommandPlaceholder::Asset, Amount::One)),
        ("project", None, _) => match context.project {
            Some(_) => Ok((CommandPlaceholder::Project, Amount::One)),
            None => refuse("the project has no name", "give it one: `[project] name`"),
        },
        ("run_id", None, _) if !is_printed => Ok((CommandPlaceholder::RunId, Amount::One)),
        ("output", None, Some(outputs)) => {
            let amount = of_batch(context, Amount::of(outputs.len() > 1));
            Ok((CommandPlaceholder::Outputs, amount))
        }
        ("output", Some(output), Some(outputs)) => named_output(output, outputs)
            .map(|(output, amount)| (output, of_batch(context, amount))),
        ("input", None, Some(_)) => only_input(context.inputs),
        ("input", Some(input), Some(_)) => named_input(input, context.inputs),
        ("input_list", Some(input), Some(_)) => find_input(input, context.inputs)
            .map(|index| (CommandPlaceholder::InputList(index), Amount::One)),
        ("value", Some(input), Some(_)) => named_value(input, context.inputs),
        _ => {
            let problem = Problem::UnknownPlaceholder {
                name: name.to_owned(),
                help: unknown_help(word, context),
            };
            problems.at(location(), "no such placeholder", problem);
            return None;
        }
    };
    let has_no_value =
        |refusal: Refusal| refusal.report(name, location(), "has no value", problems);
    found.map_err(has_no_value).ok()
}

/// The variable that holds what a placeholder stands for, as it is written in double quotes.
pub(super) fn variable(
    placeholder: &CommandPlaceholder,
    context: &CommandContext<'_>,
) -> Option<String> {
    let input = |index: &usize| context.inputs[*index].name.as_variable();
    let name = match placeholder {
        CommandPlaceholder::Partition(PartitionPlaceholder::Key) => "ASSETCTL_PARTITION".to_owned(),
        CommandPlaceholder::Partition(PartitionPlaceholder::WindowStart(TimeFormat::Rfc3339)) => {
            "ASSETCTL_WINDOW_START".to_owned()
        }
        CommandPlaceholder::Partition(PartitionPlaceholder::WindowEnd(TimeFormat::Rfc3339)) => {
            "ASSETCTL_WINDOW_END".to_owned()
        }
        CommandPlaceholder::Input(index) => format!("ASSETCTL_INPUT_{}", input(index)),
        CommandPlaceholder::InputList(index) => format!("ASSETCTL_INPUT_{}_LIST", input(index)),
        CommandPlaceholder::Outputs => match context.outputs? {
            [only] if only.name.is_none() => "ASSETCTL_OUTPUT".to_owned(),
            _ => return None,
        },
        CommandPlaceholder::Output(index) => {
            let output = context.outputs?.get(*index)?;
            format!("ASSETCTL_OUTPUT_{}", output.name.as_ref()?.as_variable())
        }
        CommandPlaceholder::Config(path, ValueForm::Words | ValueForm::Joined) => {
            let [key] = path.keys() else { return None };
            format!("ASSETCTL_CONFIG_{}", as_variable(key))
        }
        CommandPlaceholder::Asset => "ASSETCTL_ASSET".to_owned(),
        CommandPlaceholder::RunId => "ASSETCTL_RUN_ID".to_owned(),
        CommandPlaceholder::Partition(_)
        | CommandPlaceholder::InputOutput(..)
        | CommandPlaceholder::Value(..)
        | CommandPlaceholder::Config(..)
        | CommandPlaceholder::Project => return None,
    };
    Some(format!("`${name}`"))
}

type Known = Result<(CommandPlaceholder, Amount), Refusal>;

/// How many values there are for all partitions that one command makes.
fn of_batch(context: &CommandContext<'_>, of_one: Amount) -> Amount {
    if context.is_batched {
        Amount::Several
    } else {
        of_one
    }
}

fn named_output(name: &str, outputs: &[Output]) -> Known {
    let labels: Vec<String> = outputs.iter().enumerate().map(output_label).collect();
    match labels.iter().position(|label| label == name) {
        Some(index) => Ok((CommandPlaceholder::Output(index), Amount::One)),
        None => refuse(
            format!("there is no output `{name}`"),
            did_you_mean(name, with_names(&labels), "`{{output}}` is all of them"),
        ),
    }
}

/// An output as templates name it: by its name, or its number from 0.
pub(super) fn output_label((index, output): (usize, &Output)) -> String {
    output
        .name
        .as_ref()
        .map_or_else(|| index.to_string(), Name::to_string)
}

/// The labels that are names and no numbers.
fn with_names(labels: &[String]) -> impl Iterator<Item = &str> {
    let labels = labels.iter().map(String::as_str);
    labels.filter(|label| label.parse::<u32>().is_err())
}

fn only_input(inputs: &[InputView]) -> Known {
    match inputs {
        [_] => Ok((CommandPlaceholder::Input(0), input_amount(&inputs[0]))),
        [] => refuse("there is no input", "name one with `deps`"),
        _ => refuse(
            format!("there are {} inputs", inputs.len()),
            format!("name one of them: {}", names(inputs)),
        ),
    }
}

fn named_input(name: &str, inputs: &[InputView]) -> Known {
    let (input, output) = match name.split_once('.') {
        Some((input, output)) => (input.trim_end(), Some(output.trim_start())),
        None => (name, None),
    };
    let index = find_input(input, inputs)?;
    let view = &inputs[index];
    let Some(output) = output else {
        return Ok((CommandPlaceholder::Input(index), input_amount(view)));
    };
    let found = view.outputs.iter().position(|label| label == output);
    match (found, view.output) {
        (None, _) => refuse(
            format!("the input `{input}` has no output `{output}`"),
            did_you_mean(
                output,
                with_names(&view.outputs),
                &format!("its outputs have no names: write `{{{{input.{input}}}}}`"),
            ),
        ),
        (Some(found), Some(only)) if found != only => refuse(
            format!(
                "of `{input}` only the output `{}` is read",
                view.outputs[only]
            ),
            "add a dep on the other output, with a name of its own (`as`)",
        ),
        (Some(_), Some(_)) => Ok((CommandPlaceholder::Input(index), view.partitions)),
        (Some(found), None) => Ok((
            CommandPlaceholder::InputOutput(index, found),
            view.partitions,
        )),
    }
}

fn named_value(name: &str, inputs: &[InputView]) -> Known {
    let (name, form) = match name.split_once(':') {
        None => (name, ValueForm::Words),
        Some((name, form)) if form.trim() == "json" => (name.trim_end(), ValueForm::Json),
        Some((name, form)) => {
            return refuse(
                format!("a value has no form `{}`", form.trim()),
                format!(
                    "`{{{{value.{}:json}}}}` is the value as JSON",
                    name.trim_end()
                ),
            );
        }
    };
    let index = find_input(name, inputs)?;
    let view = &inputs[index];
    if !view.is_value {
        return refuse(
            format!("`{name}` is not a value of a file"),
            "only a source with a `key` has one value",
        );
    }
    if view.partitions == Amount::Several {
        return refuse(
            format!("`{name}` has a value for each of several partitions"),
            "a value is that of one partition: choose another mapping",
        );
    }
    Ok((CommandPlaceholder::Value(index, form), Amount::One))
}

/// A value of the configuration: a path, and perhaps `:json`.
fn named_config(
    written: &str,
    context: &CommandContext<'_>,
    location: impl Fn() -> Location,
    problems: &mut Problems,
) -> Option<(CommandPlaceholder, Amount)> {
    let (path, form) = match written.rsplit_once(':') {
        Some((path, form)) if form.trim() == "json" => (path.trim_end(), ValueForm::Json),
        _ => (written, ValueForm::Words),
    };
    let unknown = |help: String, problems: &mut Problems| {
        let problem = Problem::UnknownConfig {
            path: format!("config.{path}"),
            help,
        };
        problems.at(location(), "no such value", problem);
    };
    let Some(config) = context.config else {
        let help = match context.owner {
            CommandOwner::Resource => "give the resource a `config`",
            _ => "give the asset a `config`",
        };
        unknown(help.to_owned(), problems);
        return None;
    };
    let Some(path_keys) = ConfigPath::parse(path) else {
        let help = "write keys joined by dots, as `{{config.tuning.rate}}`".to_owned();
        unknown(help, problems);
        return None;
    };
    let (mut keys, mut kind) = (Some(&config.schema), None);
    for (number, key) in path_keys.keys().iter().enumerate() {
        let Some(known) = keys else {
            // Below a value of any kind anything may be.
            kind = None;
            break;
        };
        let Some((_, schema)) = known.iter().find(|(it, _)| it == key) else {
            let known = known.iter().map(|(key, _)| key.as_str());
            unknown(did_you_mean(key, known, "declare it in `config`"), problems);
            return None;
        };
        kind = Some(&schema.kind);
        keys = match &schema.kind {
            ConfigKind::Table(Some(keys)) => Some(keys),
            ConfigKind::Table(None) | ConfigKind::Any => None,
            scalar => {
                if number + 1 < path_keys.keys().len() {
                    let help = format!(
                        "`{key}` is of the type `{}` and holds no keys",
                        scalar.name()
                    );
                    unknown(help, problems);
                    return None;
                }
                None
            }
        };
    }
    if let (Some(ConfigKind::Table(_)), ValueForm::Words) = (kind, form) {
        let refusal = Refusal::new(
            "a table is not a word",
            format!(
                "name a key of it, or write `{{{{config.{path}:json}}}}` for all of it as JSON"
            ),
        );
        refusal.report(written, location(), "has no value", problems);
        return None;
    }
    let is_list = matches!(kind, Some(ConfigKind::List(_))) && form == ValueForm::Words;
    Some((
        CommandPlaceholder::Config(path_keys, form),
        Amount::of(is_list),
    ))
}

fn find_input(name: &str, inputs: &[InputView]) -> Result<usize, Refusal> {
    let found = inputs.iter().position(|input| input.name.as_str() == name);
    let Some(index) = found else {
        let known = inputs.iter().map(|input| input.name.as_str());
        return refuse(
            format!("there is no input `{name}`"),
            did_you_mean(name, known, "name it in `deps`"),
        );
    };
    Ok(index)
}

fn input_amount(input: &InputView) -> Amount {
    if input.partitions == Amount::Several {
        Amount::Several
    } else {
        input.paths
    }
}

fn names(inputs: &[InputView]) -> String {
    let written: Vec<String> = inputs
        .iter()
        .take(6)
        .map(|input| format!("{{{{input.{}}}}}", input.name))
        .collect();
    all_of(&written.iter().map(String::as_str).collect::<Vec<_>>()).replace(" and ", " or ")
}

fn unknown_help(word: &str, context: &CommandContext<'_>) -> String {
    if word == "each" {
        return OF_A_LIST.to_owned();
    }
    let mut known = match context.owner {
        CommandOwner::Resource => vec!["project", "config", "run_id"],
        CommandOwner::StepHook => vec!["asset", "partition", "run_id", "project"],
        CommandOwner::RunHook => vec!["run_id", "project"],
        CommandOwner::Asset | CommandOwner::Printed => vec![
            "partition",
            "window.start",
            "window.end",
            "asset",
            "project",
        ],
    };
    if context.outputs.is_some() {
        known.extend(["input", "input_list", "value", "config", "output", "run_id"]);
    }
    let help = did_you_mean(word, known.iter().copied(), "");
    if help.ends_with('?') {
        return help;
    }
    format!("{help}; `{{{{{{{{` is a literal `{{{{`")
}

/// Whose command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandOwner {
    /// An asset, whose command writes outputs.
    Asset,
    /// A source or a manifest, of which it prints something.
    Printed,
    /// A resource.
    Resource,
    /// A hook that runs after a step.
    StepHook,
    /// A hook that runs after a run.
    RunHook,
}

/// What a command may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandContext<'a> {
    /// Whose command it is.
    pub owner: CommandOwner,
    /// The partitions.
    pub scope: Scope<'a>,
    /// The inputs.
    pub inputs: &'a [InputView],
    /// The outputs; `None` for a command that writes none.
    pub outputs: Option<&'a [Output]>,
    /// The project's shell.
    pub shell: &'a [String],
    /// The project's name.
    pub project: Option<&'a str>,
    /// Whether one command makes several partitions.
    pub is_batched: bool,
    /// The configuration, if there is one.
    pub config: Option<&'a AssetConfig>,
}

/// What a command of a batch reads instead of placeholders about the partition.
pub(super) const IN_A_BATCH: &str =
    "`$ASSETCTL_PARTITION_START`, `$ASSETCTL_PARTITION_END` or `$ASSETCTL_PARTITIONS_LIST`";
