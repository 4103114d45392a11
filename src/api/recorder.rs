//! Keeps the events of a run, and hands them on as they come.

use std::path::Path;

use crate::answer::Planned;
use crate::app::{Notice, Progress};
use crate::model::{Event, EventSink};

/// Keeps the events of a run, and hands them on to whoever wants them live.
pub(super) struct Recorder<'a> {
    pub(super) events: Vec<Event>,
    pub(super) notices: Vec<Notice>,
    live: Option<&'a mut dyn EventSink>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(live: Option<&'a mut dyn EventSink>) -> Self {
        Self {
            events: Vec::new(),
            notices: Vec::new(),
            live,
        }
    }
}

impl EventSink for Recorder<'_> {
    fn emit(&mut self, event: &Event) {
        self.events.push(event.clone());
        if let Some(live) = &mut self.live {
            live.emit(event);
        }
    }
}

impl Progress for Recorder<'_> {
    fn found(&mut self, _root: &Path, _own: &str) {}

    fn planned(&mut self, _planned: &Planned) {}

    fn fresh(&mut self, event: &Event) {
        self.emit(event);
    }

    fn notice(&mut self, notice: &Notice) {
        self.notices.push(notice.clone());
    }

    fn put_back(&mut self, _paths: &[String]) {}
}
