//! From a verb to its answer.

use std::io;

use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::help::{self, Length};
use crate::cli::session::Session;
use crate::cli::verb::{CompletionsArgs, HelpArgs, Verb};
use crate::cli::{
    accept, affected, check, complete, config, doctor, explain, graph, history, init, job, list,
    lock, logs, materialize, observe, output, partitions, plan, runs, show, status, validate, wipe,
};
use crate::model::Grouping;

/// Carries out a verb.
pub fn run(verb: &Verb, session: &Session) -> Result<VerbExit, VerbError> {
    match verb {
        Verb::Accept(args) => accept::run(args, session),
        Verb::Affected(args) => affected::run(args, session),
        Verb::Check(args) => check::run(args, session),
        Verb::Completions(args) => Ok(completions(args)?),
        Verb::Config(verbs) => config::run(verbs, session),
        Verb::Doctor => doctor::run(session),
        Verb::Explain(args) => explain::run(args, session),
        Verb::Graph(args) => graph::run(args, session),
        Verb::Help(args) => Ok(help(args, session)?),
        Verb::History(args) => history::run(args, session),
        Verb::Init(args) => init::run(args, session),
        Verb::Job(verbs) => job::run(verbs, session),
        Verb::List(args) => list::run(args, session),
        Verb::Lock(verbs) => lock::run(verbs, session),
        Verb::Logs(args) => logs::run(args, session),
        Verb::Man => Ok(manual()?),
        Verb::Materialize(args) => materialize::run(args, session),
        Verb::Observe(args) => observe::run(args, session),
        Verb::Partitions(verbs) => partitions::run(verbs, session),
        Verb::Plan(args) => plan::run(&args.run, Grouping::of_keys(args.keys), session),
        Verb::Runs(verbs) => runs::run(verbs, session),
        Verb::Schema(args) => config::schema(args, session),
        Verb::Show(args) => show::run(args, session),
        Verb::Status(args) => status::run(args, session),
        Verb::Validate(args) => validate::run(args, session),
        Verb::Wipe(args) => wipe::run(args, session),
    }
}

/// Prints a completion script; made in memory first, as a reader may go away while it is written.
fn completions(args: &CompletionsArgs) -> io::Result<VerbExit> {
    output::answer_bytes(&complete::script(args.shell)?)?;
    Ok(VerbExit::Yes)
}

/// Prints the manual page.
fn manual() -> io::Result<VerbExit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(help::command(Length::Full)).render(&mut page)?;
    output::answer_bytes(&page)?;
    Ok(VerbExit::Yes)
}

fn help(args: &HelpArgs, session: &Session) -> Result<VerbExit, CliError> {
    let length = if args.all {
        Length::Full
    } else {
        Length::Short
    };
    let text = help::text(&args.topic, length)?;
    output::answer(session.terminal.stdout, text)?;
    Ok(VerbExit::Yes)
}
