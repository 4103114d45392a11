//! `config` and `schema`: what can be set, and what it is set to.

use clap::{Args, Subcommand};

use crate::app;
use crate::cli::args::{ConfigurationArgs, job_name};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::Session;
use crate::manifest;
use crate::model::Name;

/// Words of `config`.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub struct ConfigVerbs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ConfigVerb,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print all values as a file for `--config`, or what is wrong with them
    Check(ConfigArgs),
    /// Print a commented file for `--config` with all that can be set
    Scaffold(ConfigArgs),
}

/// Words of `config check` and `config scaffold`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl config check --set clean.limit=10
  assetctl config scaffold > run.toml")]
pub struct ConfigArgs {
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

impl ConfigVerbs {
    /// The words that set values.
    pub fn configuration(&self) -> ConfigurationArgs {
        match &self.verb {
            ConfigVerb::Check(args) => args.configuration.clone(),
            ConfigVerb::Scaffold(args) => {
                let given = &args.configuration;
                let sets_nothing = given.set.is_empty() && given.config.is_empty();
                ConfigurationArgs {
                    // Params need not have values yet.
                    job: given.job.clone().filter(|_| !sets_nothing),
                    ..given.clone()
                }
            }
        }
    }
}

/// Words of `schema`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl schema > assets.schema.json
  assetctl schema --config > run.schema.json
  assetctl schema --config --job nightly > nightly.schema.json

An editor checks a file that names its schema in the first line:
  #:schema ./assets.schema.json")]
pub struct SchemaArgs {
    /// That of a file for `--config`, for the assets of this project
    #[arg(long)]
    pub config: bool,
    /// With the params of a job
    #[arg(long, value_name = "NAME", value_parser = job_name, requires = "config")]
    pub job: Option<Name>,
}

/// Checks or begins a configuration.
pub fn run(verbs: &ConfigVerbs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    match &verbs.verb {
        ConfigVerb::Check(_) => {
            let report = app::check_config(&project)?;
            session.answer(&report, || report.text.clone())
        }
        ConfigVerb::Scaffold(args) => {
            let job = args.configuration.job.as_ref();
            let text = app::scaffold_config(&project, job)?;
            output::answer_bytes(text.as_bytes())?;
            Ok(VerbExit::Yes)
        }
    }
}

/// Prints the schema of the manifest, or of a file of run config.
pub fn schema(args: &SchemaArgs, session: &Session) -> Result<VerbExit, VerbError> {
    if args.config {
        let schema = app::config_schema(&session.project()?, args.job.as_ref())?;
        let text = format!("{schema:#}\n");
        output::answer_bytes(text.as_bytes())?;
    } else {
        output::answer_bytes(manifest::SCHEMA.as_bytes())?;
    }
    Ok(VerbExit::Yes)
}
