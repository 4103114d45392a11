//! From a name to a partitions definition.

use crate::app::error::RequestError;
use crate::app::project::Project;
use crate::app::selection::nearest;
use crate::model::{AssetKey, DeclaredPartitions, DefinitionId, Name, PartitionKey, PartitionKeys};

/// A definition, and the asset by which it was named.
#[derive(Clone, Copy, Debug)]
pub struct NamedDefinition<'a> {
    /// Its id.
    pub id: DefinitionId,
    /// The definition.
    pub declared: &'a DeclaredPartitions,
    /// The asset or source by which it was named.
    pub asset: Option<&'a AssetKey>,
}

/// The definition of this name, or that of the asset or source of this name.
///
/// A definition goes first: one that is declared inline has no name, so whoever names one means a declared one.
pub fn find_definition<'a>(
    project: &'a Project,
    name: &str,
) -> Result<NamedDefinition<'a>, RequestError> {
    let graph = project.graph();
    let is_it = |declared: &DeclaredPartitions| {
        let known = declared.name.as_ref();
        known.is_some_and(|known| known.as_str() == name)
    };
    if let Some(at) = graph.definitions().iter().position(is_it) {
        return Ok(NamedDefinition {
            id: DefinitionId(at as u32),
            declared: &graph.definitions()[at],
            asset: None,
        });
    }
    let Some(asset) = graph.find(name) else {
        let help = similar(project, name);
        let name = name.to_owned();
        return Err(RequestError::UnknownDefinition { name, help });
    };
    let Some(id) = graph.get(asset).partitions() else {
        let asset = name.to_owned();
        return Err(RequestError::Unpartitioned { asset });
    };
    Ok(NamedDefinition {
        id,
        declared: &graph.definitions()[id.0 as usize],
        asset: Some(graph.key(asset)),
    })
}

/// The index of a key of what is called `name`.
pub fn find_key(keys: &PartitionKeys, key: &PartitionKey, name: &str) -> Result<u32, RequestError> {
    keys.index_of(key.as_str()).ok_or_else(|| {
        let nearest = nearest(keys, key);
        let help = match not_yet(keys, key) {
            Some(not_yet) => format!("{not_yet}; {nearest}"),
            None => nearest,
        };
        RequestError::UnknownPartition {
            asset: name.to_owned(),
            key: key.to_string(),
            help,
        }
    })
}

/// What keeps a window from being a partition.
fn not_yet(keys: &PartitionKeys, key: &PartitionKey) -> Option<String> {
    let time = keys.time()?;
    let window = time.window(time.index_of_key(key.as_str())?);
    let (start, end) = (window.start, window.end);
    Some(format!("its window, {start} to {end}, is not among them"))
}

fn similar(project: &Project, name: &str) -> String {
    let graph = project.graph();
    let definitions = graph.definitions().iter();
    let definitions = definitions.filter_map(|it| it.name.as_ref().map(Name::as_str));
    let assets = graph.ids().map(|id| graph.key(id).as_str());
    let mut scored: Vec<_> = definitions
        .chain(assets)
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .filter(|(distance, known)| *distance <= known.chars().count().max(3) / 3 + 1)
        .collect();
    scored.sort_unstable();
    let near: Vec<_> = scored.iter().take(3).collect();
    if near.is_empty() {
        return "`assetctl list` shows assets and sources with their definitions".to_owned();
    }
    let near: Vec<_> = near.iter().map(|(_, known)| format!("`{known}`")).collect();
    format!("did you mean {}?", near.join(", "))
}
