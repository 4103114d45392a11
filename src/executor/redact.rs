//! Replaces literal secrets in a stream of bytes, also where one is cut in two by the reads.
//!
//! Every byte of every occurrence is covered: occurrences that overlap become one `***` together, so that no part of the
//! second shows. What could still become a secret is held back until the next bytes or the end decide.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::thread::{self, JoinHandle};

use crate::executor::Secret;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{ioctl_fionread, retry_on_intr};

/// What stands in the log instead of a secret.
const COVER: &[u8] = b"***";

/// A filter for one stream.
pub(super) struct Redactor {
    secrets: Vec<Vec<u8>>,
    /// Which bytes a secret begins with.
    begins: [bool; 256],
    /// What is not decided yet.
    held: Vec<u8>,
    /// How many bytes from the start of `held` on belong to a secret whose cover is written.
    covered: usize,
}

impl Redactor {
    /// A filter for these values, none of which is empty.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let secrets: Vec<Vec<u8>> = secrets.into_iter().map(<[u8]>::to_vec).collect();
        let mut begins = [false; 256];
        for secret in &secrets {
            begins[usize::from(secret[0])] = true;
        }
        Self {
            secrets,
            begins,
            held: Vec::new(),
            covered: 0,
        }
    }

    /// Takes the next bytes and gives what can be shown by now.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.decide(Reach::SoFar)
    }

    /// Gives what was held back: no more bytes come.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.decide(Reach::Whole)
    }

    fn decide(&mut self, reach: Reach) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let mut position = 0;
        let mut covered_to = self.covered;
        while let Some(&byte) = self.held.get(position) {
            if self.begins[usize::from(byte)] {
                match self.longest_at(&self.held[position..], reach) {
                    Match::Undecided => break,
                    Match::Length(length) => {
                        if position >= covered_to {
                            shown.extend_from_slice(COVER);
                        }
                        covered_to = covered_to.max(position + length);
                    }
                    Match::Nothing => {}
                }
            }
            if position >= covered_to {
                shown.push(byte);
            }
            position += 1;
        }
        self.held.drain(..position);
        self.covered = covered_to.saturating_sub(position);
        shown
    }

    fn longest_at(&self, rest: &[u8], reach: Reach) -> Match {
        let mut longest = Match::Nothing;
        for secret in &self.secrets {
            if rest.starts_with(secret) {
                let known = match longest {
                    Match::Length(known) => known,
                    Match::Nothing | Match::Undecided => 0,
                };
                longest = Match::Length(secret.len().max(known));
            } else if matches!(reach, Reach::SoFar) && secret.starts_with(rest) {
                return Match::Undecided;
            }
        }
        longest
    }
}

/// Bytes with the secrets in them replaced.
#[must_use]
pub fn redacted(bytes: &[u8], secrets: &[Secret]) -> Vec<u8> {
    let secrets: Vec<Vec<u8>> = secrets.iter().flat_map(Secret::replaceable).collect();
    let mut redactor = Redactor::new(secrets.iter().map(Vec::as_slice));
    let mut shown = redactor.feed(bytes);
    shown.extend(redactor.finish());
    shown
}

/// Whether the bytes at hand are all there are.
#[derive(Clone, Copy)]
enum Reach {
    SoFar,
    Whole,
}

enum Match {
    Nothing,
    /// A secret of this many bytes.
    Length(usize),
    /// Perhaps the beginning of one.
    Undecided,
}

/// Carries a command's output through a pipe into its log, with the secrets replaced.
///
/// A thread of its own for each command that has secrets, and for no other. It ends at the end of the pipe, or when it is
/// told that the command and its group are gone: then it takes what is in the pipe and leaves the rest to whoever escaped
/// from the group and still holds the other end. If the log cannot be written it goes on reading, so that the command is
/// not held up, and tells the first error at its end.
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

    /// Lets it carry on for whoever still writes, as long as this process lives.
    pub(super) fn detach(self) -> Option<Self> {
        // Closed, it would tell the thread to end.
        std::mem::forget(self.stop);
        None
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

#[cfg(test)]
mod tests {
    use super::Redactor;

    fn redact(secrets: &[&str], text: &str, piece: usize) -> String {
        let mut redactor = Redactor::new(secrets.iter().map(|secret| secret.as_bytes()));
        let mut shown = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            shown.extend(redactor.feed(bytes));
        }
        shown.extend(redactor.finish());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn every_byte_of_every_occurrence_is_covered_however_the_text_is_cut() {
        let table: [(&[&str], &str, &str); 9] = [
            (&["hunter2"], "pw=hunter2;", "pw=***;"),
            (&["hunter2"], "hunter2hunter2", "******"),
            (&["hunter2"], "hunter hunte", "hunter hunte"),
            (&["hunter2"], "huhunter2", "hu***"),
            (&["abcd", "abcdefgh"], "abcdefgh abcdef", "*** ***ef"),
            (&["abcd", "cdef"], "abcdef!", "***!"),
            (&["aaaa"], "aaaaaa b aaa", "*** b aaa"),
            (&["line\nbreak"], "a line\nbreak", "a ***"),
            (&["schlüssel"], "schlüssel schlüsse", "*** schlüsse"),
        ];
        for (secrets, text, shown) in table {
            for piece in 1..=text.len() {
                assert_eq!(redact(secrets, text, piece), shown, "{text} by {piece}");
            }
        }
    }
}
