//! `list`: everything that is declared follows from the manifest alone, so that the answer is kept.

use crate::app::{self, Kept};
use crate::cli::args::{Globals, ListArgs};
use crate::cli::dispatch::{Failure, answered, project, surroundings};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::{answer, output, request};

/// Lists what is declared.
pub fn list(args: &ListArgs, globals: &Globals, session: &Session) -> Result<Exit, Failure> {
    let is_everything = args.selection.is_empty();
    let question = question(session);
    if is_everything
        && let Some(kept) = app::kept(&surroundings(globals, session)?, Kept::List, &question)
    {
        output::answer_bytes(&kept)?;
        return Ok(Exit::Yes);
    }
    let project = project(globals, session)?;
    let (report, notices) = app::list(&project, &request::list(args))?;
    let answer = answer::list(session, &report)?;
    let exit = answered(session, &notices, || output::answer_bytes(&answer))?;
    if is_everything {
        app::keep(&project, Kept::List, &question, &answer);
    }
    Ok(exit)
}

/// All that the answer depends on besides what is declared.
fn question(session: &Session) -> String {
    let look = session.look();
    let shown = (look.glyphs, look.width, look.detail, look.hints);
    let stream = session.terminal.stdout.paint;
    format!("list {:?} {shown:?} {stream:?}", session.format)
}
