//! What the verdicts of a snapshot were made of, besides what its records tell.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::look::snapshot::records::Owners;
use crate::model::{AssetGraph, DefinitionId, KeysByDefinition, PartitionKeys};
use crate::store::{ChangeState, Mark};

/// What verdicts were made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotState {
    /// The files that declare the project.
    pub manifest: Digest,
    /// Whether a `.env` file sets variables.
    pub dotenv: bool,
    /// The mark of the instance, where somebody was not just writing to it; nothing where no instance is asked.
    pub mark: Option<Mark>,
    /// The moment of the instance's history whose records were read; nothing where no instance is asked.
    pub changes: Option<ChangeState>,
    /// How the lock file looked, as entries, when all lines of what was fresh were right.
    pub lock: Option<Vec<u8>>,
    /// What is fresh, and has become so when the lines were not looked at.
    pub unlocked: Owners,
    /// The keys of all definitions that anything uses.
    pub keys: Vec<KnownKeys>,
    /// Seconds between which no partition appears, from and until before, where that can be told.
    pub now: Option<(i64, i64)>,
    /// What there is, if all of it is fresh.
    pub everything: Option<Everything>,
}

/// A project of which everything is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Everything {
    /// How many assets there are.
    pub assets: u32,
    /// How many partitions of them.
    pub partitions: u32,
}

/// The keys that a definition had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKeys {
    definition: u32,
    count: u32,
    digest: Digest,
}

/// What has become of the keys of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysSince {
    /// They are the same.
    Same,
    /// Keys have come behind those that there were; this many there were.
    Grown(u32),
    /// Anything else.
    Other,
}

impl KnownKeys {
    /// The keys that all definitions of a project have now.
    pub fn now(graph: &AssetGraph, keys: &KeysByDefinition) -> Vec<Self> {
        let ids = (0..graph.definitions().len() as u32).map(DefinitionId);
        let known = |id: DefinitionId| {
            let keys = keys.get(Some(id));
            Self {
                definition: id.0,
                count: keys.len(),
                digest: digest_of_first(keys, keys.len()),
            }
        };
        ids.map(known).collect()
    }

    /// The definition.
    pub fn definition(&self) -> DefinitionId {
        DefinitionId(self.definition)
    }

    /// What has become of them.
    pub fn since(&self, now: &PartitionKeys) -> KeysSince {
        let is_same = self.count <= now.len() && digest_of_first(now, self.count) == self.digest;
        match (is_same, self.count == now.len()) {
            (true, true) => KeysSince::Same,
            (true, false) if !matches!(now, PartitionKeys::Multi(_)) => {
                KeysSince::Grown(self.count)
            }
            _ => KeysSince::Other,
        }
    }
}

/// A digest of the first keys.
fn digest_of_first(keys: &PartitionKeys, count: u32) -> Digest {
    let mut folding = Folding::new();
    match keys {
        PartitionKeys::Unpartitioned => {}
        PartitionKeys::Named(keys) => {
            for index in 0..count {
                folding.text("key", keys.key(index).as_str());
            }
        }
        // The manifest says which windows there are.
        PartitionKeys::Time(keys) => {
            for stretch in keys.stretches(0..count) {
                folding.number("from", stretch.start.unsigned_abs());
                folding.number("until", stretch.end.unsigned_abs());
            }
        }
        PartitionKeys::Multi(keys) => {
            for dimension in keys.dimensions() {
                let keys = &dimension.keys;
                folding.number("count", keys.len().into());
                folding.digest("keys", digest_of_first(keys, keys.len()));
            }
            folding.number("first", count.into());
        }
    }
    folding.finish(Kind::Value)
}
