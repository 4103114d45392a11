//! `job` and its verbs.

mod run;
mod show;

use clap::{Args, Subcommand};

use crate::app;
use crate::cli::args::ConfigurationArgs;
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::job::run::JobRunArgs;
use crate::cli::session::Session;
use crate::model::Name;

/// Words of `job`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub struct JobVerbs {
    /// What to do.
    #[command(subcommand)]
    pub verb: JobVerb,
}

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum JobVerb {
    /// List the jobs
    List,
    /// Show what a job selects and sets
    Show(JobArgs),
    /// Materialize what a job selects, with its settings
    Run(Box<JobRunArgs>),
}

/// A job.
#[derive(Debug, Args)]
pub struct JobArgs {
    /// The job
    #[arg(id = "job_name", value_name = "NAME")]
    pub name: String,
}

impl JobVerbs {
    /// The words that set values, of a verb that takes them.
    pub fn configuration(&self) -> Option<ConfigurationArgs> {
        match &self.verb {
            JobVerb::Run(args) => Some(ConfigurationArgs {
                job: Name::parse(&args.name).ok(),
                ..args.materialize.run.configuration.clone()
            }),
            JobVerb::List | JobVerb::Show(_) => None,
        }
    }

    /// Whether it runs a job in memory.
    pub fn is_in_memory(&self) -> bool {
        match &self.verb {
            JobVerb::Run(args) => args.in_process || args.materialize.memory.is_asked_for(),
            JobVerb::List | JobVerb::Show(_) => false,
        }
    }

    /// The arguments with which `materialize` goes on from here, one word each.
    pub fn goes_on(&self) -> Vec<String> {
        match &self.verb {
            JobVerb::Run(args) => {
                let run = &args.materialize.run;
                run.selection.as_words(run.states)
            }
            JobVerb::List | JobVerb::Show(_) => Vec::new(),
        }
    }
}

/// Carries out a verb of `job`.
pub fn run(verbs: &JobVerbs, session: &Session) -> Result<VerbExit, VerbError> {
    match &verbs.verb {
        JobVerb::List => {
            let report = app::list_jobs(&session.project()?);
            session.answer(&report, || show::list(&report, &session.look()))
        }
        JobVerb::Show(args) => {
            let project = session.project()?;
            let (report, notices) = app::show_job(&project, &name(&args.name)?)?;
            if !session.tell(&notices) {
                return Ok(VerbExit::Yes);
            }
            session.answer(&report, || show::show(&report.job, &session.look()))
        }
        JobVerb::Run(args) => run::run(args, session),
    }
}

/// The name of a job.
fn name(text: &str) -> Result<Name, CliError> {
    Name::parse(text).map_err(|error| CliError::Usage {
        message: format!("`{text}` is not the name of a job: {error}"),
        help: Some("`assetctl job list` shows all jobs".to_owned()),
    })
}
