//! Writing to standard output and error. A reader that has gone away is no error.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::cli::terminal::Stream;

/// Writes an answer to standard output.
pub fn answer(stream: Stream, text: String) -> io::Result<()> {
    answer_bytes(stream.paint.apply(text).as_bytes())
}

/// Writes bytes to standard output as they are.
pub fn answer_bytes(bytes: &[u8]) -> io::Result<()> {
    quietly(
        io::stdout()
            .lock()
            .write_all(bytes)
            .and_then(|()| io::stdout().flush()),
    )
}

/// Writes a JSON document to standard output, as one line.
pub fn answer_json(document: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    quietly(json_line(&mut out, document).and_then(|()| out.flush()))
}

/// Writes a JSON document and a newline.
pub fn json_line(mut out: impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut out, document)?;
    out.write_all(b"\n")
}

/// Writes a diagnostic or progress to standard error. There is nowhere to say that this failed.
pub fn say(stream: Stream, text: String) {
    let text = stream.paint.apply(text);
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// A reader that has gone away, as `head` does, has read enough.
pub fn quietly(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{json_line, quietly};

    /// A reader that has gone away.
    struct Closed;

    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_reader_is_quiet_and_a_full_disk_is_not() {
        assert!(quietly(json_line(Closed, &1)).is_ok());
        assert!(quietly(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
