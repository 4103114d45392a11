//! `include = [{ command, code, inputs, to }]`: commands that print manifests into files of the project.

use std::path::Path;

use crate::manifest::code;
use crate::manifest::command;
use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::paths;
use crate::manifest::placeholders::{CommandContext, CommandOwner};
use crate::manifest::project::Project;
use crate::manifest::project_files::{MANIFEST, NEVER};
use crate::manifest::source;
use crate::manifest::template::Scope;
use crate::model::{
    About, Asset, AssetKey, DataVersionRule, Generator, GeneratorInput, InheritEnv, LOCK_FILE,
    Location, Recipe,
};

/// The tables of `include`.
pub(super) fn tables<'a>(file: &Table<'a>) -> Vec<Table<'a>> {
    let project = file.get("project");
    let project = project.and_then(|value| value.as_table(Heading::Only("project")));
    let Some(include) = project.and_then(|project| project.get("include")) else {
        return Vec::new();
    };
    let elements = include.one_or_more().into_iter();
    let table = |it: Value<'a>| it.as_table(Heading::Inline("the generated manifest"));
    elements.filter_map(table).collect()
}

/// The file that a command prints, if it may.
pub(super) fn target(table: &Table<'_>, problems: &mut Problems) -> Option<String> {
    let help = "name the file that the command prints, as `to = \"generated/Assets.toml\"`";
    let value = table.required("to", "prints into which file?", help, problems)?;
    let text = value.text(problems)?;
    if !paths::check_text(text, problems) {
        return None;
    }
    let folded = paths::fold_literal("", text.value);
    let path = folded.path.as_literal().unwrap_or_default().to_owned();
    let is_toml = Path::new(&path).extension().is_some_and(|it| it == "toml");
    let mut parts = path.split('/');
    let is_ours = parts.any(|part| NEVER.contains(&part)) || path == LOCK_FILE;
    let refused = if folded.outside || path.is_empty() {
        "lies outside of the project"
    } else if path == MANIFEST {
        "is the manifest that names the command"
    } else if is_ours {
        "is a place where no manifest is looked for"
    } else if !is_toml || paths::is_glob(&folded.path) {
        "is not the name of a TOML file"
    } else {
        return Some(path);
    };
    report(text, format!("`{}` {refused}", text.value), problems);
    None
}

fn report(text: Text<'_>, message: String, problems: &mut Problems) {
    let problem = Problem::Include {
        message,
        help: "name a TOML file in a folder of the project, as `generated/Assets.toml`",
    };
    problems.at(text.location(), "this file", problem);
}

/// Reads the commands that print manifests.
pub(super) fn read(file: &Table<'_>, project: &Project, problems: &mut Problems) -> Vec<Generator> {
    let mut generators: Vec<Generator> = Vec::new();
    for table in tables(file) {
        let Some(generator) = read_one(&table, project, problems) else {
            continue;
        };
        let same = generators.iter().find(|it| it.to == generator.to);
        if let Some(first) = same {
            let problem = Problem::Include {
                message: format!("two commands print `{}`", generator.to),
                help: "give each its own file",
            };
            let labels = [
                Label::new(generator.asset.location, "printed here"),
                Label::new(first.asset.location, "and here"),
            ];
            problems.add(problem, labels);
        }
        generators.push(generator);
    }
    generators
}

fn read_one(table: &Table<'_>, project: &Project, problems: &mut Problems) -> Option<Generator> {
    let known = ["command", "code", "auto_code", "tools", "inputs", "to"];
    table.only(&known, problems);
    // What is wrong with it has been reported.
    let to = target(table, &mut Problems::default());
    let help =
        "write the command that prints the manifest, as `command = [\"python3\", \"gen.py\"]`";
    let command = table.required("command", "printed by which command?", help, problems)?;
    let context = CommandContext {
        owner: CommandOwner::Printed,
        scope: Scope::Unpartitioned,
        inputs: &[],
        outputs: None,
        shell: &project.shell,
        project: project.name.as_deref(),
        is_batched: false,
        config: None,
    };
    let command = command::read(&command, &context, problems);
    let mut inputs = Vec::new();
    for text in table.texts("inputs", problems) {
        let path = source::read_path(text, Scope::Unpartitioned, problems);
        let location = text.location();
        inputs.extend(path.map(|path| GeneratorInput { path, location }));
    }
    let (to, command) = (to?, command?);
    let code = code::read(table, &command, problems);
    let asset = Asset {
        key: AssetKey::of_path(&to),
        location: place_of(table),
        about: About::default(),
        partitions: None,
        deps: Vec::new(),
        after: Vec::new(),
        recipe: Some(Recipe {
            command,
            folder: String::new(),
            code,
            in_place: false,
            stdin: None,
            stdout_is_output: true,
            incremental: false,
            volatile: false,
            env: Vec::new(),
            resources: Vec::new(),
            config: None,
            hooks: Vec::new(),
            inherit_env: InheritEnv::All,
            timeout: None,
            retries: None,
            default_retries: None,
            may_end_leftovers: false,
            batch: None,
        }),
        outputs: Vec::new(),
        data_version: DataVersionRule::Content,
        priority: 0,
        locked: true,
    };
    let asset = Box::new(asset);
    Some(Generator { to, asset, inputs })
}

/// The files that were read, and those that commands print.
pub(super) fn all_manifests<'a>(generators: &'a [Generator], files: &[&'a str]) -> Vec<&'a str> {
    let printed = generators.iter().map(|generator| generator.to.as_str());
    let mut manifests: Vec<&str> = files.iter().copied().chain(printed).collect();
    manifests.dedup();
    manifests
}

/// What to do about manifests that no command has printed yet: their files are not among those that were read.
pub(super) fn not_printed(generators: &[Generator], files: &[&str]) -> Option<String> {
    let is_missing = |it: &&Generator| !files.contains(&it.to.as_str());
    let missing: Vec<&str> = generators
        .iter()
        .filter(is_missing)
        .map(|it| it.to.as_str())
        .collect();
    let (first, more) = missing.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "; {first}{more} may declare it and is not there: `assetctl materialize` or `assetctl validate --generate` prints it"
    ))
}

/// Where `to` stands, which names the command.
fn place_of(table: &Table<'_>) -> Location {
    table.get("to").map_or(table.location, |to| to.location())
}
