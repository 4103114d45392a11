//! The files that a glob matches, and their version.
//!
//! A glob matches regular files and links to them, never directories; dangling links (which editors leave about) are no
//! matches. `*` and `?` match names that begin with a dot as any other. A folder that is a symlink is entered where the
//! pattern names or matches it, but not by `**`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::hash::patterns::{Exceptions, PathGlob, is_glob, literal_start};
use crate::hash::stamps::{Look, earlier_look};
use crate::hash::tree::{EntryKind, Listing, TreeEntry};
use crate::hash::version::{Place, Standing};
use crate::hash::{HashError, Versions};
use crate::model::{Counted, DataVersion, Watched};
use crate::sys::file::{FileKind, Follow};

/// What a glob matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobVersion {
    /// The version of all of it. Names in it begin after the pattern's literal head, so that it holds no absolute path.
    pub version: DataVersion,
    /// The matches, as paths like the pattern, sorted by bytes. None is not the same as an absent path: the caller decides
    /// what it means.
    pub paths: Vec<String>,
    /// The sizes of the matches, taken together.
    pub bytes: u64,
}

/// What a walk through the folders of a pattern has met.
#[derive(Default)]
pub(super) struct Walked {
    /// The matches.
    pub entries: Vec<TreeEntry>,
    /// The folders that a match could have been found in.
    pub folders: Vec<PathBuf>,
    /// Links that lead nowhere, and may lead to a match later on.
    pub dangling: Vec<PathBuf>,
}

/// A pattern, taken apart so that a walk sees as little as possible.
struct Pattern {
    /// The leading folders without anything to match.
    head: PathBuf,
    /// Matches names relative to the head.
    whole: PathGlob,
    /// One matcher for each leading component of what follows the head that surely stands for one folder.
    folders: Vec<PathGlob>,
    /// How deep matches lie below the head at most.
    depth: usize,
}

impl Versions<'_> {
    /// The version of all that `pattern` matches, that is not taken out and that counts.
    pub fn of_glob<P: AsRef<str>>(
        &self,
        pattern: &str,
        except: &[P],
        counted: Counted,
    ) -> Result<GlobVersion, HashError> {
        let except_globs = Exceptions::new(except)?;
        let Some(looks) = self.looks.as_ref().filter(|_| is_glob(pattern)) else {
            let entries = self.walk(pattern, &except_globs, counted)?.entries;
            let (version, bytes) = self.fold(&entries)?;
            return Ok(GlobVersion {
                version,
                paths: texts(&entries)?,
                bytes,
            });
        };
        let watched = Watched::Glob {
            pattern: pattern.to_owned(),
            except: except.iter().map(|it| it.as_ref().to_owned()).collect(),
            counted,
        };
        let before = self.ticker.moment();
        let earlier = earlier_look(looks, &watched);
        let same = earlier.as_ref().filter(|it| it.has_same_matches());
        let listing = if let Some(same) = same {
            Listing {
                entries: Pattern::new(pattern)?.entries_of(same),
                folders: same.folders.clone(),
                dangling: same.dangling.clone(),
            }
        } else {
            let walked = self.walk(pattern, &except_globs, counted)?;
            self.look_at_folders(walked, before)
        };
        let paths = texts(&listing.entries)?;
        let (version, bytes) = self.judge_look((looks, watched), listing, earlier.as_ref())?;
        Ok(GlobVersion {
            version,
            paths,
            bytes,
        })
    }

    /// The paths that `pattern` matches, that are not taken out and that count, sorted by bytes.
    pub fn expand<P: AsRef<str>>(
        &self,
        pattern: &str,
        except: &[P],
        counted: Counted,
    ) -> Result<Vec<String>, HashError> {
        let walked = self.walk(pattern, &Exceptions::new(except)?, counted)?;
        texts(&walked.entries)
    }

    /// The matches of a pattern that count, sorted, and where others could have been found.
    pub(super) fn walk(
        &self,
        pattern: &str,
        except: &Exceptions,
        counted: Counted,
    ) -> Result<Walked, HashError> {
        let mut walked = Walked::default();
        if !is_glob(pattern) {
            if !except.take(Path::new(pattern)) {
                walked.entries = self.literal_match(pattern)?;
            }
            return Ok(walked);
        }
        let pattern = Pattern::new(pattern)?;
        let head = pattern.head(counted);
        let base = self.root.join(&pattern.head);
        let walk = WalkDir::new(&base)
            .min_depth(1)
            .max_depth(pattern.depth)
            .follow_links(true)
            .into_iter()
            .filter_entry(|entry| {
                entry.depth() == 0
                    || pattern.may_lead_on(entry) && {
                        let path = pattern.head.join(below(&base, entry.path()));
                        let taken_out = entry.file_type().is_dir() && except.take_folder(&path);
                        !taken_out && !self.leaves_out(&path, counted)
                    }
            });
        let folders = base.is_dir().then(|| pattern.head.clone());
        walked.folders.extend(folders);
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if leads_nowhere(&error) => {
                    let link = error.path().filter(|_| error.loop_ancestor().is_none());
                    let link = link.map(|link| pattern.head.join(below(&base, link)));
                    walked.dangling.extend(link);
                    continue;
                }
                Err(error) => return Err(HashError::unreadable(&pattern.head, error)),
            };
            let name = below(&base, entry.path());
            if entry.file_type().is_dir() {
                walked.folders.push(pattern.head.join(name));
                continue;
            }
            if !pattern.whole.is_match(name) || except.take(&pattern.head.join(name)) {
                continue;
            }
            let kind = if entry.path_is_symlink() {
                EntryKind::Link
            } else {
                EntryKind::File
            };
            let found = TreeEntry::new(head, name, kind);
            if !entry.file_type().is_file() {
                self.refuse_special(found.place())?;
                continue;
            }
            walked.entries.push(found);
        }
        let by_name = |one: &TreeEntry, other: &TreeEntry| one.name().cmp(other.name());
        walked.entries.sort_unstable_by(by_name);
        Ok(walked)
    }

    /// The only thing that a pattern without anything to match can match, found without listing its folder.
    fn literal_match(&self, path: &str) -> Result<Vec<TreeEntry>, HashError> {
        let whole = Place::declared(path);
        let Some(stamp) = self.stamp(whole, Follow::Nothing)? else {
            return Ok(Vec::new());
        };
        let kind = match stamp.kind() {
            FileKind::Directory => return Ok(Vec::new()),
            FileKind::Symlink => EntryKind::Link,
            _ => EntryKind::File,
        };
        self.refuse_special(whole)?;
        let is_file = self
            .stamp(whole, Follow::Links)?
            .is_some_and(|target| target.kind() == FileKind::File);
        let (Some(folder), Some(name), true) =
            (whole.named.parent(), whole.named.file_name(), is_file)
        else {
            return Ok(Vec::new());
        };
        let head = Place {
            read: folder,
            named: folder,
            standing: Standing::Inside,
            counted: Counted::All,
        };
        Ok(vec![TreeEntry::new(head, Path::new(name), kind)])
    }

    fn refuse_special(&self, place: Place<'_>) -> Result<(), HashError> {
        match self.stamp(place, Follow::Links)?.map(|stamp| stamp.kind()) {
            None | Some(FileKind::File | FileKind::Directory | FileKind::Symlink) => Ok(()),
            Some(kind) => Err(HashError::special(place.named, kind)),
        }
    }
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, HashError> {
        let trimmed = pattern.trim_end_matches('/');
        let (head, tail) = match literal_start(trimmed).rfind('/') {
            Some(0) => ("/", &trimmed[1..]),
            Some(slash) => (&trimmed[..slash], &trimmed[slash + 1..]),
            None => ("", trimmed),
        };
        let components: Vec<&str> = tail.split('/').collect();
        let (folders, depth) = match single_folders(&components) {
            None => (Vec::new(), usize::MAX),
            Some(folders) if folders.len() == components.len() => (folders, components.len()),
            Some(folders) => (folders, usize::MAX),
        };
        Ok(Self {
            head: PathBuf::from(head),
            whole: PathGlob::of(tail, pattern)?,
            folders,
            depth,
        })
    }

    fn head(&self, counted: Counted) -> Place<'_> {
        Place {
            read: &self.head,
            named: &self.head,
            standing: Standing::Inside,
            counted,
        }
    }

    /// What it matches where nothing has come into folders since a look, and nothing has gone.
    fn entries_of(&self, look: &Look) -> Vec<TreeEntry> {
        let head = self.head(Counted::All);
        let entry = |(path, kind): (&Path, _)| TreeEntry::named(head, path.to_owned(), kind);
        look.members().map(entry).collect()
    }

    /// Whether `entry` can be a match or hold one.
    fn may_lead_on(&self, entry: &DirEntry) -> bool {
        if !entry.file_type().is_dir() {
            return true;
        }
        match self.folders.get(entry.depth() - 1) {
            Some(folder) => folder.is_match(Path::new(entry.file_name())),
            None => !entry.path_is_symlink(),
        }
    }
}

/// Matchers for the components before the first `**`; `None` where components cannot be told apart, because a `/` stands
/// inside braces.
fn single_folders(components: &[&str]) -> Option<Vec<PathGlob>> {
    let all: Option<Vec<PathGlob>> = components
        .iter()
        .map(|component| PathGlob::new(component).ok())
        .collect();
    let mut all = all?;
    all.truncate(
        components
            .iter()
            .take_while(|component| !component.contains("**"))
            .count(),
    );
    Some(all)
}

/// Whether a walk that follows links met one that dangles or leads back, or something that vanished.
fn leads_nowhere(error: &walkdir::Error) -> bool {
    let is_loop = error
        .io_error()
        .and_then(std::io::Error::raw_os_error)
        .is_some_and(|code| code == rustix::io::Errno::LOOP.raw_os_error());
    is_loop || error.loop_ancestor().is_some() || is_gone(error)
}

/// The paths of matches, which a command must be able to be given.
fn texts(entries: &[TreeEntry]) -> Result<Vec<String>, HashError> {
    entries
        .iter()
        .map(|entry| {
            let path = entry.place().named;
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| HashError::not_text(path, "the name of"))
        })
        .collect()
}

/// A path below `base`, from which the walk began: so the text of the one begins with that of the other.
fn below<'p>(base: &Path, path: &'p Path) -> &'p Path {
    let path = path.as_os_str().as_bytes();
    let below = path.get(base.as_os_str().len()..).unwrap_or_default();
    Path::new(OsStr::from_bytes(below.strip_prefix(b"/").unwrap_or(below)))
}

/// Whether something vanished between being listed and being looked at.
fn is_gone(error: &walkdir::Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
