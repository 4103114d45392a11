//! What the other verbs are asked for.

use std::num::NonZeroU32;

use crate::model::name::AssetKey;
use crate::model::record::RunId;
use crate::model::request::{PartitionsSelection, Selected, SelectionText};

/// Start a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitRequest {
    /// What the manifest holds.
    pub template: InitTemplate,
}

/// What the manifest of a new project holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitTemplate {
    /// A small example that runs as it is, with comments.
    #[default]
    Example,
    /// The project's name.
    Empty,
}

/// Say what is fresh and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusRequest {
    /// Of what; of everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether neighbouring partitions are told as one.
    pub grouping: Grouping,
    /// Whether sources are listed that were not named.
    pub sources: bool,
    /// What is looked at.
    pub evidence: Evidence,
}

/// How partitions are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Neighbours of which the same is to say are one.
    #[default]
    Ranges,
    /// Each for itself.
    Keys,
}

impl Grouping {
    /// Keys where they are asked for, else ranges.
    #[must_use]
    pub fn of_keys(keys: bool) -> Self {
        if keys { Self::Keys } else { Self::Ranges }
    }
}

/// What a status is judged by.
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
/// use assetctl::{Evidence, MaterializeRequest, Project, StatusRequest, materialize, status};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let fresh = |evidence| {
///     let request = StatusRequest::new().instance(&instance).evidence(evidence);
///     status(&project, request).map(|report| report.summary.fresh)
/// };
/// assert_eq!((fresh(Evidence::Files)?, fresh(Evidence::Recorded)?), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Records, and the files on disk.
    #[default]
    Files,
    /// Records, and the files on disk but for outputs: they count as what was recorded.
    Inputs,
    /// Records alone.
    Recorded,
}

/// Say why something is fresh, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainRequest {
    /// What.
    pub selected: Selected,
}

/// Look at sources now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObserveRequest {
    /// At which; at all of them if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
}

/// List what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// What; everything if empty.
    pub selection: Vec<SelectionText>,
}

/// Show one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRequest {
    /// Which.
    pub asset: AssetKey,
}

/// Show the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphRequest {
    /// Of what; of everything if empty.
    pub selection: Vec<SelectionText>,
}

/// List materializations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Of what.
    pub selected: Selected,
    /// At most so many; `None` for all.
    pub limit: Option<NonZeroU32>,
    /// Whether neighbouring keys of an input are told as one.
    pub grouping: Grouping,
    /// Whether only failed attempts are listed.
    pub failed: bool,
}

/// Show what commands wrote to standard output and error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsRequest {
    /// Of which step; of an asset without a partition, of its last run at all keys.
    pub selected: Selected,
    /// In which run; `None` for the last one that has a log.
    pub run: Option<RunId>,
}

/// Record the outputs on disk as if they had been made just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptRequest {
    /// Of what; of everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether it is done.
    pub dry_run: bool,
}

/// Forget records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeRequest {
    /// Of what; never empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether the outputs are removed too.
    pub outputs: bool,
    /// Whether it is done.
    pub dry_run: bool,
}
