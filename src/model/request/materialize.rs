//! What `materialize` and `plan` are asked for.

use std::num::{NonZeroU32, NonZeroUsize};

use crate::model::request::{Grouping, PartitionsSelection, SelectionText};

/// Bring assets up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaterializeRequest {
    /// What; everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether upstreams are brought up to date too.
    pub scope: Scope,
    /// Clauses over the steps of the plan, united: exactly these run; all if empty.
    pub steps: Vec<String>,
    /// Whether what is fresh runs.
    pub force: Force,
    /// What happens after a failure.
    pub failures: FailurePolicy,
    /// What happens to an output that was altered by hand.
    pub altered: Altered,
    /// What happens to a folder at the place of an output that no step has made.
    pub occupied: Occupied,
    /// How many commands run at once; `None` for as many as there are cores.
    pub jobs: Option<NonZeroUsize>,
    /// What happens if another process holds what is needed.
    pub wait: Wait,
    /// What is synced before a record is written.
    pub durability: Durability,
    /// Where the output of commands is shown.
    pub output: StepOutput,
}

/// Say what `materialize` would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRequest {
    /// What; everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether upstreams are brought up to date too.
    pub scope: Scope,
    /// Clauses over the steps of the plan, united: exactly these run; all if empty.
    pub steps: Vec<String>,
    /// Whether what is fresh runs.
    pub force: Force,
    /// What would happen to a folder at the place of an output that no step has made.
    pub occupied: Occupied,
    /// How many commands would run at once.
    pub jobs: Option<NonZeroUsize>,
    /// Whether neighbouring partitions are told as one.
    pub grouping: Grouping,
}

/// How far a materialization reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The selection and what it needs upstream.
    #[default]
    WithUpstream,
    /// Exactly the selection; upstreams are read as they are.
    Only,
}

/// What of a selection runs.
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
/// use assetctl::{Force, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let ran = |force| {
///     let request = MaterializeRequest::new().force(force);
///     materialize(&project, request).map(|result| result.materializations().count())
/// };
/// assert_eq!((ran(Force::WhenStale)?, ran(Force::Selected)?), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Force {
    /// What is not fresh.
    #[default]
    WhenStale,
    /// All of it, stale or not, but never what it needs.
    Selected,
    /// As `Selected`, and an incremental asset finds no previous output.
    FullRefresh,
}

/// What happens after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Everything runs that does not need what failed.
    #[default]
    KeepGoing,
    /// Nothing new starts once so many steps have failed.
    StopAfter(NonZeroU32),
}

/// What happens to an output that is not what was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Altered {
    /// It is made anew.
    #[default]
    Replaced,
    /// It is a failure, and the output stays.
    Kept,
}

/// What happens to a folder that holds something and lies at the place of an output, where no step has made it. A file there is set
/// aside in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occupied {
    /// It is an error before anything runs.
    #[default]
    Refused,
    /// It is set aside, as a file is.
    SetAside,
}

/// What happens if another process runs what is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// It is waited for.
    #[default]
    Wait,
    /// It is an error that names the holder.
    Refuse,
}

/// What survives a loss of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// What the operating system has written by then: at worst something is stale that was fresh.
    #[default]
    Relaxed,
    /// Outputs are synced before their record.
    Durable,
}

/// Where the output of commands is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepOutput {
    /// It goes to the step's log, and is shown if the step fails.
    #[default]
    Logged,
    /// It is shown as it comes, too.
    Shown,
}
