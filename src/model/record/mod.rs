//! What an instance remembers: materializations, observations and runs.

mod columns;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Field};
use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::status::FileChanges;
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

pub use columns::{
    Current, CurrentColumns, CurrentMaterialization, CurrentRef, LastAttempt, MaterializedRef,
};

/// The number of the rule by which fingerprints are made; recorded with each materialization.
pub const RULE: u32 = 2;

/// The id of a run: a `UUIDv7`, so that ids in order are runs in order of time.
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
/// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// let id = result.run_id().expect("something ran");
/// assert_eq!(id.to_string().len(), 36);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub uuid::Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a command took besides its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceUsage {
    /// The processor time of it and of what it has waited for, in milliseconds, where that is known; of a batch each partition's
    /// share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// The most memory that one of its processes took, in bytes, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
}

/// A materialization, whole: what `history` and `explain` read.
#[derive(Clone, Debug, PartialEq)]
pub struct Materialization {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// The run that made or accepted it; `None` of what was taken from the lock file.
    pub run: Option<RunId>,
    /// When it was recorded.
    pub time: Timestamp,
    /// How long its command took.
    pub duration_ms: u64,
    /// What the command took besides.
    pub usage: ResourceUsage,
    /// The rule that the fingerprint was made by.
    pub rule: u32,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// Its data version as one: of its only output, or of all its outputs folded.
    pub data_version: DataVersion,
    /// Its outputs, in declared order.
    pub outputs: Vec<OutputRecord>,
    /// What it read, in declared order.
    pub inputs: Vec<InputRecord>,
    /// The values of its configuration that its code version does not fold.
    pub config: Vec<Field>,
    /// Whether its outputs came out as they were before.
    pub outcome: Outcome,
    /// Whether a command ran for it.
    pub origin: Origin,
}

/// Whether a materialization changed its asset's data version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did.
    Materialized,
    /// The outputs are what they were before.
    Unchanged,
}

impl Outcome {
    /// The word for it in machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Materialized => "materialized",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Where a materialization comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A command ran.
    Command,
    /// The outputs on disk were accepted.
    Accepted,
    /// The outputs were here, and what the lock file says of them was right.
    Locked,
}

/// An output as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// Its label; `None` for an asset's only output.
    #[serde(rename = "name")]
    pub label: Option<String>,
    /// Its path, relative to the project root.
    pub path: String,
    /// Its data version.
    pub version: DataVersion,
    /// Its size; of a directory, of all files in it.
    pub bytes: u64,
}

/// An input as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// The input's name.
    pub input: String,
    /// What it read.
    pub asset: AssetKey,
    /// The output that it read; `None` for all.
    pub output: Option<String>,
    /// The mapping, in words.
    pub mapping: String,
    /// What it contributed to the fingerprint.
    pub contribution: Digest,
    /// The blocks of mapped keys, in order.
    pub blocks: Vec<BlockRecord>,
}

/// A block of mapped keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockRecord {
    /// A small block, written out.
    Inline(Vec<BlockEntry>),
    /// A block that is stored once, by its digest.
    Stored(Digest),
}

/// A mapped key with its data version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockEntry {
    /// The upstream key; `None` where the upstream is unpartitioned.
    pub partition: Option<PartitionKey>,
    /// Its data version.
    pub version: DataVersion,
}

/// The code part of a fingerprint as text, stored once for each code version.
pub type CodeRecord = Vec<Field>;

/// The number of a materialization in an instance's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterializationId(pub i64);

/// Where a materialization is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// The instance's history has it, under this number.
    Recorded(MaterializationId),
    /// Only the lock file has it.
    Locked,
    /// This process made it just now; the instance's number for it is not known yet.
    ThisRun,
}

impl Provenance {
    /// Its number in the instance's history, if it is there.
    pub const fn recorded(self) -> Option<MaterializationId> {
        match self {
            Self::Recorded(id) => Some(id),
            Self::Locked | Self::ThisRun => None,
        }
    }
}

/// The last observation of a source that a command observes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The source.
    pub source: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// The text that the command printed.
    pub text: String,
    /// The version made of it.
    pub version: DataVersion,
    /// When it was observed.
    pub time: Timestamp,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It has started and not ended.
    Started,
    /// All that it was asked for is fresh.
    Success,
    /// Something failed or was blocked.
    Failure,
    /// It was interrupted.
    Canceled,
    /// Its process died.
    Crashed,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Started,
        Self::Success,
        Self::Failure,
        Self::Canceled,
        Self::Crashed,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Canceled => "canceled",
            Self::Crashed => "crashed",
        }
    }
}

/// The verb that began a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunVerb {
    /// `materialize`.
    #[default]
    Materialize,
    /// `job run`.
    JobRun,
    /// `rerun`.
    Rerun,
    /// `request`.
    Request,
    /// `accept`, which runs nothing: it is no run for people.
    Accept,
    /// What is left of a run that was deleted: its id.
    Deleted,
}

impl RunVerb {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Materialize,
        Self::JobRun,
        Self::Rerun,
        Self::Request,
        Self::Accept,
        Self::Deleted,
    ];

    /// Whether what it began is a run for people.
    pub fn is_listed(self) -> bool {
        !matches!(self, Self::Accept | Self::Deleted)
    }

    /// The words for it, as they are typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Materialize => "materialize",
            Self::JobRun => "job run",
            Self::Rerun => "rerun",
            Self::Request => "request",
            Self::Accept => "accept",
            Self::Deleted => "deleted",
        }
    }
}

/// The key that a run was asked for with: of runs with equal keys in one scope there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// What shares keys; empty where no scope was given.
    pub scope: String,
    /// The key.
    pub key: String,
}

/// Keys of tags that begin so are given by assetctl.
pub const OWN_TAGS: &str = "assetctl/";

/// The tag that says for which key a run was asked for.
pub const PARTITION_TAG: &str = "assetctl/partition";

/// Refuses the key of a tag that nobody may give to a run.
///
/// # Errors
///
/// Why, in words.
pub fn check_tag(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("the key is empty: write KEY=VALUE, as in `team=core`".to_owned());
    }
    if key.starts_with(OWN_TAGS) {
        return Err(format!(
            "keys that begin with `{OWN_TAGS}` are those of assetctl"
        ));
    }
    Ok(())
}

/// The tags of a run, by key. A value is JSON.
pub type RunTags = serde_json::Map<String, serde_json::Value>;

/// How a run was asked for, and where it takes place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunDetails {
    /// The verb that began it.
    pub verb: RunVerb,
    /// The run that it repeats.
    pub parent: Option<RunId>,
    /// The first of the runs that it repeats.
    pub root: Option<RunId>,
    /// The job that it runs.
    pub job: Option<Name>,
    /// Its tags.
    pub tags: RunTags,
    /// Its key.
    pub run_key: Option<RunKey>,
    /// The environment that it was given.
    pub environment: Option<Name>,
    /// The configuration that it was given, as words; `None` where nothing was given.
    pub config: Option<serde_json::Value>,
    /// The name of the machine.
    pub host: Option<String>,
    /// Who has started it.
    pub user: Option<String>,
    /// The version of assetctl.
    pub tool_version: Option<String>,
    /// The commit of the repository that the project lies in.
    pub git_commit: Option<String>,
}

/// The most bytes that a list of files takes.
const LONGEST_LIST: usize = 4 << 20;

/// The most characters that are kept of a value.
const LONGEST_VALUE: usize = 200;

/// How many files of a change are named.
const NAMED: usize = 20;

/// What a version of a source stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceContent {
    /// A value, or its beginning.
    Value(String),
    /// The files of a folder, or of what globs match.
    Files(FileList),
    /// Too many files to keep a list of them.
    TooMany(u64),
}

/// Paths in order of bytes, each with a part of its version.
///
/// A path shares its beginning with the one before it: of that only the length is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileList {
    paths: Vec<(u32, String)>,
    versions: Vec<u64>,
}

impl SourceContent {
    /// A value as text; only the beginning of a long one is kept.
    pub fn of_value(text: &str) -> Self {
        match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => Self::Value(format!("{}…", &text[..end])),
            None => Self::Value(text.to_owned()),
        }
    }

    /// Files by their paths, in any order.
    pub fn of_files<P: AsRef<str> + Ord>(mut files: Vec<(P, DataVersion)>) -> Self {
        files.sort_unstable();
        files.dedup();
        let mut list = FileList::default();
        let (mut before, mut bytes) = ("", 0);
        for (path, DataVersion(version)) in &files {
            let path = path.as_ref();
            let shared = shared(before, path);
            bytes += path.len() - shared + 16;
            if bytes > LONGEST_LIST {
                return Self::TooMany(files.len() as u64);
            }
            list.paths.push((shared as u32, path[shared..].to_owned()));
            let version = u128::from_be_bytes(*version.as_bytes());
            list.versions.push((version >> 64) as u64);
            before = path;
        }
        Self::Files(list)
    }
}

impl FileList {
    /// What has become of these files, `now` being those that are there.
    pub fn changes(&self, now: &Self) -> FileChanges {
        let mut changes = FileChanges::default();
        let (old, new) = (self.entries(), now.entries());
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        let mut named = 0;
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return changes,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((old, _)), Some((new, _))) => old.cmp(new),
            };
            let (path, names) = match order {
                std::cmp::Ordering::Less => (old.next(), &mut changes.removed),
                std::cmp::Ordering::Greater => (new.next(), &mut changes.added),
                std::cmp::Ordering::Equal => {
                    let (before, after) = (old.next(), new.next());
                    if before == after {
                        continue;
                    }
                    (after, &mut changes.changed)
                }
            };
            named += 1;
            match path {
                Some((path, _)) if named <= NAMED => names.push(path),
                _ => changes.more += 1,
            }
        }
    }

    fn entries(&self) -> Vec<(String, u64)> {
        let mut entries = Vec::with_capacity(self.paths.len());
        let mut path = String::new();
        for ((shared, rest), version) in self.paths.iter().zip(&self.versions) {
            path.truncate(*shared as usize);
            path.push_str(rest);
            entries.push((path.clone(), *version));
        }
        entries
    }
}

/// How many bytes two paths have in common at their beginning, whole characters only.
fn shared(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    let mut shared = pairs.take_while(|(one, other)| one == other).count();
    while !other.is_char_boundary(shared) {
        shared -= 1;
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::SourceContent;
    use crate::digest::Kind;
    use crate::model::status::FileChanges;
    use crate::model::version::DataVersion;

    fn files(all: &[(&str, &str)]) -> SourceContent {
        let file = |(path, text): &(&str, &str)| {
            let version = DataVersion(Kind::File.digest(text.as_bytes()));
            ((*path).to_owned(), version)
        };
        SourceContent::of_files(all.iter().map(file).collect())
    }

    #[test]
    fn what_has_become_of_files() {
        let SourceContent::Files(old) =
            files(&[("a/ü", "1"), ("a/ö", "1"), ("b", "1"), ("c", "1")])
        else {
            panic!("a list");
        };
        let SourceContent::Files(new) =
            files(&[("a/ö", "2"), ("a/ü", "1"), ("c", "1"), ("d", "1")])
        else {
            panic!("a list");
        };
        let names = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        let expected = FileChanges {
            added: names(&["d"]),
            removed: names(&["b"]),
            changed: names(&["a/ö"]),
            more: 0,
        };
        assert_eq!(old.changes(&new), expected);
        assert_eq!(old.changes(&old), FileChanges::default());
    }

    #[test]
    fn lists_and_names_are_bounded() {
        let many: Vec<_> = (0..40)
            .map(|number| (format!("f{number:02}"), "1"))
            .collect();
        let many: Vec<_> = many.iter().map(|(path, text)| (&**path, *text)).collect();
        let (SourceContent::Files(none), SourceContent::Files(all)) = (files(&[]), files(&many))
        else {
            panic!("lists");
        };
        let changes = none.changes(&all);
        assert_eq!(
            (changes.added.len(), changes.more, changes.count()),
            (20, 20, 40)
        );
        let long = "x".repeat(5 << 20);
        assert_eq!(files(&[(&long, "1")]), SourceContent::TooMany(1));
        let SourceContent::Value(value) = SourceContent::of_value(&"ü".repeat(500)) else {
            panic!("a value");
        };
        assert_eq!(value.chars().count(), 201);
    }
}
