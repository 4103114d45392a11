//! Opens what a command reads from and writes to.
//!
//! Standard output and standard error in the log are one file description opened for appending, so that their lines
//! stand in the order in which they were written and no writer overwrites another.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::command_line::{CommandLine, EmptyLog, Secret, StdinFrom, StdoutTo};
use super::error::ExecutorError;
use super::pipes::{Collect, Feed, Pipes};
use super::pump::Pump;
use super::redact::Redactor;

/// A command's three standard streams.
pub(super) struct Streams {
    pub stdin: Stdio,
    pub stdout: Stdio,
    pub stderr: Stdio,
    pub threads: Threads,
}

/// The threads at the other ends of a command's streams, where they are needed.
pub(super) struct Threads {
    /// Between two streams and the log.
    pub pump: Option<Pump>,
    /// Between memory and two streams.
    pub pipes: Option<Pipes>,
}

impl Streams {
    /// Opens all streams of a command; creates the log and its folder.
    pub(super) fn open(command: &CommandLine) -> Result<Self, ExecutorError> {
        let no_pipe = |source| ExecutorError::cannot_start(command, source);
        let (mut feed, mut collect) = (None, None);
        let stdin = match &command.stdin {
            StdinFrom::Null => Stdio::null(),
            StdinFrom::Bytes(bytes) => {
                let (reader, rest) = Feed::open(bytes).map_err(no_pipe)?;
                feed = rest;
                reader.into()
            }
            StdinFrom::File(path) => File::open(path)
                .map_err(cannot_open("standard input", path))?
                .into(),
        };
        let log_failed = cannot_open("log", &command.log);
        let log = open_log(&command.log).map_err(&log_failed)?;
        let secrets: Vec<&[u8]> = command
            .secrets
            .iter()
            .flat_map(Secret::replaceable)
            .collect();
        let mut pump = None;
        let (stderr, for_stdout) = if secrets.is_empty() {
            let twin = log.try_clone().map_err(&log_failed)?;
            (Stdio::from(log), Stdio::from(twin))
        } else {
            let (started, writer) =
                Pump::start(log, Redactor::new(secrets)).map_err(&log_failed)?;
            pump = Some(started);
            let twin = writer.try_clone().map_err(&log_failed)?;
            (Stdio::from(writer), Stdio::from(twin))
        };
        let stdout = match &command.stdout {
            StdoutTo::Log => for_stdout,
            StdoutTo::Memory { limit } => {
                let (writer, kept) = Collect::open(*limit).map_err(no_pipe)?;
                collect = Some(kept);
                writer.into()
            }
            StdoutTo::File(path) => File::create(path)
                .map_err(cannot_open("standard output", path))?
                .into(),
        };
        let pipes = Pipes::start(feed, collect).map_err(no_pipe)?;
        Ok(Self {
            stdin,
            stdout,
            stderr,
            threads: Threads { pump, pipes },
        })
    }
}

/// The log if anything is in it; an empty one may have to be removed, unless it is a device.
pub(super) fn close_log(command: &CommandLine) -> Option<PathBuf> {
    let log = &command.log;
    match fs::metadata(log) {
        Ok(metadata) if metadata.len() > 0 => Some(log.to_owned()),
        Ok(metadata) if metadata.is_file() && command.empty_log == EmptyLog::Removed => {
            // An empty file that stays is only clutter.
            let _ = fs::remove_file(log);
            None
        }
        Ok(_) | Err(_) => None,
    }
}

/// Opens a log so that whoever is given it holds a lock on it, until the last of them has ended.
///
/// An empty log may have been that of another command. If somebody who escaped from that one's group still writes to it,
/// this command gets a new one.
fn open_log(path: &Path) -> io::Result<File> {
    let log = open_to_append(path)?;
    if flock(&log, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
        && log.metadata()?.len() == 0
    {
        fs::remove_file(path)?;
        return open_to_append(path);
    }
    Ok(log)
}

/// Nearly all logs of a run are in folders that exist: those are made only when opening fails.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
            options.open(path)
        }
        result => result,
    }
}

fn cannot_open(role: &'static str, path: &Path) -> impl Fn(io::Error) -> ExecutorError {
    let path = path.to_owned();
    move |source| ExecutorError::CannotOpen {
        role,
        path: path.clone(),
        source,
    }
}
