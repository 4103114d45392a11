//! `[asset.NAME]`: everything but its partitions and outputs, which others need to know first.

use crate::manifest::config::ConfigContext;
use crate::manifest::deps::{self, DepContext};
use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::names::{Declares, Names};
use crate::manifest::outputs::Outputs;
use crate::manifest::partitions::Definitions;
use crate::manifest::placeholders::{
    Amount, CommandContext, CommandOwner, InputView, output_label,
};
use crate::manifest::project::{CommandFrame, Defaults};
use crate::manifest::source::InlineSources;
use crate::manifest::streams::{self, Inputs, StreamKeys};
use crate::manifest::{code, command, common_keys, config, resources, retries};
use crate::model::{
    Asset, AssetId, Command, CommandPlaceholder, DataVersionRule, Dep, HookMoment, Location, Place,
    Recipe, SourceAsset,
};

/// How many inputs a warning names.
const INPUTS_TOLD: usize = 5;

/// Keys that say how a command runs, and mean nothing without one.
const OF_COMMANDS: [&str; 22] = [
    "batch",
    "code",
    "auto_code",
    "gitignored",
    "tools",
    "code_version",
    "staging",
    "stdin",
    "stdout",
    "incremental",
    "volatile",
    "env",
    "hooks",
    "resources",
    "config",
    "config_schema",
    "partition_config",
    "inherit_env",
    "timeout",
    "retries",
    "leftovers",
    "format",
];

/// The other keys, but those for people.
const KEYS: [&str; 8] = [
    "command",
    "deps",
    "after",
    "outputs",
    "data_version",
    "partitions",
    "priority",
    "lock",
];

/// What an asset is read for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AssetContext<'a> {
    /// Its id.
    pub id: AssetId,
    /// Everything that is declared.
    pub names: &'a Names<'a>,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
    /// What its file sets for all assets.
    pub defaults: &'a Defaults,
    /// What it shares with all commands.
    pub frame: CommandFrame<'a>,
}

/// An asset, and where its `after` names stand.
#[derive(Debug)]
pub(super) struct ReadAsset {
    /// The asset.
    pub asset: Asset,
    /// Each asset of `after`, with its place.
    pub after: Vec<(AssetId, Location)>,
}

/// Where problems and warnings go.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong.
    pub problems: Problems,
    /// What is worth a look.
    pub warnings: Problems,
}

/// Reads an asset.
pub(super) fn read(
    table: &Table<'_>,
    outputs: &Outputs,
    context: AssetContext<'_>,
    inline: &mut InlineSources,
    findings: &mut Findings,
) -> ReadAsset {
    let problems = &mut findings.problems;
    let known: Vec<&'static str> = [&common_keys::ABOUT_KEYS[..], &KEYS, &OF_COMMANDS].concat();
    table.only(&known, problems);
    let outline = context.names.get(context.id);
    let dep_context = DepContext {
        asset: context.id,
        names: context.names,
        definitions: context.definitions,
    };
    let before = problems.len();
    let deps = deps::read(table, dep_context, inline, problems);
    let are_complete = problems.len() == before;
    let after = deps::read_after(table, dep_context, problems);
    let mut about = common_keys::about(table, problems);
    context.defaults.complete(&mut about);
    let command = table.get("command");
    let recipe = match command {
        None => {
            refuse_command_keys(table, problems);
            None
        }
        Some(value) => {
            let batch = streams::batch(table, outline.partitions, problems);
            let is_batched = batch.is_some();
            let view = |dep| view(dep, is_batched, context, inline);
            let views: Vec<InputView> = deps.iter().map(view).collect();
            let inputs = Inputs {
                deps: &deps,
                are_complete,
                views: &views,
                is_batched,
                inline,
            };
            let stdin = streams::stdin(table, inputs, context, problems);
            let own_config = ConfigContext {
                section: "asset",
                name: outline.key.as_str(),
                scope: context.definitions.scope(outline.partitions),
                definition: outline.partitions.definition(),
                definitions: context.definitions,
            };
            let own_config = config::read(table, own_config, problems);
            let names = CommandContext {
                owner: CommandOwner::Asset,
                scope: context.definitions.scope(outline.partitions),
                inputs: &views,
                outputs: Some(&outputs.list),
                shell: context.frame.shell,
                project: context.frame.project,
                is_batched,
                config: own_config.config.as_deref(),
            };
            let mut of_command = Problems::default();
            let command = command::read(&value, &names, &mut of_command);
            if !are_complete || !outputs.is_complete {
                of_command.retain(|problem| !depends_on_names(problem));
            }
            if own_config.is_incomplete {
                of_command.retain(|problem| !matches!(problem, Problem::UnknownConfig { .. }));
            }
            problems.append(of_command);
            let recipe = read_recipe(table, command, outputs, context, problems);
            recipe.map(|recipe| {
                if let Some(batch) = &batch {
                    let definition = outline.partitions.definition();
                    let dimensions = definition.map(|id| context.definitions.get(id).dimensions());
                    let dimensions = dimensions.unwrap_or_default();
                    let streams = StreamKeys::of(table, recipe.stdout_is_output);
                    batch.check(context.id, &deps, dimensions, streams, problems);
                }
                let batch = batch.map(|batch| batch.max);
                Recipe {
                    stdin,
                    batch,
                    config: own_config.config,
                    ..recipe
                }
            })
        }
    };
    let asset = Asset {
        key: outline.key.clone(),
        location: table.location,
        about,
        partitions: outline.partitions.definition(),
        deps,
        after: after.iter().map(|(id, _)| *id).collect(),
        recipe,
        outputs: outputs.list.clone(),
        data_version: data_version(table, outputs, problems),
        priority: table.integer("priority", problems).unwrap_or(0),
        locked: table.boolean("lock", problems) != Some(false),
    };
    if let (Some(_), Some(value)) = (&asset.recipe, command) {
        let is_observed = |id| is_observed(id, context.names, inline);
        warn_of_unnamed_inputs(&asset, &value, is_observed, &mut findings.warnings);
        command::warn(&asset, &value, &mut findings.warnings);
    }
    ReadAsset { asset, after }
}

fn read_recipe(
    table: &Table<'_>,
    command: Option<Command>,
    outputs: &Outputs,
    context: AssetContext<'_>,
    problems: &mut Problems,
) -> Option<Recipe> {
    let defaults = context.defaults;
    let stdout_is_output = streams::stdout(table, outputs, problems);
    let incremental = table.boolean("incremental", problems) == Some(true);
    let volatile = table.boolean("volatile", problems) == Some(true);
    let declared_staging = table.boolean("staging", problems);
    let own_env = common_keys::env(table, problems);
    let inherit_env = common_keys::inherit_env(table, problems);
    let timeout = common_keys::duration(table, "timeout", problems);
    let retries = retries::read(table, problems);
    let may_end_leftovers = may_end_leftovers(table, problems);
    let resources = resources::named(table, context.frame.resources, problems);
    let hooks = context.frame.hooks(table, &HookMoment::OF_STEPS, problems);
    let command = command?;
    let staged = declared_staging.unwrap_or_else(|| stdout_is_output || names_output(&command));
    let code = code::read(table, &command, problems);
    Some(Recipe {
        command,
        folder: table.file.folder().to_owned(),
        code,
        in_place: !staged,
        stdin: None,
        stdout_is_output,
        incremental,
        volatile,
        env: defaults.env(own_env),
        resources,
        config: None,
        hooks,
        inherit_env,
        timeout: timeout.or(defaults.timeout),
        retries,
        default_retries: defaults.retries,
        may_end_leftovers,
        batch: None,
    })
}

fn may_end_leftovers(table: &Table<'_>, problems: &mut Problems) -> bool {
    let Some(value) = table.get("leftovers") else {
        return false;
    };
    let rule = value.text(problems).map(|text| text.value);
    if let Some(other) = rule.filter(|rule| !["end", "fail"].contains(rule)) {
        let help = did_you_mean(other, ["end", "fail"], "");
        let problem = format!("`leftovers` is `end` or `fail`, not `{other}`");
        value.invalid(problem, help, problems);
    }
    rule == Some("end")
}

/// A dep as the command of its asset sees it.
fn view(
    dep: &Dep,
    is_batched: bool,
    context: AssetContext<'_>,
    inline: &InlineSources,
) -> InputView {
    let definition = |id: AssetId| {
        let outline = context.names.outlines().get(id.index())?;
        outline.partitions.definition()
    };
    let upstream = definition(dep.asset);
    let declared = context.definitions.declared();
    let several = dep
        .mapping
        .can_read_several(declared, definition(context.id), upstream)
        || (is_batched && upstream.is_some());
    let of_source = |source: &SourceAsset| {
        let is_value = matches!(source.place, Place::Value { .. });
        let paths = Amount::of(source.can_have_several_paths());
        (paths, Vec::new(), is_value)
    };
    let (paths, outputs, is_value) = match inline.get(dep.asset) {
        Some(source) => of_source(source),
        None => match &context.names.get(dep.asset).declares {
            Declares::Source(source) => of_source(source),
            Declares::Asset(outputs) => (
                Amount::of(dep.output.is_none() && outputs.list.len() > 1),
                outputs.list.iter().enumerate().map(output_label).collect(),
                false,
            ),
        },
    };
    InputView {
        name: dep.input.clone(),
        partitions: Amount::of(several),
        paths,
        outputs,
        output: dep.output.map(|output| output as usize),
        is_value,
    }
}

/// Whether a problem of a command can come from deps or outputs that are wrong themselves.
fn depends_on_names(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::MisplacedPlaceholder { .. } | Problem::GluedPlaceholder { .. }
    )
}

fn names_output(command: &Command) -> bool {
    let placeholder = |it: &&CommandPlaceholder| {
        matches!(
            it,
            CommandPlaceholder::Outputs | CommandPlaceholder::Output(_)
        )
    };
    let variable = |text: &String| text.contains("ASSETCTL_OUTPUT");
    command::placeholders_of(command).iter().any(placeholder)
        || command::written(command).iter().any(variable)
}

fn data_version(table: &Table<'_>, outputs: &Outputs, problems: &mut Problems) -> DataVersionRule {
    let Some(value) = table.get("data_version") else {
        let external = outputs.list.is_empty() && outputs.is_complete;
        return if external {
            DataVersionRule::Reported
        } else {
            DataVersionRule::Content
        };
    };
    let Some(text) = value.text(problems) else {
        return DataVersionRule::Content;
    };
    match text.value {
        "content" => DataVersionRule::Content,
        "inputs" => DataVersionRule::Inputs,
        "reported" => {
            value.invalid(
                "there is no way yet for a command to report the version of its data",
                "leave it out to compare the content of the outputs, or write `\"inputs\"` to compare their inputs",
                problems,
            );
            DataVersionRule::Reported
        }
        other => {
            let help = did_you_mean(other, ["content", "inputs"], "");
            value.invalid(
                format!("there is no data version `{other}`"),
                help,
                problems,
            );
            DataVersionRule::Content
        }
    }
}

fn refuse_command_keys(table: &Table<'_>, problems: &mut Problems) {
    for key in OF_COMMANDS {
        if let Some(value) = table.get(key) {
            let problem = Problem::ConflictingKeys {
                message: format!("`{key}` is for an asset with a command"),
                help: "give it a `command`; without one it is made elsewhere and only reported"
                    .to_owned(),
            };
            problems.at(value.key_location, "has no meaning here", problem);
        }
    }
}

/// Whether it is a source that has no path to be named.
fn is_observed(id: AssetId, names: &Names<'_>, inline: &InlineSources) -> bool {
    if inline.get(id).is_some() {
        return false;
    }
    match &names.get(id).declares {
        Declares::Source(source) => matches!(source.place, Place::Observed { .. }),
        Declares::Asset(_) => false,
    }
}

/// A command that names some of what it reads or writes probably means to name all of it; one that names nothing has
/// its paths elsewhere.
fn warn_of_unnamed_inputs(
    asset: &Asset,
    value: &Value<'_>,
    is_observed: impl Fn(AssetId) -> bool,
    warnings: &mut Problems,
) {
    let Some(recipe) = &asset.recipe else { return };
    let placeholders = command::placeholders_of(&recipe.command);
    if placeholders.is_empty() {
        return;
    }
    let written = command::written(&recipe.command);
    let is_unnamed = |(index, dep): &(usize, &Dep)| {
        let given = recipe.stdin.is_some_and(|stdin| stdin as usize == *index);
        let named = placeholders.iter().any(|placeholder| match placeholder {
            CommandPlaceholder::Input(at)
            | CommandPlaceholder::InputOutput(at, _)
            | CommandPlaceholder::InputList(at)
            | CommandPlaceholder::Value(at, _) => at == index,
            _ => false,
        });
        let variable = format!("ASSETCTL_INPUT_{}", dep.input.as_variable());
        !given
            && !named
            && !is_observed(dep.asset)
            && !written.iter().any(|text| text.contains(&variable))
    };
    // Deps of one place are those of a list: how many there are is not for the command to say.
    let is_of_list = |dep: &Dep| {
        let mut others = asset.deps.iter();
        others.any(|it| it.location == dep.location && it.input != dep.input)
    };
    let deps = asset.deps.iter().enumerate().filter(is_unnamed);
    let unnamed = deps.map(|(_, dep)| dep).filter(|dep| !is_of_list(dep));
    let unnamed: Vec<&Dep> = unnamed.collect();
    let Some(first) = unnamed.first() else { return };
    let told = &unnamed[..unnamed.len().min(INPUTS_TOLD)];
    let names: Vec<String> = told.iter().map(|dep| format!("`{}`", dep.input)).collect();
    let names = names.join(", ");
    let (inputs, named) = match unnamed.len() {
        1 => (
            format!("input {names}"),
            format!("it as `{{{{input.{}}}}}`", first.input),
        ),
        count => {
            let more = match count - told.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = format!("each as `{{{{input.{}}}}}`", first.input);
            (format!("inputs {names}{more}"), named)
        }
    };
    let problem = Problem::UnnamedInputs {
        asset: asset.key.to_string(),
        inputs,
        named,
    };
    let labels = told
        .iter()
        .map(|dep| Label::new(dep.location, "never named"));
    let command = Label::new(value.location(), "in this command");
    warnings.add(problem, labels.chain([command]));
}
