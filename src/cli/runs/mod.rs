//! `runs` and its verbs.

mod show;

use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::app;
use crate::cli::args::{at_least_one, instant, run_word};
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::logs::write_logs;
use crate::cli::output;
use crate::cli::runs::show::{deleted, events, exported, list, show};
use crate::cli::session::{Format, Session};
use crate::cli::text::count;
use crate::cli::wipe::is_confirmed;
use crate::model::{AssetKey, Name, PartitionKey, RunFilter, RunStatus, RunWord};

/// Words of `runs`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "\
RUN is the id of a run, the beginning of one, `last`, or `last-failed`: the newest that failed, was canceled or crashed.

Examples:
  assetctl runs list --status failure --since 2024-01-03T00:00:00Z
  assetctl runs show last-failed
  assetctl runs logs last"
)]
pub struct RunVerbs {
    /// What to do.
    #[command(subcommand)]
    pub verb: RunsVerb,
}

/// What can be done with runs.
#[derive(Debug, Subcommand)]
pub enum RunsVerb {
    /// List runs, newest first
    List(RunListArgs),
    /// Show a run: its steps over time, what failed, how to go on
    Show(NamedRunArgs),
    /// Show the logs of all attempts of a run
    Logs(NamedRunArgs),
    /// Print the events of a run, as `materialize --json` printed them
    Events(NamedRunArgs),
    /// Ask a run to stop, as the first Ctrl-C does, and wait until it has ended
    Cancel(NamedRunArgs),
    /// Delete the records, events and logs of runs, but not their materializations
    Delete(RunDeleteArgs),
    /// Write one archive with the records, events and logs of a run, for a bug report
    Export(RunExportArgs),
    /// Print a run in the form that trace viewers read
    Trace(NamedRunArgs),
}

/// Words of `runs list`. A repeated option means either, different ones mean both.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl runs list --status failure --status crashed
  assetctl runs list --asset clean --partition 2024-01-02
  assetctl runs list --tag team=core --limit 10

A repeated option means either, different options mean both.")]
pub struct RunListArgs {
    /// Only runs with this status; repeatable
    #[arg(long = "status", value_name = "S", value_parser = statuses())]
    pub statuses: Vec<RunStatus>,
    /// Only runs of this job; repeatable
    #[arg(id = "of_job", long = "job", value_name = "J")]
    pub jobs: Vec<String>,
    /// Only runs with this tag; repeatable
    #[arg(long = "tag", value_name = "K[=V]", value_parser = tag)]
    pub tags: Vec<(String, Option<String>)>,
    /// Only runs that started a step of this asset; repeatable
    #[arg(id = "asset", long = "asset", value_name = "A")]
    pub assets: Vec<String>,
    /// Only runs that started a step of this partition; repeatable
    #[arg(id = "partition", long = "partition", value_name = "K")]
    pub partitions: Vec<String>,
    /// Only runs that began at this time or later
    #[arg(id = "began_since", long = "since", value_name = "T", value_parser = instant)]
    pub since: Option<Timestamp>,
    /// Only runs that began at this time or earlier
    #[arg(long, value_name = "T", value_parser = instant)]
    pub until: Option<Timestamp>,
    /// Only runs that were asked for with this key; repeatable
    #[arg(long = "run-key", value_name = "K")]
    pub run_keys: Vec<String>,
    /// Only this run and those that repeat it; repeatable
    #[arg(id = "run", long = "root", value_name = "RUN")]
    pub roots: Vec<String>,
    /// At most N
    #[arg(long, value_name = "N", default_value = "50", value_parser = at_least_one::<NonZeroU32>)]
    pub limit: NonZeroU32,
}

/// A run.
#[derive(Debug, Args)]
pub struct NamedRunArgs {
    /// An id, the beginning of one, `last` or `last-failed`
    #[arg(value_name = "RUN")]
    pub run: String,
}

/// Words of `runs delete`.
#[derive(Debug, Args)]
pub struct RunDeleteArgs {
    /// Ids, the beginnings of some, `last` or `last-failed`
    #[arg(id = "run", value_name = "RUN", required = true)]
    pub runs: Vec<String>,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// Words of `runs export`.
#[derive(Debug, Args)]
pub struct RunExportArgs {
    /// An id, the beginning of one, `last` or `last-failed`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The archive to write, a `.tar.gz`
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Carries out a verb of `runs`.
pub fn run(verbs: &RunVerbs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    match &verbs.verb {
        RunsVerb::List(args) => {
            let (report, notices) = app::list_runs(&project, &filter(args, &project)?)?;
            session.answered(&notices, &report, || list(&report, &session.look()))
        }
        RunsVerb::Show(args) => {
            let (report, notices) = app::show_run(&project, &args.word()?)?;
            session.answered(&notices, &report, || {
                show(&report, &session.next, &session.look())
            })
        }
        RunsVerb::Logs(args) => {
            let report = app::run_logs(&project, &args.word()?)?;
            write_logs(session, project.root(), &report)?;
            Ok(VerbExit::Yes)
        }
        RunsVerb::Events(args) => {
            let all = app::run_events(&project, &args.word()?)?;
            match session.format {
                Format::Json => all.iter().try_for_each(output::answer_json)?,
                Format::Text => {
                    output::answer(session.terminal.stdout, events(&all, &session.look()))?;
                }
            }
            Ok(VerbExit::Yes)
        }
        RunsVerb::Cancel(args) => {
            let report = app::cancel_run(&project, &args.word()?)?;
            session.answer(&report, || list(&report, &session.look()))
        }
        RunsVerb::Delete(args) => {
            let words = args.runs.iter().map(|run| run_word(run));
            let words: Vec<_> = words.collect::<Result<_, _>>()?;
            let runs = app::ended_runs(&project, &words)?;
            let question = format!(
                "Delete the records and logs of {}?",
                count(runs.len() as u64, "run")
            );
            if !args.yes && !is_confirmed(&question, &session.terminal)? {
                return Ok(VerbExit::No);
            }
            let report = app::delete_runs(&project, &runs)?;
            session.answer(&report, || deleted(&report))
        }
        RunsVerb::Export(args) => {
            let path = std::env::current_dir().map_err(CliError::from)?;
            let path = path.join(&args.output);
            let report = app::export_run(&project, &args.word()?, &path)?;
            session.answer(&report, || exported(&report))
        }
        RunsVerb::Trace(args) => {
            let trace = app::trace_run(&project, &args.word()?)?;
            output::answer_json(&trace)?;
            Ok(VerbExit::Yes)
        }
    }
}

impl NamedRunArgs {
    fn word(&self) -> Result<RunWord, CliError> {
        run_word(&self.run)
    }
}

impl RunExportArgs {
    fn word(&self) -> Result<RunWord, CliError> {
        run_word(&self.run)
    }
}

fn filter(args: &RunListArgs, project: &app::OpenProject) -> Result<RunFilter, VerbError> {
    let usage = |what: &str, text: &str, reason: String| CliError::Usage {
        message: format!("`{text}` is not {what}: {reason}"),
        help: None,
    };
    let jobs = args.jobs.iter().map(|text| {
        Name::parse(text).map_err(|error| usage("the name of a job", text, error.to_string()))
    });
    let assets = args.assets.iter().map(|text| {
        AssetKey::parse(text).map_err(|error| usage("an asset", text, error.to_string()))
    });
    let partitions = args.partitions.iter().map(|text| {
        PartitionKey::parse(text).map_err(|error| usage("a partition key", text, error.to_string()))
    });
    let roots = args
        .roots
        .iter()
        .map(|root| Ok::<_, VerbError>(app::find_run(project, &run_word(root)?)?));
    Ok(RunFilter {
        statuses: args.statuses.clone(),
        jobs: jobs.collect::<Result<_, _>>()?,
        tags: args.tags.clone(),
        assets: assets.collect::<Result<_, _>>()?,
        partitions: partitions.collect::<Result<_, _>>()?,
        since: args.since,
        until: args.until,
        run_keys: args.run_keys.clone(),
        roots: roots.collect::<Result<_, _>>()?,
        limit: Some(args.limit),
    })
}

/// A status by its word.
fn statuses() -> impl TypedValueParser<Value = RunStatus> {
    PossibleValuesParser::new(RunStatus::ALL.map(RunStatus::word)).map(|word| {
        let mut all = RunStatus::ALL.into_iter();
        all.find(|status| status.word() == word)
            .expect("the words are those of statuses")
    })
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn tag(word: &str) -> Result<(String, Option<String>), io::Error> {
    Ok(match word.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (word.to_owned(), None),
    })
}
