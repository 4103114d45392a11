//! `check`, `plan` and `status`.

use crate::answer::{CheckReport, PlanReport, StatusReport};
use crate::api::error::Error;
use crate::api::materialize::instance_of;
use crate::api::project::Project;
use crate::api::request::{CheckRequest, PlanRequest, StatusRequest};
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
