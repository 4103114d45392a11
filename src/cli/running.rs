//! `materialize`: a run, shown while it goes on, and ended by signals.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::answer::{Event, EventKind, EventSink, RunOutcome};
use crate::app;
use crate::app::{AppError, KeysAdded, Notice, RunPlace, Running, SelectionNotice, Surroundings};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::follow::Followers;
use crate::cli::next::Next;
use crate::cli::output;
use crate::cli::plan::set_aside;
use crate::cli::progress::{LastLine, Progress, is_first, name};
use crate::cli::session::{Format, Session};
use crate::cli::signals::{Announcer, listen};
use crate::executor::{Cancel, LocalExecutor, last_line};
use crate::look::log_path;
use crate::model::{AssetKey, Batch, MaterializeRequest, RunId, StepName};
use crate::sys::clock::Clock;

/// How often `--until-done` runs at most: commands that add keys each time would never be done.
const ROUNDS: u32 = 1000;

/// Brings assets up to date.
pub fn materialize(
    request: &MaterializeRequest,
    until_done: bool,
    session: &Session,
) -> Result<Exit, Failure> {
    let surroundings = session.surroundings()?;
    let cancel = Cancel::new();
    let announcer = Announcer::default();
    let interrupts = listen(&cancel, &announcer)?;
    let clock = session.clock();
    let doors = Doors {
        surroundings: &surroundings,
        cancel: &cancel,
        announcer: &announcer,
        clock: &*clock,
        session,
        next: Next {
            materialize: format!("{} materialize", session.next.program),
            ..session.next.clone()
        },
    };
    let mut rounds = 0;
    loop {
        rounds += 1;
        let (outcome, added) = round(&doors, request)?;
        let goes_on = until_done && outcome == RunOutcome::Success && rounds < ROUNDS;
        if goes_on && !added.is_empty() {
            continue;
        }
        for added in added {
            session.notice(&Notice::KeysAdded(added));
        }
        return Ok(Exit::of_run(outcome, interrupts.signal()));
    }
}

/// What all runs of one command line have in common.
pub(super) struct Doors<'a> {
    pub(super) surroundings: &'a Surroundings,
    pub(super) cancel: &'a Cancel,
    pub(super) announcer: &'a Announcer,
    pub(super) clock: &'a dyn Clock,
    pub(super) session: &'a Session,
    /// What may be typed next; to materialize goes on after a failure, with the names of what failed.
    pub(super) next: Next,
}

/// One run, shown, and the keys that it has added.
fn round(
    doors: &Doors<'_>,
    request: &MaterializeRequest,
) -> Result<(RunOutcome, Vec<KeysAdded>), Failure> {
    let run = |running: Running<'_>| app::materialize(doors.surroundings, request, running);
    let (result, added) = shown(doors, run)?;
    Ok((result.outcome, added))
}

/// Shows a run while it goes on, and gives what came of it and the keys that it has added.
pub(super) fn shown<T>(
    doors: &Doors<'_>,
    run: impl FnOnce(Running<'_>) -> Result<T, AppError>,
) -> Result<(T, Vec<KeysAdded>), Failure> {
    let session = doors.session;
    let shared = Arc::new(Shared::default());
    let progress = Progress::start(session, shared.last_line(), doors.next.clone())?;
    if let Some(show) = progress.interrupt() {
        doors.announcer.say_by(show);
    }
    let followers = if session.globals.verbose {
        progress.output().map(Followers::start).transpose()?
    } else {
        None
    };
    let mut shown = ShownRun {
        progress,
        followers,
        shared,
        session,
        added: Vec::new(),
        from_lock: Vec::new(),
        set_aside: BTreeMap::new(),
        extent: Extent::Some,
    };
    let running = Running {
        executor: &LocalExecutor,
        cancel: doors.cancel,
        clock: doors.clock,
        progress: &mut shown,
    };
    let result = run(running);
    let added = shown.finish();
    Ok((result?, added))
}

/// What is known of the run, for whoever draws it.
#[derive(Default)]
struct Shared {
    run: OnceLock<RunId>,
    /// The project root and the folder that the run works in.
    place: OnceLock<(PathBuf, String)>,
}

impl Shared {
    fn last_line(self: &Arc<Self>) -> LastLine {
        let shared = Arc::clone(self);
        Arc::new(move |running| {
            let log = shared.log(&running.step, running.batch.as_deref(), running.attempt);
            last_line(&log?).ok().flatten()
        })
    }

    fn log(&self, step: &StepName, batch: Option<&Batch>, attempt: u32) -> Option<PathBuf> {
        let (root, own) = self.place.get()?;
        Some(root.join(log_path(own, *self.run.get()?, (step, batch), attempt)))
    }

    fn note(&self, event: &Event) {
        if let Some(run) = event.run {
            // A run has one id.
            let _ = self.run.set(run);
        }
    }
}

/// A run as it is shown.
struct ShownRun<'a> {
    progress: Progress,
    followers: Option<Followers>,
    shared: Arc<Shared>,
    session: &'a Session,
    /// Told when all else is.
    added: Vec<KeysAdded>,
    /// What was recorded of the lock file, told once the run is shown.
    from_lock: Vec<Notice>,
    /// What was set aside, by asset: the first path with where it is, and how many.
    set_aside: BTreeMap<AssetKey, (String, String, u64)>,
    extent: Extent,
}

/// Whether there is a run to be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// There is, be it only to say that all is fresh.
    Some,
    /// Nothing is selected, which was told to a person.
    Nothing,
}

impl ShownRun<'_> {
    fn finish(self) -> Vec<KeysAdded> {
        drop(self.followers);
        self.progress.finish();
        for notice in &self.from_lock {
            self.session.notice(notice);
        }
        for (asset, (path, kept, count)) in &self.set_aside {
            let text = set_aside(asset, (path, kept), *count);
            output::say(self.session.terminal.stderr, text);
        }
        self.added
    }
}

impl EventSink for ShownRun<'_> {
    fn emit(&mut self, event: &Event) {
        self.shared.note(event);
        if let EventKind::OutputSetAside { step, path, kept } = &event.kind {
            let first = || (path.clone(), kept.clone(), 0);
            let all = self.set_aside.entry(step.asset.clone());
            all.or_insert_with(first).2 += 1;
        }
        if let Some(followers) = &mut self.followers {
            match &event.kind {
                EventKind::StepStarted {
                    step,
                    batch,
                    attempt,
                    ..
                } => {
                    let batch = batch.as_deref();
                    if is_first(step, batch)
                        && let Some(log) = self.shared.log(step, batch, *attempt)
                    {
                        followers.add(name(step, batch), log);
                    }
                }
                EventKind::StepFinished { step, batch, .. } => {
                    let batch = batch.as_deref();
                    if is_first(step, batch) {
                        followers.remove(name(step, batch));
                    }
                }
                _ => {}
            }
        }
        if self.extent == Extent::Some {
            self.progress.emit(event);
        }
    }
}

impl app::Progress for ShownRun<'_> {
    fn begins(&mut self, place: &RunPlace<'_>) {
        // It begins once.
        let _ = self
            .shared
            .place
            .set((place.root.to_owned(), place.own.to_owned()));
        self.progress.keys(place.keys.clone());
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::KeysAdded(added) => self.added.push(added.clone()),
            Notice::FromLock(_) => self.from_lock.push(notice.clone()),
            Notice::Selection(SelectionNotice::Nothing) if self.session.format == Format::Text => {
                self.extent = Extent::Nothing;
                self.session.notice(notice);
            }
            Notice::PutBack(_) => {
                output::say(self.session.terminal.stderr, format!("{notice}\n"));
            }
            Notice::Instance(_)
            | Notice::Selection(_)
            | Notice::DamagedLock(_)
            | Notice::UnreadLock(_)
            | Notice::LeftOutputs(_)
            | Notice::UnknownKeys(_)
            | Notice::OwnPlaces(_) => {
                self.session.notice(notice);
            }
        }
    }
}
