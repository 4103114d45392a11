//! Partitions definitions, as declared.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::name::Location;
use crate::model::name::Name;
use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::time::TimePartitions;
use crate::model::template::PathTemplate;

/// The index of a partitions definition in [`crate::model::AssetGraph::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DefinitionId(pub u32);

/// A partitions definition, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredPartitions {
    /// Its name; `None` for one that is declared inline.
    pub name: Option<Name>,
    /// The definition.
    pub definition: PartitionsDefinition,
    /// Where it is declared.
    pub location: Location,
}

/// An ordered set of partition keys, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionsDefinition {
    /// A list of keys.
    Static(Arc<[PartitionKey]>),
    /// A key for each time window.
    Time {
        /// The windows.
        windows: Arc<TimePartitions>,
        /// Only windows whose file is there are keys: the file's path.
        exists: Option<PathTemplate>,
    },
    /// The product of its dimensions, which are two or more, in byte order of their names; the first is outermost.
    Multi(Arc<[Dimension]>),
    /// A set of keys that the instance holds, under the definition's name.
    Dynamic,
    /// A key for each file that the pattern matches.
    ///
    /// The pattern holds `{{partition}}` once and no other placeholder.
    Files(PathTemplate),
}

/// A dimension of a multi-dimensional definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Its name.
    pub name: Name,
    /// Its definition, which is not multi-dimensional itself.
    pub definition: DefinitionId,
}

impl PartitionsDefinition {
    /// Windows that are all keys.
    pub fn time(windows: TimePartitions) -> Self {
        Self::Time {
            windows: Arc::new(windows),
            exists: None,
        }
    }

    /// Its keys at `now`, where these follow from the declaration alone.
    pub fn declared_keys(&self, now: Timestamp) -> Option<PartitionKeys> {
        match self {
            Self::Static(keys) => Some(PartitionKeys::Named(NamedKeys::declared(keys))),
            Self::Time {
                windows,
                exists: None,
            } => Some(PartitionKeys::Time(TimeKeys::at(windows, now))),
            _ => None,
        }
    }

    /// The word for its type in the manifest.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::Time { windows, .. } => windows.cadence().as_str(),
            Self::Multi(_) => "multi",
            Self::Dynamic => "dynamic",
            Self::Files(_) => "files",
        }
    }

    /// The windows, where keys are windows.
    pub fn windows(&self) -> Option<&TimePartitions> {
        match self {
            Self::Time { windows, .. } => Some(windows),
            _ => None,
        }
    }

    /// The dimensions; none where there is but one.
    pub fn dimensions(&self) -> &[Dimension] {
        match self {
            Self::Multi(dimensions) => dimensions,
            _ => &[],
        }
    }
}
