//! A long text, read in pieces side by side.
//!
//! That is for texts as they are written. Where there is anything to say of one (damage, conflicts, another format), it is
//! read from its beginning in place of this, so that all is said with the right place, and in order.

use std::ops::Range;
use std::thread::{self, ScopedJoinHandle};

use crate::lockfile::gather::Gathered;
use crate::lockfile::lines::{Conflicts, Lines};

/// Pieces of this many bytes are worth a thread.
const PIECE: usize = 512 * 1024;

/// Work on so many lines is worth a thread.
const LINES: usize = 5_000;

/// More threads would not be worth their start.
const MOST: usize = 8;

/// What the lines of a text say; `None` if it is short, or there is anything to say of it.
pub fn gather_pieces(text: &str) -> Option<Gathered<'_>> {
    let count = (text.len() / PIECE).min(cores());
    if count < 2 {
        return None;
    }
    let mut gathered = thread::scope(|threads| {
        let pieces = pieces(text, count).into_iter();
        let reading: Vec<_> = pieces
            .map(|piece| threads.spawn(move || gather(text, piece)))
            .collect();
        reading.into_iter().map(join).collect::<Option<Vec<_>>>()
    })?
    .into_iter();
    let mut all = gathered.next()?;
    gathered.for_each(|next| all.append(next));
    Some(all)
}

/// What `work` gives for each, in order; it is about so many `lines` in all.
pub fn side_by_side<T: Send, R: Send>(
    lines: usize,
    all: &mut [T],
    work: &(impl Fn(&mut T) -> R + Sync),
) -> Vec<R> {
    let count = (lines / LINES).min(cores());
    if count < 2 {
        return all.iter_mut().map(work).collect();
    }
    let share = all.len().div_ceil(count).max(1);
    thread::scope(|threads| {
        let shares = all.chunks_mut(share);
        let working: Vec<_> = shares
            .map(|share| threads.spawn(move || share.iter_mut().map(work).collect::<Vec<R>>()))
            .collect();
        working.into_iter().flat_map(join).collect()
    })
}

/// How many threads are worth their start.
fn cores() -> usize {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.min(MOST)
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    let joined = thread.join();
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
    (lines.conflicts() == Conflicts::None).then_some(gathered)
}

#[cfg(test)]
mod tests {
    use super::pieces;

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
}
