//! `check`: whether everything is fresh, for people, hooks and continuous integration.

use crate::app;
use crate::cli::args::{CheckArgs, CheckFormat, Globals};
use crate::cli::dispatch::{Failure, surroundings, tell};
use crate::cli::exit::Exit;
use crate::cli::session::{Format, Session};
use crate::cli::{answer, output, request};

/// Says whether everything is fresh.
pub fn check(args: &CheckArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::check(args)?;
    let surroundings = surroundings(globals, session)?;
    if args.if_present && !app::is_project(&surroundings) {
        output::say(
            session.terminal.stderr,
            "There is no Assets.toml here: nothing to check.\n".to_owned(),
        );
        return Ok(Exit::Yes);
    }
    let format = args.format.unwrap_or(match session.format {
        Format::Text => CheckFormat::Text,
        Format::Json => CheckFormat::Json,
    });
    let (mut report, notices) = app::check(&surroundings, &request)?;
    tell(&notices, session);
    match format {
        CheckFormat::Text | CheckFormat::Json => {}
        CheckFormat::Github | CheckFormat::Gitlab | CheckFormat::Junit | CheckFormat::Sarif => {
            app::place_in_repository(&mut report, &surroundings);
        }
    }
    answer::check(session, &report, format)?;
    Ok(answer::check_exit(&report))
}
