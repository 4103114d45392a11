//! What a look has seen, as far as it can be trusted to tell of the next change.

use std::path::PathBuf;
use std::sync::Arc;

use crate::hash::entries::{Seen, SeenEntry, Sighting};
use crate::hash::stamps::{FolderLook, Look};
use crate::hash::stat_cache::Cursor;
use crate::hash::version::Place;
use crate::hash::{Difference, Versions};
use crate::model::{Counted, DataVersion, Watched};
use crate::sys::file::{FileKind, FileStamp, Follow};

/// What was looked at, each with how it looked, in an order that [`EntryWriter`](crate::hash::EntryWriter) can write.
#[derive(Debug, Default)]
pub struct Sightings {
    all: Vec<(PathBuf, Seen, Option<FileStamp>)>,
    /// Looks at more of it.
    looks: Vec<Arc<Look>>,
    /// Whether nothing but plain files may be added.
    are_of_files: bool,
    /// Where the last path was found in the stat cache.
    cursor: Cursor,
}

impl Sightings {
    /// None yet. Folders, globs and links cannot be added.
    pub fn of_files() -> Self {
        Self {
            are_of_files: true,
            ..Self::default()
        }
    }

    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = Sighting<'_>> + Clone {
        let all = self.all.iter().map(|(path, seen, stamp)| Sighting {
            path,
            seen: *seen,
            stamp: *stamp,
        });
        all.chain(self.looks.iter().flat_map(|look| look.sightings()))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.all.clear();
        self.looks.clear();
    }
}

impl Look {
    /// How something looks of which these are the entries.
    pub fn of_entries(entries: impl Iterator<Item = SeenEntry>) -> Self {
        let mut look = Self::default();
        for (path, seen, stamp, is_settled) in entries {
            match (seen, stamp) {
                (Seen::Own | Seen::Target, stamp) => look.entries.push((path, stamp)),
                (Seen::Folder { listing }, Some(stamp)) => look.folders.push(FolderLook {
                    path,
                    stamp,
                    is_settled,
                    listing,
                }),
                (Seen::Folder { .. }, None) => look.dangling.push(path),
            }
        }
        look
    }
}

impl Look {
    fn sightings(&self) -> impl Iterator<Item = Sighting<'_>> + Clone {
        let places = self.places().zip(&self.entries);
        let entries = places.map(|((path, follow), (_, stamp))| Sighting {
            path,
            seen: match follow {
                Follow::Nothing => Seen::Own,
                Follow::Links => Seen::Target,
            },
            stamp: *stamp,
        });
        let folders = self.folders.iter().map(|it| Sighting {
            path: &it.path,
            seen: Seen::Folder {
                listing: it.listing,
            },
            stamp: Some(it.stamp),
        });
        let dangling = self.dangling.iter().map(|path| Sighting {
            path,
            seen: Seen::Folder { listing: 0 },
            stamp: None,
        });
        entries.chain(folders).chain(dangling)
    }
}

impl Versions<'_> {
    /// Adds how a path looked where nothing was.
    pub fn sight_absent(&self, sightings: &mut Sightings, path: &str) {
        let named = Place::declared(path).named.to_owned();
        sightings.all.push((named, Seen::Own, None));
    }

    /// Adds how a path looks by which nothing but its kind counts; says whether something is there.
    pub fn sight_kind(&self, sightings: &mut Sightings, path: &str) -> bool {
        let place = Place::declared(path);
        let stamp = |follow| self.stamp(place, follow).ok().flatten();
        let (Some(own), Some(target)) = (stamp(Follow::Nothing), stamp(Follow::Links)) else {
            return false;
        };
        let named = place.named.to_owned();
        sightings.all.push((named.clone(), Seen::Own, Some(own)));
        if own.kind() == FileKind::Symlink {
            let folder = Seen::Folder { listing: 0 };
            sightings.all.push((named, folder, Some(target)));
        }
        true
    }

    /// Adds how a path looks at which something of `version` is, as far as that can be trusted to tell of the next change;
    /// says whether it can.
    pub fn sight(
        &self,
        sightings: &mut Sightings,
        watched: &Watched,
        version: DataVersion,
    ) -> bool {
        let (Watched::Path(path, counted) | Watched::Word(path, counted)) = watched else {
            return false;
        };
        let place = Place::declared(path);
        let mut known = || {
            let known = self.cache.known(place.named, &mut sightings.cursor);
            let known = known.filter(|(_, known)| *known == version);
            known.filter(|(stamp, _)| stamp.kind() == FileKind::File)
        };
        let is_file = || {
            let stamp = self.stamp(place, Follow::Nothing).ok().flatten();
            stamp.is_some_and(|stamp| stamp.kind() == FileKind::File)
        };
        let now = || self.of_input(path, *counted).ok()?.version();
        // Of a link the cache knows the file behind it, which has another version.
        if let Some((stamp, _)) = known() {
            let named = place.named.to_owned();
            sightings.all.push((named, Seen::Own, Some(stamp)));
            return true;
        }
        if is_file() {
            // A file that was too fresh to be trusted when it was looked at may be old enough by now.
            let Some((stamp, _)) = (now() == Some(version)).then(known).flatten() else {
                return false;
            };
            let named = place.named.to_owned();
            sightings.all.push((named, Seen::Own, Some(stamp)));
            return true;
        }
        // Which of its files git ignores no stamp tells.
        *counted != Counted::NotIgnored
            && self.sight_look(sightings, (watched, Some(version)), || {
                now() == Some(version)
            })
    }

    /// Adds how something looks that is as it was judged, as far as that can be trusted to tell of the next change; says whether
    /// it can. `is_same` says whether it is as it was judged, which was of this version where one is given.
    pub fn sight_look(
        &self,
        sightings: &mut Sightings,
        (watched, version): (&Watched, Option<DataVersion>),
        is_same: impl FnOnce() -> bool,
    ) -> bool {
        if sightings.are_of_files {
            return false;
        }
        if let Some(look) = self.judged_look(watched)
            && (version.is_none() || look.version() == version)
            && self.is_trusted(&look)
        {
            sightings.looks.push(look);
            return true;
        }
        let Ok(look) = self.look(watched).map(Arc::new) else {
            return false;
        };
        let is_still = || {
            let again = self.look_again(watched, &look).ok();
            again.is_some_and(|now| look.difference(&now, |_, _| false) == Difference::None)
        };
        if !(is_same() && is_still() && self.is_trusted(&look)) {
            return false;
        }
        sightings.looks.push(look);
        true
    }

    /// Adds how a file looks of which something else than its version counts, if it can be trusted to tell of the next change, and
    /// `is_same` says that it is as it was judged.
    pub fn sight_file(
        &self,
        sightings: &mut Sightings,
        path: &str,
        is_same: impl FnOnce() -> bool,
    ) -> bool {
        let place = Place::declared(path);
        let stamp = |follow| self.stamp(place, follow).ok().flatten();
        let look = || Some((stamp(Follow::Nothing)?, stamp(Follow::Links)?));
        let Some((own, target)) = look() else {
            return false;
        };
        let is_settled = self.ticker.is_settled(&own) && self.ticker.is_settled(&target);
        if !(is_settled && is_same() && look() == Some((own, target))) {
            return false;
        }
        let named = place.named.to_owned();
        sightings.all.push((named.clone(), Seen::Own, Some(own)));
        if own.kind() == FileKind::Symlink {
            sightings.all.push((named, Seen::Target, Some(target)));
        }
        true
    }

    /// Whether no change of what was looked at can have left all stamps as they are. The files of a version that was judged are
    /// all known.
    fn is_trusted(&self, look: &Look) -> bool {
        let mut cursor = Cursor::default();
        let mut entries = look.entries.iter();
        let is_known = |(path, stamp): &(PathBuf, Option<FileStamp>)| match stamp {
            None => true,
            Some(stamp) if stamp.kind() == FileKind::File => {
                look.judged.is_some() || self.cache.get_near(path, stamp, &mut cursor).is_some()
            }
            Some(stamp) => self.ticker.is_settled(stamp),
        };
        look.folders.iter().all(|folder| folder.is_settled) && entries.all(is_known)
    }
}
