//! Sees a command through that has ended itself, but left processes in its group.
//!
//! While one of them has an output of a command that succeeded open for writing, the command is not over: it may take the
//! time that is left of its timeout, and its watcher is told. Whoever else is there gets a moment to end by itself
//! (a helper that only flushes, as `tee` behind a shell's process substitution). Then TERM, the command's grace, KILL. There is no event for "the
//! group is empty", so it is polled, ever more slowly.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, iter, thread};

use crate::executor::cancel::{Cancel, EndedBy, Severity, Watched};
use crate::executor::command_line::{CommandLine, Moment};
use crate::executor::execution::Leftovers;
use crate::sys::process::{Population, Process, ProcessGroup, open_for_writing};

/// How long a leftover may live without being called one.
const SETTLING: Duration = Duration::from_millis(500);
/// How long killed processes may take to disappear before they are given up.
const DYING: Duration = Duration::from_secs(2);

/// What becomes of outputs that a leftover still writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outputs {
    /// They are waited for.
    MayBeFinished,
    /// The command has failed: nobody needs them.
    Dropped,
}

/// What came of the group once its leader had ended.
#[derive(Debug)]
pub(super) struct Rest {
    pub leftovers: Leftovers,
    /// Why we did not wait any longer for outputs to be finished, if that is so.
    pub ended_by: Option<EndedBy>,
    /// When an output was last seen to be written.
    pub worked_until: Option<Instant>,
}

impl Rest {
    /// Nothing came of it.
    pub(super) fn none() -> Self {
        Self {
            leftovers: Leftovers::None,
            ended_by: None,
            worked_until: None,
        }
    }
}

/// Waits for outputs and ends all members of a group whose leader is reaped. `watched` tells whether they were asked to end
/// before; the time is that of the command's timeout.
pub(super) fn end(
    group: ProcessGroup,
    command: &CommandLine,
    (watched, timeout_at): (Watched, Option<Instant>),
    outputs: Outputs,
    cancel: &Cancel,
) -> Rest {
    let mut rest = Rest::none();
    if group.population() == Population::Empty {
        return rest;
    }
    let kill_at = if watched.ended_by.is_none() {
        let mut settling = Settling::new(command, outputs, timeout_at);
        let settled = settling.wait(group, cancel);
        rest.worked_until = settling.worked_until;
        match settled {
            Settled::Empty => return rest,
            Settled::OutOfReach => {
                rest.leftovers = Leftovers::Survived {
                    processes: words(group),
                };
                return rest;
            }
            Settled::Alive { ended_by } => rest.ended_by = ended_by,
        }
        Instant::now().checked_add(command.grace)
    } else {
        watched.kill_at.or_else(|| Some(Instant::now()))
    };
    let processes = words(group);
    if watched.ended_by.is_none() {
        group.ask_to_end();
    }
    rest.leftovers = match finish(group, kill_at, cancel) {
        Population::Empty => Leftovers::Ended { processes },
        Population::Alive | Population::OutOfReach => Leftovers::Survived {
            processes: words(group),
        },
    };
    rest
}

/// Waits for those that were asked to end, and kills them when their time is up.
fn finish(group: ProcessGroup, kill_at: Option<Instant>, cancel: &Cancel) -> Population {
    for wait in waits() {
        match group.population() {
            Population::Alive => {}
            gone => return gone,
        }
        let left = kill_at.map_or(wait, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() || cancel.pause(wait.min(left)) == Some(Severity::Kill) {
            break;
        }
    }
    group.kill();
    let deadline = Instant::now() + DYING;
    for wait in waits() {
        let population = group.population();
        if population != Population::Alive || Instant::now() >= deadline {
            return population;
        }
        thread::sleep(wait);
    }
    Population::Alive
}

/// How the wait for a group to end by itself ended.
enum Settled {
    Empty,
    OutOfReach,
    /// Some have to be ended: those that do not write, or all, for this reason.
    Alive {
        ended_by: Option<EndedBy>,
    },
}

/// The wait for a group to end by itself.
struct Settling<'a> {
    command: &'a CommandLine,
    /// What is waited for; none if outputs are not.
    outputs: Vec<PathBuf>,
    timeout_at: Option<Instant>,
    started: Instant,
    worked_until: Option<Instant>,
    /// What the watcher was told last.
    told: Option<(u32, PathBuf)>,
}

impl<'a> Settling<'a> {
    fn new(command: &'a CommandLine, outputs: Outputs, timeout_at: Option<Instant>) -> Self {
        let outputs = match outputs {
            Outputs::Dropped => Vec::new(),
            // The system knows open files by paths that are free of links.
            Outputs::MayBeFinished => command
                .outputs
                .iter()
                .filter_map(|path| fs::canonicalize(path).ok())
                .collect(),
        };
        Self {
            command,
            outputs,
            timeout_at,
            started: Instant::now(),
            worked_until: None,
            told: None,
        }
    }

    fn wait(&mut self, group: ProcessGroup, cancel: &Cancel) -> Settled {
        for wait in waits() {
            match group.population() {
                Population::Empty => return Settled::Empty,
                Population::OutOfReach => return Settled::OutOfReach,
                Population::Alive => {}
            }
            let now = Instant::now();
            if cancel.severity().is_some() {
                return Settled::Alive {
                    ended_by: Some(EndedBy::Interrupt),
                };
            }
            if let Some((process, path)) = self.writer(group) {
                if self.timeout_at.is_some_and(|at| at <= now) {
                    return Settled::Alive {
                        ended_by: Some(EndedBy::Timeout),
                    };
                }
                self.worked_until = Some(now);
                self.tell(&process, path);
            } else if now >= self.worked_until.unwrap_or(self.started) + SETTLING {
                return Settled::Alive { ended_by: None };
            }
            cancel.pause(wait);
        }
        Settled::Alive { ended_by: None }
    }

    /// A member that has an output open for writing, and the file.
    fn writer(&self, group: ProcessGroup) -> Option<(Process, PathBuf)> {
        if self.outputs.is_empty() {
            return None;
        }
        let mut members = group.members().into_iter();
        members.find_map(|member| {
            let path = open_for_writing(&member, &self.outputs)?;
            Some((member, path))
        })
    }

    /// Tells whom the command waits for, once it has waited for a moment.
    fn tell(&mut self, process: &Process, path: PathBuf) {
        let told = (process.id, path);
        if self.started.elapsed() >= SETTLING && self.told.as_ref() != Some(&told) {
            self.command.watcher.tell(Moment::StillWriting {
                process: &process.to_string(),
                path: &told.1,
            });
            self.told = Some(told);
        }
    }
}

/// The members of a group in words, of many the first ones.
fn words(group: ProcessGroup) -> Vec<String> {
    const MOST: usize = 10;
    let members = group.members();
    let more = members.len().saturating_sub(MOST);
    let named = members.iter().take(MOST).map(ToString::to_string);
    named
        .chain((more > 0).then(|| format!("{more} more")))
        .collect()
}

/// Times between two looks: from a millisecond to a twentieth of a second, without end.
fn waits() -> impl Iterator<Item = Duration> {
    let longest = Duration::from_millis(50);
    iter::successors(Some(Duration::from_millis(1)), move |&wait| {
        Some((wait * 2).min(longest))
    })
}
