//! What `check` tells beside its verdicts: versions from the lock file, files that a clone lacks, lines of nobody.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer::KeyRange;
use crate::model::{AssetKey, PartitionKey};

/// Files that git ignores and that a version holds beside others.
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
/// let report = check(&project, CheckRequest::new())?;
/// assert!(report.gitignored.is_empty(), "it reads nothing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GitignoredFiles {
    /// The source, or the asset whose code it is.
    pub asset: AssetKey,
    /// The first of them, relative to the project root; a folder stands for all that it holds.
    pub paths: Vec<String>,
    /// How many there are.
    pub count: u32,
}

/// Neighbouring partitions of a source whose version was taken from the lock file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [source.feed]
/// # observe = "echo v1"
/// # [asset.copy]
/// # deps = "feed"
/// # command = "echo hello > {{output}}"
/// # outputs = "copy.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let report = check(&project, CheckRequest::new())?;
/// assert_eq!(report.locked_sources[0].range.to_string(), "feed");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockedSources {
    /// Which.
    #[serde(flatten)]
    pub range: KeyRange,
    /// When the oldest of these versions was observed; `None` for files, and where this machine does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// When something was observed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [source.feed]
/// # observe = "echo v1"
/// # [asset.copy]
/// # deps = "feed"
/// # command = "echo hello > {{output}}"
/// # outputs = "copy.txt"
/// # "#)?;
/// use std::sync::Arc;
/// use assetctl::{CheckRequest, FixedClock, Observed, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let clock = FixedClock("2024-01-03T06:00:00Z".parse()?);
/// let project = project.with_clock(Arc::new(clock));
/// let report = check(&project, CheckRequest::new())?;
/// let observed = report.locked_sources.iter().filter_map(|it| it.observed);
/// assert!(observed.clone().all(|Observed { time, now }| time <= now && now == clock.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The instant.
    pub time: Timestamp,
    /// The instant of the check that tells it.
    pub now: Timestamp,
}

/// The instant alone.
impl Serialize for Observed {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.time.serialize(out)
    }
}

/// Lines of an asset for windows that have not ended: by the clock that they were written by they had.
/// Where the clock here may be behind, by a week at most, it is taken to be so, and nothing is told.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [partitions.month]
/// # type = "monthly"
/// # start = "2024-01-01"
/// # [asset.greeting]
/// # partitions = "month"
/// # command = "echo {{partition}} > {{output}}"
/// # outputs = "{{partition}}.txt"
/// # "#)?;
/// use std::sync::Arc;
/// use assetctl::{CheckRequest, FixedClock, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// let at = |time: &str| time.parse().map(|now| Arc::new(FixedClock(now)));
/// let later = project.clone().with_clock(at("2024-03-01T06:00:00Z")?);
/// materialize(&later, MaterializeRequest::new())?;
/// let earlier = project.with_clock(at("2024-02-01T06:00:00Z")?);
/// let report = check(&earlier, CheckRequest::new())?;
/// assert_eq!((report.ahead[0].window.as_str(), report.ahead[0].lines), ("2024-02-01", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ahead {
    /// The asset.
    pub asset: AssetKey,
    /// One of the windows.
    pub window: PartitionKey,
    /// How many lines.
    pub lines: u32,
}

/// Lines of an asset or of partitions that are not declared any more.
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
/// std::fs::write(project.root().join("Assets.toml"), "[project]\n[source.raw]\npath = 'raw'\n")?;
/// let report = check(&project, CheckRequest::new())?;
/// let orphans = &report.orphans[0];
/// assert_eq!((&*orphans.asset, orphans.lines), ("greeting", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orphans {
    /// The asset, as the lock file names it.
    pub asset: String,
    /// How many lines.
    pub lines: u32,
}
