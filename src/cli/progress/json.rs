//! Events as JSON lines on standard output.

use std::io::{self, Write as _};

use crate::answer::Event;
use crate::cli::output::json_line;

/// Writes each event as a line. When the reader is gone, the run goes on without it.
#[derive(Debug, Default)]
pub struct JsonLines {
    reader: Reader,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Reader {
    #[default]
    There,
    Gone,
}

impl JsonLines {
    /// Writes one event.
    pub fn emit(&mut self, event: &Event) {
        if self.reader == Reader::Gone {
            return;
        }
        let mut line = Vec::new();
        let written =
            json_line(&mut line, event).and_then(|()| io::stdout().lock().write_all(&line));
        if written.is_err() {
            self.reader = Reader::Gone;
        }
    }
}
