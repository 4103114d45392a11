//! Writing to standard output and error. A reader that has gone away is no error.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::cli::terminal::Stream;
use crate::cli::text::is_hidden;

/// Writes an answer to standard output.
pub fn answer(stream: Stream, text: String) -> io::Result<()> {
    answer_bytes(stream.colors.apply(text).as_bytes())
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

/// Writes a JSON document and a newline. What a terminal would not show as text is written as an escape.
pub fn json_line(mut out: impl Write, document: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Escaping);
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Compact JSON in which also those controls are escaped that JSON allows in texts.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|(_, it)| is_hidden(*it)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(character))?;
            rest = &rest[at + character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Writes a diagnostic or progress to standard error. There is nowhere to say that this failed.
pub fn say(stream: Stream, text: String) {
    let text = stream.colors.apply(text);
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
    fn controls_are_escaped_in_json_too() {
        let text = "a\u{1b}\u{9b}\u{7f}\u{202e}ü\u{fdd0}b";
        let mut line = Vec::new();
        json_line(&mut line, &text).expect("memory does not fail");
        let line = String::from_utf8(line).expect("JSON is UTF-8");
        assert_eq!(line, "\"a\\u001b\\u009b\\u007f\\u202eü\\ufdd0b\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
    }

    #[test]
    fn a_closed_reader_is_quiet_and_a_full_disk_is_not() {
        assert!(quietly(json_line(Closed, &1)).is_ok());
        assert!(quietly(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
