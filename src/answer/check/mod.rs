//! What `check` answers.

mod beside;
mod stale;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

use crate::answer::{KeyRange, NotRebuilt, Rebuilt, fields};
use crate::model::{AssetKey, DueWindows, StaleManifest, Status, Strictness};

pub use beside::{Ahead, GitignoredFiles, LockedSources, Observed, Orphans};
pub use stale::{Certainty, ManifestLine, StaleRange, Unverifiable, WhyUnverifiable};

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
