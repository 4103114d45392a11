//! A run as it is shown while it goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::answer::{Event, EventKind, EventSink, RunOutcome};
use crate::app::{self, AppError, KeysAdded, Notice, RunContext, RunPlace, SelectionNotice, Trace};
use crate::cli::error::VerbError;
use crate::cli::next::Next;
use crate::cli::output;
use crate::cli::plan::set_aside;
use crate::cli::progress::{LastLine, Progress, ShowOutput, is_first, name};
use crate::cli::session::{Format, Session};
use crate::cli::signals::Announcer;
use crate::executor::{Cancel, Follower, LocalExecutor, last_line};
use crate::look::log_path;
use crate::model::{AssetKey, Batch, RunId, RunStatus, StepName};
use crate::sys::clock::Clock;

/// What the runs of one command line are shown with.
pub(super) struct DisplayContext<'a> {
    pub(super) cancel: &'a Cancel,
    pub(super) announcer: &'a Announcer,
    pub(super) clock: &'a dyn Clock,
    pub(super) session: &'a Session,
    /// Where a trace of the run is written.
    pub(super) trace: Option<&'a Path>,
    /// What may be typed next; to materialize goes on after a failure, with the names of what failed.
    pub(super) next: Next,
}

impl DisplayContext<'_> {
    /// Shows a run while it goes on, and gives what came of it and the keys that it has added.
    pub(super) fn show<T>(
        &self,
        run: impl FnOnce(RunContext<'_>) -> Result<T, AppError>,
    ) -> Result<(T, Vec<KeysAdded>), VerbError> {
        let session = self.session;
        if let Some(path) = self.trace {
            // What cannot be written is not found out at the end.
            File::create(path).map_err(|source| unwritable(path, source))?;
        }
        let shared = Arc::new(Shared::default());
        let progress = Progress::start(session, shared.last_line(), self.next.clone())?;
        if let Some(show) = progress.interrupt() {
            self.announcer.say_by(show);
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
            traced: self.trace.map(|_| Vec::new()),
            nothing_selected: false,
        };
        let result = run(RunContext {
            hooks: &[],
            executor: &LocalExecutor,
            cancel: self.cancel,
            clock: self.clock,
            progress: &mut shown,
        });
        let traced = shown.traced.take();
        let added = shown.finish();
        if let (Some(path), Some(events)) = (self.trace, traced) {
            write_trace(path, &events)?;
        }
        Ok((result?, added))
    }
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
    /// What the trace is made of, where one is asked for.
    traced: Option<Vec<Event>>,
    /// Nothing is selected, and a person was told so: there is no run to be shown.
    nothing_selected: bool,
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
        if let Some(traced) = &mut self.traced {
            traced.push(event.clone());
        }
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
                }
                | EventKind::StepRestarted {
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
                EventKind::StepUpForRetry(tried) => {
                    let batch = tried.batch.as_deref();
                    if is_first(&tried.step, batch) {
                        followers.remove(name(&tried.step, batch));
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
        if !self.nothing_selected {
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
            Notice::FromLock(_) | Notice::ConfiguredLines(_) => self.from_lock.push(notice.clone()),
            Notice::Selection(SelectionNotice::Nothing) if self.session.format == Format::Text => {
                self.nothing_selected = true;
                self.session.notice(notice);
            }
            Notice::PutBack(_) | Notice::PrintedManifest(_) | Notice::Resource(_) => {
                output::say(self.session.terminal.stderr, format!("{notice}\n"));
            }
            Notice::Instance(_)
            | Notice::Selection(_)
            | Notice::DamagedLock(_)
            | Notice::UnknownLines(_)
            | Notice::UnreadLock(_)
            | Notice::LeftOutputs(_)
            | Notice::UnknownKeys(_)
            | Notice::StaleManifest(_)
            | Notice::OwnPlaces(_) => {
                self.session.notice(notice);
            }
        }
    }
}

/// Writes a trace of the run with these events; an empty one where nothing ran.
fn write_trace(path: &Path, events: &[Event]) -> Result<(), AppError> {
    let status = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::RunFinished { outcome, .. } => Some(match outcome {
            RunOutcome::Success => RunStatus::Success,
            RunOutcome::Failed => RunStatus::Failure,
            RunOutcome::Canceled => RunStatus::Canceled,
        }),
        _ => None,
    });
    let run = events.iter().find_map(|event| event.run);
    let trace = Trace::of(run, events, status.unwrap_or(RunStatus::Failure));
    let text = serde_json::to_vec(&trace).expect("a trace is JSON");
    std::fs::write(path, text).map_err(|source| unwritable(path, source))
}

fn unwritable(path: &Path, source: io::Error) -> AppError {
    AppError::Unwritable {
        path: path.display().to_string(),
        source,
    }
}

/// How often logs are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows the logs of running steps until it is dropped.
pub struct Followers {
    messages: Option<Sender<FollowMessage>>,
    thread: Option<JoinHandle<()>>,
}

enum FollowMessage {
    Add(String, PathBuf),
    /// The step has ended; whoever removes it waits until all of its output is shown.
    Remove(String, Sender<()>),
}

impl Followers {
    /// Starts to follow; nothing yet.
    pub fn start(show: ShowOutput) -> io::Result<Self> {
        let (messages, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || follow(&receiver, &show))?;
        Ok(Self {
            messages: Some(messages),
            thread: Some(thread),
        })
    }

    /// Follows the log of a step that starts, by its name.
    pub fn add(&mut self, step: String, log: PathBuf) {
        self.send(FollowMessage::Add(step, log));
    }

    /// Shows the rest of a step's output, and follows it no more.
    pub fn remove(&mut self, step: String) {
        let (done, shown) = mpsc::channel();
        self.send(FollowMessage::Remove(step, done));
        // The thread drops its end if the step was not followed.
        let _ = shown.recv();
    }

    fn send(&self, message: FollowMessage) {
        if let Some(messages) = &self.messages {
            // The thread lives as long as this value.
            let _ = messages.send(message);
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told by the panic itself.
            let _ = thread.join();
        }
    }
}

fn follow(messages: &Receiver<FollowMessage>, show: &ShowOutput) {
    let mut followed: Vec<(String, Follower)> = Vec::new();
    loop {
        match messages.recv_timeout(PAUSE) {
            Ok(FollowMessage::Add(step, log)) => followed.push((step, Follower::new(log))),
            Ok(FollowMessage::Remove(step, done)) => {
                if let Some(at) = followed.iter().position(|(known, _)| *known == step) {
                    let (_, follower) = followed.swap_remove(at);
                    // A log that cannot be read is shown when the step has failed, if at all.
                    drop(follower.finish(|lines| show(&step, &lines.join("\n"))));
                }
                drop(done);
            }
            Err(RecvTimeoutError::Timeout) => {
                for (step, follower) in &mut followed {
                    show_lines(show, step, follower.new_lines());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A log that cannot be read is shown when the step has failed, if at all.
fn show_lines(show: &ShowOutput, step: &str, lines: io::Result<Vec<String>>) {
    match lines {
        Ok(lines) if !lines.is_empty() => show(step, &lines.join("\n")),
        _ => {}
    }
}
