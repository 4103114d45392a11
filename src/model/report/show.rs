//! What `show` answers.

use std::time::Duration;

use crate::model::asset::{History, LeftoverRule, Runs, Staging, Stdout};
use crate::model::name::{AssetKey, Name};
use crate::model::report::{KeyRange, Listing};
use crate::model::version::CodeVersion;

/// One asset or source, with everything that is declared of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShowReport {
    /// As it is listed.
    pub listing: Listing,
    /// Its partitions now; one without keys where it is unpartitioned.
    pub keys: KeyRange,
    /// How it is made; `None` for a source and an external asset.
    pub recipe: Option<ShownRecipe>,
    /// Assets that run before it, without being read.
    pub after: Vec<AssetKey>,
    /// What reads it.
    pub downstream: Vec<AssetKey>,
}

/// How an asset is made.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRecipe {
    /// Its command.
    pub command: WrittenCommand,
    /// The folder that the command runs in; empty for the project root.
    pub folder: String,
    /// The files that are part of the code version, relative to the project root.
    pub code: Vec<String>,
    /// The programs that are part of it.
    pub tools: Vec<String>,
    /// The code version now; `None` if a code file is not there.
    pub code_version: Option<CodeVersion>,
    /// Where the command writes.
    pub staging: Staging,
    /// The input whose bytes it is given on standard input.
    pub stdin: Option<Name>,
    /// Where its standard output goes.
    pub stdout: Stdout,
    /// Whether it starts from its previous output.
    pub history: History,
    /// What it means that processes of its command have to be ended.
    pub leftovers: LeftoverRule,
    /// Whether it runs even when nothing changed.
    pub runs: Runs,
    /// Variables set for it, each with its value or where that comes from (`from env HOME`, `secret`).
    pub env: Vec<(String, String)>,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
}

/// A command as it is written in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenCommand {
    /// A text for a shell.
    Shell(String),
    /// A program and its arguments.
    Direct(Vec<String>),
}
