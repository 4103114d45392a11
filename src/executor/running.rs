//! One running process group: its next deadline, and why it was ended.
//!
//! Whoever calls it holds the lock of the list that it is on, see `cancel.rs`: the group's leader is not reaped.

use std::time::{Duration, Instant};

use crate::sys::process::ProcessGroup;

/// How an interrupt ends what is running.
///
/// ```
/// use assetctl::{Cancel, Severity};
///
/// let cancel = Cancel::new();
/// cancel.interrupt(Severity::Kill);
/// cancel.interrupt(Severity::Ask);
/// assert_eq!(cancel.severity(), Some(Severity::Kill), "the most severe counts");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// TERM, and KILL after each command's grace.
    Ask,
    /// KILL at once.
    Kill,
}

/// What a command may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The time after which it is asked to end.
    pub timeout: Option<Duration>,
    /// The time from then until it is killed.
    pub grace: Duration,
}

/// Why we ended a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EndedBy {
    Timeout,
    Interrupt,
    TooMuchOutput,
}

/// What happened to a group while it was on the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Why it was ended, if we did.
    pub ended_by: Option<EndedBy>,
    /// When it was to be killed, if it was asked to end and that time had not come.
    pub kill_at: Option<Instant>,
}

/// A group on the list. A deadline that lies beyond the clock's range never comes.
#[derive(Debug)]
pub(super) struct Running {
    group: ProcessGroup,
    grace: Duration,
    deadline: Option<Deadline>,
    ended_by: Option<EndedBy>,
}

#[derive(Clone, Copy, Debug)]
enum Deadline {
    Ask(Instant),
    Kill(Instant),
}

impl Running {
    /// A group whose time begins now.
    pub(super) fn new(group: ProcessGroup, limits: Limits, now: Instant) -> Self {
        let ask_at = limits.timeout.and_then(|timeout| now.checked_add(timeout));
        Self {
            group,
            grace: limits.grace,
            deadline: ask_at.map(Deadline::Ask),
            ended_by: None,
        }
    }

    /// When there will be something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (Deadline::Ask(at) | Deadline::Kill(at)) = self.deadline?;
        Some(at)
    }

    /// Does what is due.
    pub(super) fn act_if_due(&mut self, now: Instant) {
        match self.deadline {
            Some(Deadline::Ask(at)) if at <= now => self.ask(EndedBy::Timeout, now),
            Some(Deadline::Kill(at)) if at <= now => self.kill(),
            Some(_) | None => {}
        }
    }

    /// Ends the group, as severely as said. One that was asked already keeps its deadline.
    pub(super) fn interrupt(&mut self, severity: Severity, now: Instant) {
        match severity {
            Severity::Ask if self.ended_by.is_some() => {}
            Severity::Ask => self.ask(EndedBy::Interrupt, now),
            Severity::Kill => {
                self.ended_by.get_or_insert(EndedBy::Interrupt);
                self.kill();
            }
        }
    }

    /// Asks the group to end because of what it wrote. One that was asked already keeps its deadline.
    pub(super) fn end_for_output(&mut self, now: Instant) {
        if self.ended_by.is_none() {
            self.ask(EndedBy::TooMuchOutput, now);
        }
    }

    /// What happened to the group.
    pub(super) fn watched(&self) -> Watched {
        Watched {
            ended_by: self.ended_by,
            kill_at: match self.deadline {
                Some(Deadline::Kill(at)) => Some(at),
                Some(Deadline::Ask(_)) | None => None,
            },
        }
    }

    fn ask(&mut self, why: EndedBy, now: Instant) {
        self.ended_by = Some(why);
        self.deadline = now.checked_add(self.grace).map(Deadline::Kill);
        self.group.ask_to_end();
    }

    fn kill(&mut self) {
        self.deadline = None;
        self.group.kill();
    }
}
