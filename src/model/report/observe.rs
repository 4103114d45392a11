//! What `observe` answers.

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::version::DataVersion;

/// The versions of sources, as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObserveReport {
    /// In order of declaration, then of keys.
    pub observations: Vec<ObservedSource>,
}

/// One source partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedSource {
    /// The source.
    pub source: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// Its version; `None` if nothing is there.
    pub data_version: Option<DataVersion>,
    /// Against the last observation.
    pub change: ObservedChange,
}

/// How an observation compares with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedChange {
    /// The version is another, or there is none any more.
    Changed,
    /// There was no observation before.
    First,
    /// The version is the same.
    Same,
}
