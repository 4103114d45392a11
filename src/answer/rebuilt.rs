//! What came of asset partitions that `check --rebuild` built in scratch.

use crate::answer::{ManifestLine, fields};
use crate::model::{AssetKey, StepName};
use serde::Serialize;

/// An asset partition that was built in scratch, with only what it declares.
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
/// let report = check(&project, CheckRequest::new().rebuild(1, 0))?;
/// assert_eq!(report.rebuilt[0].step.to_string(), "greeting");
/// assert!(report.rebuilt[0].is_same());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Which.
    #[serde(flatten, serialize_with = "fields::step")]
    pub step: StepName,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: RebuildOutcome,
    /// Where its asset is declared.
    #[serde(rename = "location")]
    pub place: ManifestLine,
}

/// What came of building an asset partition in scratch.
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
/// use assetctl::{CheckRequest, MaterializeRequest, Project, RebuildOutcome, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let report = check(&project, CheckRequest::new().rebuild(1, 0))?;
/// assert_eq!(report.rebuilt[0].outcome, RebuildOutcome::Same);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RebuildOutcome {
    /// The same as is locked.
    Same,
    /// It failed there: probably it needs something that it does not declare.
    Failed {
        /// What went wrong, in words.
        message: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// Something else came out.
    Different {
        /// The paths of the outputs that differ, relative to the project root.
        outputs: Vec<String>,
        /// Why, as far as a second build in scratch tells.
        why: WhyDifferent,
    },
}

/// Why something else came out in scratch.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.id]
/// # command = "od -An -N16 -tx1 /dev/urandom > {{output}}"
/// # outputs = "id.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, MaterializeRequest, Project, RebuildOutcome, WhyDifferent, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let report = check(&project, CheckRequest::new().rebuild(1, 0))?;
/// let RebuildOutcome::Different { outputs, why } = &report.rebuilt[0].outcome else {
///     panic!("each time it is another");
/// };
/// assert_eq!((&*outputs[0], *why), ("id.txt", WhyDifferent::Irreproducible));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyDifferent {
    /// Two builds in scratch agree with each other: what is locked was made with an input that is not declared, or in
    /// another environment.
    Undeclared,
    /// They do not: each build gives something else.
    Irreproducible,
}

impl Rebuilt {
    /// Whether it came out as it is locked.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.outcome == RebuildOutcome::Same
    }
}

/// Partitions of an asset that cannot be built in scratch, or not be compared.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.log]
/// # incremental = true
/// # command = "echo hello >> {{output}}"
/// # outputs = "log.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let report = check(&project, CheckRequest::new().rebuild(1, 0))?;
/// let not = &report.not_rebuilt[0];
/// assert_eq!((not.asset.as_str(), not.count, not.why.word()), ("log", 1, "incremental"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRebuilt {
    /// The asset.
    pub asset: AssetKey,
    /// How many of its partitions.
    pub count: u32,
    /// Why.
    pub why: WhyNotRebuilt,
}

/// Why something is not rebuilt.
///
/// ```
/// assert_eq!(assetctl::WhyNotRebuilt::NoCommand.word(), "no_command");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNotRebuilt {
    /// No command makes it.
    NoCommand,
    /// It is volatile: it is made on each run, whatever it was made of.
    Volatile,
    /// It starts from its previous output.
    Incremental,
    /// Its data version is not what its command wrote.
    DataVersionOfInputs,
    /// It stands in a block of the lock file, which tells no version of its outputs.
    Folded,
    /// It reads a source that a command observes: its data is not in a checkout.
    ObservedInput,
    /// Something that it reads is not here as it is locked.
    InputsNotHere,
}

impl WhyNotRebuilt {
    /// The word for it in machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoCommand => "no_command",
            Self::Volatile => "volatile",
            Self::Incremental => "incremental",
            Self::DataVersionOfInputs => "data_version_of_inputs",
            Self::Folded => "folded",
            Self::ObservedInput => "observed_input",
            Self::InputsNotHere => "inputs_not_here",
        }
    }
}
