//! Reads the end of a log, however large it is and whatever bytes are in it, and follows one while it grows.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

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

/// So much is read at once, and more of a line is not waited for.
const AT_ONCE: u64 = 1024 * 1024;

/// A reader that remembers how far it came. Nothing waits here: whoever shows lines asks from time to time.
#[derive(Debug)]
pub struct Follower {
    log: PathBuf,
    file: Option<File>,
    /// The beginning of a line that has no end yet.
    begun: Vec<u8>,
    /// Whether the last call found no more.
    is_at_end: bool,
}

impl Follower {
    /// Follows this log from its start; it need not exist yet.
    pub fn new(log: impl Into<PathBuf>) -> Self {
        Self {
            log: log.into(),
            file: None,
            begun: Vec::new(),
            is_at_end: false,
        }
    }

    /// The lines that were completed since the last call, written as [`tail`](crate::executor::tail()) does.
    pub fn new_lines(&mut self) -> io::Result<Vec<String>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match open_file(&self.log) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            },
        };
        let read = file.take(AT_ONCE).read_to_end(&mut self.begun)?;
        self.is_at_end = read == 0;
        let last = self.begun.iter().rposition(|&byte| byte == b'\n');
        let end = match last {
            Some(end) => end,
            // A line that has no end is shown in pieces.
            None if self.begun.len() as u64 >= AT_ONCE => self.begun.len() - 1,
            None => return Ok(Vec::new()),
        };
        let rest = self.begun.split_off(end + 1);
        let whole = self.begun.strip_suffix(b"\n").unwrap_or(&self.begun);
        let lines = whole.split(|&byte| byte == b'\n').map(readable).collect();
        self.begun = rest;
        Ok(lines)
    }

    /// Gives `show` what is left once the command has ended, a last line without an end included; piece by piece, however
    /// much it is.
    pub fn finish(mut self, mut show: impl FnMut(Vec<String>)) -> io::Result<()> {
        loop {
            let lines = self.new_lines()?;
            if !lines.is_empty() {
                show(lines);
            }
            if self.is_at_end || self.file.is_none() {
                break;
            }
        }
        if !self.begun.is_empty() {
            show(vec![readable(&self.begun)]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::{AT_ONCE, Follower, Tail, TailLimits, last_line, tail};

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
        let file = File::create(&log).unwrap();
        file.set_len(1 << 40).unwrap();
        let limits = TailLimits { lines: 9, bytes: 8 };
        assert_eq!(tail(&log, limits).unwrap(), Tail::Cut(vec!["\0".repeat(8)]));
    }

    #[test]
    fn lines_come_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut follower = Follower::new(&log);
        assert_eq!(follower.new_lines().unwrap(), Vec::<String>::new());
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&log)
            .unwrap();
        let steps: [(&str, &[&str]); 4] = [
            ("one\ntw", &["one"]),
            ("o", &[]),
            ("\n\nthree\n", &["two", "", "three"]),
            ("rest", &[]),
        ];
        for (written, lines) in steps {
            file.write_all(written.as_bytes()).unwrap();
            assert_eq!(follower.new_lines().unwrap(), lines);
        }
        let mut left = Vec::new();
        follower.finish(|lines| left.extend(lines)).unwrap();
        assert_eq!(left, ["rest"]);
    }

    #[test]
    fn a_huge_line_comes_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let length = AT_ONCE * 3 + 5;
        File::create(&log).unwrap().set_len(length).unwrap();
        let (mut pieces, mut bytes) = (0, 0);
        let count = |lines: Vec<String>| {
            pieces += lines.len();
            bytes += lines.iter().map(String::len).sum::<usize>();
        };
        Follower::new(&log).finish(count).unwrap();
        assert_eq!((pieces, bytes as u64), (4, length));
    }
}
