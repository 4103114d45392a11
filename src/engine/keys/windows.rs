//! The windows whose file is there, of a time definition with `exists`.
//!
//! Where the path holds the key and nothing else of the window, the files are listed and their keys looked up, which
//! costs what the files do, however many windows there are. Any other path is looked for window by window, on all
//! threads.

use std::sync::Arc;

use crate::engine::keys::found::key_of;
use crate::engine::keys::pattern::{KeyPattern, Wanted};
use crate::engine::keys::world::World;
use crate::hash::{HashError, exist};
use crate::model::{
    PartitionKeys, PartitionRef, PartitionSet, PathTemplate, TimeKeys, TimePartitions,
};

/// The windows that have ended and whose file or directory is there, by their indexes in the lattice.
pub(super) fn windows_with_files(
    world: World<'_>,
    windows: &Arc<TimePartitions>,
    path: &PathTemplate,
) -> Result<PartitionSet, HashError> {
    let ended = PartitionKeys::Time(TimeKeys::at(windows, world.now));
    if let Some(pattern) = KeyPattern::of(path) {
        let files = pattern.matches(world, Wanted::Anything)?;
        let keys = files.iter().filter_map(|file| key_of(path, file).ok());
        return Ok(keys
            .filter_map(|key| ended.index_of(key.as_str()))
            .collect());
    }
    let indexes: Vec<u32> = ended.range().collect();
    let there = exist(&indexes, |index| {
        let partition = PartitionRef {
            keys: &ended,
            index: *index,
        };
        world.root.join(&*path.path(partition))
    });
    let there = indexes.into_iter().zip(there);
    Ok(there
        .filter_map(|(index, there)| there.then_some(index))
        .collect())
}
