//! What `check` has not found fresh, and what it cannot judge.

use serde::Serialize;

use crate::answer::{KeyRange, fields};
use crate::model::{Cause, Status};

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
