//! A run in plain lines: where there is no terminal, and for `--quiet`.
//!
//! No carriage returns; a heartbeat every 30 s says that it is still alive. A step that came out unchanged waits for the
//! next event, so that its line can say how many steps it spared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::{
    Event, EventKind, KeyPlaces, Planned, ResourcePhase, RunCounts, RunOutcome, StepOutcome,
};
use crate::cli::next::Next;
use crate::cli::output;
use crate::cli::plan::blocked;
use crate::cli::progress::board::Board;
use crate::cli::progress::failure::{FailureSummary, is_first};
use crate::cli::progress::{Display, failure, line};
use crate::cli::signals::Urgency;
use crate::cli::terminal::Stream;
use crate::cli::text::{ACCENT, Detail, Look, WARN, count, elapsed, number};

/// How long nothing may be said.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long the line of an unchanged step waits for the steps that it spares.
const HELD: Duration = Duration::from_millis(100);

/// The lines of a screen where no terminal says how many it has.
const SCREEN: usize = 24;

/// More steps than these are told with the time that they take.
const MANY: u32 = 1000;

/// A run in plain lines on standard error.
pub struct LineProgress {
    stream: Stream,
    story: Story,
    said: Instant,
}

impl LineProgress {
    /// Nothing is said yet.
    pub fn new(look: Look, stream: Stream, next: Next) -> Self {
        let now = Instant::now();
        Self {
            stream,
            story: Story::new(look, now, next),
            said: now,
        }
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.said = Instant::now();
            output::say(self.stream, text);
        }
    }
}

impl Display for LineProgress {
    fn keys(&mut self, keys: KeyPlaces) {
        self.story.keys = keys;
    }

    fn event(&mut self, event: &Event) {
        let mut text = self.story.event(&event.kind, Instant::now());
        if let EventKind::StepStarted {
            step,
            batch,
            causes,
            ..
        } = &event.kind
            && !self.stream.is_terminal
            && self.story.look.detail == Detail::Full
            && is_first(step, batch.as_deref())
        {
            text.push_str(&line::started(step, batch.as_deref(), causes));
            text.push('\n');
        }
        self.say(text);
    }

    fn output(&mut self, step: &str, lines: &str) {
        let text = self.story.output(step, lines);
        self.say(text);
    }

    fn interrupted(&mut self, urgency: Urgency) {
        let text = self.story.interrupted(urgency);
        self.say(text);
    }

    fn tick(&mut self, now: Instant) {
        let text = self.story.release();
        self.say(text);
        if now.duration_since(self.said) >= HEARTBEAT && self.story.look.detail > Detail::Brief {
            let text = self.story.heartbeat(now);
            self.story.board.printed += 1;
            self.say(text);
        }
    }

    fn pause(&self) -> Duration {
        if self.story.is_holding() {
            HELD
        } else {
            HEARTBEAT.saturating_sub(self.said.elapsed()).max(HELD)
        }
    }

    fn end(&mut self) {
        let text = self.story.end();
        self.say(text);
    }
}

/// The lines that are left of a run, whoever shows them.
pub struct Story {
    /// For whom.
    pub look: Look,
    /// What may be typed next; to materialize goes on after a failure, with the names of what failed.
    next: Next,
    /// The state of the run.
    pub board: Board,
    /// In which order the keys of assets are.
    pub keys: KeyPlaces,
    /// Whether a run has begun, which has something to do.
    has_begun: bool,
    planned: Option<Arc<Planned>>,
    /// A step that came out unchanged, and the number of steps it spared so far.
    held: Option<EventKind>,
    /// What has ended of a batch so far.
    gathered: FailureSummary,
    spared: u32,
    /// How the run has ended, which is told when nothing follows.
    finished: Option<EventKind>,
    /// Whether a failure is the last that was told, so that it need not be told again at the end.
    ends_with_failure: bool,
}

impl Story {
    /// Nothing has happened.
    pub fn new(look: Look, now: Instant, next: Next) -> Self {
        Self {
            look,
            next,
            board: Board::new(now),
            keys: KeyPlaces::default(),
            has_begun: false,
            planned: None,
            held: None,
            gathered: FailureSummary::default(),
            spared: 0,
            finished: None,
            ends_with_failure: false,
        }
    }

    /// Whether the run has ended, and its last line is still to come.
    pub fn has_finished(&self) -> bool {
        self.has_begun && self.finished.is_some()
    }

    /// Whether a line waits for what comes next.
    pub fn is_holding(&self) -> bool {
        self.held.is_some() || self.spared > 0
    }

    /// That an interrupt has come, and what becomes of what runs.
    pub fn interrupted(&mut self, urgency: Urgency) -> String {
        let running = self.board.running_now().len() as u64;
        let what = match (urgency, running) {
            (Urgency::Ask, 0) => "no more steps start; interrupt again to end at once".to_owned(),
            (Urgency::Ask, _) => format!(
                "{} asked to end; interrupt again to kill",
                count(running, "running step")
            ),
            (Urgency::Kill, 0) => "ends at once".to_owned(),
            (Urgency::Kill, _) => format!("{} killed", count(running, "running step")),
        };
        self.board.printed += 1;
        format!("{} {what}\n", line::verb(WARN, "Interrupted"))
    }

    /// The lines that an event leaves.
    pub fn event(&mut self, event: &EventKind, now: Instant) -> String {
        let text = self.lines_of(event, now);
        self.board.printed += text.lines().count();
        text
    }

    /// Lines that a step wrote.
    pub fn output(&mut self, step: &str, lines: &str) -> String {
        let text = line::output(step, lines);
        self.board.printed += text.lines().count();
        text
    }

    fn lines_of(&mut self, event: &EventKind, now: Instant) -> String {
        if let EventKind::StepFresh { .. } = event {
            self.board.take(event, now);
            self.spared += 1;
            return String::new();
        }
        let mut text = self.release();
        self.board.take(event, now);
        let Some(event) = self.gathered.take(event) else {
            return text;
        };
        let event = &*event;
        match event {
            EventKind::RunStarted { .. } => self.has_begun = true,
            EventKind::RunPlanned(planned) => {
                self.board.jobs = planned.jobs;
                let steps = planned.counts.run + planned.counts.may_run;
                // What is blocked where nothing else is to be done is told in the end.
                if self.has_begun && steps > 0 && !self.is_brief() {
                    put(&mut text, &line::planning(planned));
                    if steps > MANY {
                        put(&mut text, &line::many(steps, planned.expected));
                    }
                    text.push_str(&blocked(&planned.blocked, &self.look, &self.next));
                }
                self.planned = Some(planned.clone());
            }
            EventKind::StepStarted { .. }
            | EventKind::StepRestarted { .. }
            | EventKind::OutputSetAside { .. }
            | EventKind::Materialization { .. }
            | EventKind::Observation { .. }
            | EventKind::StepFresh { .. }
            | EventKind::ResourceStopped { .. }
            | EventKind::HookCompleted { .. }
            | EventKind::StepBlocked { .. }
            | EventKind::RunCanceled { .. }
            | EventKind::Other(_) => {}
            EventKind::ResourceStarted { .. } if self.is_brief() => {}
            EventKind::ResourceStarted { resource } => {
                put(&mut text, &line::setting_up(resource));
            }
            EventKind::ResourceFailed {
                phase,
                failure,
                log,
                ..
            } => {
                let log = log.as_deref();
                let is_error = *phase == ResourcePhase::Setup;
                let block = failure::block_besides(is_error, (failure, log), &self.next);
                text.push_str(&block);
            }
            EventKind::StepUpForRetry(tried) => {
                if is_first(&tried.step, tried.batch.as_deref()) && !self.is_brief() {
                    put(&mut text, &line::retry(tried, &self.board));
                }
            }
            EventKind::HookErrored { failure, log, .. } => {
                let log = log.as_deref();
                text.push_str(&failure::block_besides(false, (failure, log), &self.next));
            }
            EventKind::StepWaiting { step, holder } => put(&mut text, &line::waiting(step, holder)),
            EventKind::StepFinished { outcome, .. } => match outcome {
                StepOutcome::Failed(_) => {
                    let failed = self.board.failures.last();
                    text.extend(failed.map(|it| failure::block(it, &self.next)));
                }
                StepOutcome::Unchanged { .. } => self.held = Some(event.clone()),
                _ => self.leave(&mut text, event),
            },
            EventKind::RunFinished { .. } => self.finished = Some(event.clone()),
        }
        if !text.is_empty() {
            let failed = matches!(
                event,
                EventKind::StepFinished {
                    outcome: StepOutcome::Failed(_),
                    ..
                }
            );
            self.ends_with_failure = failed;
        }
        text
    }

    /// The last lines, where the run has ended.
    pub fn end(&mut self) -> String {
        let mut text = self.release();
        let Some(event) = self.finished.take() else {
            return text;
        };
        let EventKind::RunFinished {
            outcome, counts, ..
        } = event
        else {
            unreachable!("it is kept as what it is")
        };
        if !(self.ends_with_failure && self.board.failed_once()) {
            let above = self.board.printed + text.lines().count();
            text.push_str(&failure::again(
                &self.board.failures,
                &self.keys,
                &self.next,
                above.saturating_sub(self.look.height.unwrap_or(SCREEN)),
            ));
        }
        let blocked = &self.board.blocked;
        text.push_str(&failure::blocked(blocked, &self.keys, &self.next));
        let nothing = !self.has_begun && outcome == RunOutcome::Success;
        // The error that broke it off says more.
        let broken_off =
            outcome == RunOutcome::Failed && counts == RunCounts::default() && self.board.done == 0;
        match (&self.planned, nothing) {
            (Some(planned), true) => put(&mut text, &line::nothing_to_do(planned)),
            _ if broken_off => {}
            _ => put(
                &mut text,
                &line::run_finished(&event, self.board.failed_hooks).unwrap_or_default(),
            ),
        }
        text
    }

    /// The line that waited, and how many steps were spared.
    pub fn release(&mut self) -> String {
        let mut text = String::new();
        let spared = std::mem::take(&mut self.spared);
        match self.held.take() {
            Some(_) | None if self.is_brief() => {}
            Some(event) => {
                let line = line::finished(&event, &self.board, spared);
                put(&mut text, &line.unwrap_or_default());
            }
            None if spared > 0 => put(&mut text, &line::spared(spared, &self.board)),
            None => {}
        }
        text
    }

    /// That the run is still alive.
    pub fn heartbeat(&self, now: Instant) -> String {
        let board = &self.board;
        let Some(oldest) = board.running.first() else {
            return String::new();
        };
        format!(
            "{} {}, {}, {} failed, {} for {}\n",
            line::verb(ACCENT, "Running"),
            board.counter(),
            count(board.running_now().len() as u64, "step"),
            number(board.failed),
            line::name(&oldest.step, oldest.batch.as_deref()),
            elapsed(now.duration_since(oldest.since)),
        )
    }

    fn leave(&self, text: &mut String, event: &EventKind) {
        if !self.is_brief() {
            put(
                text,
                &line::finished(event, &self.board, 0).unwrap_or_default(),
            );
        }
    }

    fn is_brief(&self) -> bool {
        self.look.detail == Detail::Brief
    }
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests;
