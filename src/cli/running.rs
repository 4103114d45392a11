//! `materialize`: a run, shown while it goes on, and ended by signals.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::app::{self, Notice, Running};
use crate::cli::args::{Globals, MaterializeArgs};
use crate::cli::dispatch::{Failure, clock, surroundings};
use crate::cli::exit::Exit;
use crate::cli::follow::Followers;
use crate::cli::progress::{Lookups, Progress};
use crate::cli::session::Session;
use crate::cli::signals::{Interrupts, Urgency};
use crate::cli::{output, request};
use crate::engine::log_path;
use crate::executor::{Cancel, LocalExecutor, Severity, last_line};
use crate::model::{Event, EventKind, EventSink, Planned, RunId, StepName, StepOutput};

/// Brings assets up to date.
pub fn materialize(
    args: &MaterializeArgs,
    globals: &Globals,
    session: &Session,
) -> Result<Exit, Failure> {
    let request = request::materialize(args, globals)?;
    let surroundings = surroundings(globals, session)?;
    let cancel = Cancel::new();
    let of_signals = cancel.clone();
    let interrupts = Interrupts::listen(move |urgency| {
        of_signals.interrupt(match urgency {
            Urgency::Ask => Severity::Ask,
            Urgency::Kill => Severity::Kill,
        });
    })?;
    let shared = Arc::new(Shared::default());
    let progress = Progress::start(session, shared.lookups())?;
    let followers = match request.output {
        StepOutput::Shown => progress.output().map(Followers::start).transpose()?,
        StepOutput::Logged => None,
    };
    let mut shown = ShownRun {
        progress,
        followers,
        shared,
        session,
    };
    let clock = clock(globals);
    let running = Running {
        executor: &LocalExecutor,
        cancel: &cancel,
        clock: &*clock,
        progress: &mut shown,
    };
    let result = app::materialize(&surroundings, &request, running);
    shown.finish();
    let result = result?;
    Ok(Exit::of_run(result.outcome, interrupts.signal()))
}

/// What is known of running steps, for whoever draws them.
#[derive(Default)]
struct Shared {
    run: OnceLock<RunId>,
    root: OnceLock<PathBuf>,
    usually: Mutex<HashMap<StepName, Duration>>,
}

impl Shared {
    fn lookups(self: &Arc<Self>) -> Lookups {
        let (of_lines, of_times) = (Arc::clone(self), Arc::clone(self));
        Lookups {
            last_line: Arc::new(move |step| last_line(&of_lines.log(step)?).ok().flatten()),
            usually: Arc::new(move |step| {
                let usually = of_times
                    .usually
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                usually.get(step).copied()
            }),
        }
    }

    fn log(&self, step: &StepName) -> Option<PathBuf> {
        Some(self.root.get()?.join(log_path(*self.run.get()?, step)))
    }

    fn note(&self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { run, .. } => {
                // A run starts once.
                let _ = self.run.set(*run);
            }
            EventKind::StepStarted {
                step,
                usually: Some(usually),
                ..
            } => {
                let mut known = self.usually.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(step.clone(), *usually);
            }
            _ => {}
        }
    }
}

/// A run as it is shown.
struct ShownRun<'a> {
    progress: Progress,
    followers: Option<Followers>,
    shared: Arc<Shared>,
    session: &'a Session,
}

impl ShownRun<'_> {
    fn finish(self) {
        drop(self.followers);
        self.progress.finish();
    }
}

impl EventSink for ShownRun<'_> {
    fn emit(&mut self, event: &Event) {
        self.shared.note(event);
        if let Some(followers) = &mut self.followers {
            match &event.kind {
                EventKind::StepStarted { step, .. } => {
                    if let Some(log) = self.shared.log(step) {
                        followers.add(step, log);
                    }
                }
                EventKind::StepFinished { step, .. } => followers.remove(step),
                _ => {}
            }
        }
        self.progress.emit(event);
    }
}

impl app::Progress for ShownRun<'_> {
    fn found(&mut self, root: &std::path::Path) {
        // A project is found once.
        let _ = self.shared.root.set(root.to_owned());
    }

    fn planned(&mut self, planned: &Planned) {
        self.progress.planned(planned.clone());
    }

    fn notice(&mut self, notice: &Notice) {
        self.session.notice(notice);
    }

    fn put_back(&mut self, paths: &[String]) {
        let text = format!(
            "a run that died had moved previous outputs aside; they are back: {}\n",
            paths.join(", ")
        );
        output::say(self.session.terminal.stderr, text);
    }
}
