//! `check`: whether everything is fresh, for people, hooks and continuous integration.

mod render;

use std::io;
use std::num::NonZeroU32;

use clap::{Args, ValueEnum};

use crate::answer::{CheckReport, RunOutcome};
use crate::app;
use crate::app::{AppError, Rebuilding};
use crate::cli::args::{ConfigurationArgs, SelectionArgs};
use crate::cli::check::render::{check, rebuilding, verdict};
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::next::Next;
use crate::cli::session::{Format, Session};
use crate::cli::signals::{Announcer, listen};
use crate::cli::{ci, output};
use crate::executor::{Cancel, LocalExecutor};
use crate::git::GitError;
use crate::model::{CheckOptions, CheckedOutputs, DueWindows, Rebuild, Strictness};
use crate::sys::clock::SystemClock;

/// Words of `check`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl check                                is what is committed fresh? exit 1 if not
  assetctl check -q                             the same in a script: says nothing if it is
  assetctl check --since origin/main            only changes of a branch
  assetctl check --staged                       is what git would commit fresh? (in a hook)
  assetctl check --rebuild 5                    do five of them come out the same again?
  assetctl check --outputs required             all outputs are here, too
  assetctl check --format github                annotations in a pull request
  assetctl check --format junit > check.xml")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct CheckArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Which outputs must be here and match
    #[arg(long, value_name = "HOW", default_value = "matching")]
    pub outputs: CheckOutputs,
    /// Count time windows after the newest locked one as missing
    #[arg(long)]
    pub due: bool,
    /// Count partitions that cannot be judged here as not fresh
    #[arg(long)]
    pub strict: bool,
    /// Only partitions that changes since a git revision can affect
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Check the index instead of the work tree, for hooks
    #[arg(long)]
    pub staged: bool,
    /// Make up to N fresh partitions in scratch and compare, to find undeclared inputs
    #[arg(long, value_name = "N")]
    pub rebuild: Option<NonZeroU32>,
    /// Choose other partitions to rebuild
    #[arg(long, value_name = "NUMBER", requires = "rebuild", default_value_t = 0)]
    pub seed: u64,
    /// Exit 0 if there is no Assets.toml
    #[arg(long)]
    pub if_present: bool,
    /// How to answer [default: text, or json with --json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
}

/// Which outputs must be here and match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckOutputs {
    /// Existing outputs must match; others may be absent
    #[default]
    Matching,
    /// All outputs must exist and match
    Required,
    /// Outputs are not looked at
    Ignore,
}

/// How `check` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// JSON, as --json
    Json,
    /// Workflow commands of GitHub Actions: annotations
    Github,
    /// Code Quality report of GitLab
    Gitlab,
    /// `JUnit` XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
}

/// Checks, and says whether all is fresh.
pub fn run(args: &CheckArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let request = request(args)?;
    let surroundings = session.surroundings()?;
    let nothing = |why: &str| {
        output::say(
            session.terminal.stderr,
            format!("{why}: nothing to check.\n"),
        );
        Ok(VerbExit::Yes)
    };
    if args.if_present && !app::is_project(&surroundings) {
        return nothing("There is no Assets.toml here");
    }
    let cancel = Cancel::new();
    // Where no command is started, an interrupt ends the process as it does anywhere.
    let interrupts = args
        .rebuild
        .map(|_| listen(&cancel, &Announcer::default()))
        .transpose()?;
    let doors = Rebuilding {
        executor: &LocalExecutor,
        cancel: &cancel,
        clock: &SystemClock,
    };
    let format = args.format.unwrap_or(match session.format {
        Format::Text => CheckFormat::Text,
        Format::Json => CheckFormat::Json,
    });
    let (mut report, notices) = match app::check(&surroundings, &request, doors) {
        Err(AppError::Git(GitError::NotStaged { .. })) if args.if_present => {
            return nothing("Assets.toml is not in the index");
        }
        answer => answer?,
    };
    if let Some(signal) = interrupts.and_then(|it| it.signal()) {
        return Ok(VerbExit::of_run(RunOutcome::Canceled, Some(signal)));
    }
    session.tell(&notices);
    match format {
        CheckFormat::Text | CheckFormat::Json => {}
        CheckFormat::Github | CheckFormat::Gitlab | CheckFormat::Junit | CheckFormat::Sarif => {
            app::place_in_repository(&mut report, &surroundings);
        }
    }
    let here = std::env::current_dir()?;
    let next = session
        .next
        .in_project(&surroundings.directory, session.lock(), &here);
    answer(session, &report, format, &next)?;
    Ok(VerbExit::yes_if(report.is_good()))
}

/// What `check` is asked for.
fn request(args: &CheckArgs) -> Result<CheckOptions, CliError> {
    let selection = args.selection.parsed()?;
    Ok(CheckOptions {
        selection,
        since: args.since.clone(),
        staged: args.staged,
        rebuild: args.rebuild.map(|count| Rebuild {
            count,
            seed: args.seed,
        }),
        outputs: match args.outputs {
            CheckOutputs::Matching => CheckedOutputs::Matching,
            CheckOutputs::Required => CheckedOutputs::Required,
            CheckOutputs::Ignore => CheckedOutputs::Ignored,
        },
        due: if args.due {
            DueWindows::Counted
        } else {
            DueWindows::Apart
        },
        strictness: if args.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        },
    })
}

/// Answers `check`.
fn answer(
    session: &Session,
    report: &CheckReport,
    format: CheckFormat,
    next: &Next,
) -> io::Result<()> {
    let stdout = session.terminal.stdout;
    let with_manifests = match format {
        CheckFormat::Text | CheckFormat::Json => None,
        _ => Some(report.with_manifests_as_assets()),
    };
    let whole = with_manifests.as_ref().unwrap_or(report);
    match format {
        CheckFormat::Text => {
            let text = check(report, &session.look(), next);
            output::answer(stdout, session.with_lock(text))
        }
        CheckFormat::Json => output::answer_json(&session.document(report)),
        CheckFormat::Github => {
            let mut text = ci::annotations(whole) + &verdict(report);
            if !report.rebuilt.is_empty() {
                text = text + &rebuilding(report) + "\n";
            }
            output::answer(stdout, session.with_lock(text))
        }
        CheckFormat::Gitlab => output::answer_json(&ci::code_quality(whole)),
        CheckFormat::Junit => {
            let text = session.with_lock(ci::junit(whole));
            output::answer_bytes(text.as_bytes())
        }
        CheckFormat::Sarif => output::answer_json(&ci::sarif_log(whole)),
    }
}
