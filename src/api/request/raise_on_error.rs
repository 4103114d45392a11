//! Whether a run that has not ended well is an error.

/// Whether a run in which a step failed, was blocked or was interrupted is an error.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "exit 3 > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{Error, MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let run = |raise| {
///     materialize_to_memory(&project, MaterializeRequest::new().raise_on_error(raise))
/// };
/// assert!(!run(RaiseOnError::No)?.success());
/// assert!(matches!(run(RaiseOnError::Yes), Err(Error::RunFailed(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaiseOnError {
    /// It is [`Error::RunFailed`](crate::Error::RunFailed), which holds the whole result.
    #[default]
    Yes,
    /// It is a result like any other, of which [`success`](crate::RunResult::success) is false.
    No,
}
