//! Follows a log while it grows, in whole lines.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::tail::readable;
use crate::sys::file::open_file;

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

    /// The lines that were completed since the last call, written as [`tail`](super::tail()) does.
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
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::{AT_ONCE, Follower};

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
        std::fs::File::create(&log)
            .unwrap()
            .set_len(length)
            .unwrap();
        let (mut pieces, mut bytes) = (0, 0);
        let count = |lines: Vec<String>| {
            pieces += lines.len();
            bytes += lines.iter().map(String::len).sum::<usize>();
        };
        Follower::new(&log).finish(count).unwrap();
        assert_eq!((pieces, bytes as u64), (4, length));
    }
}
