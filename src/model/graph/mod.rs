//! The asset graph: what is declared, by dense ids, with its edges both ways. It carries no run state.

mod columns;
mod compiled;
mod declarations;
mod detached;
mod environment;
mod hooks;
mod index;
mod meaning;
mod outline;
mod paths;
mod revised;
mod rows;

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::model::asset::{Asset, Declaration, Dep, SourceAsset};
use crate::model::environment::DeclaredEnvironment;
use crate::model::generator::Generator;
use crate::model::graph::compiled::BlockNumber;
use crate::model::graph::declarations::Declarations;
use crate::model::graph::detached::{Attachment, attach};
use crate::model::graph::index::AssetNames;
use crate::model::graph::outline::{Outline, OutlineRole};
use crate::model::graph::rows::{Rows, topological_order};
use crate::model::hook::Hook;
use crate::model::job::Job;
use crate::model::name::{AssetId, AssetKey, FileId, Location};
use crate::model::partition::{
    DeclaredPartitions, DefinitionId, ExistingKeys, KeysByDefinition, TooManyKeys,
};
use crate::model::resource::DeclaredResource;
use crate::model::template::PathTemplate;

pub use compiled::GraphBlocks;
pub use index::{AssetKeys, ByValue, Labels};
pub use paths::{own_source, written_path};
pub use revised::Revised;
pub use rows::Cycle;

/// Settings of the whole project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The project's name, if it has one.
    pub name: Option<String>,
    /// Globs of what is never part of a directory, a glob or the check for undeclared files.
    pub ignore: Vec<String>,
    /// Whether a `.env` file sets variables.
    pub dotenv: bool,
    /// Where sources and external assets lie in a test, by their ids; part of no version. As
    /// [`AssetGraph::with_paths`] takes them.
    pub test_sources: Vec<(AssetId, PathTemplate)>,
    /// Commands that print manifests.
    pub generators: Vec<Generator>,
    /// Of each file that a list of values is read from, the places of the declarations that its values are put into.
    pub list_uses: Vec<(FileId, Vec<Location>)>,
    /// Jobs, in order of declaration.
    pub jobs: Vec<Job>,
    /// Environments, in order of declaration.
    pub environments: Vec<DeclaredEnvironment>,
    /// Resources, in order of declaration.
    pub resources: Vec<DeclaredResource>,
    /// Hooks of the whole project.
    pub hooks: Vec<Hook>,
    /// Whether an asset declares hooks of its own.
    pub has_asset_hooks: bool,
    /// Hooks that a file sets for its assets; files without any are left out.
    pub default_hooks: Vec<(FileId, Vec<Hook>)>,
}

/// Everything that a project declares.
///
/// One that is read from its bytes decodes a declaration when it is asked for.
#[derive(Clone, Debug)]
pub struct AssetGraph {
    settings: Settings,
    files: Vec<String>,
    definitions: Vec<DeclaredPartitions>,
    /// How many assets and sources there are.
    count: usize,
    keys: OnceLock<AssetKeys>,
    outlines: OnceLock<Vec<Outline>>,
    /// Upstream before downstream; ties in order of declaration.
    order: OnceLock<Vec<AssetId>>,
    upstream: OnceLock<Rows>,
    downstream: OnceLock<Rows>,
    labels: OnceLock<Labels>,
    meanings: OnceLock<Vec<Digest>>,
    names: OnceLock<AssetNames>,
    declarations: Declarations,
    /// Where what is not at hand is read from.
    blocks: Option<Arc<dyn GraphBlocks>>,
    /// Sources that are read from other paths, with the declared ones as they are written.
    moved: Vec<(AssetId, String)>,
    /// The variables that an environment has given other values.
    replaced: Vec<String>,
}

/// The parts of a graph, as the manifest has read them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
        let keys = declarations.iter().zip(0..);
        let keys = keys.map(|(it, id)| (it.key().as_str(), AssetId(id)));
        let upstream = Rows::new(declarations.iter().map(Declaration::upstream));
        let downstream = upstream.turned();
        let order = topological_order(&upstream, &downstream)?;
        Ok(Self {
            settings,
            files,
            definitions,
            count: declarations.len(),
            keys: AssetKeys::new(keys.collect()).into(),
            outlines: declarations
                .iter()
                .map(Outline::of)
                .collect::<Vec<_>>()
                .into(),
            order: order.into(),
            upstream: upstream.into(),
            downstream: downstream.into(),
            labels: Labels::new(&declarations).into(),
            declarations: declarations.into(),
            ..Self::unread()
        })
    }

    /// One of which nothing is at hand.
    fn unread() -> Self {
        Self {
            settings: Settings::default(),
            files: Vec::new(),
            definitions: Vec::new(),
            count: 0,
            keys: OnceLock::new(),
            outlines: OnceLock::new(),
            order: OnceLock::new(),
            upstream: OnceLock::new(),
            downstream: OnceLock::new(),
            labels: OnceLock::new(),
            meanings: OnceLock::new(),
            names: OnceLock::new(),
            declarations: Declarations::default(),
            blocks: None,
            moved: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// Settings of the project.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The job of a name.
    pub fn job(&self, name: &str) -> Option<&Job> {
        let mut jobs = self.settings.jobs.iter();
        jobs.find(|job| job.name.as_str() == name)
    }

    /// The resource of a name.
    pub fn resource(&self, name: &str) -> Option<&DeclaredResource> {
        let mut resources = self.settings.resources.iter();
        resources.find(|resource| resource.name.as_str() == name)
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
        self.count
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All ids, in order of declaration.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = AssetId> + use<> {
        (0..self.len() as u32).map(AssetId)
    }

    /// All ids, upstream before downstream.
    pub fn order(&self) -> &[AssetId] {
        self.column(&self.order, BlockNumber::Order)
    }

    /// What `id` stands for.
    pub fn get(&self, id: AssetId) -> &Declaration {
        self.declarations.get(
            id,
            |page| self.page(page),
            |detached| {
                let attachment = Attachment {
                    key: self.key(id),
                    location: self.location(id),
                    partitions: self.partitions(id),
                    upstream: self.upstream(id),
                };
                attach(detached, &attachment)
            },
        )
    }

    /// The asset `id`; `None` if it is a source.
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        if self.is_source(id) {
            return None;
        }
        match self.get(id) {
            Declaration::Asset(asset) => Some(asset),
            Declaration::Source(_) => None,
        }
    }

    /// The source `id`; `None` if it is an asset.
    pub fn source(&self, id: AssetId) -> Option<&SourceAsset> {
        if !self.is_source(id) {
            return None;
        }
        match self.get(id) {
            Declaration::Source(source) => Some(source),
            Declaration::Asset(_) => None,
        }
    }

    /// The key of `id`.
    pub fn key(&self, id: AssetId) -> &AssetKey {
        if let Some(declaration) = self.declarations.at_hand(id) {
            return declaration.key();
        }
        let keys = self.asset_keys();
        self.names.get_or_init(|| keys.names()).get(id, keys)
    }

    /// Where `id` is declared.
    pub fn location(&self, id: AssetId) -> Location {
        self.outline(id).location
    }

    /// The partitions definition of `id`.
    pub fn partitions(&self, id: AssetId) -> Option<DefinitionId> {
        self.outline(id).partitions
    }

    /// Whether `id` is a source.
    pub fn is_source(&self, id: AssetId) -> bool {
        self.outline(id).role == OutlineRole::Source
    }

    /// Whether `id` is an asset that a command makes.
    pub fn is_materializable(&self, id: AssetId) -> bool {
        self.outline(id).role == OutlineRole::MaterializableAsset
    }

    /// Whether `id` is an asset that has lines in the lock file.
    pub fn is_locked(&self, id: AssetId) -> bool {
        self.outline(id).locked
    }

    /// How many outputs `id` has; none for a source.
    pub fn outputs(&self, id: AssetId) -> u32 {
        self.outline(id).outputs
    }

    fn outlines(&self) -> &[Outline] {
        self.column(&self.outlines, BlockNumber::Outlines)
    }

    fn upstream_rows(&self) -> &Rows {
        self.index(&self.upstream, BlockNumber::Upstream)
    }

    fn downstream_rows(&self) -> &Rows {
        self.index(&self.downstream, BlockNumber::Downstream)
    }

    fn outline(&self, id: AssetId) -> &Outline {
        &self.outlines()[id.index()]
    }

    /// The id of the asset or source with this key.
    pub fn find(&self, key: &str) -> Option<AssetId> {
        self.asset_keys().find(key)
    }

    /// All ids, in byte order of their keys.
    pub fn by_key(&self) -> &[AssetId] {
        self.asset_keys().ids()
    }

    /// All keys, as they are searched.
    pub fn asset_keys(&self) -> &AssetKeys {
        self.index(&self.keys, BlockNumber::Keys)
    }

    /// Who carries what.
    pub fn labels(&self) -> &Labels {
        self.index(&self.labels, BlockNumber::Labels)
    }

    /// The deps of `id`; none for a source.
    pub fn deps(&self, id: AssetId) -> &[Dep] {
        if self.upstream(id).is_empty() {
            return &[];
        }
        self.asset(id).map_or(&[], |asset| &asset.deps)
    }

    /// What `id` waits for: the assets of its deps and of its `after`, in declared order.
    pub fn upstream(&self, id: AssetId) -> &[AssetId] {
        self.upstream_rows().of(id)
    }

    /// The assets that wait for `id`, each once, in order of declaration.
    pub fn downstream(&self, id: AssetId) -> &[AssetId] {
        self.downstream_rows().of(id)
    }

    /// The definition that `id` declares.
    pub fn definition(&self, id: AssetId) -> Option<&DeclaredPartitions> {
        let definition = self.partitions(id)?;
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

/// A graph in which nothing is declared.
impl Default for AssetGraph {
    fn default() -> Self {
        Self::new(GraphParts::default()).expect("what declares nothing has no cycle")
    }
}

/// Equal graphs declare the same; whether their declarations are decoded is no part of it.
impl PartialEq for AssetGraph {
    fn eq(&self, other: &Self) -> bool {
        let same = |id: AssetId| self.get(id) == other.get(id);
        self.settings == other.settings
            && self.files == other.files
            && self.definitions == other.definitions
            && self.asset_keys() == other.asset_keys()
            && self.outlines() == other.outlines()
            && self.order() == other.order()
            && self.upstream_rows() == other.upstream_rows()
            && self.downstream_rows() == other.downstream_rows()
            && self.labels() == other.labels()
            && self.ids().all(same)
    }
}

impl Eq for AssetGraph {}
