//! A command that is ready to run, or the reason why there is none.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::executor::{CommandLine, Secret};
use crate::look::Workspace;
use crate::model::{EffectiveConfig, Name, RunId, RunTags};
use crate::plan::{FoundSources, ObservedResource, Scope};

/// A command that is ready to run, without where its log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The complete environment.
    pub env: Vec<(OsString, OsString)>,
    /// Values that must not appear in a log.
    pub secrets: Vec<Vec<u8>>,
    /// Files that have to be written before the start: path relative to the project root, lines.
    pub lists: Vec<(String, SharedLines)>,
    /// Values that are loaded before the start.
    pub loads: Vec<Load>,
}

impl Rendered {
    /// The command to execute in `folder`, which logs to `log`.
    pub fn command_line(&self, folder: PathBuf, log: PathBuf) -> CommandLine {
        let program = self.argv.first().cloned().unwrap_or_default();
        CommandLine {
            args: self.argv.iter().skip(1).map(Into::into).collect(),
            env: self.env.clone(),
            secrets: self.secrets.iter().cloned().map(Secret::new).collect(),
            ..CommandLine::new(program, folder, log)
        }
    }
}

/// Texts, each of which is a line of a file or a word of a command.
pub type SharedLines = Arc<[String]>;

/// A command that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrenderable {
    /// Its diagnostic code.
    pub code: &'static str,
    /// Why.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Unrenderable {
    /// Why, and what to do.
    pub fn into_words(self) -> String {
        match self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message,
        }
    }
}

/// The diagnostic code of a command that is longer than the system takes.
pub const TOO_LONG: &str = "assetctl::engine::unrenderable";

/// A value that is loaded before the command starts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// What it is stored under.
    pub path: String,
    /// Where the command finds it, relative to the project root or absolute.
    pub to: String,
}

/// What a command finds on standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStdin {
    /// The bytes of the file at this path, relative to the project root or absolute.
    File(String),
    /// The bytes of the value that is stored under this path.
    Piped(String),
}

/// What a command is rendered for.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// The scope that the step belongs to.
    pub scope: &'a Scope<'a>,
    /// What was found at sources.
    pub sources: &'a FoundSources,
    /// The run.
    pub run: RunId,
    /// The job that is run, if it is one.
    pub job: Option<&'a Name>,
    /// The tags of the run.
    pub tags: &'a RunTags,
    /// 0 first.
    pub attempt: u32,
    /// The resources of the asset, in declared order.
    pub resources: &'a [Arc<ObservedResource>],
    /// The configuration of the asset, if it has one.
    pub config: Option<&'a EffectiveConfig>,
}

/// Where a step writes: a path for each output, relative to the project root, and a place for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPlaces {
    /// By partition, then by output.
    pub outputs: Vec<Vec<String>>,
    /// The folder for files with lists.
    pub lists: String,
    /// The folder that values are loaded to.
    pub given: String,
    /// Whether the command finds its previous output there.
    pub previous: bool,
}
