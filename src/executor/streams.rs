//! Opens what a command reads from and writes to.
//!
//! Standard output and standard error in the log are one file description opened for appending, so that their lines
//! stand in the order in which they were written and no writer overwrites another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread, read, retry_on_intr};

use crate::executor::cancel::Ender;
use crate::executor::command_line::{
    Background, CommandLine, EmptyLog, Secret, StdinFrom, StdoutTo,
};
use crate::executor::error::ExecutorError;
use crate::executor::redact::{Pump, Redactor};

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
        let secrets: Vec<Vec<u8>> = command
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
                Pump::start(log, Redactor::new(secrets.iter().map(Vec::as_slice)))
                    .map_err(&log_failed)?;
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
        // Who goes on in the background may write to it yet.
        Ok(_) if command.background == Background::Kept => None,
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
        Err(error) if error.kind() == ErrorKind::NotFound => {
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

/// How much is read at once, in bytes: what a pipe holds.
const PIECE: usize = 64 << 10;

/// Gives a command its standard input from memory and takes its standard output into memory, each through a pipe.
///
/// One thread serves both, so that neither waits for the other. There is none where all of the input fits into its pipe
/// before the command starts and the output goes elsewhere. The thread ends with the pipes, or when it is told that the
/// command and its group are gone: then it takes what is in the output's pipe and leaves the rest to whoever escaped from
/// the group and still holds the other ends. A command that does not read its input, or not all of it, is no error.
pub(super) struct Pipes {
    /// Its drop tells the thread to end.
    stop: PipeWriter,
    ender: Sender<Ender>,
    thread: JoinHandle<io::Result<Collected>>,
}

/// What came of a command's standard output.
pub(super) enum Collected {
    /// It went elsewhere.
    Nothing,
    /// All that the command and its group wrote.
    Whole(Vec<u8>),
    /// It was more than this many bytes.
    PastLimit(u64),
}

impl Pipes {
    /// Starts to feed and to collect; none is started where there is nothing to do.
    fn start(feed: Option<Feed>, collect: Option<Collect>) -> io::Result<Option<Self>> {
        if feed.is_none() && collect.is_none() {
            return Ok(None);
        }
        let (stopped, stop) = io::pipe()?;
        let (ender, end_by) = mpsc::channel();
        let serving = Serving {
            feed,
            collect,
            stopped,
            end_by,
        };
        let thread = thread::Builder::new()
            .name("command pipes".to_owned())
            .spawn(move || serving.serve())?;
        Ok(Some(Self {
            stop,
            ender,
            thread,
        }))
    }

    /// Tells how to end the command if it writes too much. Not before then will anything be done about that.
    pub(super) fn may_end(&self, ender: Ender) {
        // The thread has ended where nothing is left to be fed or collected: then nobody needs to be ended.
        let _ = self.ender.send(ender);
    }

    /// What the command and its group wrote. Precondition: they have ended.
    pub(super) fn finish(self) -> io::Result<Collected> {
        drop(self.stop);
        match self.thread.join() {
            Ok(collected) => collected,
            Err(_) => Err(io::Error::other("the thread at its pipes panicked")),
        }
    }
}

/// A standard input that did not fit into its pipe.
struct Feed {
    writer: PipeWriter,
    /// As long as somebody could read, a write neither fails nor raises a signal, whatever the command does.
    _reader: PipeReader,
    bytes: Arc<[u8]>,
    fed: usize,
}

/// Whether there is more to do at a pipe.
#[derive(PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

impl Feed {
    /// A pipe with these bytes for a command, and what is left to be fed, if anything is.
    pub(super) fn open(bytes: &Arc<[u8]>) -> io::Result<(PipeReader, Option<Self>)> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&writer, true)?;
        let mut feed = Self {
            writer,
            _reader: reader.try_clone()?,
            bytes: Arc::clone(bytes),
            fed: 0,
        };
        let progress = feed.push()?;
        Ok((reader, (progress == Progress::More).then_some(feed)))
    }

    /// Writes until the pipe is full or nothing is left.
    fn push(&mut self) -> io::Result<Progress> {
        while self.fed < self.bytes.len() {
            match self.writer.write(&self.bytes[self.fed..]) {
                Ok(length) => self.fed += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::More),
                Err(error) => return Err(error),
            }
        }
        Ok(Progress::Done)
    }
}

/// A standard output that is kept.
struct Collect {
    reader: PipeReader,
    limit: u64,
    bytes: Vec<u8>,
}

impl Collect {
    /// A pipe for a command; the writer must not stay open here. The limit is in bytes.
    pub(super) fn open(limit: u64) -> io::Result<(PipeWriter, Self)> {
        let (reader, writer) = io::pipe()?;
        let collect = Self {
            reader,
            limit,
            bytes: Vec::new(),
        };
        Ok((writer, collect))
    }

    /// Takes the next bytes. Precondition: there are some, or the end.
    fn pull(&mut self) -> io::Result<Progress> {
        self.bytes.reserve(PIECE);
        let length = retry_on_intr(|| read(&self.reader, spare_capacity(&mut self.bytes)))?;
        Ok(match length {
            0 => Progress::Done,
            _ => Progress::More,
        })
    }

    /// Takes what is in the pipe now, and not what somebody still adds.
    fn drain(&mut self) -> io::Result<()> {
        let waiting = ioctl_fionread(&self.reader)?;
        let end = self.bytes.len() as u64 + waiting;
        while (self.bytes.len() as u64) < end && !self.is_past_limit() {
            if self.pull()? == Progress::Done {
                break;
            }
        }
        Ok(())
    }

    fn is_past_limit(&self) -> bool {
        self.bytes.len() as u64 > self.limit
    }

    fn finish(mut self) -> Collected {
        if self.is_past_limit() {
            return Collected::PastLimit(self.limit);
        }
        self.bytes.shrink_to_fit();
        Collected::Whole(self.bytes)
    }
}

struct Serving {
    feed: Option<Feed>,
    collect: Option<Collect>,
    stopped: PipeReader,
    end_by: Receiver<Ender>,
}

/// Which pipes have something to say.
struct Ready {
    stopped: bool,
    feed: bool,
    collect: bool,
}

impl Serving {
    fn serve(mut self) -> io::Result<Collected> {
        let mut collected = Collected::Nothing;
        while self.feed.is_some() || self.collect.is_some() {
            let ready = self.wait()?;
            if ready.stopped {
                if let Some(mut collect) = self.collect.take() {
                    collect.drain()?;
                    collected = collect.finish();
                }
                break;
            }
            if ready.feed
                && let Some(mut feed) = self.feed.take()
                && feed.push()? == Progress::More
            {
                self.feed = Some(feed);
            }
            if ready.collect
                && let Some(mut collect) = self.collect.take()
            {
                let progress = collect.pull()?;
                if collect.is_past_limit() {
                    collected = collect.finish();
                    self.end_command();
                    break;
                }
                match progress {
                    Progress::More => self.collect = Some(collect),
                    Progress::Done => collected = collect.finish(),
                }
            }
        }
        Ok(collected)
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut pipes = vec![PollFd::new(&self.stopped, PollFlags::IN)];
        if let Some(feed) = &self.feed {
            pipes.push(PollFd::new(&feed.writer, PollFlags::OUT));
        }
        if let Some(collect) = &self.collect {
            pipes.push(PollFd::new(&collect.reader, PollFlags::IN));
        }
        retry_on_intr(|| poll(&mut pipes, None))?;
        let mut ready = pipes.iter().map(|pipe| !pipe.revents().is_empty());
        let mut next = || ready.next() == Some(true);
        Ok(Ready {
            stopped: next(),
            feed: self.feed.is_some() && next(),
            collect: self.collect.is_some() && next(),
        })
    }

    /// Has the command ended, as soon as it is known how. One that never started needs no end.
    fn end_command(&self) {
        if let Ok(ender) = self.end_by.recv() {
            ender.end();
        }
    }
}
