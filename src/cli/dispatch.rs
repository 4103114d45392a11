//! From a verb to its answer.

use std::io;

use crate::app::{self, AppError, Blame, Project, Surroundings};
use crate::cli::args::{Cli, CompletionsArgs, Globals, HelpArgs, PlanArgs, StatusArgs, Verb};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::help::{self, Length};
use crate::cli::session::Session;
use crate::cli::{answer, output, request, running};
use crate::executor::Cancel;
use crate::model::PlanRequest;
use crate::store::Notice;

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
        Verb::Completions(args) => Ok(completions(args)?),
        Verb::Man => Ok(manual()?),
        Verb::Help(args) => Ok(help(args, session)?),
    }
}

/// Where the search for the project starts, and what of this process counts.
pub fn surroundings(globals: &Globals, session: &Session) -> Result<Surroundings, CliError> {
    let here = std::env::current_dir()?;
    Ok(Surroundings {
        directory: globals
            .project
            .as_ref()
            .map_or_else(|| here.clone(), |it| here.join(it)),
        home: globals.home.as_ref().map(|home| here.join(home)),
        now: session.now,
        environment: std::env::vars_os().collect(),
    })
}

/// The project that the command line is about.
fn project(globals: &Globals, session: &Session) -> Result<Project, Failure> {
    Ok(Project::open(&surroundings(globals, session)?)?)
}

/// Tells what the user should know of the instance.
pub fn tell(notices: &[Notice], session: &Session) {
    for notice in notices {
        session.warn(notice);
    }
}

fn plan(args: &PlanArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    plan_of(&request::plan(args, globals)?, globals, session)
}

fn plan_of(request: &PlanRequest, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let project = project(globals, session)?;
    let (report, notices) = app::plan(&project, request, &Cancel::new())?;
    tell(&notices, session);
    answer::plan(session, &report)?;
    Ok(Exit::Yes)
}

fn status(args: &StatusArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::status(args)?;
    let (report, notices) = app::status(&project(globals, session)?, &request)?;
    tell(&notices, session);
    answer::status(session, &report, request.grouping)?;
    Ok(if args.exit_code {
        answer::status_exit(&report)
    } else {
        Exit::Yes
    })
}

/// Prints a completion script; made in memory first, as a reader may go away while it is written.
fn completions(args: &CompletionsArgs) -> io::Result<Exit> {
    let mut script = Vec::new();
    let mut command = help::command(Length::Full);
    clap_complete::generate(args.shell, &mut command, "assetctl", &mut script);
    output::answer_bytes(&script)?;
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
    let text = help::text(args.verb.as_deref(), length)?;
    output::answer(session.terminal.stdout, text)?;
    Ok(Exit::Yes)
}
