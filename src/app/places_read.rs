//! The places of a project that hold what versions are made of.

use crate::model::{AssetGraph, AssetId, Declaration, PathTemplate, Piece, Place, SourcePath};
use std::collections::BTreeSet;
use std::path::Path;

/// Where more places than this are asked about, git is asked about all of the project.
const PLACES: usize = 500;

/// The places of a project of whose files those that git ignores are left out.
pub(super) fn places_without_gitignored(graph: &AssetGraph) -> Vec<String> {
    let ids = graph.labels().without_gitignored.iter();
    outermost(ids.flat_map(|id| places_of(graph, *id)))
}

/// Whether ignored files are left out of a source, or of the code of an asset.
pub(super) fn leaves_out_gitignored(graph: &AssetGraph, id: AssetId) -> Option<bool> {
    match graph.get(id) {
        Declaration::Source(source) => Some(source.leaves_out_gitignored),
        Declaration::Asset(asset) => Some(asset.recipe.as_ref()?.code.leaves_out_gitignored),
    }
}

/// The paths and globs of a source, or of the code of an asset, up to where a partition is named.
pub(super) fn places_of(graph: &AssetGraph, id: AssetId) -> Vec<String> {
    match graph.get(id) {
        Declaration::Source(source) => match &source.place {
            Place::Paths(paths) => paths.iter().map(place_of).collect(),
            Place::Value { .. } | Place::Observed { .. } => Vec::new(),
        },
        Declaration::Asset(asset) => {
            let code = asset.recipe.as_ref().map(|recipe| &recipe.code.declared);
            let code = code.into_iter().flatten();
            code.map(|(path, _)| path.clone()).collect()
        }
    }
}

fn place_of(path: &SourcePath) -> String {
    literal_head(path.template())
}

/// A path that names no partition as it is, and of another the folders before the first that does.
fn literal_head(template: &PathTemplate) -> String {
    if let Some(literal) = template.as_literal() {
        return literal.to_owned();
    }
    let first = match template.pieces().first() {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    let folders = first.rfind('/').map_or("", |end| &first[..end]);
    if folders.is_empty() { "." } else { folders }.to_owned()
}

/// Places without those that lie in another, and of globs the folder before what is to be matched.
pub(super) fn outermost(places: impl Iterator<Item = String>) -> Vec<String> {
    let folder = |place: String| {
        let literal = place.find(['*', '?', '[', '{', '\\']);
        let Some(literal) = literal else {
            return place.trim_end_matches('/').to_owned();
        };
        let folders = place[..literal].rfind('/').map_or("", |end| &place[..end]);
        if folders.is_empty() { "." } else { folders }.to_owned()
    };
    let places: BTreeSet<String> = places.map(folder).collect();
    if places.contains(".") || places.len() > PLACES {
        let outside = places
            .iter()
            .filter(|place| place.starts_with(".."))
            .cloned();
        return std::iter::once(".".to_owned()).chain(outside).collect();
    }
    let mut outermost: Vec<String> = Vec::new();
    for place in places {
        let is_within = |outer: &String| Path::new(&place).starts_with(outer);
        if !outermost.last().is_some_and(is_within) {
            outermost.push(place);
        }
    }
    outermost
}
