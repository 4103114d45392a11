//! A graph by the configuration of a call: its sources lie elsewhere, its assets have other values.
//!
//! Ids, edges, partitions and names are those of the graph that it is made of; no version folds where a source lies.

use crate::model::asset::{
    About, Asset, DataVersionRule, Declaration, Output, OutputKind, Place, SourceAsset, SourcePath,
};
use crate::model::config::AssetConfig;
use crate::model::graph::{AssetGraph, GraphParts};
use crate::model::name::{AssetId, AssetKey, Name};
use crate::model::resource::DeclaredResource;
use crate::model::template::{PathTemplate, Piece};

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
            let mut declaration = graph.get(*id).clone();
            match &mut declaration {
                Declaration::Source(source) => {
                    let declared = written_path(source).unwrap_or_default();
                    graph.moved.push((*id, declared));
                    move_source(source, path);
                }
                Declaration::Asset(asset) if asset.is_materializable() => {}
                Declaration::Asset(asset) => move_external(asset, path, kind),
            }
            graph.replace(*id, declaration);
        }
        graph
    }
}

impl AssetGraph {
    /// The graph in which assets have these configurations.
    #[must_use]
    pub fn with_configs(&self, configs: Vec<(AssetId, Box<AssetConfig>)>) -> Self {
        let mut graph = self.clone();
        for (id, config) in configs {
            let mut declaration = graph.get(id).clone();
            if let Declaration::Asset(asset) = &mut declaration
                && let Some(recipe) = &mut asset.recipe
            {
                recipe.config = Some(config);
            }
            graph.replace(id, declaration);
        }
        graph
    }

    /// The graph in which resources are these.
    #[must_use]
    pub fn with_resources(&self, resources: Vec<DeclaredResource>) -> Self {
        let mut graph = self.clone();
        graph.settings.resources = resources;
        graph
    }
}

impl AssetGraph {
    /// The graph in which some inputs, each the dep with this index of its reader, are read from sources of their own, and
    /// the ids of these. They are to be given paths.
    ///
    /// # Panics
    ///
    /// If there is no such dep.
    pub fn with_own_sources(&self, inputs: &[(AssetId, usize)]) -> (Self, Vec<AssetId>) {
        let mut declarations: Vec<Declaration> =
            self.ids().map(|id| self.get(id).clone()).collect();
        let mut own = Vec::with_capacity(inputs.len());
        for (reader, index) in inputs {
            let dep = self.deps(*reader)[*index].clone();
            let id = AssetId(declarations.len() as u32);
            let key = own_source(self.key(*reader), &dep.input);
            let source = match self.source(dep.asset) {
                Some(source) => SourceAsset {
                    key,
                    location: dep.location,
                    ..source.clone()
                },
                None => SourceAsset {
                    key,
                    location: dep.location,
                    about: About::default(),
                    partitions: self.partitions(dep.asset),
                    place: Place::Paths(Vec::new()),
                    optional: false,
                    leaves_out_gitignored: false,
                },
            };
            if let Declaration::Asset(asset) = &mut declarations[reader.index()] {
                asset.deps[*index].asset = id;
                asset.deps[*index].output = None;
            }
            declarations.push(Declaration::Source(Box::new(source)));
            own.push(id);
        }
        let parts = GraphParts {
            settings: self.settings.clone(),
            files: self.files.clone(),
            definitions: self.definitions.clone(),
            declarations,
        };
        let mut graph = Self::new(parts).expect("an edge to a source is part of no cycle");
        graph.replaced.clone_from(&self.replaced);
        (graph, own)
    }
}

/// The key of a source of which only one input is read: no other key holds a dot, but paths.
pub fn own_source(reader: &AssetKey, input: &Name) -> AssetKey {
    AssetKey::of_path(&format!("{reader}.{input}"))
}

/// The path of a source as it is written; `None` of what a command observes.
pub fn written_path(source: &SourceAsset) -> Option<String> {
    match &source.place {
        Place::Paths(paths) => Some(paths.first()?.template().source()),
        Place::Value { path, .. } => Some(path.source()),
        Place::Observed { .. } => None,
    }
}

impl AssetGraph {
    /// The declared path of a source that is read from another one.
    pub fn declared_path(&self, id: AssetId) -> Option<&str> {
        let moved = self.moved.iter().rev().find(|(moved, _)| *moved == id);
        moved.map(|(_, declared)| declared.as_str())
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
