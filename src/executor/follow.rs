//! Follows a log while it grows, in whole lines.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::tail::readable;

/// A reader that remembers how far it came. Nothing waits here: whoever shows lines asks from time to time.
#[derive(Debug)]
pub struct Follower {
    log: PathBuf,
    file: Option<File>,
    /// The beginning of a line that has no end yet.
    begun: Vec<u8>,
}

impl Follower {
    /// Follows this log from its start; it need not exist yet.
    #[must_use]
    pub fn new(log: impl Into<PathBuf>) -> Self {
        Self {
            log: log.into(),
            file: None,
            begun: Vec::new(),
        }
    }

    /// The lines that were completed since the last call, written as [`tail`](super::tail()) does.
    pub fn new_lines(&mut self) -> io::Result<Vec<String>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match File::open(&self.log) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            },
        };
        file.read_to_end(&mut self.begun)?;
        let Some(end) = self.begun.iter().rposition(|&byte| byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.begun.split_off(end + 1);
        let lines = self.begun[..end]
            .split(|&byte| byte == b'\n')
            .map(readable)
            .collect();
        self.begun = rest;
        Ok(lines)
    }

    /// What is left once the command has ended, a last line without an end included.
    pub fn finish(mut self) -> io::Result<Vec<String>> {
        let mut lines = self.new_lines()?;
        if !self.begun.is_empty() {
            lines.push(readable(&self.begun));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::Follower;

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
        assert_eq!(follower.finish().unwrap(), ["rest"]);
    }
}
