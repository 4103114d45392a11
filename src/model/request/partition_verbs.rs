//! What the verbs of `partitions` are asked for.

use jiff::Timestamp;

use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::request::KeyWord;

/// List the keys of a partitions definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPartitionsRequest {
    /// The definition, or an asset or source that has it.
    pub name: AssetKey,
    /// Which keys are listed.
    pub keys: WantedKeys,
}

/// Which keys are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedKeys {
    /// None: the first, the last and the number.
    #[default]
    Ends,
    /// All.
    All,
    /// Those that a word means: one with its neighbours, or a range.
    Word(KeyWord),
    /// The one whose window holds this instant, with its neighbours.
    At(Timestamp),
}

/// Show how the partitions of an asset are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowPartitionsRequest {
    /// The asset or source.
    pub asset: AssetKey,
}

/// Show which partitions of one side of a dep belong to one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapPartitionsRequest {
    /// The asset that reads.
    pub asset: AssetKey,
    /// The input, or what it reads.
    pub dep: AssetKey,
    /// The partition; `None` where its side has none.
    pub partition: Option<KeyWord>,
    /// Whether the partition is one of what is read; else it is one of the asset that reads.
    pub downstream: bool,
}

/// Add keys to a dynamic definition, or remove some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeKeysRequest {
    /// The definition.
    pub definition: Name,
    /// The keys, each once.
    pub keys: Vec<PartitionKey>,
    /// Whether they come or go.
    pub change: KeyChange,
}

/// Whether keys come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// They come.
    Add,
    /// They go.
    Remove,
}
