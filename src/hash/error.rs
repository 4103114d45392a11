//! What can go wrong between bytes on disk and a data version.

use std::io;
use std::path::Path;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::sys::file::FileKind;

/// Why something has no data version.
#[derive(Debug, Diagnostic, Error)]
pub enum HashError {
    /// The operating system refused.
    #[error("cannot read `{path}`: {source}")]
    #[diagnostic(code(assetctl::hash::unreadable))]
    Unreadable {
        /// The path, as it was given.
        path: String,
        /// What the system said.
        source: io::Error,
    },

    /// The path leads to something that has no lasting content.
    #[error("`{path}` is a {kind}, which has no content to compare")]
    #[diagnostic(
        code(assetctl::hash::special),
        help(
            "only regular files, directories and links to them have versions; `[project] ignore` leaves a path out"
        )
    )]
    Special {
        /// The path, as it was given or found.
        path: String,
        /// The word for what it is.
        kind: &'static str,
    },

    /// The file was written to each time it was read.
    #[error("`{path}` keeps changing while it is read")]
    #[diagnostic(
        code(assetctl::hash::changing),
        help("wait until whatever writes it is done")
    )]
    Changing {
        /// The path, as it was given or found.
        path: String,
    },

    /// A glob is malformed.
    #[error("`{pattern}` is not a glob: {reason}")]
    #[diagnostic(
        code(assetctl::hash::pattern),
        help(
            "`*` and `?` match text without `/`, `**` any folders, `[a-z]` a letter, `{{a,b}}` either"
        )
    )]
    Pattern {
        /// The pattern, as it was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A name that a command must be given, or a file that must be text, is not UTF-8.
    #[error("{what} `{path}` is not UTF-8")]
    #[diagnostic(code(assetctl::hash::not_text))]
    NotText {
        /// The path, with replacements for bytes that are not UTF-8.
        path: String,
        /// What of it is meant.
        what: &'static str,
    },

    /// A value is asked of a file whose extension names no known format.
    #[error("cannot read a value from `{path}`: not a .toml, .yaml or .json file")]
    #[diagnostic(
        code(assetctl::hash::format),
        help("`key` reads files that end in .toml, .yaml, .yml or .json")
    )]
    Format {
        /// The path, as it was given.
        path: String,
    },

    /// A structured file does not parse.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Syntax(Box<SyntaxError>),
}

/// Where and why a structured file does not parse.
#[derive(Debug, Diagnostic, Error)]
#[error("`{path}` does not parse at line {line}, column {column}: {reason}")]
#[diagnostic(
    code(assetctl::hash::syntax),
    help("correct the file; a `key` of it is an input")
)]
pub struct SyntaxError {
    /// The path, as it was given.
    pub path: String,
    /// Line of the mistake, from 1.
    pub line: usize,
    /// Column of the mistake in characters, from 1.
    pub column: usize,
    /// What the parser said.
    pub reason: String,
    /// The file's text.
    #[source_code]
    pub text: NamedSource<String>,
    /// Where in the text the mistake is.
    #[label("here")]
    pub at: SourceSpan,
}

impl HashError {
    /// Whether what is declared is wrong, and not what lies on disk.
    #[must_use]
    pub fn is_of_declaration(&self) -> bool {
        matches!(self, Self::Pattern { .. } | Self::Format { .. })
    }

    pub(super) fn unreadable(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Unreadable {
            path: path.display().to_string(),
            source: source.into(),
        }
    }

    /// Refuses something that is neither a file nor a directory.
    pub(super) fn special(path: &Path, kind: FileKind) -> Self {
        let kind = match kind {
            FileKind::Fifo => "named pipe",
            FileKind::Socket => "socket",
            FileKind::Device => "device",
            FileKind::File => "file",
            FileKind::Directory => "directory",
            FileKind::Symlink => "link",
        };
        Self::Special {
            path: path.display().to_string(),
            kind,
        }
    }

    pub(super) fn not_text(path: &Path, what: &'static str) -> Self {
        Self::NotText {
            path: path.display().to_string(),
            what,
        }
    }
}
