//! What `check` is asked for.

use crate::model::request::{PartitionsSelection, Rebuild, SelectionText};

/// Say whether everything is fresh, from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRequest {
    /// Of what; of everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Only what the changes since this git revision can touch.
    pub since: Option<String>,
    /// Whether what git would commit is judged; else the work tree.
    pub staged: bool,
    /// What is asked of outputs.
    pub outputs: CheckedOutputs,
    /// What is said of windows that are due.
    pub due: DueWindows,
    /// What is said of what cannot be judged.
    pub strictness: Strictness,
    /// How many fresh ones are built in scratch; `None` for none, so that no command runs.
    pub rebuild: Option<Rebuild>,
}

/// What is asked of outputs.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, CheckedOutputs, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let is_fresh = |outputs| check(&project, CheckRequest::new().outputs(outputs)).map(|it| it.is_fresh());
/// assert!(is_fresh(CheckedOutputs::Matching)?, "as in a fresh clone");
/// assert!(!is_fresh(CheckedOutputs::Required)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckedOutputs {
    /// Those that exist are what is locked; the others may be absent, as in a fresh clone.
    #[default]
    Matching,
    /// All exist and are what is locked.
    Required,
    /// They are not looked at.
    Ignored,
}

/// Whether time windows after the newest locked one of their asset count.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, DueWindows, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let asked = |request| check(&project, request).map(|report| report.due_windows);
/// assert_eq!(asked(CheckRequest::new())?, DueWindows::Apart);
/// assert_eq!(asked(CheckRequest::new().count_due())?, DueWindows::Counted);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueWindows {
    /// They are told apart: a clock alone makes nothing stale.
    #[default]
    Apart,
    /// They count as missing.
    Counted,
}

/// Whether what cannot be judged is an error.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, Project, Strictness, check};
///
/// let project = Project::load(folder.path())?;
/// let asked = |request| check(&project, request).map(|report| report.strictness);
/// assert_eq!(asked(CheckRequest::new())?, Strictness::Lenient);
/// assert_eq!(asked(CheckRequest::new().strict())?, Strictness::Strict);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// It is told apart.
    #[default]
    Lenient,
    /// It counts as not fresh.
    Strict,
}
