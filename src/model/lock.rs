//! What a lock file holds: for each asset partition what it was made of and what came out, so that freshness can be
//! judged from a checkout alone.
//!
//! A dependency's digest stands only in its own line. A line is *right* if its fingerprint can be computed again from
//! the declaration, the code, the sources and the outputs of the lines that it depends on.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use crate::digest::Digest;
use crate::model::PartitionSet;
use crate::model::name::{AssetKey, Name};
use crate::model::partition::{PartitionKey, PartitionKeys};
use crate::model::record::RULE;
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

/// The name of the lock file, beside `Assets.toml`, where an environment gives no other.
pub const LOCK_FILE: &str = "Assets.lock";

/// The content of a lock file, in no particular order but for the keys that were added.
///
/// After a merge there may be several lines for one partition, and lines for keys inside a folded range: which of them
/// counts is decided when they are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The rule that the lines were made by.
    pub rule: u32,
    /// The keys of dynamic definitions, in the order in which a definition has them.
    pub added: Vec<AddedKey>,
    /// Sources that a checkout does not have.
    pub sources: Vec<LockedSource>,
    /// The lines of each asset; each asset once.
    pub assets: Vec<LockedAsset>,
    /// Manifests that commands print.
    pub manifests: Vec<LockedManifest>,
    /// Lines of kinds that a later version writes, as they are written.
    pub unknown: Vec<String>,
}

/// A manifest that a command prints: `% PATH i=… o=…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockedManifest {
    /// The file, relative to the project root.
    pub path: String,
    /// All that the text depended on: the command, its code and its inputs.
    pub fingerprint: Fingerprint,
    /// The data version of the file.
    pub version: DataVersion,
}

/// A key of a dynamic definition: `+ DEFINITION KEY`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddedKey {
    /// The definition.
    pub definition: Name,
    /// The key.
    pub key: PartitionKey,
}

/// The version of a source that git does not track, or that a command observes: `@SOURCE KEY o=…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockedSource {
    /// The source.
    pub source: AssetKey,
    /// Its partition; `None` for an unpartitioned source.
    pub partition: Option<PartitionKey>,
    /// Its data version.
    pub version: DataVersion,
}

/// All lines of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedAsset {
    /// The asset.
    pub asset: AssetKey,
    /// Lines of single partitions.
    pub lines: Vec<LockLine>,
    /// Lines of whole blocks of partitions.
    pub blocks: Vec<LockBlock>,
}

impl LockedAsset {
    /// The partitions that stand in blocks, by their indexes.
    pub fn folded(&self, keys: &PartitionKeys) -> PartitionSet {
        PartitionSet::from_ranges(self.blocks.iter().filter_map(|block| block.range(keys)))
    }
}

/// The line of one asset partition: `ASSET KEY c=… i=… o=… d=…,…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockLine {
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The beginning of the code version. It only explains.
    pub code: CodePrefix,
    /// All that the materialization depended on.
    pub fingerprint: Fingerprint,
    /// Its outputs, in declared order; at least one.
    pub outputs: Box<[LockedOutput]>,
    /// The beginning of what each dep contributed, in declared order. It only explains.
    pub contributions: Box<[ContributionPrefix]>,
    /// What is compared instead of the fingerprint where a part of a folded block is read: `x=…`.
    pub stand_in: Option<Digest>,
}

/// The line of a whole block of partitions: `ASSET FIRST...LAST n=… c=… x=… o=…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockBlock {
    /// The first key.
    pub first: PartitionKey,
    /// The last key.
    pub last: PartitionKey,
    /// How many keys there are from the first to the last.
    pub count: u32,
    /// The beginning of the code version. It only explains.
    pub code: CodePrefix,
    /// Right if it is what the declaration, the sources and the lines that are read give now: then each key is fresh.
    pub stand_in: Digest,
    /// For each output the digest of the block, as a reader of the whole block folds it. An asset with several outputs has
    /// one more, without a label, for readers of all of them.
    pub outputs: Box<[LockedOutput]>,
}

impl LockBlock {
    /// The indexes of its keys; `None` where its ends are not among the keys, or not in their order.
    pub fn range(&self, keys: &PartitionKeys) -> Option<Range<u32>> {
        keys.range_from(self.first.as_str(), self.last.as_str())
    }
}

/// One output in a line: `o=…`, or `o.NAME=…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockedOutput {
    /// The label of the output; `None` for an asset's only one.
    pub label: Option<Box<str>>,
    /// Its data version; `None`, written `~`, where the fingerprint stands in.
    pub version: Option<DataVersion>,
}

/// The first 64 bits of a code version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodePrefix(pub u64);

/// The first 32 bits of what a dep contributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContributionPrefix(pub u32);

impl From<CodeVersion> for CodePrefix {
    fn from(version: CodeVersion) -> Self {
        Self((u128::from_be_bytes(*version.0.as_bytes()) >> 64) as u64)
    }
}

impl From<Digest> for ContributionPrefix {
    fn from(contribution: Digest) -> Self {
        Self((u128::from_be_bytes(*contribution.as_bytes()) >> 96) as u32)
    }
}

impl fmt::Display for CodePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for ContributionPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl LockLine {
    /// The data version of an output, by its label.
    pub fn version_of(&self, label: Option<&str>) -> Option<DataVersion> {
        let mut outputs = self.outputs.iter();
        let output = outputs.find(|output| output.label.as_deref() == label)?;
        Some(output.version.unwrap_or(DataVersion(self.fingerprint.0)))
    }

    /// The data version of an output, by its position.
    pub fn version(&self, output: usize) -> Option<DataVersion> {
        let output = self.outputs.get(output)?;
        Some(output.version.unwrap_or(DataVersion(self.fingerprint.0)))
    }
}

impl Default for Lock {
    /// A lock without lines, to be filled by the rule of now.
    fn default() -> Self {
        Self {
            rule: RULE,
            added: Vec::new(),
            sources: Vec::new(),
            assets: Vec::new(),
            manifests: Vec::new(),
            unknown: Vec::new(),
        }
    }
}

impl Lock {
    /// The lines of each asset, to be found by its key.
    pub fn by_asset(&self) -> HashMap<&AssetKey, &LockedAsset> {
        let assets = self.assets.iter();
        assets.map(|locked| (&locked.asset, locked)).collect()
    }
}
