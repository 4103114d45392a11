//! `partitions list`: the keys of a definition.

use jiff::Timestamp;

use crate::answer::{ListedDimension, ListedKeys, ListedSchedule, PartitionsReport};
use crate::app::error::{AppError, RequestError};
use crate::app::list::definition_label;
use crate::app::notice::Notice;
use crate::app::partitions::definition::{NamedDefinition, find_definition, find_keys};
use crate::app::project::OpenProject;
use crate::model::{
    Dimension, DimensionKeys, KeyWord, ListPartitionsRequest, PartitionKeys, TimePartitions,
    WantedKeys,
};

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
