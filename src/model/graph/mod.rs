//! The asset graph: what is declared, by dense ids, with its edges both ways. It carries no run state.

mod index;
mod paths;
mod rows;

use serde::{Deserialize, Serialize};

use crate::model::asset::{Asset, Declaration, Dep, SourceAsset};
use crate::model::graph::rows::{Rows, topological_order};
use crate::model::name::{AssetId, AssetKey};
use crate::model::partition::{DeclaredPartitions, ExistingKeys, KeysByDefinition, TooManyKeys};
use crate::model::template::PathTemplate;

pub use index::{AssetKeys, ByValue, Labels};
pub use rows::Cycle;

/// Settings of the whole project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The project's name, if it has one.
    pub name: Option<String>,
    /// Globs of what is never part of a directory, a glob or the check for undeclared files.
    pub ignore: Vec<String>,
    /// Where sources and external assets lie in a test, by their ids; part of no version. As
    /// [`AssetGraph::with_paths`] takes them.
    pub test_sources: Vec<(AssetId, PathTemplate)>,
}

/// Everything that a project declares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetGraph {
    settings: Settings,
    files: Vec<String>,
    definitions: Vec<DeclaredPartitions>,
    declarations: Vec<Declaration>,
    asset_keys: AssetKeys,
    labels: Labels,
    /// Upstream before downstream; ties in order of declaration.
    order: Vec<AssetId>,
    upstream: Rows,
    downstream: Rows,
}

/// The parts of a graph, as the manifest has read them.
#[derive(Clone, Debug, Default)]
pub struct GraphParts {
    /// Settings of the project.
    pub settings: Settings,
    /// Manifest files, relative to the project root; the main one first.
    pub files: Vec<String>,
    /// Partitions definitions.
    pub definitions: Vec<DeclaredPartitions>,
    /// Assets and sources; ids are indexes into this.
    pub declarations: Vec<Declaration>,
}

impl AssetGraph {
    /// Builds the graph: its edges, its order and what it is searched by.
    ///
    /// A dep of an asset on itself is no cycle here: whether its mapping only asks for earlier windows is the
    /// manifest's to check.
    ///
    /// # Errors
    ///
    /// One cycle, if there is any.
    pub fn new(parts: GraphParts) -> Result<Self, Cycle> {
        let GraphParts {
            settings,
            files,
            definitions,
            declarations,
        } = parts;
        let upstream = Rows::new(declarations.iter().map(Declaration::upstream));
        let downstream = upstream.turned();
        let order = topological_order(&upstream, &downstream)?;
        Ok(Self {
            settings,
            files,
            definitions,
            asset_keys: AssetKeys::new(&declarations),
            labels: Labels::new(&declarations),
            declarations,
            order,
            upstream,
            downstream,
        })
    }

    /// Settings of the project.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Manifest files, relative to the project root; the main one first.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Partitions definitions, in order of declaration.
    pub fn definitions(&self) -> &[DeclaredPartitions] {
        &self.definitions
    }

    /// How many assets and sources there are.
    pub fn len(&self) -> usize {
        self.declarations.len()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.declarations.is_empty()
    }

    /// All ids, in order of declaration.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = AssetId> + use<> {
        (0..self.declarations.len() as u32).map(AssetId)
    }

    /// All ids, upstream before downstream.
    pub fn order(&self) -> &[AssetId] {
        &self.order
    }

    /// What `id` stands for.
    pub fn get(&self, id: AssetId) -> &Declaration {
        &self.declarations[id.index()]
    }

    /// The asset `id`; `None` if it is a source.
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        match self.get(id) {
            Declaration::Asset(asset) => Some(asset),
            Declaration::Source(_) => None,
        }
    }

    /// The source `id`; `None` if it is an asset.
    pub fn source(&self, id: AssetId) -> Option<&SourceAsset> {
        match self.get(id) {
            Declaration::Source(source) => Some(source),
            Declaration::Asset(_) => None,
        }
    }

    /// The key of `id`.
    pub fn key(&self, id: AssetId) -> &AssetKey {
        self.get(id).key()
    }

    /// The id of the asset or source with this key.
    pub fn find(&self, key: &str) -> Option<AssetId> {
        self.asset_keys.find(key)
    }

    /// All ids, in byte order of their keys.
    pub fn by_key(&self) -> &[AssetId] {
        self.asset_keys.ids()
    }

    /// All keys, as they are searched.
    pub fn asset_keys(&self) -> &AssetKeys {
        &self.asset_keys
    }

    /// Who carries what.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The deps of `id`; none for a source.
    pub fn deps(&self, id: AssetId) -> &[Dep] {
        self.asset(id).map_or(&[], |asset| &asset.deps)
    }

    /// What `id` waits for: the assets of its deps and of its `after`, in declared order.
    pub fn upstream(&self, id: AssetId) -> &[AssetId] {
        self.upstream.of(id)
    }

    /// The assets that wait for `id`, each once, in order of declaration.
    pub fn downstream(&self, id: AssetId) -> &[AssetId] {
        self.downstream.of(id)
    }

    /// The definition that `id` declares.
    pub fn definition(&self, id: AssetId) -> Option<&DeclaredPartitions> {
        let definition = self.get(id).partitions()?;
        Some(&self.definitions[definition.0 as usize])
    }

    /// The keys of all definitions, as far as they exist.
    ///
    /// # Errors
    ///
    /// A definition that has more keys than can be counted.
    pub fn keys(&self, existing: &ExistingKeys) -> Result<KeysByDefinition, TooManyKeys> {
        KeysByDefinition::new(&self.definitions, existing)
    }
}
