//! Ends what a command left behind in its process group.
//!
//! A helper that only flushes (`tee` behind a shell's process substitution) gets a moment to end by itself and is not
//! counted. Then TERM, the command's grace, KILL. There is no event for "the group is empty", so it is polled, ever more
//! slowly.

use std::iter;
use std::thread;
use std::time::{Duration, Instant};

use super::cancel::Cancel;
use super::execution::Leftovers;
use super::running::{Severity, Watched};
use crate::sys::process::{Population, ProcessGroup};

/// How long a leftover may live without being called one.
const SETTLING: Duration = Duration::from_millis(500);
/// How long killed processes may take to disappear before they are given up.
const DYING: Duration = Duration::from_secs(2);

/// Ends all members of a group whose leader is reaped. `watched` tells whether they were asked to end before.
pub(super) fn end(
    group: ProcessGroup,
    grace: Duration,
    watched: Watched,
    cancel: &Cancel,
) -> Leftovers {
    if group.population() == Population::Empty {
        return Leftovers::None;
    }
    let kill_at = if watched.ended_by.is_none() {
        if let Some(settled) = poll(group, Instant::now().checked_add(SETTLING), cancel) {
            return settled.unless_ended(Leftovers::None);
        }
        group.ask_to_end();
        Instant::now().checked_add(grace)
    } else {
        watched.kill_at.or_else(|| Some(Instant::now()))
    };
    if let Some(ended) = poll(group, kill_at, cancel) {
        return ended.unless_ended(Leftovers::Ended);
    }
    group.kill();
    let deadline = Instant::now() + DYING;
    for wait in waits() {
        match group.population() {
            Population::Empty => return Leftovers::Ended,
            Population::OutOfReach => return Leftovers::Survived,
            Population::Alive if Instant::now() >= deadline => return Leftovers::Survived,
            Population::Alive => thread::sleep(wait),
        }
    }
    Leftovers::Survived
}

/// How a poll ended early.
enum Settled {
    Empty,
    OutOfReach,
}

impl Settled {
    fn unless_ended(&self, ended: Leftovers) -> Leftovers {
        match self {
            Self::Empty => ended,
            Self::OutOfReach => Leftovers::Survived,
        }
    }
}

/// Waits until nobody is left who could be signalled; `None` if that did not happen by the deadline (none: never) or a
/// kill was asked for.
fn poll(group: ProcessGroup, deadline: Option<Instant>, cancel: &Cancel) -> Option<Settled> {
    for wait in waits() {
        match group.population() {
            Population::Empty => return Some(Settled::Empty),
            Population::OutOfReach => return Some(Settled::OutOfReach),
            Population::Alive => {}
        }
        let left = deadline.map_or(wait, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() || cancel.pause(wait.min(left)) == Some(Severity::Kill) {
            return None;
        }
    }
    None
}

/// Times between two looks: from a millisecond to a twentieth of a second, without end.
fn waits() -> impl Iterator<Item = Duration> {
    let longest = Duration::from_millis(50);
    iter::successors(Some(Duration::from_millis(1)), move |&wait| {
        Some((wait * 2).min(longest))
    })
}
