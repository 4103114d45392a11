//! `check`: whether everything is fresh, for people, hooks and continuous integration.

use crate::app::{self, AppError, Rebuilding};
use crate::cli::args::{CheckArgs, CheckFormat, Globals};
use crate::cli::dispatch::{Failure, clock, surroundings, tell};
use crate::cli::exit::Exit;
use crate::cli::session::{Format, Session};
use crate::cli::signals::{Announcer, listen};
use crate::cli::{answer, output, request};
use crate::executor::{Cancel, LocalExecutor};
use crate::git::GitError;
use crate::model::RunOutcome;

/// Says whether everything is fresh.
pub fn check(args: &CheckArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let request = request::check(args)?;
    let surroundings = surroundings(globals, session)?;
    let nothing = |why: &str| {
        output::say(
            session.terminal.stderr,
            format!("{why}: nothing to check.\n"),
        );
        Ok(Exit::Yes)
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
    let clock = clock(globals);
    let doors = Rebuilding {
        executor: &LocalExecutor,
        cancel: &cancel,
        clock: &*clock,
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
        return Ok(Exit::of_run(RunOutcome::Canceled, Some(signal)));
    }
    tell(&notices, session);
    match format {
        CheckFormat::Text | CheckFormat::Json => {}
        CheckFormat::Github | CheckFormat::Gitlab | CheckFormat::Junit | CheckFormat::Sarif => {
            app::place_in_repository(&mut report, &surroundings);
        }
    }
    let here = std::env::current_dir()?;
    let next = session.next.in_project(&surroundings.directory, &here);
    answer::check(session, &report, format, &next)?;
    Ok(answer::check_exit(&report))
}
