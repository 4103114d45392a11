//! Why a lock file cannot be read or written.

use std::io;
use std::ops::Range;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::lockfile::FORMAT;
use crate::model::{InvalidName, InvalidPartitionKey};

/// How many damaged lines are shown.
const SHOWN: usize = 20;

/// How many bytes are shown of something that is not UTF-8.
const EXCERPT: usize = 60;

/// Why a lock file cannot be read or written.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum LockError {
    /// The file is there and cannot be read.
    #[error("`{file}` cannot be read: {reason}")]
    #[diagnostic(code(assetctl::lockfile::unreadable), help("{help}"))]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// The file cannot be written.
    #[error("`{file}` cannot be written: {reason}")]
    #[diagnostic(
        code(assetctl::lockfile::unwritable),
        help(
            "make room and allow writing in the project's folder, then `assetctl lock` writes it"
        )
    )]
    Unwritable {
        /// The file.
        file: String,
        /// What kind of failure it is.
        reason: io::ErrorKind,
    },
    /// The file is not UTF-8 or holds NUL bytes.
    #[error("`{file}` is not text")]
    #[diagnostic(
        code(assetctl::lockfile::not_text),
        help(
            "restore it with `git checkout -- Assets.lock`, or remove it and write it again with `assetctl lock`"
        )
    )]
    NotText {
        /// The file.
        file: String,
        /// Its beginning.
        #[source_code]
        text: NamedSource<String>,
        /// The first byte of no text.
        #[label("no text from here on")]
        at: SourceSpan,
    },
    /// In place of the file is what Git LFS puts there until the file is fetched.
    #[error("`{file}` is a pointer of Git LFS, not the file itself")]
    #[diagnostic(
        code(assetctl::lockfile::pointer),
        help(
            "`git lfs pull` fetches it; better leave it out of Git LFS, which cannot merge it: put `Assets.lock !filter !diff merge=union text` at the end of .gitattributes, then `git add --renormalize Assets.lock`"
        )
    )]
    Pointer {
        /// The file.
        file: String,
        /// The pointer.
        #[source_code]
        text: NamedSource<String>,
        /// Its first line.
        #[label("Git LFS keeps the file elsewhere")]
        at: SourceSpan,
    },
    /// No line says which format the others have.
    #[error("`{file}` {lacks}")]
    #[diagnostic(
        code(assetctl::lockfile::no_header),
        help(
            "restore it with `git checkout -- Assets.lock`, or write it again with `assetctl lock`"
        )
    )]
    NoHeader {
        /// The file.
        file: String,
        /// `is empty`, or what it does not have.
        lacks: &'static str,
        /// Its text.
        #[source_code]
        text: NamedSource<String>,
        /// Where the header should be.
        #[label("here should be `format 1 rule 2`")]
        at: SourceSpan,
    },
    /// The file was written by a newer version of the tool.
    #[error("`{file}` is of format {found}; this assetctl reads format {FORMAT}")]
    #[diagnostic(
        code(assetctl::lockfile::newer_format),
        help("update assetctl: an older one would lose data that it does not understand")
    )]
    NewerFormat {
        /// The file.
        file: String,
        /// Its format.
        found: String,
        /// Its text.
        #[source_code]
        text: NamedSource<String>,
        /// The number.
        #[label("written by a newer assetctl")]
        at: SourceSpan,
    },
    /// What a line is right by is not known.
    #[error("the lines of `{file}` were made by rule {found}, which this assetctl does not know")]
    #[diagnostic(
        code(assetctl::lockfile::unknown_rule),
        help(
            "use the version of assetctl that wrote the file, or remove the file and write it again with `assetctl lock`"
        )
    )]
    UnknownRule {
        /// The file.
        file: String,
        /// The rule.
        found: u32,
        /// Its text.
        #[source_code]
        text: NamedSource<String>,
        /// The number.
        #[label("fingerprints here are made in another way")]
        at: SourceSpan,
    },
    /// Lines that cannot be read.
    #[error("{summary}")]
    #[diagnostic(
        code(assetctl::lockfile::damaged),
        help(
            "restore it with `git checkout -- Assets.lock`, or write it again with `assetctl lock`, which drops such lines"
        )
    )]
    Damaged {
        /// How many, and of which file.
        summary: String,
        /// All of them, in the order of the file.
        lines: Vec<DamagedLine>,
        /// The text.
        #[source_code]
        text: NamedSource<String>,
        /// The first of them.
        #[label("{damage}")]
        at: SourceSpan,
        /// What is wrong with it.
        damage: Damage,
        /// Those after the first, as many as are shown.
        #[related]
        others: Vec<DamagedLine>,
    },
}

impl LockError {
    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        let (reason, help) = match error.kind() {
            io::ErrorKind::IsADirectory => (
                "it is a directory".to_owned(),
                "move the directory away: its name is reserved for the lock file",
            ),
            _ => (error.to_string(), "make it readable for this user"),
        };
        Self::Unreadable {
            file: file.to_owned(),
            reason,
            help,
        }
    }

    pub(super) fn unwritable(file: &str, error: &io::Error) -> Self {
        Self::Unwritable {
            file: file.to_owned(),
            reason: error.kind(),
        }
    }

    /// `at` is the first byte that is not UTF-8.
    pub(super) fn not_text(file: &str, bytes: &[u8], at: usize) -> Self {
        let end = bytes.len().min(at + EXCERPT);
        let shown = String::from_utf8_lossy(&bytes[..end]);
        Self::NotText {
            file: file.to_owned(),
            text: source(file, &shown),
            at: at.into(),
        }
    }

    pub(super) fn pointer(file: &str, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let first = text.lines().next().map_or(0, str::len);
        Self::Pointer {
            file: file.to_owned(),
            at: (0..first).into(),
            text: source(file, &text),
        }
    }

    pub(super) fn no_header(file: &str, text: &str) -> Self {
        Self::NoHeader {
            file: file.to_owned(),
            lacks: match text.trim_ascii() {
                "" => "is empty",
                _ => "has no line with its format",
            },
            at: (0..text.lines().next().map_or(0, str::len)).into(),
            text: source(file, text),
        }
    }

    pub(super) fn newer(file: &str, text: &str, found: String, at: Range<usize>) -> Self {
        Self::NewerFormat {
            file: file.to_owned(),
            found,
            text: source(file, text),
            at: at.into(),
        }
    }

    pub(super) fn unknown_rule(file: &str, text: &str, found: u32, at: Range<usize>) -> Self {
        Self::UnknownRule {
            file: file.to_owned(),
            found,
            text: source(file, text),
            at: at.into(),
        }
    }

    /// `first` is also the first of `lines`.
    pub(super) fn damaged(
        file: &str,
        text: &str,
        first: &DamagedLine,
        lines: Vec<DamagedLine>,
    ) -> Self {
        let summary = match lines.len() {
            0 | 1 => format!("line {} of `{file}` cannot be read", first.line),
            few @ ..=SHOWN => format!("{few} lines of `{file}` cannot be read"),
            many => format!("{many} lines of `{file}` cannot be read; here are the first {SHOWN}"),
        };
        Self::Damaged {
            summary,
            at: first.span.clone().into(),
            damage: first.damage.clone(),
            others: lines.iter().take(SHOWN).skip(1).cloned().collect(),
            lines,
            text: source(file, text),
        }
    }
}

/// A text as it can be shown: what would control a terminal is replaced, at the same length.
fn source(file: &str, text: &str) -> NamedSource<String> {
    let shown = |character: char| match character {
        '\n' | '\t' | '\r' => character,
        character if character.is_ascii_control() => '?',
        character if character.is_control() => '·',
        character => character,
    };
    NamedSource::new(file, text.chars().map(shown).collect())
}

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
    /// A text that is not a partition key.
    #[error("{0}")]
    Key(InvalidPartitionKey),
    /// No key where there must be one.
    #[error("`-` is not a key here")]
    NoKey,
    /// A word that is not a field.
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
