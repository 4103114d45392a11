//! Carries a command's output through a pipe into its log, with the secrets replaced.
//!
//! A thread of its own for each command that has secrets, and for no other. It ends at the end of the pipe, or when it is
//! told that the command and its group are gone: then it takes what is in the pipe and leaves the rest to whoever escaped
//! from the group and still holds the other end. If the log cannot be written it goes on reading, so that the command is
//! not held up, and tells the first error at its end.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{ioctl_fionread, retry_on_intr};

use super::redact::Redactor;

/// The running thread.
pub(super) struct Pump {
    /// Its drop tells the thread to end.
    stop: PipeWriter,
    thread: JoinHandle<io::Result<()>>,
}

impl Pump {
    /// Starts to carry; the writer is for the command, and must not stay open here.
    pub(super) fn start(log: File, redactor: Redactor) -> io::Result<(Self, PipeWriter)> {
        let (output, writer) = io::pipe()?;
        let (stopped, stop) = io::pipe()?;
        let carrying = Carrying {
            output,
            stopped,
            redactor,
            log,
            outcome: Ok(()),
        };
        let thread = thread::Builder::new()
            .name("log pump".to_owned())
            .spawn(move || carrying.carry())?;
        Ok((Self { stop, thread }, writer))
    }

    /// Waits until all that the command and its group wrote is in the log. Precondition: they have ended.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.stop);
        match self.thread.join() {
            Ok(outcome) => outcome,
            Err(_) => Err(io::Error::other("the thread that writes the log panicked")),
        }
    }
}

struct Carrying {
    output: PipeReader,
    stopped: PipeReader,
    redactor: Redactor,
    log: File,
    outcome: io::Result<()>,
}

/// What the pipes have to say.
enum PumpReady {
    Output,
    Stopped,
}

impl Carrying {
    fn carry(mut self) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.wait()? {
                PumpReady::Stopped => {
                    self.drain(&mut buffer)?;
                    break;
                }
                PumpReady::Output => match self.read(&mut buffer)? {
                    0 => break,
                    length => self.show(length, &buffer),
                },
            }
        }
        let rest = self.redactor.finish();
        self.outcome.and_then(|()| self.log.write_all(&rest))
    }

    fn wait(&self) -> io::Result<PumpReady> {
        let mut pipes = [
            PollFd::new(&self.stopped, PollFlags::IN),
            PollFd::new(&self.output, PollFlags::IN),
        ];
        retry_on_intr(|| poll(&mut pipes, None))?;
        Ok(if pipes[0].revents().is_empty() {
            PumpReady::Output
        } else {
            PumpReady::Stopped
        })
    }

    /// Takes what is in the pipe now, and not what somebody still adds.
    fn drain(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut left = usize::try_from(ioctl_fionread(&self.output)?).unwrap_or(usize::MAX);
        while left > 0 {
            let most = left.min(buffer.len());
            let length = self.read(&mut buffer[..most])?;
            if length == 0 {
                break;
            }
            self.show(length, buffer);
            left -= length;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.output.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn show(&mut self, length: usize, buffer: &[u8]) {
        let shown = self.redactor.feed(&buffer[..length]);
        if self.outcome.is_ok() {
            self.outcome = self.log.write_all(&shown);
        }
    }
}
