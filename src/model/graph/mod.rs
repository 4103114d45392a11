//! The asset graph: what is declared, by dense ids, with its edges both ways. It carries no run state.
//!
//! A graph whose sources lie elsewhere: for tests, and for inputs that are named on the command line.
//!
//! Ids, edges, partitions and names are those of the graph that it is made of; no version folds where a source lies.

use serde::{Deserialize, Serialize};

use crate::model::asset::{
    Asset, DataVersionRule, Declaration, Dep, Output, OutputKind, Place, SourceAsset, SourcePath,
};
use crate::model::graph_index::{AssetKeys, Labels};
use crate::model::name::{AssetId, AssetKey};
use crate::model::partition::{DeclaredPartitions, ExistingKeys, KeysByDefinition, TooManyKeys};
use crate::model::template::{PathTemplate, Piece};

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

/// A cycle: each asset depends on the next, and the last on the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<AssetId>);

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

fn topological_order(upstream: &Rows, downstream: &Rows) -> Result<Vec<AssetId>, Cycle> {
    let mut waiting = vec![0u32; upstream.len()];
    for end in downstream.ends() {
        waiting[end.index()] += 1;
    }
    let mut order: Vec<AssetId> = Vec::with_capacity(waiting.len());
    order.extend(
        (0..waiting.len() as u32)
            .map(AssetId)
            .filter(|id| waiting[id.index()] == 0),
    );
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        next += 1;
        for down in downstream.of(id) {
            waiting[down.index()] -= 1;
            if waiting[down.index()] == 0 {
                order.push(*down);
            }
        }
    }
    if order.len() == waiting.len() {
        Ok(order)
    } else {
        Err(find_cycle(upstream, &waiting))
    }
}

/// Walks upstream among what could not be ordered until something comes a second time.
fn find_cycle(upstream: &Rows, waiting: &[u32]) -> Cycle {
    let stuck = |id: AssetId| waiting[id.index()] > 0;
    let first = waiting
        .iter()
        .position(|count| *count > 0)
        .expect("something could not be ordered");
    let mut path = vec![AssetId(first as u32)];
    loop {
        let last = *path.last().expect("the path starts with one asset");
        let mut ups = upstream.of(last).iter().copied();
        let up = ups
            .find(|up| *up != last && stuck(*up))
            .expect("what could not be ordered waits for something that could not be ordered");
        if let Some(start) = path.iter().position(|id| *id == up) {
            return Cycle(path.split_off(start));
        }
        path.push(up);
    }
}

/// Edges in compressed rows: those of `id` are `ends[offsets[id]..offsets[id + 1]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    offsets: Vec<u32>,
    ends: Vec<AssetId>,
}

impl Rows {
    /// One row behind the other.
    pub(super) fn new<R: IntoIterator<Item = AssetId>>(rows: impl Iterator<Item = R>) -> Self {
        let mut offsets = vec![0];
        let mut ends = Vec::new();
        for row in rows {
            ends.extend(row);
            offsets.push(ends.len() as u32);
        }
        Self { offsets, ends }
    }

    /// The same edges from the other side: each once, in order, without those that lead back to where they begin.
    pub(super) fn turned(&self) -> Self {
        let mut rows = vec![Vec::new(); self.len()];
        for from in (0..self.len() as u32).map(AssetId) {
            for end in self.of(from).iter().filter(|end| **end != from) {
                let row: &mut Vec<AssetId> = &mut rows[end.index()];
                if row.last() != Some(&from) {
                    row.push(from);
                }
            }
        }
        Self::new(rows.into_iter())
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Where the edges of `id` end.
    pub(super) fn of(&self, id: AssetId) -> &[AssetId] {
        let row = self.offsets[id.index()] as usize..self.offsets[id.index() + 1] as usize;
        &self.ends[row]
    }

    /// Where all edges end.
    pub(super) fn ends(&self) -> &[AssetId] {
        &self.ends
    }
}

impl AssetGraph {
    /// The graph in which each of these sources and external assets is at this one path, relative to the project root
    /// or absolute; one that ends in `/` is a directory.
    ///
    /// A source that is a value keeps its key and is read from another file; whatever else it was, a glob or what a
    /// command observes, it is a path now. Of an external asset the first output is there, or the only one if none was
    /// declared, and its data version is the content. An asset with a command stays as it is.
    #[must_use]
    pub fn with_paths(&self, paths: &[(AssetId, PathTemplate)]) -> Self {
        let mut graph = self.clone();
        for (id, path) in paths {
            let (path, kind) = without_slash(path);
            match &mut graph.declarations[id.index()] {
                Declaration::Source(source) => move_source(source, path),
                Declaration::Asset(asset) if asset.is_materializable() => {}
                Declaration::Asset(asset) => move_external(asset, path, kind),
            }
        }
        graph
    }
}

fn move_source(source: &mut SourceAsset, moved: PathTemplate) {
    match &mut source.place {
        Place::Value { path, .. } => *path = moved,
        place => *place = Place::Paths(vec![SourcePath::Exact(moved)]),
    }
}

fn move_external(asset: &mut Asset, path: PathTemplate, kind: OutputKind) {
    asset.data_version = DataVersionRule::Content;
    if let Some(first) = asset.outputs.first_mut() {
        first.path = path;
        first.kind = kind;
        return;
    }
    asset.outputs.push(Output {
        name: None,
        path,
        kind,
        location: asset.location,
    });
}

/// A path without the slash that says that it is a directory.
fn without_slash(path: &PathTemplate) -> (PathTemplate, OutputKind) {
    let as_file = || (path.clone(), OutputKind::File);
    let Some((Piece::Text(last), before)) = path.pieces().split_last() else {
        return as_file();
    };
    let Some(rest) = last.strip_suffix('/') else {
        return as_file();
    };
    let mut pieces = before.to_vec();
    match (rest, before) {
        ("", []) => pieces.push(Piece::Text("/".to_owned())),
        ("", _) => {}
        _ => pieces.push(Piece::Text(rest.to_owned())),
    }
    (PathTemplate::new(pieces), OutputKind::Directory)
}

#[cfg(test)]
mod tests {
    use super::without_slash;
    use crate::model::asset::OutputKind;
    use crate::model::template::{PartitionPlaceholder, PathTemplate, Piece};

    #[test]
    fn a_slash_at_the_end_is_a_directory() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let key = || Piece::Placeholder(PartitionPlaceholder::Key);
        for (pieces, rest, kind) in [
            (vec![text("a/b")], vec![text("a/b")], OutputKind::File),
            (vec![text("a/b/")], vec![text("a/b")], OutputKind::Directory),
            (vec![text("/")], vec![text("/")], OutputKind::Directory),
            (
                vec![text("a/"), key()],
                vec![text("a/"), key()],
                OutputKind::File,
            ),
            (
                vec![text("a/"), key(), text("/")],
                vec![text("a/"), key()],
                OutputKind::Directory,
            ),
        ] {
            let path = PathTemplate::new(pieces);
            assert_eq!(without_slash(&path), (PathTemplate::new(rest), kind));
        }
    }
}
