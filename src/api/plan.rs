//! `plan`: what a materialization would do.

use crate::answer::PlanReport;
use crate::api::error::Error;
use crate::api::materialize::instance_of;
use crate::api::project::Project;
use crate::api::request::PlanRequest;
use crate::app;

/// Says what [`materialize`](crate::materialize) would do with the same words. Runs nothing but commands that observe
/// sources.
///
/// # Errors
///
/// If the project, the words or the instance are not right, or something that is needed cannot be read.
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
/// let plan = assetctl::plan(&project, assetctl::PlanRequest::new())?;
/// assert_eq!(plan.counts.run, 1);
/// assert_eq!(plan.steps[0].keys.to_string(), "greeting");
/// # Ok(())
/// # }
/// ```
pub fn plan(project: &Project, request: PlanRequest) -> Result<PlanReport, Error> {
    let (asked, instance, cancel) = request.read()?;
    let instance = instance_of(instance)?;
    let opened = app::Project::open(&project.surroundings(Some(instance.path())))?;
    let (report, _) = app::plan(&opened, &asked, (project.executor(), &cancel))?;
    Ok(report)
}
