//! Looks at declared paths: the stamps of all that their versions are made of. Nothing is read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Dir, DirEntry, Mode, OFlags};

use crate::hash::glob::Walked;
use crate::hash::patterns::Exceptions;
use crate::hash::stamps::{FolderLook, JudgedContent, KnownLooks, Look, earlier_look, look_key};
use crate::hash::stat_cache::Cursor;
use crate::hash::ticker::Moment;
use crate::hash::tree::{
    EntryKind, Listing, TreeEntry, files, fold_found, into_files, leave_empty_folders,
};
use crate::hash::version::Place;
use crate::hash::versions::{FEW_RUNS, RUN};
use crate::hash::{Found, HashError, StatCache, Versions};
use crate::model::{Counted, DataVersion, Watched};
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at};
use crate::sys::parallel;

/// Above this many entries threads are worth their start.
const MANY: usize = 2_000;

/// A folder is listed so often at most until its stamp is the same before and after.
const LISTINGS: usize = 20;

impl Versions<'_> {
    /// How something looked when its version was first taken, where that was [kept](Self::keeping_looks) and nothing has come or
    /// gone since.
    pub fn judged_look(&self, watched: &Watched) -> Option<Arc<Look>> {
        let looks = self.looks.as_ref()?;
        let looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        let look = Arc::clone(looks.judged.get(&look_key(watched)?)?);
        drop(looks);
        // Where an output was put beside since, what comes and goes from now on would not show.
        self.has_folders_of(&look).then_some(look)
    }

    /// What is in a folder, whose look is kept.
    pub(super) fn judged_folder(
        &self,
        looks: &Mutex<KnownLooks>,
        place: Place<'_>,
    ) -> Result<Found, HashError> {
        let before = self.ticker.moment();
        let watched = Watched::Path(place.named.to_string_lossy().into_owned(), place.counted);
        let earlier = earlier_look(looks, &watched);
        let counted = place.counting(with_empty_folders(place.counted));
        let mut listing = self.list(counted, Some(before), earlier.as_ref())?;
        if place.counted == Counted::Files {
            leave_empty_folders(&mut listing.entries);
        }
        if listing.entries.is_empty() && place.counted == Counted::NotIgnored {
            // Git has no folder of it.
            return Ok(Found::Absent);
        }
        let (version, bytes) = self.judge_look((looks, watched), listing, earlier.as_ref())?;
        Ok(Found::Directory { version, bytes })
    }

    /// The version of what was listed, and the bytes in it. The look is kept if all files are known by how they look now, or
    /// looked a moment `earlier`.
    pub(super) fn judge_look(
        &self,
        (looks, watched): (&Mutex<KnownLooks>, Watched),
        Listing {
            entries,
            folders,
            dangling,
        }: Listing,
        earlier: Option<&Look>,
    ) -> Result<(DataVersion, u64), HashError> {
        let mut glances: Vec<EntryGlance> = Vec::new();
        glances.resize_with(entries.len(), EntryGlance::default);
        let runs = entries.chunks(RUN).zip(glances.chunks_mut(RUN));
        let looked = parallel::map(runs, FEW_RUNS, |(entries, glances)| {
            self.glance_at_entries(entries, earlier, glances)
        });
        looked.into_iter().collect::<Result<(), HashError>>()?;
        let is_unread = |entry: &TreeEntry, glance: &EntryGlance| {
            entry.kind != EntryKind::Directory && glance.found.is_none()
        };
        let unread = entries.iter().zip(&glances);
        let unread = unread.filter(|(entry, glance)| is_unread(entry, glance));
        let unread = unread.map(|(entry, glance)| (entry.place(), glance.bytes()));
        let mut read = self.read_all(unread).into_iter();
        let mut is_known = !folders.is_empty();
        for (entry, glance) in entries.iter().zip(&mut glances) {
            if is_unread(entry, glance) {
                glance.found = Some(read.next().expect("every unread file was read")?);
                is_known &= glance.is_known(entry.place(), self.cache);
            }
        }
        let found = glances.iter().filter_map(|glance| glance.found);
        let (version, bytes) = fold_found(&entries, found.clone())?;
        if is_known {
            let judged = JudgedContent {
                version,
                files: found.map(|found| found.version()).collect(),
            };
            let mut look = Look {
                entries: Vec::with_capacity(entries.len()),
                folders,
                dangling,
                judged: Some(judged),
            };
            for (entry, glance) in entries.into_iter().zip(glances) {
                if entry.kind != EntryKind::Directory {
                    look.add_entry(entry, (glance.own, glance.target.map(|it| *it)));
                }
            }
            let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
            let judged = looks.judged.entry(watched);
            judged.or_insert_with(|| Arc::new(look));
        }
        Ok((version, bytes))
    }

    fn glance_at_entries(
        &self,
        entries: &[TreeEntry],
        earlier: Option<&Look>,
        glances: &mut [EntryGlance],
    ) -> Result<(), HashError> {
        let mut cursor = Cursor::default();
        let first = entries.first().map(|first| first.place().named);
        let mut known = earlier.zip(first).map(|(it, first)| it.stamps_from(first));
        for (entry, glance) in entries.iter().zip(glances) {
            let named = entry.place().named;
            let known = match entry.kind {
                EntryKind::Directory => continue,
                EntryKind::Link => None,
                EntryKind::File => known.as_mut().and_then(|known| known(named)),
            };
            if known.is_some() {
                glance.own = known;
            } else {
                let (own, target) = self.entry_stamps(entry)?;
                (glance.own, glance.target) = (own, target.map(Box::new));
            }
            glance.found = match glance.own {
                None => Some(Found::Absent),
                Some(stamp) if stamp.kind() == FileKind::File => {
                    let version = self.cache.get_near(named, &stamp, &mut cursor);
                    version.map(|version| Found::File {
                        version,
                        bytes: stamp.size,
                    })
                }
                Some(_) => None,
            };
        }
        Ok(())
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
                let before = self.ticker.moment();
                let walked = self.walk(pattern, &except, *counted)?;
                let is_nowhere = walked.folders.is_empty() && walked.entries.is_empty();
                let listing = self.look_at_folders(walked, before);
                look = self.look_at_entries(listing.entries)?;
                (look.folders, look.dangling) = (listing.folders, listing.dangling);
                if is_nowhere {
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

    /// How something looks now that looked like `before`, which it is where nothing has changed. Where nothing has come into its
    /// folders and nothing has gone, they are not listed again.
    pub fn look_again(
        &self,
        watched: &Watched,
        before: &Arc<Look>,
    ) -> Result<Arc<Look>, HashError> {
        if before.has_settled_folders() && self.has_folders_of(before) {
            let entries: Vec<_> = before.places().zip(&before.entries).collect();
            let same = parallel::map(entries.chunks(RUN), FEW_RUNS, |run| {
                run.iter().all(|((path, follow), (_, stamp))| {
                    let now = stamp_at(&self.directory, path, *follow);
                    now.is_ok_and(|now| of_entry(now, *follow) == *stamp)
                })
            });
            if same.into_iter().all(|is_same| is_same) {
                return Ok(Arc::clone(before));
            }
        }
        Ok(Arc::new(self.look(watched)?))
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
            let listing = self.list(place, Some(self.ticker.moment()), None)?;
            let below = self.look_at_entries(listing.entries)?;
            look.entries.extend(below.entries);
            look.folders = listing.folders;
        }
        Ok(())
    }

    fn look_at_entries(&self, entries: Vec<TreeEntry>) -> Result<Look, HashError> {
        let members: Vec<&TreeEntry> = files(&entries).collect();
        let stamps = parallel::map(members.iter(), MANY, |entry| self.entry_stamps(entry));
        let mut look = Look::default();
        for (entry, stamps) in into_files(entries).zip(stamps) {
            look.add_entry(entry, stamps?);
        }
        Ok(look)
    }

    /// The stamp of an entry, and for a link that of its target.
    fn entry_stamps(&self, entry: &TreeEntry) -> Result<EntryStamps, HashError> {
        let place = entry.place();
        let own = self.stamp(place, Follow::Nothing)?;
        let target = match entry.kind {
            EntryKind::Link => Some(of_entry(self.stamp(place, Follow::Links)?, Follow::Links)),
            _ => None,
        };
        Ok((own, target))
    }

    /// Looks at the folders of a walk. Those that are gone meanwhile show in what was in them. `before` is a moment before the
    /// walk.
    pub(super) fn look_at_folders(&self, walked: Walked, before: Moment) -> Listing {
        let look = |folder: &PathBuf| Some(self.list_folder(folder, Some(before)).ok()??.0);
        Listing {
            entries: walked.entries,
            folders: walked.folders.iter().filter_map(look).collect(),
            dangling: walked.dangling,
        }
    }

    /// Lists a folder, and looks at it when nothing comes or goes; `None` where it is gone. `before` is a moment before, where
    /// what counts of the folder is listed now.
    pub(super) fn list_folder(
        &self,
        path: &Path,
        before: Option<Moment>,
    ) -> io::Result<Option<(FolderLook, Vec<DirEntry>)>> {
        let stamp_now = || stamp_at(&self.directory, shown(path), Follow::Links);
        let Some(mut stamp) = stamp_now()? else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        // Where something comes between the stamp and the list, the two would say later on that it came and went.
        for _ in 0..LISTINGS {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = rustix::fs::openat(&self.directory, shown(path), flags, Mode::empty())?;
            entries = Dir::new(folder)?.collect::<Result<_, _>>()?;
            let Some(after) = stamp_now()? else {
                return Ok(None);
            };
            if std::mem::replace(&mut stamp, after) == after {
                break;
            }
        }
        entries.retain(|entry| !matches!(entry.file_name().to_bytes(), b"." | b".."));
        let touched = stamp.mtime_ns.max(stamp.ctime_ns);
        let look = FolderLook {
            path: path.to_owned(),
            stamp,
            is_settled: before.is_some_and(|before| before.is_after(touched, stamp.device)),
            listing: entries
                .iter()
                .map(digest_of_entry)
                .fold(0, u64::wrapping_add),
        };
        Ok(Some((look, entries)))
    }

    /// Looks at the nearest folder above a path that there is.
    fn look_above(&self, path: &Path, look: &mut Look) {
        for folder in path.ancestors().skip(1) {
            if let Ok(Some((found, _))) = self.list_folder(folder, None) {
                look.folders.push(found);
                return;
            }
        }
    }
}

/// The stamp of an entry, and that of its target for a link.
type EntryStamps = (Option<FileStamp>, Option<Option<FileStamp>>);

/// What stamps and the cache say of an entry.
#[derive(Default)]
struct EntryGlance {
    own: Option<FileStamp>,
    /// The stamp of a link's target. Few entries are links.
    target: Option<Box<Option<FileStamp>>>,
    /// What it is, if that is known without reading it.
    found: Option<Found>,
}

impl EntryGlance {
    /// About how many bytes there are to read.
    fn bytes(&self) -> u64 {
        self.own.map_or(0, |stamp| stamp.size)
    }

    /// Whether the cache knows the version that the file has as it was glanced at.
    fn is_known(&self, place: Place<'_>, cache: &StatCache) -> bool {
        let read = self.target.as_deref().copied().unwrap_or(self.own);
        read.is_none_or(|stamp| cache.get(place.named, &stamp).is_some())
    }
}

impl Look {
    fn add_entry(&mut self, entry: TreeEntry, (own, target): EntryStamps) {
        let path = entry.into_named();
        if let Some(target) = target {
            self.entries.push((path.clone(), own));
            self.entries.push((path, target));
        } else {
            self.entries.push((path, own));
        }
    }
}

/// A digest of the name and the inode of an entry. It is kept in snapshots, so it is the same in each version of a program.
fn digest_of_entry(entry: &DirEntry) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let bytes = entry.file_name().to_bytes().iter().copied();
    for byte in bytes.chain([0]).chain(entry.ino().to_le_bytes()) {
        digest = (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // A sum tells more of numbers whose bits are all alike.
    digest = (digest ^ (digest >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    digest ^ (digest >> 32)
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
