//! What `check` answers.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer::{KeyRange, NotRebuilt, Rebuilt, fields};
use crate::model::{AssetKey, Cause, DueWindows, PartitionKey, StaleManifest, Status, Strictness};

/// Whether everything that was asked for is fresh, and what is not.
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
/// assert!(report.is_good());
/// assert_eq!((report.counts().all, report.counts().fresh), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// What was judged by.
    pub basis: CheckBasis,
    /// The assets that were judged, upstream before downstream.
    pub assets: Vec<CheckedAsset>,
    /// What is stale or missing: neighbours of like status and causes as one.
    pub stale: Vec<StaleRange>,
    /// What one cannot know before an upstream has run.
    pub pending: Vec<StaleRange>,
    /// Time windows after the newest locked one of their asset, where they do not count.
    pub due: Vec<KeyRange>,
    /// What cannot be judged in this checkout.
    pub unverifiable: Vec<Unverifiable>,
    /// Sources whose version was taken from the lock file: git does not track them, or a command observes them.
    pub locked_sources: Vec<LockedSources>,
    /// Files that git ignores and that the version of a source or of code holds beside others: a clone has another version.
    pub gitignored: Vec<GitignoredFiles>,
    /// Partitions that two lines are right for, with different outputs: their commands are not reproducible.
    pub irreproducible: Vec<KeyRange>,
    /// Lines of what is not declared any more.
    pub orphans: Vec<Orphans>,
    /// Lines of windows that have not ended by the clock here.
    pub ahead: Vec<Ahead>,
    /// What came of those that were built in scratch.
    pub rebuilt: Vec<Rebuilt>,
    /// What was chosen and cannot be built in scratch, or not be compared.
    pub not_rebuilt: Vec<NotRebuilt>,
    /// Manifests that commands print, and whose files have another text.
    pub stale_manifests: Vec<StaleManifest>,
    /// Whether what is staged would be fresh if the lock file of the work tree were added.
    pub lock_not_added: bool,
    /// What was asked of windows that are due.
    pub due_windows: DueWindows,
    /// What was asked of what cannot be judged.
    pub strictness: Strictness,
}

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

/// An asset that was judged.
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
/// let greeting = &report.assets[0];
/// assert_eq!((greeting.asset.as_str(), greeting.fresh, greeting.count), ("greeting", 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedAsset {
    /// The asset.
    pub asset: AssetKey,
    /// How many of its partitions were asked about.
    pub count: u32,
    /// How many of these are fresh.
    pub fresh: u32,
    /// Where it is declared.
    pub place: ManifestLine,
}

/// How many asset partitions were found how.
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
/// use assetctl::{CheckCounts, CheckRequest, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// assert_eq!(report.counts(), CheckCounts { all: 1, missing: 1, ..CheckCounts::default() });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckCounts {
    /// All that were asked about.
    pub all: u32,
    /// Fresh ones.
    pub fresh: u32,
    /// Stale ones, and those whose last attempt failed.
    pub stale: u32,
    /// Ones without a line, or never materialized.
    pub missing: u32,
    /// Those that one cannot know of before an upstream has run.
    pub pending: u32,
    /// Windows that are due, where they do not count.
    pub due: u32,
    /// Those that cannot be judged in this checkout.
    pub unverifiable: u32,
}

/// What freshness was judged by.
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
/// use assetctl::{CheckBasis, CheckRequest, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let report = check(&project, CheckRequest::new())?;
/// assert_eq!(report.basis, CheckBasis::Lock);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckBasis {
    /// The lock file.
    Lock,
    /// The instance, as there is no lock file.
    Instance,
}

/// Neighbouring asset partitions that are not fresh, for the same reasons.
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
/// use assetctl::{CheckRequest, Project, Status, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// let stale = &report.stale[0];
/// assert_eq!((stale.range.to_string(), stale.status), ("greeting".to_owned(), Status::Missing));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaleRange {
    /// Which.
    #[serde(flatten)]
    pub range: KeyRange,
    /// Their status.
    pub status: Status,
    /// Whether each of them is known to be so.
    #[serde(skip_serializing_if = "fields::is_default")]
    pub certainty: Certainty,
    /// Why, as far as the lock file tells.
    pub causes: Vec<Cause>,
    /// Where their asset is declared.
    #[serde(rename = "location")]
    pub place: ManifestLine,
}

/// Whether each partition of a range is known to be stale.
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
/// use assetctl::{Certainty, CheckRequest, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// assert_eq!(report.stale[0].certainty, Certainty::Exact);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Each is.
    #[default]
    Exact,
    /// At least something that one of them reads has changed: they stand in the lock file as one block.
    Cautious,
}

/// A line of a manifest file.
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
/// use assetctl::{CheckRequest, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// let place = &report.stale[0].place;
/// assert_eq!(place.file, "Assets.toml");
/// println!("{}:{}", place.file, place.line);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestLine {
    /// The file, relative to the project root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// Asset partitions that cannot be judged in this checkout.
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
/// use assetctl::{CheckRequest, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// for it in &report.unverifiable {
///     println!("{}: {} ({})", it.range, it.path, it.why.word());
/// }
/// assert!(report.unverifiable.is_empty(), "it reads nothing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unverifiable {
    /// Which.
    #[serde(flatten)]
    pub range: KeyRange,
    /// Why.
    pub why: WhyUnverifiable,
    /// The path of the file, relative to the project root; the first of several.
    pub path: String,
    /// Where their asset is declared.
    #[serde(rename = "location")]
    pub place: ManifestLine,
}

/// Why something cannot be judged.
///
/// ```
/// assert_eq!(assetctl::WhyUnverifiable::LfsPointer.word(), "lfs_pointer");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyUnverifiable {
    /// A source is a pointer of Git LFS: its content was not fetched.
    LfsPointer,
    /// A source is outside the sparse checkout.
    NotCheckedOut,
    /// A source is a link of git-annex: its content was not fetched.
    AnnexLink,
    /// An output is here whose version is not its content, and nothing here has recorded it.
    NoRecord,
}

impl WhyUnverifiable {
    /// The word for it in machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::LfsPointer => "lfs_pointer",
            Self::NotCheckedOut => "not_checked_out",
            Self::AnnexLink => "annex_link",
            Self::NoRecord => "no_record",
        }
    }
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

/// `{"fresh":false,"basis":…,"counts":{…},"stale":[…],…}`
#[derive(Serialize)]
struct CheckShape<'a> {
    fresh: bool,
    basis: CheckBasis,
    counts: CheckCounts,
    stale: &'a [StaleRange],
    pending: &'a [StaleRange],
    due: &'a [KeyRange],
    unverifiable: &'a [Unverifiable],
    overdue: [(); 0],
    checks_failed: [(); 0],
    locked_sources: &'a [LockedSources],
    irreproducible: &'a [KeyRange],
    orphans: &'a [Orphans],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rebuilt: &'a [Rebuilt],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_rebuilt: &'a [NotRebuilt],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ahead: &'a [Ahead],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    gitignored: &'a [GitignoredFiles],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stale_manifests: &'a [StaleManifest],
    #[serde(skip_serializing_if = "fields::is_default")]
    lock_not_added: bool,
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        CheckShape {
            fresh: self.is_fresh(),
            basis: self.basis,
            counts: self.counts(),
            stale: &self.stale,
            pending: &self.pending,
            due: &self.due,
            unverifiable: &self.unverifiable,
            overdue: [],
            checks_failed: [],
            locked_sources: &self.locked_sources,
            irreproducible: &self.irreproducible,
            orphans: &self.orphans,
            rebuilt: &self.rebuilt,
            not_rebuilt: &self.not_rebuilt,
            ahead: &self.ahead,
            gitignored: &self.gitignored,
            stale_manifests: &self.stale_manifests,
            lock_not_added: self.lock_not_added,
        }
        .serialize(out)
    }
}

impl CheckReport {
    /// The report of a project without assets, or of a selection of nothing.
    #[must_use]
    pub fn of_nothing(basis: CheckBasis, due_windows: DueWindows, strictness: Strictness) -> Self {
        Self {
            basis,
            assets: Vec::new(),
            stale: Vec::new(),
            pending: Vec::new(),
            due: Vec::new(),
            unverifiable: Vec::new(),
            locked_sources: Vec::new(),
            gitignored: Vec::new(),
            irreproducible: Vec::new(),
            orphans: Vec::new(),
            ahead: Vec::new(),
            rebuilt: Vec::new(),
            not_rebuilt: Vec::new(),
            stale_manifests: Vec::new(),
            lock_not_added: false,
            due_windows,
            strictness,
        }
    }

    /// How many asset partitions were found how.
    #[must_use]
    pub fn counts(&self) -> CheckCounts {
        let of = |ranges: &[StaleRange], counts: fn(Status) -> bool| {
            let ranges = ranges.iter().filter(|it| counts(it.status));
            ranges.map(|it| it.range.count).sum()
        };
        CheckCounts {
            all: self.assets.iter().map(|asset| asset.count).sum(),
            fresh: self.assets.iter().map(|asset| asset.fresh).sum(),
            stale: of(&self.stale, |status| status != Status::Missing),
            missing: of(&self.stale, |status| status == Status::Missing),
            pending: of(&self.pending, |_| true),
            due: self.due.iter().map(|range| range.count).sum(),
            unverifiable: self.unverifiable.iter().map(|it| it.range.count).sum(),
        }
    }

    /// The same, with each stale manifest as an asset: for answers that tell of assets alone.
    #[cfg(feature = "cli")]
    pub(crate) fn with_manifests_as_assets(&self) -> Self {
        let mut report = self.clone();
        for manifest in &self.stale_manifests {
            let asset = AssetKey::of_path(&manifest.path);
            let place = ManifestLine {
                file: manifest.path.clone(),
                line: 1,
            };
            report.stale.push(StaleRange {
                range: KeyRange {
                    asset: asset.clone(),
                    first: None,
                    last: None,
                    count: 1,
                },
                status: Status::Stale,
                certainty: Certainty::default(),
                causes: Vec::new(),
                place: place.clone(),
            });
            report.assets.push(CheckedAsset {
                asset,
                count: 1,
                fresh: 0,
                place,
            });
        }
        report
    }

    /// Whether everything that was asked for is fresh, and came out the same where it was built anew.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.is_fresh() && self.rebuilt.iter().all(Rebuilt::is_same)
    }

    /// Whether everything that was asked for is fresh.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let all_judged = self.unverifiable.is_empty() || self.strictness == Strictness::Lenient;
        let all_printed = self.stale_manifests.is_empty();
        self.stale.is_empty() && self.pending.is_empty() && all_judged && all_printed
    }
}

/// The instant alone.
impl Serialize for Observed {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.time.serialize(out)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::answer::{
        Ahead, Certainty, CheckBasis, CheckReport, CheckedAsset, Document, KeyRange, LockedSources,
        ManifestLine, NotRebuilt, Observed, Orphans, StaleRange, Unverifiable, WhyNotRebuilt,
        WhyUnverifiable,
    };
    use crate::model::{Cause, DueWindows, PartitionKey, Status, Strictness};
    use crate::testkit;

    fn range(asset: &str, first: &str, last: &str, count: u32) -> KeyRange {
        KeyRange {
            asset: testkit::asset(asset),
            first: PartitionKey::parse(first).ok(),
            last: PartitionKey::parse(last).ok(),
            count,
        }
    }

    fn place(line: u32) -> ManifestLine {
        ManifestLine {
            file: "Assets.toml".into(),
            line,
        }
    }

    #[test]
    fn all_that_a_check_can_say() {
        let stale = |range, status, certainty, causes| StaleRange {
            range,
            status,
            causes,
            certainty,
            place: place(12),
        };
        let report = CheckReport {
            assets: vec![CheckedAsset {
                asset: testkit::asset("clean"),
                count: 10,
                fresh: 2,
                place: place(12),
            }],
            stale: vec![
                stale(
                    range("clean", "2013-07-04", "2013-07-05", 2),
                    Status::Stale,
                    Certainty::Cautious,
                    vec![Cause::Volatile],
                ),
                stale(
                    range("clean", "2013-07-06", "2013-07-06", 1),
                    Status::Missing,
                    Certainty::Exact,
                    vec![],
                ),
            ],
            pending: vec![stale(
                range("year", "", "", 1),
                Status::Pending,
                Certainty::Exact,
                vec![],
            )],
            due: vec![range("clean", "2013-07-07", "2013-07-08", 2)],
            unverifiable: vec![Unverifiable {
                range: range("clean", "2013-07-01", "2013-07-01", 1),
                why: WhyUnverifiable::LfsPointer,
                path: "data/2013-07-01.csv".into(),
                place: place(12),
            }],
            locked_sources: vec![LockedSources {
                range: range("warehouse", "", "", 1),
                observed: Some(Observed {
                    time: Timestamp::UNIX_EPOCH,
                    now: Timestamp::UNIX_EPOCH,
                }),
            }],
            ahead: vec![Ahead {
                asset: testkit::asset("clean"),
                window: testkit::key("2013-08-01"),
                lines: 2,
            }],
            not_rebuilt: vec![NotRebuilt {
                asset: testkit::asset("clean"),
                count: 3,
                why: WhyNotRebuilt::Volatile,
            }],
            irreproducible: vec![range("clean", "2013-07-02", "2013-07-02", 1)],
            orphans: vec![Orphans {
                asset: "old".into(),
                lines: 3,
            }],
            ..CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient)
        };
        let json = serde_json::to_string(&Document::new(&report)).expect("JSON");
        assert_eq!(
            json,
            concat!(
                r#"{"schema":1,"fresh":false,"basis":"lock","#,
                r#""counts":{"all":10,"fresh":2,"stale":2,"missing":1,"pending":1,"due":2,"unverifiable":1},"#,
                r#""stale":[{"asset":"clean","first":"2013-07-04","last":"2013-07-05","count":2,"status":"stale","#,
                r#""certainty":"cautious","causes":[{"kind":"volatile"}],"location":{"file":"Assets.toml","line":12}},"#,
                r#"{"asset":"clean","first":"2013-07-06","last":"2013-07-06","count":1,"status":"missing","causes":[],"#,
                r#""location":{"file":"Assets.toml","line":12}}],"#,
                r#""pending":[{"asset":"year","first":null,"last":null,"count":1,"status":"pending","causes":[],"#,
                r#""location":{"file":"Assets.toml","line":12}}],"#,
                r#""due":[{"asset":"clean","first":"2013-07-07","last":"2013-07-08","count":2}],"#,
                r#""unverifiable":[{"asset":"clean","first":"2013-07-01","last":"2013-07-01","count":1,"why":"lfs_pointer","#,
                r#""path":"data/2013-07-01.csv","location":{"file":"Assets.toml","line":12}}],"#,
                r#""overdue":[],"checks_failed":[],"#,
                r#""locked_sources":[{"asset":"warehouse","first":null,"last":null,"count":1,"observed":"1970-01-01T00:00:00Z"}],"#,
                r#""irreproducible":[{"asset":"clean","first":"2013-07-02","last":"2013-07-02","count":1}],"#,
                r#""orphans":[{"asset":"old","lines":3}],"#,
                r#""not_rebuilt":[{"asset":"clean","count":3,"why":"volatile"}],"#,
                r#""ahead":[{"asset":"clean","window":"2013-08-01","lines":2}]}"#,
            )
        );
    }
}
