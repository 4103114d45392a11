//! What is wrong with a selection.

use crate::select::ast::Span;

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
    #[error("`{0}` must stand in double quotes")]
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
    /// There is no such attribute.
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
    /// A number of levels that is too great.
    #[error("`{0}` is too great a number of levels")]
    Levels(String),
    /// Parentheses or `not` within each other, deeper than can be read.
    #[error("the selection is nested too deeply")]
    TooDeep,
    /// No asset or source has this name.
    #[error("there is no asset or source `{0}`")]
    UnknownName(String),
    /// A partition within a larger expression.
    #[error("a partition is named of an asset that stands alone")]
    MisplacedPartition,
}

impl SelectionErrorKind {
    /// Whether the text itself is wrong, rather than what it names.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        !matches!(
            self,
            Self::UnknownName(_) | Self::UnknownValue { .. } | Self::MisplacedPartition
        )
    }
}
