//! `partitions list`: the keys of a definition.

use jiff::Timestamp;

use crate::answer::{ListedDimension, ListedKeys, ListedSchedule, PartitionsReport};
use crate::app::error::{AppError, Quoted, RequestError};
use crate::app::list::definition_label;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{End, Miss, NearestKeys, READINGS};
use crate::model::{
    AssetKey, DeclaredPartitions, DefinitionId, Dimension, DimensionKeys, KeyText, KeyWord,
    ListPartitionsRequest, Name, PartitionKey, PartitionKeys, PartitionSet, TimePartitions,
    WantedKeys,
};
use crate::select::did_you_mean;

/// The keys of a definition, and what the user should know of the instance.
pub fn list_partitions(
    project: &OpenProject,
    request: &ListPartitionsRequest,
) -> Result<(PartitionsReport, Vec<Notice>), AppError> {
    let name = request.name.as_str();
    let NamedDefinition {
        id,
        declared,
        asset,
    } = find_definition(project, name)?;
    let keys = project.keys_of(id)?;
    let listed = match &request.keys {
        WantedKeys::Ends => ListedKeys::Ends,
        WantedKeys::All => ListedKeys::All,
        WantedKeys::At(instant) => ListedKeys::One(find_window(&keys, *instant, name)?),
        WantedKeys::Word(word) => {
            let set = find_keys(project, declared, &keys, word, name)?;
            match (word, set.first()) {
                (KeyWord::One(_), Some(index)) => ListedKeys::One(index),
                _ => ListedKeys::Some(set),
            }
        }
    };
    let report = PartitionsReport {
        definition: definition_label(declared),
        type_name: declared.definition.type_name(),
        asset: asset.cloned(),
        schedule: declared.definition.windows().map(schedule),
        dimensions: dimensions(project, declared.definition.dimensions(), &keys),
        keys,
        listed,
    };
    Ok((report, project.notices().to_vec()))
}

fn schedule(windows: &TimePartitions) -> ListedSchedule {
    ListedSchedule {
        cron: windows.equivalent_cron().to_owned(),
        format: windows.format().to_owned(),
        timezone: windows.timezone().iana_name().unwrap_or("UTC").to_owned(),
    }
}

fn dimensions(
    project: &OpenProject,
    dimensions: &[Dimension],
    keys: &PartitionKeys,
) -> Vec<ListedDimension> {
    let of_keys = keys.multi().map_or(&[][..], |multi| multi.dimensions());
    let listed = |(dimension, keys): (&Dimension, &DimensionKeys)| {
        let declared = &project.graph().definitions()[dimension.definition.0 as usize];
        ListedDimension {
            name: dimension.name.clone(),
            definition: definition_label(declared),
            type_name: declared.definition.type_name(),
            count: keys.keys.len(),
        }
    };
    dimensions.iter().zip(of_keys).map(listed).collect()
}

/// The index of the existing window that holds an instant.
fn find_window(keys: &PartitionKeys, instant: Timestamp, name: &str) -> Result<u32, RequestError> {
    let PartitionKeys::Time(time) = keys else {
        let name = name.to_owned();
        return Err(RequestError::NotWindows { name });
    };
    let lattice = time.definition().index_at(instant);
    let window = time.definition().window(lattice);
    let help = if instant >= window.end {
        "the window that contains it is excluded".to_owned()
    } else if let Some(index) = time.rank(lattice) {
        return Ok(index);
    } else {
        let (key, end) = (time.definition().key(lattice), window.end);
        format!("the window that contains it, `{key}`, ends {end} and is not one of them")
    };
    Err(RequestError::NoWindow {
        name: name.to_owned(),
        instant,
        help,
    })
}

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
    let Some(id) = graph.partitions(asset) else {
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
