//! The context of a command: what it is rendered for, and where it writes.

use crate::look::Workspace;
use crate::model::RunId;
use crate::plan::{FoundSources, Scope};

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
    /// 0 first.
    pub attempt: u32,
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
