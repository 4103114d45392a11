//! The tables of a manifest file as stretches of its text, found without parsing what they hold.
//!
//! A stretch begins at the header of a table and goes up to the next one; sub-tables of an asset or source belong to
//! it. Each stretch is TOML by itself, so the text means what its stretches mean together.

use std::collections::{HashMap, HashSet};

use memchr::memchr_iter;
use serde::{Deserialize, Serialize};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// A stretch of a file, up to where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Segment {
    pub start: u32,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Whether it declares an asset or a source; else it holds settings.
    pub declares: bool,
}

/// What a header opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened<'t> {
    Settings,
    /// `asset` or `source`, and the name.
    Declaration(&'static str, &'t str),
}

/// The headers of a text from byte `from` on, where a line begins: each with its place. It ends with `None` where the
/// text is written in another way than by such headers.
pub(super) fn headers(
    text: &str,
    from: usize,
) -> impl Iterator<Item = Option<(usize, Opened<'_>)>> {
    let rest = &text[from..];
    let mut tokens = Source::new(rest).lex().peekable();
    let mut depth = 0_usize;
    let mut begins_line = true;
    let mut is_top_level = from == 0;
    std::iter::from_fn(move || {
        while let Some(token) = tokens.next() {
            match token.kind() {
                TokenKind::Whitespace | TokenKind::Comment => {}
                TokenKind::Newline => begins_line = depth == 0,
                TokenKind::LeftSquareBracket if begins_line => {
                    is_top_level = false;
                    let at = token.span().start();
                    let line = rest[at..].lines().next().unwrap_or_default();
                    begins_line = false;
                    while tokens
                        .next_if(|it| it.kind() != TokenKind::Newline)
                        .is_some()
                    {}
                    return Some(opened(line).map(|opened| (from + at, opened)));
                }
                TokenKind::Eof => return None,
                // A key of the whole file.
                _ if is_top_level => return Some(None),
                kind => {
                    begins_line = false;
                    match kind {
                        TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                        TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                            depth = depth.saturating_sub(1);
                        }
                        _ => {}
                    }
                }
            }
        }
        None
    })
}

/// What the header on a line opens.
fn opened(line: &str) -> Option<Opened<'_>> {
    let mut keys = Vec::new();
    let mut tokens = Source::new(line).lex();
    tokens.next()?;
    for token in tokens {
        let written = &line[token.span().start()..token.span().end()];
        match token.kind() {
            TokenKind::Atom => keys.push(written),
            TokenKind::LiteralString | TokenKind::BasicString if written.len() >= 2 => {
                let key = &written[1..written.len() - 1];
                if key.contains('\\') {
                    return None;
                }
                keys.push(key);
            }
            TokenKind::Dot | TokenKind::Whitespace => {}
            TokenKind::RightSquareBracket => break,
            _ => return None,
        }
    }
    match keys.as_slice() {
        ["asset", name, ..] => Some(Opened::Declaration("asset", name)),
        ["source", name, ..] => Some(Opened::Declaration("source", name)),
        ["project" | "defaults" | "partitions" | "job" | "env", ..] => Some(Opened::Settings),
        _ => None,
    }
}

/// A stretch of a text that has been edited.
#[derive(Clone, Debug)]
pub(super) struct EditedSegment<'t> {
    pub segment: Segment,
    /// The stretch of the former text that is the same, by its index.
    pub same: Option<usize>,
    /// What it opens, unless that was the same from the beginning or to the end of the texts.
    pub opened: Option<Opened<'t>>,
}

/// The stretches of a text; `None` if it is written in another way.
pub(super) fn segments(text: &str) -> Option<Vec<Segment>> {
    let edited = edited_segments("", &[], text)?;
    Some(edited.into_iter().map(|it| it.segment).collect())
}

/// The stretches of a text that was `old` with these stretches; `None` if it is written in another way.
pub(super) fn edited_segments<'t>(
    old: &'t str,
    old_segments: &[Segment],
    text: &'t str,
) -> Option<Vec<EditedSegment<'t>>> {
    let (head, tail) = common_ends(old.as_bytes(), text.as_bytes());
    // The last one that the texts have in common is read again: sub-tables of it may follow now.
    let ends = old_segments.iter().skip(1);
    let same = ends.take_while(|next| (next.start as usize) < head).count();
    let same = same.saturating_sub(1);
    let mut edited: Vec<EditedSegment<'t>> = (0..same)
        .map(|index| EditedSegment {
            segment: old_segments[index],
            same: Some(index),
            opened: None,
        })
        .collect();
    let from = old_segments.get(same).map_or(0, |it| it.start as usize);
    let mut last = Segment {
        start: from as u32,
        line: old_segments.get(same).map_or(1, |it| it.line),
        declares: false,
    };
    if from == 0 {
        edited.push(EditedSegment {
            segment: last,
            same: None,
            opened: Some(Opened::Settings),
        });
    }
    let mut names = HashSet::new();
    for header in headers(text, from) {
        let (at, opened) = header?;
        let skipped = &text.as_bytes()[last.start as usize..at];
        let line = last.line + memchr_iter(b'\n', skipped).count() as u32;
        let rest = text.len() - at;
        let former = old.len().checked_sub(rest).filter(|_| rest <= tail);
        let former = former.and_then(|start| {
            let found = old_segments.binary_search_by_key(&(start as u32), |it| it.start);
            found.ok()
        });
        if let Some(first) = former {
            let moved = |index: usize| {
                let old = old_segments[index];
                EditedSegment {
                    segment: Segment {
                        start: old.start - old_segments[first].start + at as u32,
                        line: old.line - old_segments[first].line + line,
                        ..old
                    },
                    same: Some(index),
                    opened: None,
                }
            };
            edited.extend((first..old_segments.len()).map(moved));
            break;
        }
        last = Segment {
            start: at as u32,
            line,
            declares: opened != Opened::Settings,
        };
        if at == 0 {
            edited.clear();
        }
        let before = edited.last().and_then(|it| it.opened);
        if last.declares && before == Some(opened) {
            continue;
        }
        if let Opened::Declaration(_, name) = opened
            && !names.insert(name)
        {
            return None;
        }
        edited.push(EditedSegment {
            segment: last,
            same: None,
            opened: Some(opened),
        });
    }
    find_same(old, old_segments, text, &mut edited);
    Some(edited)
}

/// Finds the stretches between what the texts have in common that are the same nevertheless.
fn find_same(old: &str, old_segments: &[Segment], text: &str, edited: &mut [EditedSegment<'_>]) {
    let known: HashSet<usize> = edited.iter().filter_map(|it| it.same).collect();
    let between = (0..old_segments.len()).filter(|index| !known.contains(index));
    let by_text: HashMap<&str, usize> = between
        .map(|index| (segment_text(old, old_segments, index), index))
        .collect();
    let all: Vec<Segment> = edited.iter().map(|it| it.segment).collect();
    for (index, segment) in edited.iter_mut().enumerate() {
        if segment.same.is_none() {
            segment.same = by_text.get(segment_text(text, &all, index)).copied();
        }
    }
}

/// The text of a stretch.
pub(super) fn segment_text<'t>(text: &'t str, segments: &[Segment], index: usize) -> &'t str {
    let end = segments.get(index + 1);
    let end = end.map_or(text.len(), |next| next.start as usize);
    &text[segments[index].start as usize..end]
}

/// How many bytes two texts have in common from the beginning, and how many of the rest to the end.
fn common_ends(one: &[u8], other: &[u8]) -> (usize, usize) {
    let head = common(one.chunks(CHUNK), other.chunks(CHUNK));
    let same = |(a, b): &(&u8, &u8)| a == b;
    let head = head
        + one[head..]
            .iter()
            .zip(&other[head..])
            .take_while(same)
            .count();
    let (one, other) = (&one[head..], &other[head..]);
    let tail = common(one.rchunks(CHUNK), other.rchunks(CHUNK));
    let ends = |bytes: &[u8]| bytes.len() - tail;
    let (one, other) = (&one[..ends(one)], &other[..ends(other)]);
    let rest = one.iter().rev().zip(other.iter().rev());
    (head, tail + rest.take_while(same).count())
}

/// Chunks are compared faster than bytes.
const CHUNK: usize = 4096;

fn common<'b>(one: impl Iterator<Item = &'b [u8]>, other: impl Iterator<Item = &'b [u8]>) -> usize {
    let same = one.zip(other).take_while(|(a, b)| a == b);
    same.map(|(chunk, _)| chunk.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Segment, edited_segments, segment_text, segments};

    fn texts(text: &str) -> Option<Vec<&str>> {
        let segments: Vec<Segment> = segments(text)?;
        let each = 0..segments.len();
        Some(
            each.map(|index| segment_text(text, &segments, index))
                .collect(),
        )
    }

    #[test]
    fn tables_are_found_between_strings_and_arrays() {
        let tables = [
            "# a comment\n",
            "[project]\nname = \"[asset.no]\"\n",
            "[asset.a]\ncommand = '''\n[asset.no]\n'''\ndeps = [\n  [\n  ],\n]\n[asset.a.env]\nX = { y = [\n[1]] }\n",
            "[ source . 'b/c' ] # x\npath = \"\"\"\n[source.no]\\\"\"\"\"\n",
        ];
        assert_eq!(texts(&tables.concat()), Some(tables.to_vec()));
        for text in [
            "asset.a.command = 'x'\n",
            "[asset]\na = {}\n",
            "[[asset.a]]\n",
            "[asset.\"a\\u0020\"]\n",
            "[asset.a]\n[asset.b]\n[asset.a.env]\n",
            "[other]\n",
        ] {
            assert_eq!(texts(text), None, "{text}");
        }
    }

    #[test]
    fn an_edit_leaves_the_other_tables_as_they_were() {
        let old = "[project]\n[asset.a]\nx = 1\n[asset.b]\nx = 2\n[asset.c]\nx = 3\n";
        let known = segments(old).expect("plain tables");
        for (from, to) in [
            ("x = 2", "x = 22\n\n# more"),
            ("[asset.c]", "[asset.b.env]"),
            ("[asset.c]", "[asset.new]\n[asset.c]"),
            ("[asset.b]\nx = 2\n", ""),
            ("[project]\n", ""),
            ("x = 3\n", "x = 3\n[asset.d]"),
        ] {
            let text = old.replace(from, to);
            let edited = edited_segments(old, &known, &text).expect("plain tables");
            let all: Vec<Segment> = edited.iter().map(|it| it.segment).collect();
            assert_eq!(Some(&all), segments(&text).as_ref(), "{text}");
            for (index, same) in edited
                .iter()
                .enumerate()
                .filter_map(|(i, it)| Some((i, it.same?)))
            {
                let now = segment_text(&text, &all, index);
                assert_eq!(now, segment_text(old, &known, same), "{text}");
            }
        }
    }
}
