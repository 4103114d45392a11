//! Looks at declared paths: the stamps of all that their versions are made of. Nothing is read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::{fs, iter};

use crate::hash::patterns::Exceptions;
use crate::hash::stamps::{FolderLook, JudgedLooks, Look, Moment};
use crate::hash::stat_cache::Cursor;
use crate::hash::tree::{EntryKind, TreeEntry, files, leave_empty_folders};
use crate::hash::version::Place;
use crate::hash::{Found, HashError, Versions};
use crate::model::{Counted, Watched};
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at};
use crate::sys::parallel;

/// Above this many entries threads are worth their start.
const MANY: usize = 2_000;

/// A folder is listed so often at most until its stamp is the same before and after.
const LISTINGS: usize = 20;

impl Versions<'_> {
    /// How something looked when its version was first taken, where that was [kept](Self::keeping_looks) and nothing has come or
    /// gone since. It is kept no longer.
    pub fn judged_look(&self, watched: &Watched) -> Option<Look> {
        let looks = self.looks.as_ref()?;
        let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        let look = match watched {
            Watched::Path(path, counted) => {
                let named = Place::declared(path).named.to_str()?.to_owned();
                looks.remove(&Watched::Path(named, *counted))
            }
            Watched::Word(..) => None,
            Watched::Glob { .. } => looks.remove(watched),
        };
        // Where an output was put beside since, what comes and goes from now on would not show.
        look.filter(|look| self.has_folders_of(look))
    }

    /// The entries of a folder that count, and what they are if a look at them tells, which is kept.
    pub(super) fn looked_at(
        &self,
        looks: &JudgedLooks,
        place: Place<'_>,
    ) -> Result<(Vec<TreeEntry>, Option<Vec<Found>>), HashError> {
        let before = self.ticker.moment();
        let mut entries = self.entries(place.counting(with_empty_folders(place.counted)))?;
        let below = entries.iter().filter(|it| it.kind == EntryKind::Directory);
        let below = below.map(|folder| folder.place().named.to_owned());
        let folders: Vec<PathBuf> = iter::once(place.named.to_owned()).chain(below).collect();
        let watched = Watched::Path(place.named.to_string_lossy().into_owned(), place.counted);
        let known = self.known_by_look(looks, watched, (&entries, &folders), before)?;
        if place.counted == Counted::Files {
            leave_empty_folders(&mut entries);
        }
        Ok((entries, known))
    }

    /// What [`files`] of entries are, if that is known by how they look; the look is kept. `before` is a moment before the
    /// folders were listed.
    pub(super) fn known_by_look(
        &self,
        looks: &JudgedLooks,
        watched: Watched,
        (entries, folders): (&[TreeEntry], &[PathBuf]),
        before: Moment,
    ) -> Result<Option<Vec<Found>>, HashError> {
        let mut look = Look::default();
        self.look_at_entries(entries, &mut look)?;
        let mut stamps = look.entries.iter();
        let mut cursor = Cursor::default();
        let known = files(entries).map(|entry| {
            let (path, stamp) = stamps.next()?;
            if entry.kind == EntryKind::Link {
                stamps.next()?;
                return self.of(entry.place()).ok();
            }
            let Some(stamp) = stamp else {
                return Some(Found::Absent);
            };
            let version = self.cache.get_near(path, stamp, &mut cursor)?;
            let bytes = stamp.size;
            Some(Found::File { version, bytes })
        });
        let Some(known) = known.collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        for folder in folders {
            self.look_at_folder(folder, Some(before), &mut look);
        }
        let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.entry(watched).or_insert(look);
        Ok(Some(known))
    }

    /// How something looks now.
    pub fn look(&self, watched: &Watched) -> Result<Look, HashError> {
        let mut look = Look::default();
        match watched {
            Watched::Glob {
                pattern,
                except,
                counted,
            } => {
                let except = Exceptions::new(except)?;
                let before = Some(self.ticker.moment());
                let (entries, folders) = self.walk(pattern, &except, *counted)?;
                self.look_at_entries(&entries, &mut look)?;
                for folder in &folders {
                    self.look_at_folder(folder, before, &mut look);
                }
                if folders.is_empty() && entries.is_empty() {
                    self.look_above(Path::new(pattern), &mut look);
                }
            }
            Watched::Path(path, counted) | Watched::Word(path, counted) => {
                let place = Place::declared(path).counting(with_empty_folders(*counted));
                self.look_at_path(place, &mut look)?;
                let is_absent = matches!(look.entries.as_slice(), [(_, None)]);
                if is_absent && matches!(watched, Watched::Path(..)) {
                    self.look_above(place.named, &mut look);
                }
            }
        }
        Ok(look)
    }

    /// How something looks now that looked like `before`. Where nothing has come into its folders and nothing has gone, they
    /// are not listed again.
    pub fn look_again(&self, watched: &Watched, before: &Look) -> Result<Look, HashError> {
        let lists_same = !before.folders.is_empty()
            && before.folders.iter().all(|folder| folder.is_settled)
            && self.has_folders_of(before);
        if !lists_same {
            return self.look(watched);
        }
        let places: Vec<(&Path, Follow)> = before.places().collect();
        let entries = parallel::map(places.into_iter(), MANY, |(path, follow)| {
            let stamp = self.stamp(Place::at(path), follow)?;
            Ok((path.to_owned(), of_entry(stamp, follow)))
        });
        Ok(Look {
            entries: entries.into_iter().collect::<Result<_, HashError>>()?,
            folders: before.folders.clone(),
        })
    }

    /// Whether nothing has come into the folders of a look since, and nothing has gone.
    fn has_folders_of(&self, look: &Look) -> bool {
        look.folders.iter().all(|folder| {
            let now = stamp_at(&self.directory, shown(&folder.path), Follow::Links);
            matches!(now, Ok(Some(now)) if now == folder.stamp)
        })
    }

    fn look_at_path(&self, place: Place<'_>, look: &mut Look) -> Result<(), HashError> {
        let stamp = self.stamp(place, Follow::Nothing)?;
        look.entries.push((place.named.to_owned(), stamp));
        let kind = match stamp.map(|stamp| stamp.kind()) {
            Some(FileKind::Symlink) => {
                let target = self.stamp(place, Follow::Links)?;
                look.entries.push((place.named.to_owned(), target));
                target.map(|target| target.kind())
            }
            kind => kind,
        };
        if kind == Some(FileKind::Directory) {
            // It is looked at as a folder.
            look.entries.pop();
            let before = Some(self.ticker.moment());
            let entries = self.entries(place)?;
            self.look_at_entries(&entries, look)?;
            self.look_at_folder(place.named, before, look);
            let folders = entries.iter().filter(|it| it.kind == EntryKind::Directory);
            for folder in folders {
                self.look_at_folder(folder.place().named, before, look);
            }
        }
        Ok(())
    }

    fn look_at_entries(&self, entries: &[TreeEntry], look: &mut Look) -> Result<(), HashError> {
        let entries: Vec<&TreeEntry> = files(entries).collect();
        let stamps = parallel::map(entries.iter(), MANY, |entry| {
            let place = entry.place();
            let own = self.stamp(place, Follow::Nothing)?;
            let target = match entry.kind {
                EntryKind::Link => Some(of_entry(self.stamp(place, Follow::Links)?, Follow::Links)),
                _ => None,
            };
            Ok((own, target))
        });
        for (entry, stamps) in entries.iter().zip(stamps) {
            let (own, target) = stamps?;
            let stamps = iter::once(own).chain(target);
            let named = entry.place().named;
            look.entries
                .extend(stamps.map(|stamp| (named.to_owned(), stamp)));
        }
        Ok(())
    }

    /// A folder that is gone meanwhile shows in what was in it. `before` is a moment before what counts of it was listed, if it
    /// was.
    fn look_at_folder(&self, path: &Path, before: Option<Moment>, look: &mut Look) {
        let stamp_now = || {
            stamp_at(&self.directory, shown(path), Follow::Links)
                .ok()
                .flatten()
        };
        let Some(mut stamp) = stamp_now() else {
            return;
        };
        let mut listing = 0;
        // Where something comes between the stamp and the list, the two would say later on that it came and went.
        for _ in 0..LISTINGS {
            let Ok(entries) = fs::read_dir(self.root.join(path)) else {
                return;
            };
            listing = entries.filter_map(Result::ok).fold(0_u64, |sum, entry| {
                let mut hasher = DefaultHasher::new();
                (entry.file_name(), entry.ino()).hash(&mut hasher);
                sum.wrapping_add(hasher.finish())
            });
            let Some(after) = stamp_now() else {
                return;
            };
            if std::mem::replace(&mut stamp, after) == after {
                break;
            }
        }
        let touched = stamp.mtime_ns.max(stamp.ctime_ns);
        let is_settled = before.is_some_and(|before| before.is_after(touched, stamp.device));
        look.folders.push(FolderLook {
            path: path.to_owned(),
            stamp,
            is_settled,
            listing,
        });
    }

    /// Looks at the nearest folder above a path that there is.
    fn look_above(&self, path: &Path, look: &mut Look) {
        for folder in path.ancestors().skip(1) {
            self.look_at_folder(folder, None, look);
            if !look.folders.is_empty() {
                return;
            }
        }
    }
}

/// What a look counts: also a folder without files tells whether one came and went.
fn with_empty_folders(counted: Counted) -> Counted {
    match counted {
        Counted::All | Counted::Files => Counted::All,
        Counted::NotIgnored => Counted::NotIgnored,
    }
}

/// The path by which a folder is looked at.
pub(super) fn shown(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// The stamp that counts of an entry. A folder behind a link that was found counts by the link's text.
fn of_entry(stamp: Option<FileStamp>, follow: Follow) -> Option<FileStamp> {
    match follow {
        Follow::Links => stamp.filter(|stamp| stamp.kind() != FileKind::Directory),
        Follow::Nothing => stamp,
    }
}
