//! A long text, read in pieces side by side.
//!
//! That is for texts as they are written. Where there is anything to say of one (damage, conflicts, another format), it is
//! read from its beginning in place of this, so that all is said with the right place, and in order.

use std::ops::Range;

use crate::lockfile::gather::Gathered;
use crate::lockfile::lines::{Conflicts, Lines};
use crate::sys::inherited::cores;
use crate::sys::parallel;

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
