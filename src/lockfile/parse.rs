//! Text into a lock.
//!
//! A long text, read in pieces side by side.
//!
//! That is for texts as they are written. Where there is anything to say of one (damage, conflicts, another format), it is
//! read from its beginning in place of this, so that all is said with the right place, and in order.
//!
//! The lines of a text, without what version control leaves between them.
//!
//! Both sides of a conflict are read, and its common base, where one is given, is not: a line that only the base has was
//! replaced on both sides. A conflict within a base has longer markers and is left out with it.

use std::ops::Range;

use crate::hash::version_of_bytes;
use crate::lockfile::error::{Damage, DamagedLine, LockError};
use crate::lockfile::gather::{Gathered, ReadLines, Refused};
use crate::lockfile::words::{ADDED, HEADER, Words};
use crate::model::{AddedKey, DataVersion, Lock};
use crate::sys::inherited::cores;
use crate::sys::parallel;

/// How Git LFS begins what it leaves in place of a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What a lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What its lines say, each once.
    pub lock: Lock,
    /// Whether the text holds neither conflicts nor several lines about the same. Such a text may still be written in
    /// another order than the writer's.
    pub tidy: bool,
    /// The version of the text.
    pub version: DataVersion,
}

/// What a text gave, and what was met in it.
struct Read {
    all: ReadLines,
    damaged: Vec<DamagedLine>,
    has_conflicts: bool,
}

/// Reads a lock file's text; `file` only names it in errors.
pub fn parse(file: &str, text: &[u8]) -> Result<Parsed, LockError> {
    let text = text_of(file, text)?;
    let read = read_lines(file, text)?;
    refuse_damage(file, text, read.damaged)?;
    if !read.all.has_header {
        return Err(LockError::no_header(file, text));
    }
    Ok(Parsed {
        lock: read.all.lock,
        tidy: !read.has_conflicts && !read.all.has_repeats,
        version: version_of_bytes(text.as_bytes()),
    })
}

/// [`parse`], for who writes the file anew: lines that cannot be read are left out and told.
///
/// A text without a header gives what its lines say. Still an error is a file that somebody can read: of a newer format
/// or another rule, in the place of which Git LFS left a pointer, or which is not text at all.
pub fn salvage(file: &str, text: &[u8]) -> Result<(Lock, Vec<DamagedLine>), LockError> {
    let read = read_lines(file, text_of(file, text)?)?;
    Ok((read.all.lock, read.damaged))
}

/// The `+ DEFINITION KEY` lines of a text, each once; other lines are looked at only for what they are.
pub(super) fn parse_added(file: &str, text: &[u8]) -> Result<Vec<AddedKey>, LockError> {
    let text = text_of(file, text)?;
    let mut gathered = Gathered::new();
    let mut damaged = Vec::new();
    for line in Lines::new(text) {
        match line {
            Ok(line) if is_looked_at(line.text) => {
                take(file, text, line, &mut gathered, &mut damaged)?;
            }
            Err(line) if is_looked_at(&text[line.span.clone()]) => damaged.push(line),
            Ok(_) | Err(_) => {}
        }
    }
    refuse_damage(file, text, damaged)?;
    Ok(gathered.finish().lock.added)
}

/// Whether the keys of definitions depend on a line.
fn is_looked_at(line: &str) -> bool {
    let first = Words::new(line, 0).next();
    matches!(first, Some((_, ADDED | HEADER)))
}

fn read_lines(file: &str, text: &str) -> Result<Read, LockError> {
    if let Some(gathered) = gather_pieces(text) {
        return Ok(Read {
            all: gathered.finish(),
            damaged: Vec::new(),
            has_conflicts: false,
        });
    }
    let mut gathered = Gathered::new();
    let mut damaged = Vec::new();
    let mut lines = Lines::new(text);
    for line in &mut lines {
        match line {
            Ok(line) => take(file, text, line, &mut gathered, &mut damaged)?,
            Err(line) => damaged.push(line),
        }
    }
    Ok(Read {
        all: gathered.finish(),
        damaged,
        has_conflicts: lines.has_conflicts,
    })
}

fn take<'t>(
    file: &str,
    text: &str,
    line: Line<'t>,
    gathered: &mut Gathered<'t>,
    damaged: &mut Vec<DamagedLine>,
) -> Result<(), LockError> {
    let Err(refused) = gathered.take(line.text) else {
        return Ok(());
    };
    let placed = |span: Range<usize>| line.start + span.start..line.start + span.end;
    match refused {
        Refused::Wrong((span, damage)) => {
            damaged.push(line.damaged_at(placed(span), damage));
            Ok(())
        }
        Refused::Format(found, span) => Err(LockError::newer(file, text, found, placed(span))),
        Refused::Rule(found, span) => Err(LockError::unknown_rule(file, text, found, placed(span))),
    }
}

fn refuse_damage(file: &str, text: &str, damaged: Vec<DamagedLine>) -> Result<(), LockError> {
    match damaged.first().cloned() {
        Some(first) => Err(LockError::damaged(file, text, &first, damaged)),
        None => Ok(()),
    }
}

/// The bytes of a lock file as text.
fn text_of<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, LockError> {
    if bytes.starts_with(POINTER) {
        return Err(LockError::pointer(file, bytes));
    }
    let text = std::str::from_utf8(bytes);
    let decoded = text.map_or_else(|error| error.valid_up_to(), str::len);
    let nul = memchr::memchr(0, &bytes[..decoded]);
    match (text, nul) {
        (Ok(text), None) => Ok(text),
        (_, nul) => Err(LockError::not_text(file, bytes, nul.unwrap_or(decoded))),
    }
}

/// Pieces of this many bytes are worth a thread.
const PIECE: usize = 512 * 1024;

/// More pieces would not be worth joining.
const MOST: usize = 8;

/// What the lines of a text say; `None` if it is short, or there is anything to say of it.
pub fn gather_pieces(text: &str) -> Option<Gathered<'_>> {
    let count = (text.len() / PIECE).min(cores()).min(MOST);
    if count < 2 {
        return None;
    }
    let pieces = pieces(text, count).into_iter();
    let gathered = parallel::map(pieces, 1, |piece| gather(text, piece));
    let gathered: Option<Vec<_>> = gathered.into_iter().collect();
    let mut gathered = gathered?.into_iter();
    let mut all = gathered.next()?;
    gathered.for_each(|next| all.append(next));
    Some(all)
}

/// About equal parts, each of whole lines.
fn pieces(text: &str, count: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::with_capacity(count);
    let mut start = 0;
    for number in 1..=count {
        let about = (text.len() / count * number).max(start);
        let line = memchr::memchr(b'\n', &text.as_bytes()[about..]);
        let end = match line {
            Some(line) if number < count => about + line + 1,
            _ => text.len(),
        };
        pieces.push(start..end);
        start = end;
    }
    pieces
}

fn gather(text: &str, piece: Range<usize>) -> Option<Gathered<'_>> {
    let is_first = piece.start == 0;
    let piece = &text[piece];
    if !is_first && piece.starts_with('\u{feff}') {
        // Only at the start of a file does that mean nothing.
        return None;
    }
    let mut gathered = Gathered::new();
    let mut lines = Lines::new(piece);
    for line in &mut lines {
        gathered.take(line.ok()?.text).ok()?;
    }
    (!lines.has_conflicts).then_some(gathered)
}

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
    /// Whether a marker of a conflict was met.
    has_conflicts: bool,
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
            has_conflicts: false,
        }
    }

    /// The next line of any kind, and whether it has an end.
    fn any(&mut self) -> Option<(Line<'t>, bool)> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let start = self.at;
        self.number += 1;
        let (text, has_end) = if let Some(len) = memchr::memchr(b'\n', rest.as_bytes()) {
            self.at += len + 1;
            (&rest[..len], true)
        } else {
            self.at = self.text.len();
            (rest, false)
        };
        let line = Line {
            number: self.number,
            start,
            text: text.strip_suffix('\r').unwrap_or(text),
        };
        Some((line, has_end))
    }

    /// Takes notice of a marker: `sign`, `length` times.
    fn meet(&mut self, line: Line<'t>, sign: u8, length: usize) {
        self.has_conflicts = true;
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
        while let Some((line, has_end)) = self.any() {
            if let Some((sign, length)) = marker(line.text) {
                self.meet(line, sign, length);
                continue;
            }
            let says_nothing = line.text.starts_with('#') || line.text.trim_ascii().is_empty();
            if says_nothing || self.base.is_some() {
                continue;
            }
            return Some(if has_end {
                Ok(line)
            } else {
                Err(line.damaged(Damage::Unfinished))
            });
        }
        let base = self.base.take()?;
        Some(Err(base.damaged(Damage::Unclosed)))
    }
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
    use super::{Lines, pieces};

    use crate::lockfile::error::Damage;

    #[test]
    fn pieces_are_whole_lines_and_together_the_text() {
        for (text, count) in [
            ("a\nbb\nccc\n", 2),
            ("a\nbb\nccc\ndddd", 3),
            ("one line without an end", 3),
            ("\n\n\n\n\n", 4),
            ("a long line and\nb\n", 5),
        ] {
            let pieces = pieces(text, count);
            assert_eq!(pieces.len(), count);
            let mut joined = String::new();
            for piece in pieces {
                assert_eq!(piece.start, joined.len());
                joined.push_str(&text[piece]);
                assert!(joined.ends_with('\n') || joined == text, "{text:?}");
            }
            assert_eq!(joined, text);
        }
    }

    fn read(text: &str) -> (Vec<&str>, Option<(u32, Damage)>, bool) {
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
        (read, damage, lines.has_conflicts)
    }

    #[test]
    fn lines_that_say_something() {
        let none = false;
        let met = true;
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
