//! Reads the end of a log, however large it is and whatever bytes are in it.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::sys::file::open_file;

/// How much of a log's end is wanted.
#[derive(Clone, Copy, Debug)]
pub struct TailLimits {
    /// At most this many lines.
    pub lines: usize,
    /// No more than this many bytes are read.
    pub bytes: u64,
}

/// The end of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tail {
    /// All of its lines.
    Whole(Vec<String>),
    /// Its last lines; there are more before them.
    Cut(Vec<String>),
}

impl Tail {
    /// The lines at hand.
    pub fn lines(&self) -> &[String] {
        let (Self::Whole(lines) | Self::Cut(lines)) = self;
        lines
    }
}

/// The last lines of a log. What is not UTF-8 is replaced; of a line with carriage returns (a progress bar) the last
/// state stays. A line that is longer than the limit of bytes is cut at its front.
pub fn tail(log: &Path, limits: TailLimits) -> io::Result<Tail> {
    let (bytes, mut start) = read_end(log, limits.bytes)?;
    let mut lines: Vec<&[u8]> = bytes
        .strip_suffix(b"\n")
        .unwrap_or(&bytes)
        .split(|&byte| byte == b'\n')
        .collect();
    if bytes.is_empty() {
        lines.clear();
    }
    if matches!(start, Start::Within) && lines.len() > 1 {
        lines.remove(0);
    }
    if lines.len() > limits.lines {
        lines.drain(..lines.len() - limits.lines);
        start = Start::Within;
    }
    let lines = lines.into_iter().map(readable).collect();
    Ok(match start {
        Start::OfFile => Tail::Whole(lines),
        Start::Within => Tail::Cut(lines),
    })
}

/// The last line of a log that is not blank, complete or not.
pub fn last_line(log: &Path) -> io::Result<Option<String>> {
    /// More than any terminal shows of a line.
    const ENOUGH: u64 = 4096;
    let (bytes, _) = read_end(log, ENOUGH)?;
    let mut lines = bytes.rsplit(|&byte| byte == b'\n').map(readable);
    Ok(lines.find(|line| !line.trim().is_empty()))
}

/// A line of output as a terminal would leave it.
pub(super) fn readable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut states = line.rsplit(|&byte| byte == b'\r');
    let last = states.find(|state| !state.is_empty());
    String::from_utf8_lossy(last.unwrap_or_default()).into_owned()
}

/// Where the bytes at hand begin.
enum Start {
    OfFile,
    Within,
}

/// At most this many bytes of a file's end, from the beginning of a character on.
fn read_end(path: &Path, most: u64) -> io::Result<(Vec<u8>, Start)> {
    let mut file = open_file(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    if skipped == 0 {
        return Ok((bytes, Start::OfFile));
    }
    let is_inside = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let inside = bytes.iter().take(3).take_while(is_inside).count();
    bytes.drain(..inside);
    Ok((bytes, Start::Within))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Tail, TailLimits, last_line, tail};

    /// Content, most lines, most bytes; the tail and the last line.
    type Case<'a> = (&'a [u8], usize, u64, Tail, Option<&'a str>);

    #[test]
    fn the_end_of_any_log_can_be_read() {
        let whole = |lines: &[&str]| Tail::Whole(lines.iter().map(ToString::to_string).collect());
        let cut = |lines: &[&str]| Tail::Cut(lines.iter().map(ToString::to_string).collect());
        let table: [Case<'_>; 11] = [
            (b"", 3, 99, whole(&[]), None),
            (b"\n", 3, 99, whole(&[""]), None),
            (b"a\nb\n", 3, 99, whole(&["a", "b"]), Some("b")),
            (b"a\nb", 2, 99, whole(&["a", "b"]), Some("b")),
            (b"a\nb\nc\n", 2, 99, cut(&["b", "c"]), Some("c")),
            (b"a\n\n \n", 9, 99, whole(&["a", "", " "]), Some("a")),
            (b"abcdef\ngh\n", 9, 5, cut(&["gh"]), Some("gh")),
            (b"abcdef\n", 9, 4, cut(&["def"]), Some("abcdef")),
            (
                b"\xff\xfe ok\n",
                9,
                99,
                whole(&["\u{fffd}\u{fffd} ok"]),
                Some("\u{fffd}\u{fffd} ok"),
            ),
            (b"1%\r50%\r100%\r\n", 9, 99, whole(&["100%"]), Some("100%")),
            ("äöü\n".as_bytes(), 9, 4, cut(&["ü"]), Some("äöü")),
        ];
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (content, lines, bytes, expected, last) in table {
            fs::write(&log, content).unwrap();
            assert_eq!(tail(&log, TailLimits { lines, bytes }).unwrap(), expected);
            assert_eq!(last_line(&log).unwrap().as_deref(), last, "{content:?}");
        }
    }

    #[test]
    fn only_the_end_of_a_huge_log_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let file = fs::File::create(&log).unwrap();
        file.set_len(1 << 40).unwrap();
        let limits = TailLimits { lines: 9, bytes: 8 };
        assert_eq!(tail(&log, limits).unwrap(), Tail::Cut(vec!["\0".repeat(8)]));
    }
}
