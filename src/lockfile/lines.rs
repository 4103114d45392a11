//! The lines of a text, without what version control leaves between them.
//!
//! Both sides of a conflict are read, and its common base, where one is given, is not: a line that only the base has was
//! replaced on both sides. A conflict within a base has longer markers and is left out with it.

use std::ops::Range;

use crate::lockfile::damage::{Damage, DamagedLine};

/// How many signs a marker has at least.
const MARKER: usize = 7;

/// A line that says something.
#[derive(Clone, Copy, Debug)]
pub struct Line<'t> {
    /// Its number, from 1.
    pub number: u32,
    /// The byte offset at which it starts.
    pub start: usize,
    /// The line without its end.
    pub text: &'t str,
}

/// The lines of a text that say something: no comments, blank lines and markers of conflicts.
pub struct Lines<'t> {
    text: &'t str,
    at: usize,
    number: u32,
    /// The marker before the base that is being left out.
    base: Option<Line<'t>>,
    conflicts: Conflicts,
}

/// Whether conflicts were met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// So far none.
    None,
    /// At least one marker.
    Met,
}

impl Line<'_> {
    /// The line as one that is damaged as a whole.
    pub fn damaged(&self, damage: Damage) -> DamagedLine {
        self.damaged_at(self.start..self.start + self.text.len(), damage)
    }

    /// The line as one that is damaged at a span of the text.
    pub fn damaged_at(&self, span: Range<usize>, damage: Damage) -> DamagedLine {
        DamagedLine {
            line: self.number,
            span,
            damage,
        }
    }
}

impl<'t> Lines<'t> {
    /// The lines of a text.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            number: 0,
            base: None,
            conflicts: Conflicts::None,
        }
    }

    /// Whether conflicts were met.
    pub fn conflicts(&self) -> Conflicts {
        self.conflicts
    }

    /// The next line of any kind, and whether it has an end.
    fn any(&mut self) -> Option<(Line<'t>, Ending)> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let start = self.at;
        self.number += 1;
        let (text, ending) = if let Some(len) = memchr::memchr(b'\n', rest.as_bytes()) {
            self.at += len + 1;
            (&rest[..len], Ending::Newline)
        } else {
            self.at = self.text.len();
            (rest, Ending::None)
        };
        let line = Line {
            number: self.number,
            start,
            text: text.strip_suffix('\r').unwrap_or(text),
        };
        Some((line, ending))
    }

    /// Takes notice of a marker: `sign`, so many times.
    fn meet(&mut self, line: Line<'t>, sign: u8, length: usize) {
        self.conflicts = Conflicts::Met;
        match self.base {
            Some(base) if marker(base.text) != Some((b'|', length)) => {}
            _ if sign == b'|' => self.base = Some(line),
            _ => self.base = None,
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Result<Line<'t>, DamagedLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((line, ending)) = self.any() {
            if let Some((sign, length)) = marker(line.text) {
                self.meet(line, sign, length);
                continue;
            }
            let says_nothing = line.text.starts_with('#') || line.text.trim_ascii().is_empty();
            if says_nothing || self.base.is_some() {
                continue;
            }
            return Some(match ending {
                Ending::Newline => Ok(line),
                Ending::None => Err(line.damaged(Damage::Unfinished)),
            });
        }
        let base = self.base.take()?;
        Some(Err(base.damaged(Damage::Unclosed)))
    }
}

enum Ending {
    Newline,
    None,
}

/// The sign and length of a marker: `<<<<<<< ours`.
fn marker(line: &str) -> Option<(u8, usize)> {
    let sign = *line.as_bytes().first()?;
    if !matches!(sign, b'<' | b'=' | b'>' | b'|') {
        return None;
    }
    let length = line.bytes().take_while(|byte| *byte == sign).count();
    let alone = matches!(line.as_bytes().get(length), None | Some(b' '));
    (length >= MARKER && alone).then_some((sign, length))
}

#[cfg(test)]
mod tests {
    use super::{Conflicts, Lines};
    use crate::lockfile::damage::Damage;

    fn read(text: &str) -> (Vec<&str>, Option<(u32, Damage)>, Conflicts) {
        let mut lines = Lines::new(text);
        let mut read = Vec::new();
        let mut damage = None;
        for line in &mut lines {
            match line {
                Ok(line) => {
                    assert_eq!(text.lines().nth(line.number as usize - 1), Some(line.text));
                    assert!(text[line.start..].starts_with(line.text));
                    read.push(line.text);
                }
                Err(damaged) => damage = Some((damaged.line, damaged.damage)),
            }
        }
        (read, damage, lines.conflicts())
    }

    #[test]
    fn lines_that_say_something() {
        let none = Conflicts::None;
        let met = Conflicts::Met;
        let unfinished = |line| Some((line, Damage::Unfinished));
        let unclosed = |line| Some((line, Damage::Unclosed));
        let base = "<<<<<<< a\nx\n||||||| b\ny\n=======\nz\n>>>>>>> c\nw\n";
        let nested = "<<<<<<< a\nx\n||||||| b\n<<<<<<<<< d\ny\n||||||||| e\n=========\nq\n>>>>>>>>> f\n=======\nz\n>>>>>>> c\n";
        for (text, lines, damage, conflicts) in [
            ("", vec![], None, none),
            ("a\n\n# b\n \t\nc\n", vec!["a", "c"], None, none),
            ("a\r\n\r\nb\r\n", vec!["a", "b"], None, none),
            ("a\nb", vec!["a"], unfinished(2), none),
            ("a\n# b", vec!["a"], None, none),
            (
                "<<<<<<< a\nx\n=======\nz\n>>>>>>> c\n",
                vec!["x", "z"],
                None,
                met,
            ),
            (base, vec!["x", "z", "w"], None, met),
            (nested, vec!["x", "z"], None, met),
            ("a\n||||||| b\nc\nd", vec!["a"], unclosed(2), met),
            ("||||||| b\nc\n>>>>>>> e\nd\n", vec!["d"], None, met),
            (
                "<<<<<< a\n=======x\n",
                vec!["<<<<<< a", "=======x"],
                None,
                none,
            ),
        ] {
            assert_eq!(read(text), (lines, damage, conflicts), "{text:?}");
        }
    }
}
