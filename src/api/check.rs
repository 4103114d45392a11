//! `check`: whether everything is fresh, from the lock file.

use crate::answer::CheckReport;
use crate::api::error::Error;
use crate::api::materialize::instance_of;
use crate::api::project::Project;
use crate::api::request::CheckRequest;
use crate::app::{self, Rebuilding};

/// Says whether everything is fresh, as far as a checkout alone can tell: the lock file decides, and where there is none, the
/// instance. Runs nothing unless something is to be rebuilt.
///
/// # Errors
///
/// If the project, the words, the lock file or the instance are not right, or git has no answer.
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
/// use assetctl::{CheckRequest, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// assert!(check(&project, CheckRequest::new())?.is_good(), "Assets.lock knows it");
/// # Ok(())
/// # }
/// ```
pub fn check(project: &Project, request: CheckRequest) -> Result<CheckReport, Error> {
    let (asked, instance, cancel) = request.read()?;
    let instance = instance_of(instance)?;
    let rebuilding = Rebuilding {
        executor: project.executor(),
        cancel: &cancel,
        clock: project.clock(),
    };
    let surroundings = project.surroundings(Some(instance.path()));
    let (report, _) = app::check(&surroundings, &asked, rebuilding)?;
    Ok(report)
}
