//! From names and words to a partitions definition and its keys.

use crate::app::error::RequestError;
use crate::app::list::definition_label;
use crate::app::project::OpenProject;
use crate::app::quoted::Quoted;
use crate::app::selection::{End, Miss, NearestKeys, READINGS};
use crate::model::{
    AssetKey, DeclaredPartitions, DefinitionId, KeyText, KeyWord, Name, PartitionKey,
    PartitionKeys, PartitionSet,
};
use crate::select::did_you_mean;

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
    project: &'a OpenProject,
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
        return Err(RequestError::UnknownName { name, help });
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

/// The keys of a definition of what is called `name` that a word means.
pub fn find_keys(
    project: &OpenProject,
    declared: &DeclaredPartitions,
    keys: &PartitionKeys,
    word: &KeyWord,
    name: &str,
) -> Result<PartitionSet, RequestError> {
    let mut misses = Vec::new();
    for reading in READINGS {
        match reading.keys_of(word, declared, keys) {
            Ok(set) => return Ok(set),
            Err(miss) => misses.push(miss),
        }
    }
    let argument = word.to_string();
    if misses.contains(&Miss::Reversed) {
        return Err(RequestError::ReversedRange {
            range: argument.clone(),
            definition: format!("`{}`", definition_label(declared)),
            argument: Quoted::part(&argument, 0..argument.len()),
        });
    }
    let (key, place) = match misses.first() {
        Some(Miss::Absent(End::Last)) => (last(word), word.place_of_last()),
        _ => (first(word), word.place_of_first()),
    };
    let nearest = NearestKeys { project }.help(keys, key);
    let help = match window_of(keys, key) {
        Some(window) => format!("{window}; {nearest}"),
        None => nearest,
    };
    Err(RequestError::UnknownPartition {
        asset: name.to_owned(),
        key: key.to_string(),
        argument: Quoted::part(&argument, place),
        help,
    })
}

fn first(word: &KeyWord) -> &PartitionKey {
    let (KeyWord::One(first) | KeyWord::Range { first, .. }) = word;
    KeyText::whole(first)
}

fn last(word: &KeyWord) -> &PartitionKey {
    let (KeyWord::One(last) | KeyWord::Range { last, .. }) = word;
    KeyText::whole(last)
}

/// The window of a key that is no partition.
fn window_of(keys: &PartitionKeys, key: &PartitionKey) -> Option<String> {
    let time = keys.time()?;
    let window = time.window(time.index_of_key(key.as_str())?);
    let (start, end) = (window.start, window.end);
    Some(format!(
        "its window, {start} to {end}, is not one of its partitions"
    ))
}

fn similar(project: &OpenProject, name: &str) -> String {
    let graph = project.graph();
    let definitions = graph.definitions().iter();
    let definitions = definitions.filter_map(|it| it.name.as_ref().map(Name::as_str));
    let assets = graph.asset_keys().iter();
    did_you_mean(name, definitions.chain(assets)).unwrap_or_else(|| {
        "`assetctl list` shows assets and sources with their definitions".to_owned()
    })
}
