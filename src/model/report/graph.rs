//! What `graph` answers.

use crate::model::name::{AssetKey, Name};
use crate::model::report::DeclarationKind;

/// The graph of assets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphReport {
    /// Assets and sources, upstream before downstream.
    pub assets: Vec<GraphVertex>,
    /// What is read by what, in the order of `assets`.
    pub edges: Vec<GraphEdge>,
}

/// An asset or source in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphVertex {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Its partitions definition, as in a list.
    pub partitions: Option<String>,
}

/// One asset reads, or runs after, another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphEdge {
    /// The upstream.
    pub from: AssetKey,
    /// The downstream.
    pub to: AssetKey,
    /// The input's name; `None` for an asset that only runs after the other.
    pub input: Option<Name>,
    /// The name of the partition mapping; `None` for an asset that only runs after the other.
    pub mapping: Option<String>,
}
