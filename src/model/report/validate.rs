//! What `validate` answers.

/// A problem with its code, help and labels.
pub type Problem = Box<dyn miette::Diagnostic + Send + Sync + 'static>;

/// What is wrong with a project, and what may be.
#[derive(Debug, Default)]
pub struct ValidateReport {
    /// How many assets are declared.
    pub assets: u32,
    /// How many sources.
    pub sources: u32,
    /// What must change, in the order of the files.
    pub errors: Vec<Problem>,
    /// What may be meant otherwise.
    pub warnings: Vec<Problem>,
}
