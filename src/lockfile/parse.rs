//! Text into a lock.

use std::ops::Range;

use crate::lockfile::damage::DamagedLine;
use crate::lockfile::error::LockError;
use crate::lockfile::fields::Words;
use crate::lockfile::gather::{Gathered, Header, Refused};
use crate::lockfile::lines::{Conflicts, Line, Lines};
use crate::lockfile::pieces::gather_pieces;
use crate::lockfile::repeats::Repeats;
use crate::lockfile::words::{ADDED, HEADER};
use crate::model::{AddedKey, Lock};

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
}

/// What a text gave, and what was met in it.
struct Read {
    lock: Lock,
    damaged: Vec<DamagedLine>,
    header: Header,
    conflicts: Conflicts,
    repeats: Repeats,
}

/// Reads a lock file's text; `file` only names it in errors.
pub fn parse(file: &str, text: &[u8]) -> Result<Parsed, LockError> {
    let text = text_of(file, text)?;
    let read = read_lines(file, text)?;
    refuse_damage(file, text, read.damaged)?;
    if read.header == Header::None {
        return Err(LockError::no_header(file, text));
    }
    Ok(Parsed {
        lock: read.lock,
        tidy: read.conflicts == Conflicts::None && read.repeats == Repeats::None,
    })
}

/// [`parse`], for who writes the file anew: lines that cannot be read are left out and told.
///
/// A text without a header gives what its lines say. Still an error is a file that somebody can read: of a newer format
/// or another rule, in the place of which Git LFS left a pointer, or which is no text at all.
pub fn salvage(file: &str, text: &[u8]) -> Result<(Lock, Vec<DamagedLine>), LockError> {
    let read = read_lines(file, text_of(file, text)?)?;
    Ok((read.lock, read.damaged))
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
    Ok(gathered.finish().0.added)
}

/// Whether the keys of definitions depend on a line.
fn is_looked_at(line: &str) -> bool {
    let first = Words::new(line, 0).next();
    matches!(first, Some((_, ADDED | HEADER)))
}

fn read_lines(file: &str, text: &str) -> Result<Read, LockError> {
    if let Some(gathered) = gather_pieces(text) {
        let (lock, header, repeats) = gathered.finish();
        return Ok(Read {
            lock,
            damaged: Vec::new(),
            header,
            conflicts: Conflicts::None,
            repeats,
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
    let (lock, header, repeats) = gathered.finish();
    Ok(Read {
        lock,
        damaged,
        header,
        conflicts: lines.conflicts(),
        repeats,
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
