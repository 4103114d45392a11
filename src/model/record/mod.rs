//! What an instance remembers: materializations, observations and runs.

mod columns;
mod content;
mod current;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Field};
use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

pub use columns::CurrentColumns;
pub use content::{FileList, SourceContent};
pub use current::{Current, CurrentMaterialization, CurrentRef, LastAttempt, MaterializedRef};

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
