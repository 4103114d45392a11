//! A run while it goes on.
//!
//! Events come in on the coordinator's thread and are passed to a thread that draws; it also wakes by the clock, for
//! elapsed times and heartbeats. JSON lines are written at once, on the coordinator's thread, so that they are complete
//! whatever happens later.

mod board;
mod failure;
mod line;
mod lines;
mod live;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::answer::{Event, EventSink, KeyPlaces};
use crate::cli::next::Next;
use crate::cli::output::json_line;
use crate::cli::progress::board::RunningStep;
use crate::cli::progress::lines::LineProgress;
use crate::cli::progress::live::Live;
use crate::cli::session::{ProgressStyle, Session};
use crate::cli::signals::Urgency;

pub(super) use board::counted;
pub(super) use failure::{is_first, put_details};
pub(super) use line::name;

/// Says the last line that a running step, or a batch that begins with it, has written to its log.
pub(super) type LastLine = Arc<dyn Fn(&RunningStep) -> Option<String> + Send + Sync>;

/// Shows a run. [`Progress::finish`] waits until all is shown.
pub(super) struct Progress {
    shown: Shown,
}

enum Shown {
    /// By a thread that draws.
    Drawn {
        messages: Sender<Message>,
        drawer: Option<JoinHandle<()>>,
    },
    /// As JSON lines.
    Json(JsonLines),
}

enum Message {
    Keys(KeyPlaces),
    Event(Box<Event>),
    /// What a step wrote; whoever shows it waits until it is shown.
    Output(String, String, Sender<()>),
    Interrupted(Urgency),
    End,
}

/// Shows that an interrupt has come, from whichever thread hears it.
pub(super) type ShowInterrupt = Box<dyn Fn(Urgency) + Send>;

/// Shows what a running step, which has this name, writes, from whichever thread reads it.
pub(super) type ShowOutput = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What draws: a live region, or plain lines.
trait Display {
    /// In which order the keys of assets are.
    fn keys(&mut self, keys: KeyPlaces);
    /// Something happened.
    fn event(&mut self, event: &Event);
    /// The step of this name wrote these whole lines.
    fn output(&mut self, step: &str, lines: &str);
    /// An interrupt has come.
    fn interrupted(&mut self, urgency: Urgency);
    /// Nothing happened for a while; `now` is the drawing thread's clock.
    fn tick(&mut self, now: Instant);
    /// How long it may sleep before a tick.
    fn pause(&self) -> Duration;
    /// The end: leaves the screen as it is to stay.
    fn end(&mut self);
}

impl Progress {
    /// Starts to show a run in the session's style. `next.materialize`, with the names of what failed, goes on
    /// after a failure.
    pub(super) fn start(session: &Session, last_line: LastLine, next: Next) -> io::Result<Self> {
        if session.progress == ProgressStyle::Json {
            return Ok(Self {
                shown: Shown::Json(JsonLines::default()),
            });
        }
        let look = session.progress_look();
        let (stream, style) = (session.terminal.stderr, session.progress);
        let (messages, receiver) = mpsc::channel();
        let drawer = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || match style {
                ProgressStyle::Live => draw(Live::new(look, stream, last_line, next), &receiver),
                _ => draw(LineProgress::new(look, stream, next), &receiver),
            })?;
        Ok(Self {
            shown: Shown::Drawn {
                messages,
                drawer: Some(drawer),
            },
        })
    }

    /// Takes in which order the keys of assets are.
    pub(super) fn keys(&mut self, keys: KeyPlaces) {
        if let Shown::Drawn { messages, .. } = &self.shown {
            drop(messages.send(Message::Keys(keys)));
        }
    }

    /// What shows the output of commands, for `-v`; blocks of whole lines, each line prefixed by its step.
    pub(super) fn output(&self) -> Option<ShowOutput> {
        let Shown::Drawn { messages, .. } = &self.shown else {
            return None;
        };
        let messages = messages.clone();
        Some(Arc::new(move |step, lines| {
            let (done, shown) = mpsc::channel();
            drop(messages.send(Message::Output(step.to_owned(), lines.to_owned(), done)));
            // A command may write faster than a terminal shows. The drawer drops its end also where it draws no more.
            let _ = shown.recv();
        }))
    }

    /// What shows that an interrupt has come.
    pub(super) fn interrupt(&self) -> Option<ShowInterrupt> {
        let Shown::Drawn { messages, .. } = &self.shown else {
            return None;
        };
        let messages = messages.clone();
        Some(Box::new(move |urgency| {
            drop(messages.send(Message::Interrupted(urgency)));
        }))
    }

    /// Waits until everything is shown.
    pub(super) fn finish(self) {
        if let Shown::Drawn { messages, drawer } = self.shown {
            drop(messages.send(Message::End));
            if let Some(drawer) = drawer {
                drop(drawer.join());
            }
        }
    }
}

impl EventSink for Progress {
    fn emit(&mut self, event: &Event) {
        match &mut self.shown {
            Shown::Drawn { messages, .. } => {
                drop(messages.send(Message::Event(Box::new(event.clone()))));
            }
            Shown::Json(lines) => lines.emit(event),
        }
    }
}

/// Draws until the end.
fn draw(mut display: impl Display, receiver: &Receiver<Message>) {
    loop {
        match receiver.recv_timeout(display.pause()) {
            Ok(Message::Keys(keys)) => display.keys(keys),
            Ok(Message::Event(event)) => display.event(&event),
            Ok(Message::Output(step, lines, done)) => {
                display.output(&step, &lines);
                drop(done);
            }
            Ok(Message::Interrupted(urgency)) => display.interrupted(urgency),
            Err(RecvTimeoutError::Timeout) => display.tick(Instant::now()),
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    display.end();
}

/// Writes each event as a line. When the reader is gone, the run goes on without it.
#[derive(Debug, Default)]
pub struct JsonLines {
    reader_is_gone: bool,
}

impl JsonLines {
    /// Writes one event.
    pub fn emit(&mut self, event: &Event) {
        if self.reader_is_gone {
            return;
        }
        let mut line = Vec::new();
        let written =
            json_line(&mut line, event).and_then(|()| io::stdout().lock().write_all(&line));
        self.reader_is_gone = written.is_err();
    }
}
