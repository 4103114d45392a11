//! From a verb to its answer.

use std::io;

use crate::app::{self, AppError, Blame, Notice, Project, SelectionNotice, Surroundings};
use crate::cli::args::{
    AcceptArgs, ChangeKeysArgs, Cli, CompletionsArgs, Globals, HelpArgs, LockVerb, LockVerbs,
    ObserveArgs, PartitionVerb, PlanArgs, StatusArgs, Verb, WipeArgs,
};
use crate::cli::confirm::{self, Consent};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::help::{self, Length};
use crate::cli::session::{Format, Session};
use crate::cli::{answer, checking, complete, listing, logs, output, request, running};
use crate::executor::{Cancel, LocalExecutor};
use crate::model::{KeyChange, PlanRequest, WipeRequest};
use crate::sys::clock::{Clock, FixedClock, SystemClock};

/// Why a verb was not carried out.
#[derive(Debug)]
pub enum Failure {
    /// The words, or the terminal.
    Cli(CliError),
    /// The project, or the machine.
    App(Box<AppError>),
}

impl Failure {
    /// The error as it is told.
    pub fn diagnostic(&self) -> &dyn miette::Diagnostic {
        match self {
            Self::Cli(error) => error,
            Self::App(error) => &**error,
        }
    }

    /// How it ends the process.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Cli(CliError::Unwritable(_)) => Exit::Environment,
            Self::Cli(_) => Exit::Input,
            Self::App(error) => match error.blame() {
                Blame::Input => Exit::Input,
                Blame::Environment => Exit::Environment,
            },
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        Self::Cli(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Cli(error.into())
    }
}

impl<E: Into<AppError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::App(Box::new(error.into()))
    }
}

/// Carries a command line out.
pub fn run(cli: &Cli, session: &Session) -> Result<Exit, Failure> {
    match &cli.verb {
        Verb::Materialize(args) if args.dry_run => {
            let request = request::dry_run(args, &cli.globals)?;
            plan_of(&request, &cli.globals, session)
        }
        Verb::Materialize(args) => running::materialize(args, &cli.globals, session),
        Verb::Plan(args) => plan(args, &cli.globals, session),
        Verb::Status(args) => status(args, &cli.globals, session),
        Verb::Check(args) => checking::check(args, &cli.globals, session),
        Verb::Explain(args) => {
            let project = project(&cli.globals, session)?;
            let (report, notices) = app::explain(&project, &request::explain(args)?)?;
            tell(&notices, session);
            Ok(yes(answer::explain(session, &report))?)
        }
        Verb::List(args) => listing::list(args, &cli.globals, session),
        Verb::Show(args) => {
            let project = project(&cli.globals, session)?;
            let report = app::show(&project, &request::show(args)?)?;
            Ok(yes(answer::show(session, &report))?)
        }
        Verb::Graph(args) => {
            let project = project(&cli.globals, session)?;
            let (report, notices) = app::graph(&project, &request::graph(args))?;
            let drawn = || answer::graph(session, &report, args.format);
            answered(session, &notices, drawn)
        }
        Verb::Affected(args) => {
            let project = project(&cli.globals, session)?;
            let here = std::env::current_dir()?;
            let report = app::affected(&project, &request::affected(args, &here))?;
            tell(project.notices(), session);
            Ok(yes(answer::affected(session, &report))?)
        }
        Verb::History(args) => {
            let project = project(&cli.globals, session)?;
            let (report, notices) = app::history(&project, &request::history(args)?)?;
            tell(&notices, session);
            Ok(yes(answer::history(session, &report))?)
        }
        Verb::Logs(args) => {
            let project = project(&cli.globals, session)?;
            let report = app::logs(&project, &request::logs(args)?)?;
            Ok(yes(logs::logs(session, project.root(), &report))?)
        }
        Verb::Partitions(verbs) => partitions(&verbs.verb, &cli.globals, session),
        Verb::Observe(args) => observe(args, &cli.globals, session),
        Verb::Validate => validate(&cli.globals, session),
        Verb::Lock(verbs) => lock(verbs, &cli.globals, session),
        Verb::Accept(args) => accept(args, &cli.globals, session),
        Verb::Wipe(args) => wipe(args, &cli.globals, session),
        Verb::Init(args) => {
            let directory = surroundings(&cli.globals, session)?.directory;
            let report = app::init(&directory, request::init(args))?;
            Ok(yes(answer::init(session, &report))?)
        }
        Verb::Completions(args) => Ok(completions(args)?),
        Verb::Man => Ok(manual()?),
        Verb::Help(args) => Ok(help(args, session)?),
    }
}

/// Where the search for the project starts, and what of this process counts.
pub fn surroundings(globals: &Globals, session: &Session) -> Result<Surroundings, CliError> {
    let here = std::env::current_dir()?;
    let directory = globals
        .project
        .as_ref()
        .map_or_else(|| here.clone(), |it| here.join(it));
    if !directory.is_dir() {
        return Err(CliError::NoFolder { path: directory });
    }
    Ok(Surroundings {
        directory,
        home: globals.home.as_ref().map(|home| here.join(home)),
        now: session.now,
        environment: std::env::vars_os().collect(),
        program: std::env::current_exe().ok(),
    })
}

/// The project that the command line is about.
pub fn project(globals: &Globals, session: &Session) -> Result<Project, Failure> {
    Ok(Project::open(&surroundings(globals, session)?)?)
}

/// Tells what the user should know of the instance.
pub fn tell(notices: &[Notice], session: &Session) {
    for notice in notices {
        session.notice(notice);
    }
}

fn plan(args: &PlanArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    plan_of(&request::plan(args, globals)?, globals, session)
}

fn plan_of(request: &PlanRequest, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let project = project(globals, session)?;
    let (report, notices) = app::plan(&project, request, (&LocalExecutor, &Cancel::new()))?;
    answered(session, &notices, || answer::plan(session, &report))?;
    Ok(answer::plan_exit(&report))
}

fn status(args: &StatusArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::status(args)?;
    let (report, notices) = app::status(&project(globals, session)?, &request)?;
    answered(session, &notices, || {
        answer::status(session, &report, request.grouping)
    })?;
    Ok(if args.exit_code {
        answer::status_exit(&report)
    } else {
        Exit::Yes
    })
}

fn observe(args: &ObserveArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::observe(args)?;
    let project = project(globals, session)?;
    let observed = app::observe(&project, &request, &*clock(globals), &Cancel::new())?;
    for problem in &observed.problems {
        output::say(session.terminal.stderr, format!("{problem}\n"));
    }
    answered(session, &observed.notices, || {
        answer::observe(session, &observed.report)
    })?;
    Ok(if observed.problems.is_empty() {
        Exit::Yes
    } else {
        Exit::No
    })
}

fn partitions(verb: &PartitionVerb, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let project = |globals| project(globals, session);
    match verb {
        PartitionVerb::List(args) => {
            let request = request::list_partitions(args)?;
            let (report, notices) = app::list_partitions(&project(globals)?, &request)?;
            tell(&notices, session);
            let grouping = request::grouping(args.keys);
            Ok(yes(answer::partitions(session, &report, grouping))?)
        }
        PartitionVerb::Show(args) => {
            let request = request::show_partitions(args)?;
            let (report, notices) = app::show_partitions(&project(globals)?, &request)?;
            tell(&notices, session);
            Ok(yes(answer::shown_partitions(session, &report))?)
        }
        PartitionVerb::Map(args) => {
            let request = request::map_partitions(args)?;
            let (report, notices) = app::map_partitions(&project(globals)?, &request)?;
            tell(&notices, session);
            Ok(yes(answer::mapped(session, &report))?)
        }
        PartitionVerb::Add(args) => change_keys(args, KeyChange::Add, globals, session),
        PartitionVerb::Remove(args) => change_keys(args, KeyChange::Remove, globals, session),
    }
}

fn change_keys(
    args: &ChangeKeysArgs,
    change: KeyChange,
    globals: &Globals,
    session: &Session,
) -> Result<Exit, Failure> {
    let request = request::change_keys(args, change)?;
    let project = project(globals, session)?;
    let (report, notices) = app::change_keys(&project, &request)?;
    tell(&notices, session);
    Ok(yes(answer::keys(session, &report))?)
}

fn validate(globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let report = app::validate(&surroundings(globals, session)?)?;
    answer::validate(session, &report)?;
    Ok(answer::validate_exit(&report))
}

fn accept(args: &AcceptArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::accept(args)?;
    let project = project(globals, session)?;
    let (report, notices) = app::accept(&project, &request, &*clock(globals))?;
    answered(session, &notices, || answer::accept(session, &report))
}

fn lock(verbs: &LockVerbs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    match &verbs.verb {
        None => {
            let request = request::lock(&verbs.lock)?;
            let (report, notices) = app::lock(&project(globals, session)?, &request)?;
            answered(session, &notices, || answer::locked(session, &report))
        }
        Some(LockVerb::Prune(args)) => {
            let project = project(globals, session)?;
            let (report, notices) = app::prune_lock(&project, request::prune(args))?;
            answered(session, &notices, || answer::locked(session, &report))
        }
        Some(LockVerb::Diff(args)) => {
            let project = project(globals, session)?;
            let report = app::lock_diff(&project, &request::lock_diff(args))?;
            tell(project.notices(), session);
            Ok(yes(answer::lock_diff(session, &report, args.format))?)
        }
    }
}

/// Says what would be forgotten and asks, unless that was ruled out.
fn wipe(args: &WipeArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::wipe(args)?;
    let project = project(globals, session)?;
    if !request.dry_run && !args.yes {
        let said = WipeRequest {
            dry_run: true,
            ..request.clone()
        };
        let (report, _) = app::wipe(&project, &said)?;
        if let Some(question) = answer::wipe_question(&report)
            && confirm::ask(&question, &session.terminal)? == Consent::Refused
        {
            return Ok(Exit::No);
        }
    }
    let (report, notices) = app::wipe(&project, &request)?;
    answered(session, &notices, || answer::wipe(session, &report))
}

/// The time, or the instant that stands for it.
pub fn clock(globals: &Globals) -> Box<dyn Clock> {
    match globals.now {
        Some(now) => Box::new(FixedClock(now)),
        None => Box::new(SystemClock),
    }
}

/// Tells what the user should know, and answers. To people an empty selection is told once, and that is the answer.
pub(super) fn answered(
    session: &Session,
    notices: &[Notice],
    answer: impl FnOnce() -> io::Result<()>,
) -> Result<Exit, Failure> {
    tell(notices, session);
    let nothing = Notice::Selection(SelectionNotice::Nothing);
    if session.format == Format::Json || !notices.contains(&nothing) {
        answer()?;
    }
    Ok(Exit::Yes)
}

/// An answer that was written is a yes.
fn yes(written: io::Result<()>) -> io::Result<Exit> {
    written.map(|()| Exit::Yes)
}

/// Prints a completion script; made in memory first, as a reader may go away while it is written.
fn completions(args: &CompletionsArgs) -> io::Result<Exit> {
    output::answer_bytes(&complete::script(args.shell)?)?;
    Ok(Exit::Yes)
}

/// Prints the manual page.
fn manual() -> io::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(help::command(Length::Full)).render(&mut page)?;
    output::answer_bytes(&page)?;
    Ok(Exit::Yes)
}

fn help(args: &HelpArgs, session: &Session) -> Result<Exit, CliError> {
    let length = if args.all {
        Length::Full
    } else {
        Length::Short
    };
    let text = help::text(&args.topic, length)?;
    output::answer(session.terminal.stdout, text)?;
    Ok(Exit::Yes)
}
