//! What is wrong with the words of a command line.

use std::io;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::app::{AppError, Blame, RequestError};
use crate::cli::exit::VerbExit;

/// What is wrong with the words of a command line.
#[derive(Debug, Error, Diagnostic)]
pub enum CliError {
    /// There is no such verb.
    #[error("there is no verb `{found}`")]
    #[diagnostic(code(assetctl::cli::unknown_verb))]
    UnknownVerb {
        /// As typed.
        found: String,
        /// What to type instead.
        #[help]
        help: String,
    },
    /// Help has nothing to say of it.
    #[error("there is no help on `{found}`")]
    #[diagnostic(code(assetctl::cli::unknown_topic))]
    UnknownTopic {
        /// As typed.
        found: String,
        /// What to type instead.
        #[help]
        help: String,
    },
    /// The folder of `-C` does not exist. Without this the search would go on above it and may find another project.
    #[error("there is no folder {}", path.display())]
    #[diagnostic(
        code(assetctl::cli::no_folder),
        help("`-C` names an existing folder: that of an Assets.toml, or one below it")
    )]
    NoFolder {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// A file of run config cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    #[diagnostic(
        code(assetctl::cli::unreadable_config),
        help("`--config` and `ASSETCTL_CONFIG_FILE` name files relative to the current folder")
    )]
    UnreadableConfig {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A flag, a value or their number is wrong; the text is the argument parser's.
    #[error("{message}")]
    #[diagnostic(code(assetctl::cli::usage))]
    Usage {
        /// What is wrong.
        message: String,
        /// What would be right.
        #[help]
        help: Option<String>,
    },
    /// A word for an asset is neither that nor a partition of one.
    #[error("`{text}` is neither an asset nor a partition of one: {reason}")]
    #[diagnostic(
        code(assetctl::cli::invalid_selection),
        help("write ASSET or ASSET@KEY, as in `clean@2013-07-04`")
    )]
    Selection {
        /// As typed.
        #[source_code]
        text: String,
        /// What is wrong.
        reason: String,
        /// Where; `None` where something is absent at the end of it.
        #[label("here")]
        span: Option<SourceSpan>,
    },
    /// The value of `--partition` is no key.
    #[error("`{text}` is not a partition key: {reason}")]
    #[diagnostic(
        code(assetctl::cli::invalid_partition),
        help(
            "give each key with a `--partition` of its own, and a range with `--partition-range`"
        )
    )]
    Partition {
        /// As typed.
        #[source_code]
        text: String,
        /// What is wrong.
        reason: String,
        /// Where; `None` where something is absent.
        #[label("here")]
        span: Option<SourceSpan>,
    },
    /// The value of `--partition-range` is no range.
    #[error("`{text}` is not a range of partition keys: {reason}")]
    #[diagnostic(
        code(assetctl::cli::invalid_partition_range),
        help("write FIRST...LAST: both keys belong to the range")
    )]
    PartitionRange {
        /// As typed.
        #[source_code]
        text: String,
        /// What is wrong.
        reason: String,
        /// Where; `None` where something is absent at the end of it.
        #[label("here")]
        span: Option<SourceSpan>,
    },
    /// Partitions are chosen in two ways that do not go together.
    #[error("`{one}` and `{other}` exclude each other")]
    #[diagnostic(
        code(assetctl::cli::partition_flags),
        help(
            "`--partition` and `--partition-range` can be combined; `--latest` and `--all-partitions` exclude the others"
        )
    )]
    PartitionFlags {
        /// A flag.
        one: &'static str,
        /// A flag that chooses otherwise.
        other: &'static str,
    },
    /// The name of a partitions definition is none.
    #[error("`{text}` is not the name of a partitions definition: {reason}")]
    #[diagnostic(
        code(assetctl::cli::invalid_definition),
        help("names are made of letters, digits, `_` and `-`")
    )]
    Definition {
        /// As typed.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// What is wrong is the same as in a selection.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Request(#[from] RequestError),
    /// An asset is meant, and a partition of one is named.
    #[error("`{selected}` names a partition; this verb is about the whole asset")]
    #[diagnostic(code(assetctl::cli::needless_partition), help("write `{asset}`"))]
    NeedlessPartition {
        /// As typed.
        selected: String,
        /// The asset alone.
        asset: String,
    },
    /// A word for a run is neither an id nor the beginning of one.
    #[error("`{text}` is not a run")]
    #[diagnostic(
        code(assetctl::cli::invalid_run),
        help(
            "write an id, the beginning of one, `last` or `last-failed`; `assetctl runs list` shows the newest runs"
        )
    )]
    Run {
        /// As typed.
        text: String,
    },
    /// Something would be removed, and nobody can be asked.
    #[error("deleting asks first, and there is no terminal to ask on")]
    #[diagnostic(
        code(assetctl::cli::not_confirmed),
        help("add `--yes`; `wipe --dry-run` shows the records that would be deleted")
    )]
    NotConfirmed,
    /// Standard output cannot be written.
    #[error("the answer cannot be written")]
    #[diagnostic(code(assetctl::cli::unwritable))]
    Unwritable(#[from] io::Error),
    /// Several words are wrong.
    #[error("the command line has several problems")]
    Several(#[related] Vec<CliError>),
}

impl CliError {
    /// All `problems` as one; there is at least one.
    pub(super) fn of(mut problems: Vec<Self>) -> Self {
        match problems.len() {
            1 => problems.remove(0),
            _ => Self::Several(problems),
        }
    }
}

/// Why a verb was not carried out.
#[derive(Debug)]
pub enum VerbError {
    /// The words, or the terminal.
    Cli(CliError),
    /// The project, or the machine.
    App(Box<AppError>),
}

impl VerbError {
    /// The error as it is told.
    pub fn diagnostic(&self) -> &dyn Diagnostic {
        match self {
            Self::Cli(error) => error,
            Self::App(error) => &**error,
        }
    }

    /// How it ends the process.
    pub fn exit(&self) -> VerbExit {
        match self {
            Self::Cli(CliError::Unwritable(_)) => VerbExit::Environment,
            Self::Cli(_) => VerbExit::Input,
            Self::App(error) => match error.blame() {
                Blame::Input => VerbExit::Input,
                Blame::Environment => VerbExit::Environment,
            },
        }
    }
}

impl From<CliError> for VerbError {
    fn from(error: CliError) -> Self {
        Self::Cli(error)
    }
}

impl From<io::Error> for VerbError {
    fn from(error: io::Error) -> Self {
        Self::Cli(error.into())
    }
}

impl<E: Into<AppError>> From<E> for VerbError {
    fn from(error: E) -> Self {
        Self::App(Box::new(error.into()))
    }
}
