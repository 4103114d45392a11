//! `materialize`: its arguments, the run that they ask for, and the values that a run in memory leaves.

mod display;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use signal_hook::consts::SIGINT;

use crate::answer::{Document, OutputLine, RunOutcome};
use crate::app::{self, InMemory, Materialized, Notice, RunContext};
use crate::cli::args::{Globals, RunArgs, at_least_one};
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::materialize::display::DisplayContext;
use crate::cli::next::Next;
use crate::cli::session::{Format, Session};
use crate::cli::signals::{Announcer, listen};
use crate::cli::{output, plan};
use crate::engine::CANCELED_BY_VERB;
use crate::executor::Cancel;
use crate::io_manager::Value;
use crate::model::{
    Grouping, KeyChoice, KeyWord, MaterializeOptions, MemoryOptions, Name, PlanOptions, Printed,
    SelectionText, StepOrdering, SuppliedInput, check_tag,
};
use crate::sys::clock::SystemClock;

/// Words of `materialize`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl materialize                          everything that is not fresh
  assetctl materialize --partition 2013-07-04   one day of everything, and what it needs
  assetctl materialize report                   one asset at all its keys
  assetctl materialize clean@2013-07-04 --force
  assetctl materialize 'status:failed or group:core+'
  assetctl materialize clean --partition-range 2013-01-01...2013-03-31 --missing
  assetctl materialize --latest 7               the last seven days, hours, ... of everything
  assetctl materialize --steps clean --steps 'report*'
                                                of the plan only clean, report and what reads report
  assetctl materialize -n                       only say what would run
  assetctl materialize --in-memory --print report@2013-07-04
                                                for tests: nothing of the project is changed")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct MaterializeArgs {
    /// What, and how far.
    #[command(flatten)]
    pub run: RunArgs,
    /// Only show the plan, as `plan` does
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Start nothing new after a failure
    #[arg(long, conflicts_with = "max_failures")]
    pub fail_fast: bool,
    /// Start nothing new after N failures
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    pub max_failures: Option<NonZeroU32>,
    /// Continue with steps that do not need the failed one; the default
    #[arg(short = 'k', long, hide = true, conflicts_with_all = ["fail_fast", "max_failures"])]
    pub keep_going: bool,
    /// Fail if an output was altered by hand, instead of replacing it
    #[arg(long)]
    pub keep_altered: bool,
    /// Run again while commands add partition keys
    #[arg(long)]
    pub until_done: bool,
    /// Exit 3 instead of waiting for another process
    #[arg(long)]
    pub no_wait: bool,
    /// Sync outputs to disk before they are recorded
    #[arg(long)]
    pub durable: bool,
    /// Give the run a tag, which its commands see; repeatable
    #[arg(long = "tag", value_name = "K=V", value_parser = run_tag)]
    pub tags: Vec<(String, String)>,
    /// Do not try failed steps again
    #[arg(long)]
    pub no_retries: bool,
    /// Write how long each step ran to FILE, in the form that trace viewers read
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub trace: Option<PathBuf>,
    /// In memory or not.
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// Words about a run in memory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "In memory")]
pub struct MemoryArgs {
    /// Keep outputs in memory: run the whole selection, and do not change the project
    ///
    /// For tests. Sources, and with --only other inputs, are read from disk. The instance is read only for dynamic keys and for
    /// `status:`.
    #[arg(
        long,
        conflicts_with_all = ["dry_run", "replace", "keep_altered", "until_done", "no_wait", "durable"]
    )]
    pub in_memory: bool,
    /// Limit for outputs in memory and their copies: `500MB`, `2GiB` [default: 2GB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
    /// Write only this value to standard output; without a SELECTION it is also the selection
    #[arg(long, value_name = "ASSET[.OUTPUT][@KEY]", conflicts_with = "json")]
    pub print: Option<String>,
    /// Read sources from the paths of `[project.test]`
    #[arg(long)]
    pub test_sources: bool,
    /// Run hooks, too
    #[arg(long)]
    pub hooks: bool,
    /// Where outputs are kept: `filesystem`, the default, or `memory`, which is --in-memory
    #[arg(long, value_name = "NAME")]
    pub io_manager: Option<IoManagerName>,
}

/// An IO manager by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IoManagerName {
    /// Files at their paths in the project
    Filesystem,
    /// The memory of this process
    Memory,
}

impl MemoryArgs {
    /// Whether a run in memory is asked for.
    pub fn is_asked_for(&self) -> bool {
        self.in_memory || self.io_manager == Some(IoManagerName::Memory)
    }
}

/// A tag of a run: of two with equal keys the last counts.
fn run_tag(text: &str) -> Result<(String, String), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("write KEY=VALUE, as in `team=core`".to_owned());
    };
    check_tag(key)?;
    Ok((key.to_owned(), value.to_owned()))
}

fn size(text: &str) -> Result<u64, String> {
    parse_size::parse_size(text)
        .map_err(|_| "a size is a number of bytes, or one with a unit: `500MB`, `2GiB`".to_owned())
}

/// How often `--until-done` runs at most: commands that add keys each time would never be done.
const ROUNDS: u32 = 1000;

/// Materializes on disk or in memory, or only says what would run.
pub fn run(args: &MaterializeArgs, session: &Session) -> Result<VerbExit, VerbError> {
    if args.dry_run {
        return plan::run(&args.run, Grouping::Ranges, session);
    }
    let options = options((args, false), &session.globals, &std::env::current_dir()?)?;
    let next = goes_on(
        "materialize",
        args,
        options.in_memory.as_ref(),
        &session.next,
    );
    carry_out(args, &options, next, session)
}

/// Runs a job: on disk as `materialize` does, or in memory.
pub fn run_job(
    args: &MaterializeArgs,
    job: &Name,
    in_process: bool,
    session: &Session,
) -> Result<VerbExit, VerbError> {
    if args.dry_run {
        let mut run = args.run.options(session.globals.jobs)?;
        (run.selection.job, run.runs_job) = (Some(job.clone()), true);
        let grouping = Grouping::Ranges;
        return plan::answer(&PlanOptions { run, grouping }, session);
    }
    let mut options = options(
        (args, in_process),
        &session.globals,
        &std::env::current_dir()?,
    )?;
    (options.selection.job, options.runs_job) = (Some(job.clone()), true);
    if in_process {
        options.order = StepOrdering::Declared;
        options.jobs = Some(NonZeroUsize::MIN);
    }
    let (verb, memory) = if in_process {
        (format!("job run {job} --in-process"), None)
    } else {
        (format!("job run {job}"), options.in_memory.as_ref())
    };
    let next = goes_on(&verb, args, memory, &session.next);
    carry_out(args, &options, next, session)
}

/// Runs, and tells with `next` how to go on.
fn carry_out(
    args: &MaterializeArgs,
    options: &MaterializeOptions,
    next: String,
    session: &Session,
) -> Result<VerbExit, VerbError> {
    let surroundings = session.surroundings()?;
    let cancel = Cancel::new();
    let announcer = Announcer::default();
    let interrupts = listen(&cancel, &announcer)?;
    let display = DisplayContext {
        cancel: &cancel,
        announcer: &announcer,
        clock: &SystemClock,
        session,
        trace: args.trace.as_deref(),
        next: Next {
            materialize: next,
            ..session.next.clone()
        },
    };
    let mut rounds = 0;
    loop {
        rounds += 1;
        let run = |running: RunContext<'_>| app::materialize(&surroundings, options, running);
        let (done, added) = display.show(run)?;
        let outcome = done.summary().outcome;
        let goes_on = args.until_done && outcome == RunOutcome::Success && rounds < ROUNDS;
        if goes_on && !added.is_empty() {
            continue;
        }
        for added in added {
            session.notice(&Notice::KeysAdded(added));
        }
        if let Materialized::InMemory(done) = &done {
            answer_values(done, session)?;
        }
        // Another process that cancels does what an interrupt does.
        let by_verb = cancel.reason().filter(|reason| reason == CANCELED_BY_VERB);
        let signal = interrupts.signal().or(by_verb.map(|_| SIGINT as u8));
        return Ok(VerbExit::of_run(outcome, signal));
    }
}

/// The command that runs the same once more, but for the selection: with inputs as they were typed.
fn goes_on(
    verb: &str,
    args: &MaterializeArgs,
    memory: Option<&MemoryOptions>,
    next: &Next,
) -> String {
    let mut words = vec![format!("{} {verb}", next.program)];
    if let Some(memory) = memory {
        words.push("--in-memory".to_owned());
        if memory.memory_limit != MemoryOptions::DEFAULT_MEMORY_LIMIT {
            words.push(format!("--memory-limit {}", memory.memory_limit));
        }
        if memory.test_sources {
            words.push("--test-sources".to_owned());
        }
        if memory.hooks {
            words.push("--hooks".to_owned());
        }
    }
    let configuration = args.run.configuration.as_typed();
    if !configuration.is_empty() {
        words.push(configuration);
    }
    words.join(" ")
}

/// Writes the values of a run in memory to standard output: all of them as JSON, or the one of `--print`.
fn answer_values(done: &InMemory, session: &Session) -> std::io::Result<()> {
    if session.format == Format::Json {
        for value in &done.values {
            output::answer_json(&Document::new(&OutputLine {
                run: done.result.run,
                step: &value.step,
                of: &value.step,
                output: value.output.as_deref(),
                path: &value.path,
                data_version: value.version,
                output_bytes: value.value.bytes(),
            }))?;
        }
    }
    match done.printed().map(|printed| &printed.value) {
        Some(Value::File { bytes, .. }) => output::answer_bytes(bytes),
        _ => Ok(()),
    }
}

/// The run that is asked for, by somebody who is in the folder `here`.
fn options(
    (args, in_process): (&MaterializeArgs, bool),
    globals: &Globals,
    here: &Path,
) -> Result<MaterializeOptions, CliError> {
    let mut options = MaterializeOptions {
        max_failures: if args.fail_fast {
            Some(NonZeroU32::MIN)
        } else {
            args.max_failures
        },
        keep_altered: args.keep_altered,
        no_wait: args.no_wait,
        durable: args.durable,
        no_retries: args.no_retries,
        tags: args
            .tags
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect(),
        ..args.run.options(globals.jobs)?
    };
    let memory = &args.memory;
    if !memory.is_asked_for() && !in_process {
        nothing_of(memory)?;
        return Ok(options);
    }
    refuse_other_places((memory, in_process), globals)?;
    let printed = memory.print.as_deref().map(printed).transpose()?;
    let selection = &mut options.selection;
    if let Some(printed) = printed.as_ref().filter(|_| selection.assets.is_empty()) {
        selection.assets.push(SelectionText::naming(&printed.asset));
        if let (KeyChoice::Every, Some(key)) = (&selection.partitions.keys, &printed.partition)
            && let Ok(key) = KeyWord::key(key.as_str())
        {
            selection.partitions.keys = KeyChoice::Named(vec![key]);
        }
    }
    options.in_memory = Some(MemoryOptions {
        memory_limit: memory
            .memory_limit
            .unwrap_or(MemoryOptions::DEFAULT_MEMORY_LIMIT),
        test_sources: memory.test_sources,
        inputs: SuppliedInput::taken_in_memory(&mut args.run.configuration.inputs(here)?),
        printed,
        recorded: globals.home.is_some(),
        hooks: memory.hooks,
    });
    Ok(options)
}

/// Flags that say how it is done in memory say nothing elsewhere.
fn nothing_of(memory: &MemoryArgs) -> Result<(), CliError> {
    let given = [
        ("--memory-limit", memory.memory_limit.is_some()),
        ("--print", memory.print.is_some()),
        ("--test-sources", memory.test_sources),
        ("--hooks", memory.hooks),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(usage(
            format!("`{flag}` is for runs in memory"),
            "add `--in-memory`",
        )),
        None => Ok(()),
    }
}

/// Memory is no place among others, and has an instance of its own; the test of a job may have another.
fn refuse_other_places(
    (memory, in_process): (&MemoryArgs, bool),
    globals: &Globals,
) -> Result<(), CliError> {
    if memory.in_memory && memory.io_manager == Some(IoManagerName::Filesystem) {
        return Err(usage(
            "`--in-memory` keeps all outputs in memory, and `--io-manager filesystem` asks for files".to_owned(),
            "leave one of them out",
        ));
    }
    if globals.home.is_some() && !in_process {
        return Err(usage(
            "`--in-memory` uses its own instance, and `--home` names another".to_owned(),
            "leave one of them out",
        ));
    }
    Ok(())
}

fn printed(text: &str) -> Result<Printed, CliError> {
    text.parse().map_err(|error| {
        usage(
            format!("`{text}` is not a value: {error}"),
            "write ASSET, ASSET@KEY or ASSET.OUTPUT@KEY, as in `--print report@2013-07-04`",
        )
    })
}

fn usage(message: String, help: &str) -> CliError {
    CliError::Usage {
        message,
        help: Some(help.to_owned()),
    }
}

#[cfg(test)]
mod tests;
