//! What is wrong with a selection.

use std::fmt::Display;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::model::KnownNames;

/// A stretch of an argument, in bytes.
pub type Span = Range<usize>;

/// Something that is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SelectionError {
    /// The argument.
    pub text: String,
    /// Where in it; empty at its end.
    pub span: Span,
    /// What.
    pub kind: SelectionErrorKind,
    /// What to do.
    pub help: Option<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionErrorKind {
    /// The argument is empty.
    #[error("a selection is not empty")]
    Empty,
    /// A token stands where it cannot.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A character that only a quoted text can hold.
    #[error("`{0}` must be in double quotes")]
    Character(char),
    /// A quote without its end.
    #[error("the quoted text has no end")]
    Unterminated,
    /// A parenthesis without its partner.
    #[error("this parenthesis is not closed")]
    Unclosed,
    /// `*name`, `++name`: forms of the step language.
    #[error("`{0}` is a clause of `--steps`, not of a selection")]
    ClauseForm(String),
    /// The attribute does not exist.
    #[error("there is no attribute `{0}`")]
    UnknownAttribute(String),
    /// A value outside a closed set.
    #[error("`{attribute}:` has no value `{value}`")]
    UnknownValue {
        /// The attribute.
        attribute: &'static str,
        /// The value.
        value: String,
    },
    /// Parentheses or `not` within each other, deeper than can be read.
    #[error("the selection is nested too deeply")]
    TooDeep,
    /// No asset or source has this name.
    #[error("there is no asset or source `{0}`")]
    UnknownName(String),
    /// No job has this name.
    #[error("there is no job `{0}`")]
    UnknownJob(String),
    /// The repository has no such commit.
    #[error("there is no revision `{0}`")]
    UnknownRevision(String),
    /// A partition within a larger expression.
    #[error("a partition can only be named for a single asset")]
    MisplacedPartition,
}

impl Diagnostic for SelectionError {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.kind.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let is_blank = self.text.trim().is_empty();
        (!is_blank).then_some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source_code()?;
        let label = match self.last_before() {
            Some(last) => LabeledSpan::new_with_span(Some("after this".to_owned()), last),
            None => {
                LabeledSpan::new_with_span(Some(self.kind.label().to_owned()), self.span.clone())
            }
        };
        Some(Box::new(std::iter::once(label)))
    }
}

impl SelectionError {
    /// The last character, where the place is the end: there is nothing to point at.
    fn last_before(&self) -> Option<Span> {
        let text = self.text.trim_end();
        let last = text.chars().next_back()?;
        (self.span.start >= text.len()).then(|| text.len() - last.len_utf8()..text.len())
    }
}

impl SelectionErrorKind {
    /// What is not there has one code, wherever it is named.
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "assetctl::select::empty",
            Self::Unexpected { .. }
            | Self::Character(_)
            | Self::Unterminated
            | Self::Unclosed
            | Self::TooDeep => "assetctl::select::syntax",
            Self::ClauseForm(_) => "assetctl::select::clause_form",
            Self::UnknownAttribute(_) => "assetctl::select::unknown_attribute",
            Self::UnknownValue { .. } => "assetctl::select::unknown_value",
            Self::UnknownName(_) => "assetctl::app::unknown_asset",
            Self::UnknownJob(_) => "assetctl::app::unknown_job",
            Self::UnknownRevision(_) => "assetctl::git::unknown_revision",
            Self::MisplacedPartition => "assetctl::select::misplaced_partition",
        }
    }

    /// What is said at the place.
    fn label(&self) -> &'static str {
        match self {
            Self::Empty | Self::Unexpected { .. } | Self::Character(_) | Self::TooDeep => "here",
            Self::Unterminated | Self::Unclosed => "opened here",
            Self::ClauseForm(_) => "this",
            Self::UnknownAttribute(_) => "not an attribute",
            Self::UnknownValue { .. } => "not one of its values",
            Self::UnknownName(_) | Self::UnknownJob(_) => "not declared",
            Self::UnknownRevision(_) => "not a revision",
            Self::MisplacedPartition => "within an expression",
        }
    }
}

/// A sentence that names up to three similar ones of `known`; `None` if none is.
pub fn did_you_mean<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    did_you_mean_of(&KnownNames::new(known), text)
}

/// The same of names that are looked at more than once.
pub(super) fn did_you_mean_of(known: &KnownNames<'_>, text: &str) -> Option<String> {
    let limit = text.chars().count().max(3) / 3 + 1;
    let near = known.like(text, limit);
    let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(", ")))
}
