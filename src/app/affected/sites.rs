//! Where the files of assets and sources lie, by the folders that their paths begin with.
//!
//! A changed path is compared with the few templates that can stand for it, however many there are.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::app::affected::changes::{ChangedPath, Extent, Links, Root, folders};
use crate::app::affected::pattern::{PathPattern, Shape, head};
use crate::app::project::OpenProject;
use crate::git::ChangeKind;
use crate::hash::is_glob;
use crate::look::asking_definitions;
use crate::model::{
    Asset, AssetId, Declaration, DefinitionId, ExistingKeys, KeysByDefinition, NamedKeys,
    PartitionKey, PartitionKeys, PartitionSet, PartitionsDefinition, PathTemplate, Piece, Place,
    SourcePath, TimeKeys,
};

/// A path of an asset or a source, or of several with the same keys.
#[derive(Debug)]
struct Site<'a> {
    of: Vec<AssetId>,
    template: Cow<'a, PathTemplate>,
    shape: Shape,
    keys: &'a PartitionKeys,
    /// Made for those that a change comes near to: they are few, mostly.
    pattern: OnceCell<PathPattern<'a>>,
}

/// All paths of a project's assets and sources.
#[derive(Debug)]
pub(super) struct Sites<'a> {
    all: Vec<Site<'a>>,
    /// Indexes of sites by the folder or file that they begin with.
    by_head: BTreeMap<String, Vec<usize>>,
    /// Links among these folders and files.
    links: Links,
}

/// A template as changed paths are named: relative if it lies in the project, and absolute otherwise.
pub(super) fn located<'a>(template: Cow<'a, PathTemplate>, root: &Root) -> Cow<'a, PathTemplate> {
    let Some(Piece::Text(first)) = template.pieces().first() else {
        return template;
    };
    if !first.starts_with('/') && !first.starts_with("..") {
        return template;
    }
    // The part before the last slash is a folder; what follows may go on with a placeholder.
    let (folder, name) = first.rsplit_once('/').unwrap_or((first, ""));
    let folder = root.declared(if folder.is_empty() { "/" } else { folder });
    let first = match folder.as_str() {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        folder => format!("{folder}/{name}"),
    };
    let mut pieces = vec![Piece::Text(first)];
    pieces.extend(template.pieces()[1..].iter().cloned());
    Cow::Owned(PathTemplate::new(pieces))
}

impl<'a> Site<'a> {
    fn new(
        of: Vec<AssetId>,
        template: Cow<'a, PathTemplate>,
        shape: Shape,
        keys: &'a PartitionKeys,
    ) -> Self {
        Self {
            of,
            template,
            shape,
            keys,
            pattern: OnceCell::new(),
        }
    }

    fn pattern(&self) -> &PathPattern<'a> {
        let new = || PathPattern::new(self.template.clone(), self.shape, self.keys);
        self.pattern.get_or_init(new)
    }
}

impl<'a> Sites<'a> {
    pub(super) fn new(project: &'a OpenProject, root: &Root, universe: &'a Universe<'a>) -> Self {
        let graph = project.graph();
        let mut sites = Self {
            all: Vec::new(),
            by_head: BTreeMap::new(),
            links: Links::default(),
        };
        // The same code is often that of many assets.
        let mut code: BTreeMap<(&str, Option<DefinitionId>), Vec<AssetId>> = BTreeMap::new();
        for of in graph.ids() {
            for (template, shape) in data_paths(graph.get(of)) {
                let template = located(Cow::Borrowed(template), root);
                sites.put(Site::new(vec![of], template, shape, universe.keys(of)));
            }
            for path in graph.asset(of).map(code_paths).unwrap_or_default() {
                let same = code.entry((path, graph.partitions(of)));
                same.or_default().push(of);
            }
        }
        for ((path, _), of) in code {
            let shape = if is_glob(path) {
                Shape::Glob
            } else {
                Shape::Tree
            };
            let template = located(Cow::Owned(PathTemplate::literal(path)), root);
            let keys = universe.keys(of[0]);
            sites.put(Site::new(of, template, shape, keys));
        }
        sites.links = Links::new(sites.by_head.keys(), project.root(), root);
        sites
    }

    fn put(&mut self, site: Site<'a>) {
        let number = self.all.len();
        let head = head(&site.template, site.shape);
        match self.by_head.get_mut(head) {
            Some(sites) => sites.push(number),
            None => drop(self.by_head.insert(head.to_owned(), vec![number])),
        }
        self.all.push(site);
    }

    /// What changed paths touch: sets of keys, of which one asset or source may get several.
    pub(super) fn touched(
        &self,
        changes: &[ChangedPath],
        project: &OpenProject,
    ) -> Vec<(AssetId, PartitionSet)> {
        let mut by_site: BTreeMap<usize, Vec<PartitionSet>> = BTreeMap::new();
        for change in changes {
            for path in self.links.names(&change.path) {
                let change = ChangedPath {
                    path,
                    ..change.clone()
                };
                for number in self.near(&change) {
                    let pattern = self.all[number].pattern();
                    if let Some(set) = pattern.keys_at(&change, project.ignore()) {
                        by_site.entry(number).or_default().push(set);
                    }
                }
            }
        }
        let mut touched = Vec::new();
        for (number, sets) in by_site {
            let set = PartitionSet::union_of(sets);
            let assets = self.all[number].of.iter();
            touched.extend(assets.map(|of| (*of, set.clone())));
        }
        touched
    }

    /// The sites that begin with a folder of a path, or, if all below it has changed, below it.
    fn near<'s>(&'s self, change: &'s ChangedPath) -> impl Iterator<Item = usize> + 's {
        let above = std::iter::once("").chain(folders(&change.path));
        let above = above.filter_map(|folder| self.by_head.get(folder));
        let whole = change.extent == Extent::Whole;
        let start = format!("{}/", change.path);
        let below = self.by_head.range(start.clone()..);
        let below = below
            .take_while(move |(head, _)| whole && (head.starts_with(&start) || start == "/"))
            .map(|(_, sites)| sites);
        above.chain(below).flatten().copied()
    }
}

/// The paths of a source's data, or of an asset's outputs.
fn data_paths<'d>(declaration: &'d Declaration) -> Vec<(&'d PathTemplate, Shape)> {
    match declaration {
        Declaration::Source(source) => match &source.place {
            Place::Paths(paths) => {
                let path = |path: &'d SourcePath| match path {
                    SourcePath::Exact(path) => (path, Shape::Tree),
                    SourcePath::Glob(path, _) => (path, Shape::Glob),
                };
                paths.iter().map(path).collect()
            }
            Place::Value { path, .. } => vec![(path, Shape::Tree)],
            Place::Observed { .. } => Vec::new(),
        },
        Declaration::Asset(asset) => {
            let outputs = asset.outputs.iter();
            outputs.map(|output| (&output.path, Shape::Tree)).collect()
        }
    }
}

/// The files of the project that are part of an asset's code version.
fn code_paths(asset: &Asset) -> Vec<&str> {
    let Some(recipe) = &asset.recipe else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    if recipe.code.version.is_none() {
        paths.extend(recipe.code.declared.iter().map(|(path, _)| path.as_str()));
        paths.extend(recipe.code.candidates.iter().map(String::as_str));
    }
    let tools = recipe.code.tools.iter().map(|(tool, _)| tool.as_str());
    paths.extend(tools.filter(|tool| tool.contains('/')));
    paths
}

/// All keys of a project that exist, and those that changed paths stand for.
#[derive(Debug)]
pub(super) struct Universe<'a> {
    project: &'a OpenProject,
    keys: KeysByDefinition,
    /// The keys that came or went, of definitions of one dimension.
    moved: BTreeMap<DefinitionId, PartitionSet>,
}

/// Keys that changed paths stand for.
#[derive(Default)]
struct Moved {
    named: BTreeMap<DefinitionId, Vec<PartitionKey>>,
    /// By their indexes in the lattice.
    windows: BTreeMap<DefinitionId, PartitionSet>,
}

impl<'a> Universe<'a> {
    pub(super) fn new(project: &'a OpenProject, root: &Root, changes: &[ChangedPath]) -> Self {
        let moved = Moved::find(project, root, changes);
        let keys = if moved.named.is_empty() && moved.windows.is_empty() {
            project.keys().clone()
        } else {
            // More keys than can be counted: those that are gone are left out.
            let all = project.graph().keys(&moved.existing(project));
            all.unwrap_or_else(|_| project.keys().clone())
        };
        let mut sets = BTreeMap::new();
        for (id, all) in &moved.named {
            let keys = keys.get(Some(*id));
            let set = all.iter().filter_map(|key| keys.index_of(key.as_str()));
            sets.insert(*id, set.collect());
        }
        for (id, windows) in &moved.windows {
            if let PartitionKeys::Time(keys) = keys.get(Some(*id)) {
                let set = windows.iter().filter_map(|at| keys.rank(at.into()));
                sets.insert(*id, set.collect());
            }
        }
        Self {
            project,
            keys,
            moved: sets,
        }
    }

    /// The keys of an asset or source.
    pub(super) fn keys(&self, id: AssetId) -> &PartitionKeys {
        self.keys.get(self.project.graph().partitions(id))
    }

    /// The keys of an asset or source that came or went.
    pub(super) fn moved(&self, id: AssetId) -> PartitionSet {
        let graph = self.project.graph();
        let Some(own) = graph.partitions(id) else {
            return PartitionSet::empty();
        };
        if let Some(set) = self.moved.get(&own) {
            return set.clone();
        }
        let (Some(multi), Some(declared)) = (self.keys(id).multi(), graph.definition(id)) else {
            return PartitionSet::empty();
        };
        let dimensions = declared.definition.dimensions().iter().enumerate();
        PartitionSet::union_of(dimensions.filter_map(|(place, dimension)| {
            let set = self.moved.get(&dimension.definition)?;
            Some(multi.with_part(place as u32, set.clone()))
        }))
    }

    /// Those of a set's keys that exist, as the project counts them.
    pub(super) fn existing(&self, id: AssetId, set: &PartitionSet) -> PartitionSet {
        moved_over(set, self.keys(id), self.existing_keys(id))
    }

    /// A set of keys as the project counts them, by the indexes of this universe: the inverse of [`Self::existing`].
    pub(super) fn counted(&self, id: AssetId, set: &PartitionSet) -> PartitionSet {
        moved_over(set, self.existing_keys(id), self.keys(id))
    }

    fn existing_keys(&self, id: AssetId) -> &PartitionKeys {
        self.project.keys().get(self.project.graph().partitions(id))
    }
}

/// A set of keys by their indexes among others, of which one list holds all of the other's.
fn moved_over(set: &PartitionSet, from: &PartitionKeys, to: &PartitionKeys) -> PartitionSet {
    if from.len() == to.len() {
        return set.clone();
    }
    let slots = set.iter().map(|index| from.slot(index));
    slots.filter_map(|slot| to.index_of_slot(&slot)).collect()
}

impl Moved {
    fn find(project: &OpenProject, root: &Root, changes: &[ChangedPath]) -> Self {
        let mut moved = Self::default();
        let is_moved = |it: &&ChangedPath| it.kind == ChangeKind::Presence;
        for id in asking_definitions(project.graph()) {
            match &project.graph().definitions()[id.0 as usize].definition {
                PartitionsDefinition::Files(template) => {
                    let now = project.keys().get(Some(id));
                    let template = located(Cow::Borrowed(template), root);
                    let pattern = PathPattern::new(template, Shape::Tree, now);
                    let mut keys = Vec::new();
                    for change in changes.iter().filter(is_moved) {
                        let text = pattern.key_text_at(&change.path);
                        keys.extend(text.and_then(|text| PartitionKey::parse(&text).ok()));
                        if change.extent == Extent::Whole {
                            let below = pattern.keys_at(change, project.ignore());
                            let below = below.unwrap_or_default();
                            keys.extend(below.iter().filter_map(|index| now.key(index)));
                        }
                    }
                    if !keys.is_empty() {
                        moved.named.insert(id, keys);
                    }
                }
                PartitionsDefinition::Time {
                    windows,
                    exists: Some(template),
                } => {
                    let lattice = PartitionKeys::Time(TimeKeys::at(windows, project.now()));
                    let template = located(Cow::Borrowed(template), root);
                    let pattern = PathPattern::new(template, Shape::Tree, &lattice);
                    let changes = changes.iter().filter(is_moved);
                    let sets = changes.filter_map(|it| pattern.keys_at(it, project.ignore()));
                    let set = PartitionSet::union_of(sets);
                    if !set.is_empty() {
                        moved.windows.insert(id, set);
                    }
                }
                _ => {}
            }
        }
        moved
    }
    /// What exists, and these.
    fn existing(&self, project: &OpenProject) -> ExistingKeys {
        let mut existing = ExistingKeys {
            now: project.now(),
            ..ExistingKeys::default()
        };
        for id in asking_definitions(project.graph()) {
            match project.keys().get(Some(id)) {
                PartitionKeys::Named(keys) => {
                    let more = self.named.get(&id).into_iter().flatten();
                    let all = keys.keys().iter().chain(more).cloned().collect();
                    existing.named.insert(id, NamedKeys::growing(all));
                }
                PartitionKeys::Time(keys) => {
                    let windows = (0..keys.len())
                        .filter_map(|index| u32::try_from(keys.lattice(index)).ok())
                        .collect::<PartitionSet>();
                    let all = match self.windows.get(&id) {
                        Some(more) => windows.union(more),
                        None => windows,
                    };
                    existing.windows.insert(id, all);
                }
                PartitionKeys::Unpartitioned | PartitionKeys::Multi(_) => {}
            }
        }
        existing
    }
}
