//! Templates: text → pieces.
//!
//! `{{name}}` is a placeholder, with spaces inside if one likes; `{{{{` is a literal `{{`. A run of braces is read from
//! the left, so `{{{name}}` is a `{` before a placeholder.

use std::ops::Range;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::partition_placeholder::{Scope, Written, by_component};
use crate::manifest::suggest::did_you_mean;
use crate::model::{PathTemplate, Piece};

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
                let Some(written) = Written::parse(name) else {
                    unknown_in_path(name, text, token.range, problems);
                    continue;
                };
                let location = || text.part(token.range.clone());
                let placeholder = written.resolve(name, scope, location, problems);
                pieces.extend(placeholder.into_iter().flat_map(by_component));
            }
        }
    }
    (problems.len() == before).then(|| PathTemplate::new(pieces))
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

    use super::{TokenKind, Unclosed, tokens};
    use crate::manifest::diagnostic::Problems;
    use crate::manifest::partition_placeholder::{Partitioning, Scope, Written};
    use crate::model::{
        Cadence, DeclaredPartitions, DefinitionId, Dimension, Location, PartitionPlaceholder,
        PartitionsDefinition, PathTemplate, Piece, TimeFormat, TimePartitions, TimeSettings,
    };
    use crate::testkit;

    /// Days by regions, and days alone.
    fn definitions() -> Vec<DeclaredPartitions> {
        let days = TimePartitions::new(TimeSettings::new(Cadence::Daily, "2013-01-01"));
        let days = PartitionsDefinition::time(days.expect("a valid definition"));
        let regions = PartitionsDefinition::Static([].into());
        let dimension = |name: &str, id| Dimension {
            name: testkit::name(name),
            definition: DefinitionId(id),
        };
        let product = PartitionsDefinition::Multi([dimension("d", 1), dimension("r", 2)].into());
        let declared = |definition| DeclaredPartitions {
            name: None,
            definition,
            location: Location::default(),
        };
        [product, days, regions].map(declared).into()
    }

    fn parse(text: &str, scope: Scope<'_>) -> Option<PathTemplate> {
        let mut problems = Problems::default();
        let mut piece = |kind| {
            Some(match kind {
                TokenKind::Literal(literal) => Piece::Text(literal.to_owned()),
                TokenKind::Placeholder(name) => Piece::Placeholder(Written::parse(name)?.resolve(
                    name,
                    scope,
                    Location::default,
                    &mut problems,
                )?),
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

    fn any_flat() -> impl Strategy<Value = PartitionPlaceholder> {
        let format = "%[YmdH](-%[md])?".prop_map(TimeFormat::Strftime);
        let format = prop_oneof![Just(TimeFormat::Rfc3339), format];
        prop_oneof![
            Just(PartitionPlaceholder::Key),
            format.clone().prop_map(PartitionPlaceholder::WindowStart),
            format.prop_map(PartitionPlaceholder::WindowEnd),
        ]
    }

    fn any_of_dimension() -> impl Strategy<Value = PartitionPlaceholder> {
        let of = |place, name: &'static str, of| PartitionPlaceholder::Dimension {
            place,
            name: testkit::name(name),
            of: Box::new(of),
        };
        prop_oneof![
            Just(PartitionPlaceholder::Key),
            any_flat().prop_map(move |flat| of(0, "d", flat)),
            Just(of(1, "r", PartitionPlaceholder::Key)),
        ]
    }

    fn any_pieces(
        placeholder: impl Strategy<Value = PartitionPlaceholder>,
    ) -> impl Strategy<Value = Vec<Piece<PartitionPlaceholder>>> {
        let piece = prop_oneof![
            "[a-c{}./ ]{1,6}".prop_map(Piece::Text),
            placeholder.prop_map(Piece::Placeholder),
        ];
        proptest::collection::vec(piece, 0..6)
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
        fn what_is_printed_is_read_as_the_same(
            flat in any_pieces(any_flat()),
            of_dimensions in any_pieces(any_of_dimension()),
        ) {
            let declared = definitions();
            for (pieces, id) in [(of_dimensions, 0), (flat, 1)] {
                let scope = Scope::Partitioned(Partitioning {
                    definition: &declared[id].definition,
                    declared: &declared,
                });
                let template = PathTemplate::new(pieces);
                prop_assert_eq!(parse(&template.source(), scope), Some(template));
            }
        }
    }
}
