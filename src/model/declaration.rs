//! What is declared under one name: an asset or a source asset.

use serde::{Deserialize, Serialize};

use crate::model::asset::{About, Asset, Dep, SourceAsset};
use crate::model::location::Location;
use crate::model::name::{AssetId, AssetKey};
use crate::model::partition::DefinitionId;

/// An asset or a source asset: they share one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Declaration {
    /// An asset.
    Asset(Box<Asset>),
    /// A source asset.
    Source(Box<SourceAsset>),
}

impl Declaration {
    /// Its name.
    pub fn key(&self) -> &AssetKey {
        match self {
            Self::Asset(asset) => &asset.key,
            Self::Source(source) => &source.key,
        }
    }

    /// Where it is declared.
    pub fn location(&self) -> Location {
        match self {
            Self::Asset(asset) => asset.location,
            Self::Source(source) => source.location,
        }
    }

    /// What people say of it.
    pub fn about(&self) -> &About {
        match self {
            Self::Asset(asset) => &asset.about,
            Self::Source(source) => &source.about,
        }
    }

    /// Its partitions definition.
    pub fn partitions(&self) -> Option<DefinitionId> {
        match self {
            Self::Asset(asset) => asset.partitions,
            Self::Source(source) => source.partitions,
        }
    }

    /// All that it needs, in declared order.
    pub(super) fn upstream(&self) -> impl Iterator<Item = AssetId> + '_ {
        let (deps, after): (&[Dep], &[AssetId]) = match self {
            Self::Asset(asset) => (&asset.deps, &asset.after),
            Self::Source(_) => (&[], &[]),
        };
        deps.iter()
            .map(|dep| dep.asset)
            .chain(after.iter().copied())
    }
}
