//! Templates: text → pieces, and the placeholders about the partition.
//!
//! `{{name}}` is a placeholder, with spaces inside if one likes; `{{{{` is a literal `{{`. A run of braces is read from
//! the left, so `{{{name}}` is a `{` before a placeholder.

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::suggest::did_you_mean;
use crate::model::{
    Location, PartitionPlaceholder, PartitionsDefinition, PathTemplate, Piece, TimeFormat,
};

/// A part of a template, with the bytes of the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: TokenKind<'a>,
    /// Where it stands in the template's text.
    pub range: Range<usize>,
}

/// What a part of a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// What stands between the braces of a placeholder, without outer spaces.
    Placeholder(&'a str),
}

/// The partitions of that whose template is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    /// It has none.
    Unpartitioned,
    /// It has these.
    Partitioned(&'a PartitionsDefinition),
    /// Its definition is wrong, which is reported elsewhere.
    Unknown,
}

/// A `{{` without its `}}`, at this byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub usize);

/// Splits a template into its parts.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unclosed> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| found + at) {
        if open > at {
            tokens.push(Token::literal(&text[at..open], at..open));
        }
        let braces = text[open..]
            .bytes()
            .take_while(|byte| *byte == b'{')
            .count();
        at = match braces {
            2 => {
                let close = text[open..].find("}}").ok_or(Unclosed(open))? + open;
                tokens.push(Token {
                    kind: TokenKind::Placeholder(text[open + 2..close].trim()),
                    range: open..close + 2,
                });
                close + 2
            }
            3 => {
                tokens.push(Token::literal("{", open..open + 1));
                open + 1
            }
            _ => {
                tokens.push(Token::literal("{{", open..open + 4));
                open + 4
            }
        };
    }
    if at < text.len() {
        tokens.push(Token::literal(&text[at..], at..text.len()));
    }
    Ok(tokens)
}

/// The parts of a template; an unclosed placeholder is reported.
pub(super) fn read_tokens<'a>(text: Text<'a>, problems: &mut Problems) -> Option<Vec<Token<'a>>> {
    match tokens(text.value) {
        Ok(tokens) => Some(tokens),
        Err(Unclosed(at)) => {
            let label = Label::new(text.part(at..at + 2), "opened here");
            problems.add(Problem::UnclosedPlaceholder, [label]);
            None
        }
    }
}

/// Whether `text` holds a placeholder, or the beginning of one.
pub(super) fn has_placeholder(text: &str) -> bool {
    let placeholder = |token: &Token<'_>| matches!(token.kind, TokenKind::Placeholder(_));
    tokens(text).is_ok_and(|tokens| tokens.iter().any(placeholder)) || tokens(text).is_err()
}

/// Reads a path or another text whose placeholders are about the partition.
pub(super) fn path_template(
    text: Text<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<PathTemplate> {
    let before = problems.len();
    let mut pieces = Vec::new();
    for token in read_tokens(text, problems)? {
        match token.kind {
            TokenKind::Literal(literal) => pieces.push(Piece::Text(literal.to_owned())),
            TokenKind::Placeholder(name) => {
                let Some(placeholder) = partition_placeholder(name) else {
                    unknown_in_path(name, text, token.range, problems);
                    continue;
                };
                if check_partition_placeholder(&placeholder, name, scope, problems, || {
                    text.part(token.range.clone())
                }) {
                    push_by_component(placeholder, &mut pieces);
                }
            }
        }
    }
    (problems.len() == before).then(|| PathTemplate::new(pieces))
}

/// What `{{name}}` stands for, if it is about the partition.
pub(super) fn partition_placeholder(name: &str) -> Option<PartitionPlaceholder> {
    let (word, format) = match name.split_once(':') {
        Some((word, format)) => (word.trim_end(), Some(format.trim_start())),
        None => (name, None),
    };
    let time = format.map_or(TimeFormat::Rfc3339, |format| {
        TimeFormat::Strftime(format.to_owned())
    });
    match (word, format) {
        ("partition", None) => Some(PartitionPlaceholder::Key),
        ("partition" | "window.start", _) => Some(PartitionPlaceholder::WindowStart(time)),
        ("window.end", _) => Some(PartitionPlaceholder::WindowEnd(time)),
        _ => None,
    }
}

/// Whether a placeholder about the partition has a value in `scope`; reports it otherwise.
pub(super) fn check_partition_placeholder(
    placeholder: &PartitionPlaceholder,
    name: &str,
    scope: Scope<'_>,
    problems: &mut Problems,
    location: impl FnOnce() -> Location,
) -> bool {
    let reason = match (placeholder, scope) {
        (_, Scope::Unknown) | (PartitionPlaceholder::Key, Scope::Partitioned(_)) => return true,
        (_, Scope::Unpartitioned) => "there are no partitions",
        (
            PartitionPlaceholder::WindowStart(format) | PartitionPlaceholder::WindowEnd(format),
            Scope::Partitioned(PartitionsDefinition::Time { .. }),
        ) => match unprintable(format) {
            None => return true,
            Some(reason) => {
                let TimeFormat::Strftime(format) = format else {
                    return true;
                };
                let problem = Problem::TimeFormat {
                    format: format.clone(),
                    reason,
                };
                problems.add(problem, [Label::new(location(), "in this placeholder")]);
                return false;
            }
        },
        (_, Scope::Partitioned(_)) => "the partitions are no time windows",
    };
    let help = match scope {
        Scope::Unpartitioned | Scope::Unknown => {
            "give it `partitions`, or leave the placeholder out"
        }
        Scope::Partitioned(_) => "only `{{partition}}` can stand here",
    };
    let problem = Problem::MisplacedPlaceholder {
        name: name.to_owned(),
        reason: reason.to_owned(),
        help: help.to_owned(),
    };
    problems.add(problem, [Label::new(location(), reason)]);
    false
}

/// Why a format cannot be printed.
fn unprintable(format: &TimeFormat) -> Option<String> {
    let TimeFormat::Strftime(format) = format else {
        return None;
    };
    if format.is_empty() {
        return Some("it is empty".to_owned());
    }
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let printed = jiff::fmt::strtime::format(format, &sample);
    printed.err().map(|error| error.to_string())
}

/// Adds a placeholder; a `/` in its format separates folders, as it is the manifest's and no key's.
fn push_by_component(
    placeholder: PartitionPlaceholder,
    pieces: &mut Vec<Piece<PartitionPlaceholder>>,
) {
    let (format, with): (_, fn(TimeFormat) -> PartitionPlaceholder) = match &placeholder {
        PartitionPlaceholder::WindowStart(TimeFormat::Strftime(format)) => {
            (format, PartitionPlaceholder::WindowStart)
        }
        PartitionPlaceholder::WindowEnd(TimeFormat::Strftime(format)) => {
            (format, PartitionPlaceholder::WindowEnd)
        }
        _ => {
            pieces.push(Piece::Placeholder(placeholder));
            return;
        }
    };
    for (index, part) in format.split('/').enumerate() {
        if index > 0 {
            pieces.push(Piece::Text("/".to_owned()));
        }
        if !part.is_empty() {
            let part = TimeFormat::Strftime(part.to_owned());
            pieces.push(Piece::Placeholder(with(part)));
        }
    }
}

fn unknown_in_path(name: &str, text: Text<'_>, range: Range<usize>, problems: &mut Problems) {
    const KNOWN: [&str; 3] = ["partition", "window.start", "window.end"];
    let help = did_you_mean(name, KNOWN, "");
    let problem = Problem::UnknownPlaceholder {
        name: name.to_owned(),
        help: if help.ends_with('?') {
            help
        } else {
            format!(
                "in a path {help}, each also with a format as `{{{{partition:%Y/%m}}}}`; \
                 `{{{{{{{{` is a literal `{{{{`"
            )
        },
    };
    let label = Label::new(text.part(range), "no such placeholder in a path");
    problems.add(problem, [label]);
}

impl<'a> Token<'a> {
    fn literal(text: &'a str, range: Range<usize>) -> Self {
        Self {
            kind: TokenKind::Literal(text),
            range,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TokenKind, Unclosed, partition_placeholder, tokens};
    use crate::model::{PartitionPlaceholder, PathTemplate, Piece, TimeFormat};

    fn parse(text: &str) -> Option<PathTemplate> {
        let piece = |kind| {
            Some(match kind {
                TokenKind::Literal(literal) => Piece::Text(literal.to_owned()),
                TokenKind::Placeholder(name) => Piece::Placeholder(partition_placeholder(name)?),
            })
        };
        let pieces: Option<Vec<_>> = tokens(text).ok()?.iter().map(|it| piece(it.kind)).collect();
        Some(PathTemplate::new(pieces?))
    }

    #[test]
    fn braces() {
        use TokenKind::{Literal, Placeholder};
        for (text, kinds) in [
            ("a", &[Literal("a")][..]),
            ("{{x}}", &[Placeholder("x")]),
            ("{{ x y }}z", &[Placeholder("x y"), Literal("z")]),
            ("{{{{x}}", &[Literal("{{"), Literal("x}}")]),
            ("{{{x}}", &[Literal("{"), Placeholder("x")]),
            ("${a} {", &[Literal("${a} {")]),
            (
                "{{{{{{{x}}",
                &[Literal("{{"), Literal("{"), Placeholder("x")],
            ),
        ] {
            let found: Vec<_> = tokens(text)
                .expect("every case is closed")
                .iter()
                .map(|token| token.kind)
                .collect();
            assert_eq!(found, kinds, "{text}");
        }
        assert_eq!(tokens("ab{{x}"), Err(Unclosed(2)));
    }

    fn any_piece() -> impl Strategy<Value = Piece<PartitionPlaceholder>> {
        let format = "%[YmdH](-%[md])?".prop_map(TimeFormat::Strftime);
        let format = prop_oneof![Just(TimeFormat::Rfc3339), format];
        prop_oneof![
            "[a-c{}./ ]{1,6}".prop_map(Piece::Text),
            Just(Piece::Placeholder(PartitionPlaceholder::Key)),
            format
                .clone()
                .prop_map(|it| Piece::Placeholder(PartitionPlaceholder::WindowStart(it))),
            format.prop_map(|it| Piece::Placeholder(PartitionPlaceholder::WindowEnd(it))),
        ]
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_covers_the_text(text in "[a-z{} :%]{0,30}|\\PC{0,30}") {
            if let Ok(tokens) = tokens(&text) {
                let mut at = 0;
                for token in &tokens {
                    prop_assert_eq!(token.range.start, at);
                    at = token.range.end;
                }
                prop_assert_eq!(at, text.len());
            }
        }

        #[test]
        fn what_is_printed_is_read_as_the_same(pieces in proptest::collection::vec(any_piece(), 0..6)) {
            let template = PathTemplate::new(pieces);
            prop_assert_eq!(parse(&template.source()), Some(template));
        }
    }
}
