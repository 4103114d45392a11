//! Gives a command its standard input from memory and takes its standard output into memory, each through a pipe.
//!
//! One thread serves both, so that neither waits for the other. There is none where all of the input fits into its pipe
//! before the command starts and the output goes elsewhere. The thread ends with the pipes, or when it is told that the
//! command and its group are gone: then it takes what is in the output's pipe and leaves the rest to whoever escaped from
//! the group and still holds the other ends. A command that does not read its input, or not all of it, is no error.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{ioctl_fionbio, ioctl_fionread, read, retry_on_intr};

use super::cancel::Ender;

/// How much is read at once, in bytes: what a pipe holds.
const PIECE: usize = 64 << 10;

/// The running thread.
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
    pub(super) fn start(feed: Option<Feed>, collect: Option<Collect>) -> io::Result<Option<Self>> {
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
pub(super) struct Feed {
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
pub(super) struct Collect {
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
