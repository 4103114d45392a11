//! Answers `logs`: streams logs, however long they are, so that no more than a piece of one is in memory.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::answer::{Document, LogEnd, LogsDocument, LogsReport, StepLog};
use crate::app::{self, OpenProject};
use crate::cli::args::{one, run_word};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::{Format, Session};
use crate::cli::text::{
    BAD, BOLD, DIM, Detail, GOOD, Look, ago, clock, printed, span, styled, visible,
};
use crate::executor::Follower;
use crate::model::LogsRequest;

/// Words of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl logs report
  assetctl logs clean@2013-07-04
  assetctl logs clean@2013-07-04 -f             until the step ends
  assetctl logs clean@2013-07-04 --run 0190a6e0-0000-7000-8000-000000000001")]
pub struct LogsArgs {
    /// The asset partition: `report`, `clean@2013-07-04`
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, instead of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
    /// The log of this run: an id, the beginning of one, `last` or `last-failed` [default: the last one with a log]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// The log of this attempt, from 0 [default: the last one]
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Show what a running step writes until it ends
    #[arg(short, long)]
    pub follow: bool,
}

/// Writes the logs of a step.
pub fn run(args: &LogsArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let run = args.run.as_deref().map(run_word).transpose()?;
    let request = LogsRequest {
        selected: one(&args.selected, args.partition.as_deref())?,
        attempt: args.attempt,
        run: run.map(|word| app::find_run(&project, &word)).transpose()?,
    };
    if args.follow && follow(session, &project, &request)? {
        return Ok(VerbExit::Yes);
    }
    let report = app::logs(&project, &request)?;
    write_logs(session, project.root(), &report)?;
    Ok(VerbExit::Yes)
}

/// How often a running step is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Shows what a running step writes until it ends, in whole lines, and says whether there was any. As JSON its log is the answer once
/// it has ended.
fn follow(
    session: &Session,
    project: &OpenProject,
    request: &LogsRequest,
) -> Result<bool, VerbError> {
    let out = session.terminal.stdout;
    let show = |lines: Vec<String>| output::answer(out, lines.join("\n") + "\n");
    let mut followed: BTreeMap<String, Follower> = BTreeMap::new();
    while let Some(run) = app::running_run(project, request)? {
        let request = LogsRequest {
            run: Some(run),
            ..request.clone()
        };
        // Until the step writes something it has no log.
        let report = app::logs(project, &request).unwrap_or_default();
        for log in report
            .logs
            .iter()
            .filter(|_| session.format == Format::Text)
        {
            let Some(path) = &log.path else { continue };
            if !followed.contains_key(path) {
                if session.look().detail > Detail::Brief {
                    output::answer(out, log_heading(log, &session.look(), "running"))?;
                }
                let follower = Follower::new(project.root().join(path));
                followed.insert(path.clone(), follower);
            }
            let lines = followed
                .get_mut(path)
                .map_or(Ok(vec![]), Follower::new_lines)?;
            if !lines.is_empty() {
                show(lines)?;
            }
        }
        thread::sleep(PAUSE);
    }
    let any = !followed.is_empty();
    for follower in followed.into_values() {
        let mut shown = Ok(());
        follower.finish(|lines| {
            if shown.is_ok() {
                shown = show(lines);
            }
        })?;
        shown?;
    }
    Ok(any)
}

/// How many bytes are read at once.
const PIECE: usize = 64 << 10;

/// Answers `logs` of the project in the folder `root`, each log below its heading: the bytes as they are where no terminal
/// reads them.
pub(super) fn write_logs(session: &Session, root: &Path, report: &LogsReport) -> io::Result<()> {
    if session.format == Format::Json {
        return in_json(root, report);
    }
    let out = session.terminal.stdout;
    for log in &report.logs {
        if session.look().detail > Detail::Brief {
            output::answer(out, log_heading(log, &session.look(), "no end is recorded"))?;
        }
        if out.is_terminal {
            text_of(root, log, |text| output::answer(out, printed(text)))?;
        } else {
            bytes_of(root, log, output::answer_bytes)?;
        }
    }
    Ok(())
}

fn in_json(root: &Path, report: &LogsReport) -> io::Result<()> {
    let failed = Cell::new(None);
    let write = |log: &StepLog, out: &mut fmt::Formatter<'_>| {
        let mut written = Ok(());
        let read = text_of(root, log, |text| {
            written = out.write_str(text);
            written.map_err(|_| io::Error::other("not written"))
        });
        if written.is_ok() {
            failed.set(failed.take().or(read.err()));
        }
        written
    };
    output::answer_json(&Document::new(&LogsDocument::new(report, &write)))?;
    failed.take().map_or(Ok(()), Err)
}

/// Gives the text of a log in pieces; bytes that are not UTF-8 are replaced by U+FFFD.
fn text_of(
    root: &Path,
    log: &StepLog,
    mut take: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let mut rest = Vec::new();
    bytes_of(root, log, |bytes| {
        rest.extend_from_slice(bytes);
        let lines = memchr::memrchr(b'\n', &rest).map(|at| at + 1);
        let end = lines.unwrap_or_else(|| whole_characters(&rest));
        take(&String::from_utf8_lossy(&rest[..end]))?;
        rest.drain(..end);
        Ok(())
    })?;
    take(&String::from_utf8_lossy(&rest))
}

/// How many bytes there are before a character at the end that may go on.
fn whole_characters(bytes: &[u8]) -> usize {
    let last = bytes.len().saturating_sub(3);
    let begun = bytes[last..].iter().rposition(|byte| *byte >= 0xc0);
    begun.map_or(bytes.len(), |at| last + at)
}

fn bytes_of(
    root: &Path,
    log: &StepLog,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let Some(path) = &log.path else {
        return Ok(());
    };
    let mut file = File::open(root.join(path))?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            read => take(&piece[..read])?,
        }
    }
}

/// What stands above the log of a step: how the step ended, when, in which run, and where the log is.
/// The step of a log, how it ended, when, in which run; `open` says how where no end is recorded.
fn log_heading(log: &StepLog, look: &Look, open: &str) -> String {
    let step = match &log.last {
        Some(last) => format!("{}...{last}", log.step),
        None => log.step.to_string(),
    };
    let took = |duration_ms| span(Duration::from_millis(duration_ms));
    let (end, time) = match &log.end {
        Some(LogEnd::Failed(failed)) => {
            let message = visible(&failed.message);
            let end = format!("failed: {message} after {}", took(failed.duration_ms));
            (styled(BAD, end).to_string(), failed.time)
        }
        Some(LogEnd::Made {
            outcome,
            time,
            duration_ms,
        }) => {
            let end = format!("{} in {}", outcome.word(), took(*duration_ms));
            (styled(GOOD, end).to_string(), *time)
        }
        None => (styled(DIM, open).to_string(), log.time),
    };
    let place = log
        .path
        .as_deref()
        .map_or(Cow::Borrowed("it printed nothing"), visible);
    let when = format!("{} ({})", clock(time), ago(look.now, time));
    let rest = styled(DIM, format!("{when}, run {}\n{place}", log.run));
    format!("{} {end}, {rest}\n", styled(BOLD, step))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PIECE, text_of};
    use crate::answer::StepLog;
    use crate::model::{RunId, StepName};
    use crate::testkit;

    #[test]
    fn pieces_cut_no_character_and_hold_no_long_log() {
        let root = tempfile::tempdir().expect("a folder");
        let lines = "größe 😀\n".repeat(PIECE / 4);
        let endless = "a😀é".repeat(PIECE / 2);
        for text in [lines, endless, String::new(), "\u{1f600}".to_owned()] {
            fs::write(root.path().join("log"), &text).expect("written");
            let log = StepLog {
                step: StepName {
                    asset: testkit::asset("a"),
                    partition: None,
                },
                last: None,
                run: RunId(uuid::Uuid::nil()),
                attempt: None,
                time: jiff::Timestamp::UNIX_EPOCH,
                end: None,
                path: Some("log".to_owned()),
            };
            let mut read = String::new();
            text_of(root.path(), &log, |piece| {
                assert!(piece.len() <= 2 * PIECE, "{}", piece.len());
                read.push_str(piece);
                Ok(())
            })
            .expect("it is read");
            assert!(read == text);
        }
    }
}
