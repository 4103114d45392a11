//! Where the values of a run are kept.

/// Where the values of a run are kept.
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
/// use assetctl::{IoManagerKind, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// for (kind, is_on_disk) in [(IoManagerKind::Memory, false), (IoManagerKind::Filesystem, true)] {
///     let result = materialize(&project, MaterializeRequest::new().io_manager(kind))?;
///     assert_eq!(result.output("greeting", None, None)?.path().is_some(), is_on_disk);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoManagerKind {
    /// At their paths in the project.
    Filesystem,
    /// In the memory of this process, in the [`RunResult`](crate::RunResult).
    Memory,
}
