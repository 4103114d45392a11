//! How the lock file looked when its lines were right.

use std::fs::File;
use std::path::Path;

use crate::hash::{EntryReader, EntryWriter, Sighting, Sightings, Versions};
use crate::lockfile::LockPlace;
use crate::look::snapshot::SnapshotState;
use crate::model::{Counted, DataVersion, Watched};

/// How the lock file looks with a text of this version, or where it is not there, if that can be trusted to tell of the next change.
pub(super) fn lock_now(
    versions: &Versions<'_>,
    place: &LockPlace,
    version: Option<DataVersion>,
) -> Option<Vec<u8>> {
    let mut sightings = Sightings::default();
    if versions.of_path(place.path()).ok()?.version() != version {
        return None;
    }
    match version {
        Some(version) => {
            let watched = Watched::Path(place.path().to_owned(), Counted::All);
            versions
                .sight(&mut sightings, &watched, version)
                .then_some(())?;
        }
        None => versions.sight_absent(&mut sightings, place.path()),
    }
    let (mut writer, mut bytes) = (EntryWriter::default(), Vec::new());
    for entry in sightings.entries() {
        writer.write(&mut bytes, &entry);
    }
    Some(bytes)
}

/// Whether the lock file looks as it did.
pub(super) fn lock_holds(root: &Path, state: &SnapshotState) -> bool {
    let (Some(entries), Ok(directory)) = (&state.lock, File::open(root)) else {
        return false;
    };
    let (mut reader, mut bytes) = (EntryReader::default(), entries.as_slice());
    while !bytes.is_empty() {
        let holds = |entry: Sighting<'_>| entry.holds(&directory);
        if !reader.read(&mut bytes).is_some_and(holds) {
            return false;
        }
    }
    true
}
