//! `show`: everything that is declared of one asset.

use std::time::Duration;

use clap::Args;

use crate::answer::{
    DeclarationKind, Listing, ShownAsset, ShownConfig, ShownHook, ShownRecipe, ShownRetries,
    WrittenCommand,
};
use crate::app;
use crate::cli::args::{ConfigurationArgs, whole};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{
    BOLD, DIM, Keys, Look, Table, TableCell, count, declared_in, keys, span, styled,
};
use crate::model::{AssetKey, ConfigPath, Name, ShowRequest};

/// Words of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl show clean")]
pub struct ShowArgs {
    /// The asset or source
    #[arg(value_name = "ASSET")]
    pub asset: String,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Shows one asset or source.
pub fn run(args: &ShowArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let asset = whole(&args.asset)?;
    let report = app::show(&project, &ShowRequest { asset })?;
    session.answer(&report, || show(&report.asset, &session.look()))
}

/// A label and its lines for each thing that is declared.
fn show(report: &ShownAsset, look: &Look) -> String {
    let listing = &report.listing;
    let mut table = Table::default();
    about(listing, &mut table);
    partitions(report, &mut table);
    for dep in &listing.deps {
        let output = dep
            .output
            .as_ref()
            .map_or_else(String::new, |it| format!(".{it}"));
        let alias = if dep.input.as_str() == dep.asset.as_str() {
            String::new()
        } else {
            format!(" as {}", dep.input)
        };
        entry(
            &mut table,
            "reads",
            &format!("{}{output}{alias} ({})", dep.asset, dep.mapping),
        );
    }
    names(&mut table, "runs after", &report.after);
    if let Some(recipe) = &report.recipe {
        self::recipe(recipe, &mut table);
    }
    for output in &listing.outputs {
        let name = output
            .name
            .as_ref()
            .map_or_else(String::new, |it| format!("{it} = "));
        let label = if listing.kind == DeclarationKind::Source {
            "path"
        } else {
            "output"
        };
        entry(&mut table, label, &format!("{name}{}", output.path));
    }
    names(&mut table, "read by", &report.downstream);
    entry(&mut table, "declared", &declared_in(&report.declared_in));
    format!(
        "{} {}\n{}",
        styled(BOLD, &listing.key),
        styled(DIM, format!("({})", listing.kind.word())),
        table.lines(2, look.width.map(|width| width.max(60)))
    )
}

/// A label and its text; a label that was just given is not repeated, further lines stand below the first.
fn entry(table: &mut Table, label: &str, text: &str) {
    for (index, line) in text.lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        table.row([TableCell::new(DIM, label), TableCell::plain(line)]);
    }
}

fn names(table: &mut Table, label: &str, keys: &[AssetKey]) {
    if !keys.is_empty() {
        let names: Vec<_> = keys.iter().map(AssetKey::as_str).collect();
        entry(table, label, &names.join(", "));
    }
}

fn about(listing: &Listing, table: &mut Table) {
    let about = &listing.about;
    let tags: Vec<_> = about
        .tags
        .iter()
        .map(|(name, value)| match value.as_str() {
            "" => name.clone(),
            value => format!("{name}={value}"),
        })
        .collect();
    for (label, text) in [
        ("about", about.description.clone().unwrap_or_default()),
        ("group", about.group.clone().unwrap_or_default()),
        ("tags", tags.join(", ")),
        ("kinds", about.kinds.join(", ")),
        ("owners", about.owners.join(", ")),
    ] {
        entry(table, label, &text);
    }
    for (name, json) in &about.metadata {
        entry(table, "metadata", &format!("{name} = {json}"));
    }
}

fn partitions(report: &ShownAsset, table: &mut Table) {
    if let Some(definition) = &report.listing.partitions {
        let range = keys([Keys::from(&report.keys)], 1);
        let number = count(report.keys.count, "key");
        let text = if range.is_empty() {
            format!("{definition}: {number}")
        } else {
            format!("{definition}: {number}, {range}")
        };
        entry(table, "partitions", &text);
    }
}

/// A command as it can be read.
fn written(command: &WrittenCommand) -> String {
    match command {
        WrittenCommand::Shell(text) => text.trim().to_owned(),
        WrittenCommand::Direct(arguments) => format!("{arguments:?}"),
    }
}

fn config(config: &ShownConfig, table: &mut Table) {
    for (path, origin) in &config.origins {
        let keys = ConfigPath::parse(path);
        let keys = keys.as_ref().map_or(&[] as &[_], ConfigPath::keys);
        let value = keys
            .iter()
            .try_fold(&config.values, |value, key| value.get(key));
        let value = value.map_or_else(String::new, ToString::to_string);
        entry(table, "config", &format!("{path} = {value} ({origin})"));
    }
    for (key, values) in &config.partition_config {
        entry(table, "config", &format!("@{key}: {values}"));
    }
    for problem in &config.problems {
        entry(table, "config", problem);
    }
}

fn recipe(recipe: &ShownRecipe, table: &mut Table) {
    entry(table, "command", &written(&recipe.command));
    entry(table, "runs in", &recipe.folder);
    entry(table, "code", &recipe.code.join(", "));
    entry(table, "tools", &recipe.tools.join(", "));
    for (name, value) in &recipe.env {
        entry(table, "env", &format!("{name} = {value}"));
    }
    let resources: Vec<_> = recipe.resources.iter().map(Name::as_str).collect();
    if !resources.is_empty() {
        entry(table, "resources", &resources.join(", "));
    }
    if let Some(config) = &recipe.config {
        self::config(config, table);
    }
    if let Some(input) = &recipe.stdin {
        entry(table, "is given", &format!("{input} on standard input"));
    }
    entry(
        table,
        "writes to",
        match (recipe.stdout, recipe.staging) {
            (true, _) => "its output, from standard output",
            (false, true) => "a staging folder, from which outputs are renamed into place",
            (false, false) => "its final paths, as its command names no output",
        },
    );
    if recipe.incremental {
        entry(table, "starts from", "its previous output (incremental)");
    }
    if recipe.may_end_leftovers {
        entry(table, "leftovers", "are ended, without failing the step");
    }
    if recipe.volatile {
        entry(table, "runs", "always (volatile)");
    }
    if let Some(timeout) = recipe.timeout {
        entry(table, "timeout", &span(timeout));
    }
    if let Some(retries) = &recipe.retries {
        entry(table, "retries", &tries(retries));
    }
    for ShownHook {
        hook,
        declared,
        command,
    } in &recipe.hooks
    {
        let text = format!("{} ({})", written(command), declared.word());
        entry(table, hook.word(), &text);
    }
    if let Some(version) = recipe.code_version {
        entry(table, "code version", &version.to_string());
    }
}

/// How many waits are named.
const WAITS: usize = 5;

/// `up to 3, after 10s, 20s, 40s`
fn tries(retries: &ShownRetries) -> String {
    let milliseconds = |it: u64| span(Duration::from_millis(it));
    let wait = |(low, high): &(u64, u64)| {
        if low == high {
            milliseconds(*low)
        } else {
            format!("{} to {}", milliseconds(*low), milliseconds(*high))
        }
    };
    let waits = retries.delays_ms.iter().take(WAITS);
    let mut waits: Vec<_> = waits.map(wait).collect();
    if retries.max as usize > WAITS {
        waits.push("…".to_owned());
    }
    if retries.delays_ms.iter().all(|(_, high)| *high == 0) {
        format!("up to {}", retries.max)
    } else {
        format!("up to {}, after {}", retries.max, waits.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::show;
    use crate::answer::{
        DeclarationKind, DeclaredIn, ListedDep, ListedOutput, ListedPlace, Listing, ShownAsset,
        ShownHook, ShownRecipe, ShownRetries, WrittenCommand,
    };
    use crate::cli::fixtures::{asset, look, plain, range};
    use crate::model::{About, HookMoment, HookOwner};
    use crate::testkit;

    #[test]
    fn everything_that_is_declared() {
        let report = ShownAsset {
            listing: Listing {
                key: asset("clean"),
                kind: DeclarationKind::Asset,
                about: About {
                    description: Some("Flights with types fixed".into()),
                    tags: vec![("team".into(), "core".into()), ("wip".into(), "".into())],
                    ..About::default()
                },
                partitions: Some("day".into()),
                deps: vec![ListedDep {
                    input: testkit::name("raw"),
                    asset: asset("flights"),
                    output: None,
                    mapping: "identity".into(),
                }],
                outputs: vec![ListedOutput {
                    name: None,
                    path: "build/{{partition}}.csv".into(),
                }],
                location: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 12,
                },
            },
            declared_in: DeclaredIn {
                place: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 12,
                },
                each: Some("{{each.name}}".into()),
                printed_by: None,
            },
            keys: range("clean", "2013-01-01", "2013-12-31", 365),
            recipe: Some(ShownRecipe {
                command: WrittenCommand::Shell("set -e\npython3 steps/clean.py".into()),
                folder: String::new(),
                code: vec!["steps/clean.py".into()],
                tools: vec![],
                code_version: None,
                staging: false,
                stdin: Some(testkit::name("raw")),
                stdout: false,
                incremental: false,
                may_end_leftovers: false,
                volatile: true,
                env: vec![("TOKEN".into(), "secret".into())],
                resources: Vec::new(),
                hooks: vec![ShownHook {
                    hook: HookMoment::StepFailure,
                    declared: HookOwner::Project,
                    command: WrittenCommand::Shell("notify-send {{asset}}".into()),
                }],
                config: None,
                retries: Some(ShownRetries {
                    max: 3,
                    delays_ms: vec![(10_000, 10_000), (0, 20_000), (0, 40_000)],
                }),
                timeout: Some(Duration::from_secs(90)),
            }),
            after: vec![],
            downstream: vec![asset("daily"), asset("year")],
        };
        insta::assert_snapshot!(plain(&show(&report, &look())), @r"
        clean (asset)
          about       Flights with types fixed
          tags        team=core, wip
          partitions  day: 365 keys, 2013-01-01...2013-12-31
          reads       flights as raw (identity)
          command     set -e
                      python3 steps/clean.py
          code        steps/clean.py
          env         TOKEN = secret
          is given    raw on standard input
          writes to   its final paths, as its command names no output
          runs        always (volatile)
          timeout     1m 30s
          retries     up to 3, after 10s, 0ms to 20s, 0ms to 40s
          on_failure  notify-send {{asset}} (project)
          output      build/{{partition}}.csv
          read by     daily, year
          declared    Assets.toml:12 as {{each.name}}
        ");
    }
}
