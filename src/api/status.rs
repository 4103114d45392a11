//! `status`: what is fresh and what is not.

use crate::answer::StatusReport;
use crate::api::error::Error;
use crate::api::materialize::instance_of;
use crate::api::project::Project;
use crate::api::request::StatusRequest;
use crate::app;

/// Says what is fresh, and what is not and why. Runs nothing.
///
/// # Errors
///
/// If the project, the words or the instance are not right.
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
/// let project = assetctl::Project::load(folder.path())?;
/// let request = assetctl::StatusRequest::new().instance(&project.instance());
/// let status = assetctl::status(&project, request)?;
/// assert_eq!(status.summary.missing, 1);
/// # Ok(())
/// # }
/// ```
pub fn status(project: &Project, request: StatusRequest) -> Result<StatusReport, Error> {
    let (asked, instance) = request.read()?;
    let instance = instance_of(instance)?;
    let opened = app::Project::open(&project.surroundings(Some(instance.path())))?;
    let (report, _) = app::status(&opened, &asked)?;
    Ok(report)
}
