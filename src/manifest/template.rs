//! Templates: text → pieces.
//!
//! `{{name}}` is a placeholder, with spaces inside if one likes; `{{{{` is a literal `{{`. A run of braces is read from
//! the left, so `{{{name}}` is a `{` before a placeholder.

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::manifest::diagnostic::{Problems, any_of, did_you_mean};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::model::{
    DeclaredPartitions, Location, Name, PartitionPlaceholder, PartitionsDefinition, PathTemplate,
    Piece, TimeFormat,
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
            problems.at(
                text.part(at..at + 2),
                "opened here",
                Problem::UnclosedPlaceholder,
            );
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

/// What to do about a value of a list where no list is named.
pub(super) const OF_A_LIST: &str = "name the list of these values in the table: `each = \"…\"`";

fn unknown_in_path(name: &str, text: Text<'_>, range: Range<usize>, problems: &mut Problems) {
    const KNOWN: [&str; 3] = ["partition", "window.start", "window.end"];
    let help = did_you_mean(name, KNOWN, "");
    let problem = Problem::UnknownPlaceholder {
        name: name.to_owned(),
        help: if name.starts_with("each.") {
            OF_A_LIST.to_owned()
        } else if help.ends_with('?') {
            help
        } else {
            format!(
                "in a path {help}, each also with a format as `{{{{partition:%Y/%m}}}}`; \
                 `{{{{{{{{` is a literal `{{{{`"
            )
        },
    };
    problems.at(text.part(range), "no such placeholder in a path", problem);
}

impl<'a> Token<'a> {
    fn literal(text: &'a str, range: Range<usize>) -> Self {
        Self {
            kind: TokenKind::Literal(text),
            range,
        }
    }
}

/// The partitions of that whose template is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    /// It has none.
    Unpartitioned,
    /// It has these.
    Partitioned(Partitioning<'a>),
    /// Its definition is wrong, which is reported elsewhere.
    Unknown,
}

/// A definition, and those that its dimensions name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partitioning<'a> {
    /// The definition.
    pub definition: &'a PartitionsDefinition,
    /// All definitions, by id.
    pub declared: &'a [DeclaredPartitions],
}

/// A placeholder about the partition, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    what: What<'a>,
    format: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What<'a> {
    /// `partition`.
    Partition,
    /// `partition.DIM`.
    Dimension(&'a str),
    /// `window.start`.
    Start,
    /// `window.end`.
    End,
}

/// Why a placeholder has no value where it stands, and what to do.
pub(super) struct Refusal {
    reason: String,
    help: String,
}

/// Refuses a placeholder.
pub(super) fn refuse<T>(reason: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        reason: reason.into(),
        help: help.into(),
    })
}

impl Refusal {
    /// Why, and what to do.
    pub(super) fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            help: help.into(),
        }
    }

    /// Reports it of the placeholder `name`.
    pub(super) fn report(
        self,
        name: &str,
        location: Location,
        label: impl Into<String>,
        problems: &mut Problems,
    ) {
        let problem = Problem::MisplacedPlaceholder {
            name: name.to_owned(),
            reason: self.reason,
            help: self.help,
        };
        problems.at(location, label, problem);
    }
}

impl<'a> Partitioning<'a> {
    /// The dimensions with their places, names and definitions; none where there is but one.
    pub(super) fn dimensions(
        self,
    ) -> impl Iterator<Item = (u32, &'a Name, &'a PartitionsDefinition)> {
        let dimensions = (0..).zip(self.definition.dimensions());
        dimensions.map(move |(place, dimension)| {
            let declared = &self.declared[dimension.definition.0 as usize];
            (place, &dimension.name, &declared.definition)
        })
    }
}

impl<'a> Written<'a> {
    /// What stands between the braces, if it is about the partition.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let (word, format) = match name.split_once(':') {
            Some((word, format)) => (word.trim_end(), Some(format.trim_start())),
            None => (name, None),
        };
        let (word, rest) = match word.split_once('.') {
            Some((word, rest)) => (word.trim_end(), Some(rest.trim_start())),
            None => (word, None),
        };
        let what = match (word, rest) {
            ("partition", None) => What::Partition,
            ("partition", Some(dimension)) => What::Dimension(dimension),
            ("window", Some("start")) => What::Start,
            ("window", Some("end")) => What::End,
            _ => return None,
        };
        Some(Self { what, format })
    }

    /// What it stands for in `scope`; reports it where it has no value.
    pub(super) fn resolve(
        self,
        name: &str,
        scope: Scope<'_>,
        location: impl FnOnce() -> Location,
        problems: &mut Problems,
    ) -> Option<PartitionPlaceholder> {
        if let Some((format, reason)) = self.unprintable() {
            let problem = Problem::TimeFormat {
                format: format.to_owned(),
                reason,
            };
            problems.at(location(), "in this placeholder", problem);
            return None;
        }
        let found = match scope {
            Scope::Unknown => return Some(PartitionPlaceholder::Key),
            Scope::Unpartitioned => refuse(
                "there are no partitions",
                "give it `partitions`, or leave the placeholder out",
            ),
            Scope::Partitioned(partitioning) => {
                if let What::Dimension(dimension) = self.what
                    && partitioning.dimensions().next().is_some()
                    && partitioning
                        .dimensions()
                        .all(|(_, known, _)| known.as_str() != dimension)
                {
                    let known = partitioning.dimensions().map(|(_, name, _)| name.as_str());
                    let problem = Problem::UnknownDimension {
                        dimension: dimension.to_owned(),
                        help: did_you_mean(dimension, known, ""),
                    };
                    problems.at(location(), "no such dimension", problem);
                    return None;
                }
                self.stands_for(partitioning)
            }
        };
        let has_no_value = |refusal: Refusal| {
            let label = refusal.reason.clone();
            refusal.report(name, location(), label, problems);
        };
        found.map_err(has_no_value).ok()
    }

    fn stands_for(self, partitioning: Partitioning<'_>) -> Result<PartitionPlaceholder, Refusal> {
        let several = partitioning.dimensions().next().is_some();
        match self.what {
            What::Partition if self.format.is_none() => Ok(PartitionPlaceholder::Key),
            What::Dimension(_) if !several => refuse(
                "the partitions have no dimensions",
                "`{{partition}}` is the key",
            ),
            What::Dimension(dimension) => {
                let found = partitioning
                    .dimensions()
                    .find(|(_, name, _)| name.as_str() == dimension);
                let (place, name, definition) =
                    found.expect("an unknown dimension has been reported");
                let of = match self.format {
                    None => PartitionPlaceholder::Key,
                    Some(_) if definition.windows().is_some() => self.of_window(),
                    Some(_) => {
                        return refuse(
                            format!("the keys of `{dimension}` are not time windows"),
                            format!("write `{{{{partition.{dimension}}}}}` without a format"),
                        );
                    }
                };
                Ok(of_dimension(place, name, of))
            }
            What::Partition | What::Start | What::End if several => {
                let of_time = |(_, _, definition): &(_, _, &PartitionsDefinition)| {
                    definition.windows().is_some()
                };
                let times: Vec<_> = partitioning.dimensions().filter(of_time).collect();
                match times.as_slice() {
                    [(place, name, _)] => Ok(of_dimension(*place, name, self.of_window())),
                    [] => refuse(
                        "no dimension has time windows",
                        "name a dimension, as `{{partition.NAME}}`",
                    ),
                    several => {
                        let written: Vec<String> = several
                            .iter()
                            .map(|(_, name, _)| format!("{{{{partition.{name}:%Y}}}}"))
                            .collect();
                        let written: Vec<&str> = written.iter().map(String::as_str).collect();
                        refuse(
                            "several dimensions have time windows",
                            format!("name one of them, as {}", any_of(&written)),
                        )
                    }
                }
            }
            What::Partition | What::Start | What::End
                if partitioning.definition.windows().is_some() =>
            {
                Ok(self.of_window())
            }
            What::Partition | What::Start | What::End => refuse(
                "the partitions are not time windows",
                "only `{{partition}}` is possible here",
            ),
        }
    }

    /// The start or the end of a window.
    fn of_window(self) -> PartitionPlaceholder {
        let format = self.format.map_or(TimeFormat::Rfc3339, |format| {
            TimeFormat::Strftime(format.to_owned())
        });
        if self.what == What::End {
            PartitionPlaceholder::WindowEnd(format)
        } else {
            PartitionPlaceholder::WindowStart(format)
        }
    }

    /// Its format and why it cannot be printed, if it cannot.
    fn unprintable(self) -> Option<(&'a str, String)> {
        let format = self.format?;
        if format.is_empty() {
            return Some((format, "it is empty".to_owned()));
        }
        let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let printed = jiff::fmt::strtime::format(format, &sample);
        printed.err().map(|error| (format, error.to_string()))
    }
}

fn of_dimension(place: u32, name: &Name, of: PartitionPlaceholder) -> PartitionPlaceholder {
    PartitionPlaceholder::Dimension {
        place,
        name: name.clone(),
        of: Box::new(of),
    }
}

/// A placeholder as pieces of a path: a `/` in its format separates folders, as it is the manifest's and no key's.
fn by_component(placeholder: PartitionPlaceholder) -> Vec<Piece<PartitionPlaceholder>> {
    match placeholder {
        PartitionPlaceholder::WindowStart(TimeFormat::Strftime(format)) => {
            split(&format, PartitionPlaceholder::WindowStart)
        }
        PartitionPlaceholder::WindowEnd(TimeFormat::Strftime(format)) => {
            split(&format, PartitionPlaceholder::WindowEnd)
        }
        PartitionPlaceholder::Dimension { place, name, of } => {
            let of_this = |piece| match piece {
                Piece::Text(text) => Piece::Text(text),
                Piece::Placeholder(of) => Piece::Placeholder(of_dimension(place, &name, of)),
            };
            by_component(*of).into_iter().map(of_this).collect()
        }
        whole => vec![Piece::Placeholder(whole)],
    }
}

fn split(
    format: &str,
    with: fn(TimeFormat) -> PartitionPlaceholder,
) -> Vec<Piece<PartitionPlaceholder>> {
    let mut pieces = Vec::new();
    for (index, part) in format.split('/').enumerate() {
        if index > 0 {
            pieces.push(Piece::Text("/".to_owned()));
        }
        if !part.is_empty() {
            let part = TimeFormat::Strftime(part.to_owned());
            pieces.push(Piece::Placeholder(with(part)));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, Unclosed, What, Written, tokens};
    use proptest::prelude::*;

    use crate::manifest::diagnostic::Problems;
    use crate::manifest::template::{Partitioning, Scope};
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

    #[test]
    fn what_is_about_the_partition() {
        for (name, what, format) in [
            ("partition", What::Partition, None),
            ("partition : %Y/%m", What::Partition, Some("%Y/%m")),
            ("partition.region", What::Dimension("region"), None),
            (
                "partition . date:%H:%M",
                What::Dimension("date"),
                Some("%H:%M"),
            ),
            ("window.start", What::Start, None),
            ("window.end:%d", What::End, Some("%d")),
        ] {
            assert_eq!(
                Written::parse(name),
                Some(Written { what, format }),
                "{name}"
            );
        }
        for name in [
            "partitions",
            "window",
            "window.middle",
            "input.partition",
            "",
        ] {
            assert_eq!(Written::parse(name), None, "{name}");
        }
    }
}
