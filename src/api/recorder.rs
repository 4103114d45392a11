//! Keeps the events of a run, and hands them on as they come.

use crate::answer::{Event, EventSink};
use crate::app::{Notice, Progress, RunPlace};

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
    fn begins(&mut self, _place: &RunPlace<'_>) {}

    fn notice(&mut self, notice: &Notice) {
        self.notices.push(notice.clone());
    }
}
