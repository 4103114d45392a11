//! What can be wrong with a line.

use std::ops::Range;

use miette::Diagnostic;
use thiserror::Error;

use crate::model::{InvalidName, InvalidPartitionKey};

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("line {line} cannot be read")]
#[diagnostic(code(assetctl::lockfile::damaged))]
pub struct DamagedLine {
    /// Its number, from 1.
    pub line: u32,
    /// The bytes of the text that are wrong.
    #[label("{damage}")]
    pub span: Range<usize>,
    /// What is wrong with them.
    pub damage: Damage,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Damage {
    /// The text ends without the end of this line, so that nobody knows how much of it is missing.
    #[error("the file ends within this line")]
    Unfinished,
    /// The common base of a conflict that goes on to the end of the text.
    #[error("this part of a conflict has no end: all below is left out")]
    Unclosed,
    /// A line that starts like a header.
    #[error("a header is `format N rule N`")]
    Header,
    /// A line without a key.
    #[error("a line has a name, a key and fields")]
    Incomplete,
    /// More words than the line has a meaning for.
    #[error("the line should end before this")]
    Surplus,
    /// A `%` that escapes nothing.
    #[error("`%` is followed by two hexadecimal digits, which make UTF-8")]
    Escape,
    /// A text that names no partitions definition.
    #[error("{0}")]
    Name(InvalidName),
    /// A text that is no partition key.
    #[error("{0}")]
    Key(InvalidPartitionKey),
    /// No key where there must be one.
    #[error("`-` is not a key here")]
    NoKey,
    /// A word that is no field.
    #[error("this is not a field `name=value`")]
    NoField,
    /// A field that this kind of line does not have.
    #[error("{line} has no field `{field}=`")]
    UnknownField {
        /// The kind of line.
        line: &'static str,
        /// The field.
        field: String,
    },
    /// A field that stands twice.
    #[error("`{field}=` occurs twice")]
    Twice {
        /// The field.
        field: String,
    },
    /// A field that is not there.
    #[error("`{field}=` is missing: {line} has one")]
    Missing {
        /// The kind of line.
        line: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A value that its field cannot have.
    #[error("`{field}=` is {expected}")]
    Value {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}
