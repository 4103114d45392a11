//! What `init` answers.

/// What a new project consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitReport {
    /// The files, in the order in which they were written.
    pub files: Vec<InitializedFile>,
    /// What the user may want to do next, a sentence each.
    pub hints: Vec<String>,
}

/// A file of a new project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializedFile {
    /// Its path, relative to the project root.
    pub path: String,
    /// What happened to it.
    pub change: FileChange,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    Created,
    /// Lines were added.
    Extended,
    /// It was as it has to be.
    Kept,
}
