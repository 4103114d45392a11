//! Interrupts and time limits: the list of running process groups, and the thread that watches their deadlines.
//!
//! Every group on the list has a leader that is not reaped, so its number is its own: an execution takes itself off the
//! list, under the lock, before it reaps. Signals are sent under the same lock and therefore never reach a stranger.
//!
//! The watchdog thread is started by the first command with a time limit or by the first interrupt, sleeps until the
//! next deadline and ends with the last handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::sys::process::ProcessGroup;

/// A handle to interrupt all executions that were given it. Clones are the same handle; all threads may use it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.slow]
/// # command = "sleep 600 > {{output}}"
/// # outputs = "slow.txt"
/// # "#)?;
/// use assetctl::{Cancel, MaterializeRequest, Project, RaiseOnError, RunOutcome, Severity};
///
/// let project = Project::load(folder.path())?;
/// let cancel = Cancel::new();
/// let request = MaterializeRequest::new()
///     .cancel(cancel.clone())
///     .raise_on_error(RaiseOnError::No);
/// let ended = std::thread::scope(|scope| {
///     scope.spawn(|| cancel.interrupt(Severity::Ask));
///     assetctl::materialize_to_memory(&project, request)
/// })?;
/// assert_eq!(ended.outcome(), RunOutcome::Canceled);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, Debug)]
pub struct Cancel {
    handle: Arc<Handle>,
}

/// What an interrupt after the first one ends, as long as this is held.
pub(crate) struct SecondInterrupt {
    /// The handle.
    pub cancel: Cancel,
    _listener: Arc<Listener>,
}

/// What is called at each interrupt.
pub type Listener = dyn Fn() + Send + Sync;

/// What all clones of a [`Cancel`] share; its drop ends the watchdog.
#[derive(Default, Debug)]
struct Handle {
    shared: Arc<Shared>,
}

#[derive(Default, Debug)]
struct Shared {
    state: Mutex<State>,
    /// For the watchdog: there is an earlier deadline, or nobody is left to watch for.
    schedule_changed: Condvar,
    /// For executions that end what a command left behind: there is no time left for that.
    interrupted: Condvar,
}

#[derive(Default, Debug)]
struct State {
    severity: Option<Severity>,
    /// Who asked first, where that is known.
    reason: Option<String>,
    listeners: Vec<Weak<Listener>>,
    running: BTreeMap<u64, Running>,
    next_slot: u64,
    watchdog: Watchdog,
}

#[derive(Default, Debug)]
enum Watchdog {
    #[default]
    NotNeeded,
    /// It sleeps until then, or until it is woken.
    Watching { until: Option<Instant> },
    /// All handles are gone.
    Dismissed,
}

/// A place on the list of running groups.
#[derive(Debug)]
#[must_use]
pub(super) struct GroupWatch<'a> {
    shared: &'a Arc<Shared>,
    slot: u64,
}

/// A way for another thread to end one group on the list.
#[derive(Debug)]
pub(super) struct Ender {
    shared: Arc<Shared>,
    slot: u64,
}

impl Cancel {
    /// A handle that nobody has interrupted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends what is running, and keeps anything new from starting. A later, more severe call counts too.
    pub fn interrupt(&self, severity: Severity) {
        let shared = &self.handle.shared;
        // Without a thread to keep the grace, the system is at its limits: then there is no grace.
        let severity = match self.ready_watchdog() {
            Ok(()) => severity,
            Err(_) => Severity::Kill,
        };
        let mut state = shared.lock();
        let severity = state.severity.map_or(severity, |known| known.max(severity));
        state.severity = Some(severity);
        let now = Instant::now();
        for running in state.running.values_mut() {
            running.interrupt(severity, now);
        }
        state.listeners.retain(|it| it.strong_count() > 0);
        let listeners: Vec<_> = state.listeners.iter().filter_map(Weak::upgrade).collect();
        drop(state);
        shared.schedule_changed.notify_all();
        shared.interrupted.notify_all();
        for listener in listeners {
            listener();
        }
    }

    /// Calls `listener` at each interrupt from now on, as long as its caller holds it.
    pub(crate) fn listen(&self, listener: &Arc<Listener>) {
        let mut state = self.handle.shared.lock();
        state.listeners.push(Arc::downgrade(listener));
    }

    /// A handle for work that goes on after the first interrupt, and is ended by one after it.
    pub(crate) fn second(&self) -> SecondInterrupt {
        let cancel = Self::new();
        let (ended, watched) = (cancel.clone(), Arc::downgrade(&self.handle));
        let asked = Mutex::new(self.severity());
        let listener: Arc<Listener> = Arc::new(move || {
            let Some(handle) = watched.upgrade() else {
                return;
            };
            let now = Self { handle }.severity();
            let mut before = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if before.is_some() && now > *before {
                ended.interrupt(Severity::Kill);
            }
            *before = now;
        });
        self.listen(&listener);
        SecondInterrupt {
            cancel,
            _listener: listener,
        }
    }

    /// The same, told to be asked for by this: the name of a signal.
    pub fn interrupt_by(&self, severity: Severity, reason: &str) {
        let mut state = self.handle.shared.lock();
        state.reason.get_or_insert_with(|| reason.to_owned());
        drop(state);
        self.interrupt(severity);
    }

    /// Who asked first to interrupt, where that is known.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.handle.shared.lock().reason.clone()
    }

    /// The most severe interrupt so far.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.handle.shared.lock().severity
    }

    /// Starts the watchdog if there is none. To be called before a command is started that has a time limit or one
    /// for its output.
    pub(super) fn ready_watchdog(&self) -> io::Result<()> {
        let mut state = self.handle.shared.lock();
        if matches!(state.watchdog, Watchdog::NotNeeded) {
            let shared = Arc::clone(&self.handle.shared);
            thread::Builder::new()
                .name("watchdog".to_owned())
                .spawn(move || shared.watch_deadlines())?;
            state.watchdog = Watchdog::Watching { until: None };
        }
        Ok(())
    }

    /// Puts a group on the list. If there was an interrupt meanwhile it applies at once.
    ///
    /// Preconditions: the group's leader is not reaped until [`GroupWatch::finish`], and the watchdog is ready if `limits` has
    /// a timeout.
    pub(super) fn watch(&self, group: ProcessGroup, limits: Limits) -> GroupWatch<'_> {
        let shared = &self.handle.shared;
        let now = Instant::now();
        let mut running = Running::new(group, limits, now);
        let mut state = shared.lock();
        if let Some(severity) = state.severity {
            running.interrupt(severity, now);
        }
        if let Some(deadline) = running.deadline()
            && state.wakes_later_than(deadline)
        {
            shared.schedule_changed.notify_all();
        }
        let slot = state.next_slot;
        state.next_slot += 1;
        state.running.insert(slot, running);
        drop(state);
        GroupWatch { shared, slot }
    }

    /// Waits this long, or until a kill is asked for, which is told.
    pub(super) fn pause(&self, time: Duration) -> Option<Severity> {
        let shared = &self.handle.shared;
        let (state, _) = shared
            .interrupted
            .wait_timeout_while(shared.lock(), time, |state| {
                state.severity != Some(Severity::Kill)
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.severity
    }
}

impl GroupWatch<'_> {
    /// Takes the group off the list: nobody signals it any more.
    pub(super) fn finish(self) -> Watched {
        let running = self.shared.lock().running.remove(&self.slot);
        let running = running.expect("a slot is on the list until its only watch is finished");
        running.watched()
    }

    /// Lets another thread end the group while it is on the list.
    pub(super) fn ender(&self) -> Ender {
        Ender {
            shared: Arc::clone(self.shared),
            slot: self.slot,
        }
    }
}

impl Ender {
    /// Asks the group to end because it wrote too much; it has the time then that its grace gives it. Nothing happens to
    /// one that is no more on the list. Precondition: the watchdog is ready.
    pub(super) fn end(self) {
        if let Some(running) = self.shared.lock().running.get_mut(&self.slot) {
            running.end_for_output(Instant::now());
        }
        self.shared.schedule_changed.notify_all();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.lock().watchdog = Watchdog::Dismissed;
        self.shared.schedule_changed.notify_all();
    }
}

impl Shared {
    /// The state is valid between any two statements, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The watchdog's life.
    fn watch_deadlines(&self) {
        let mut state = self.lock();
        while !matches!(state.watchdog, Watchdog::Dismissed) {
            let now = Instant::now();
            for running in state.running.values_mut() {
                running.act_if_due(now);
            }
            let until = state.running.values().filter_map(Running::deadline).min();
            state.watchdog = Watchdog::Watching { until };
            state = match until {
                None => self.schedule_changed.wait(state),
                Some(at) => self
                    .schedule_changed
                    .wait_timeout(state, at.saturating_duration_since(now))
                    .map(|(state, _)| state)
                    .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0)),
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn wakes_later_than(&self, at: Instant) -> bool {
        match self.watchdog {
            Watchdog::Watching { until } => until.is_none_or(|until| until > at),
            Watchdog::NotNeeded | Watchdog::Dismissed => false,
        }
    }
}

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

/// A group on the list: its next deadline, and why it was ended. Whoever calls it holds the lock of the list. A deadline that lies beyond the clock's range never comes.
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
