//! The files that a glob matches, and their version.
//!
//! A glob matches regular files and links to them, never directories; dangling links (which editors leave about) are no
//! matches. `*` and `?` match names that begin with a dot as any other. A folder that is a symlink is entered where the
//! pattern names or matches it, but not by `**`.
//!
//! Globs of paths, ready to match, and what is taken out of what they match.
//!
//! They are compiled in a set of one, because a glob that can be parsed need not be one that can be compiled: alone it
//! would panic, in a set that is an error.
//!
//! What is never part of a directory or a glob, and what is none where git ignores it.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{Candidate, Error, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::{DirEntry, WalkDir};

use crate::hash::tree::{EntryKind, TreeEntry, below, fold_found, is_gone};
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

/// Whether a declared path is a glob: whether anything in it stands for other text.
pub fn is_glob(path: &str) -> bool {
    path.contains(MAGIC)
}

/// Whether a glob would match a file at a path, both relative to the same folder.
pub fn glob_matches(pattern: &str, path: &str) -> Result<bool, HashError> {
    Ok(PathGlob::of(pattern, pattern)?.is_match(path))
}

/// The text before anything in a pattern that stands for other text.
pub fn literal_start(pattern: &str) -> &str {
    pattern.find(MAGIC).map_or(pattern, |end| &pattern[..end])
}

/// Whether a glob would match any of several paths, relative to the same folder, that its exceptions do not take out.
pub fn glob_matches_any<'p>(
    pattern: &str,
    except: &[String],
    mut paths: impl Iterator<Item = &'p str>,
) -> Result<bool, HashError> {
    let (glob, except) = (PathGlob::of(pattern, pattern)?, Exceptions::new(except)?);
    Ok(paths.any(|path| glob.is_match(path) && !except.take(Path::new(path))))
}

/// What begins something to match. A backslash is among them because it takes the meaning of what follows away.
const MAGIC: [char; 5] = ['*', '?', '[', '{', '\\'];

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
        let before = self
            .looks
            .as_ref()
            .map(|looks| (looks, self.ticker.moment()));
        let (entries, folders) = self.walk(pattern, &Exceptions::new(except)?, counted)?;
        let known = match before {
            Some((looks, before)) if !folders.is_empty() => {
                let watched = Watched::Glob {
                    pattern: pattern.to_owned(),
                    except: except.iter().map(|it| it.as_ref().to_owned()).collect(),
                    counted,
                };
                self.known_by_look(looks, watched, (&entries, &folders), before)?
            }
            _ => None,
        };
        let (version, bytes) = match known {
            Some(known) => fold_found(&entries, known)?,
            None => self.fold(&entries)?,
        };
        let paths = texts(&entries)?;
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
        texts(&self.matches(pattern, &Exceptions::new(except)?, counted)?)
    }

    fn matches(
        &self,
        pattern: &str,
        except: &Exceptions,
        counted: Counted,
    ) -> Result<Vec<TreeEntry>, HashError> {
        Ok(self.walk(pattern, except, counted)?.0)
    }

    /// The matches of a pattern that count, sorted, and the folders that a match could have been found in.
    pub(super) fn walk(
        &self,
        pattern: &str,
        except: &Exceptions,
        counted: Counted,
    ) -> Result<(Vec<TreeEntry>, Vec<PathBuf>), HashError> {
        if !is_glob(pattern) {
            if except.take(Path::new(pattern)) {
                return Ok((Vec::new(), Vec::new()));
            }
            return Ok((self.literal_match(pattern)?, Vec::new()));
        }
        let pattern = Pattern::new(pattern)?;
        let head = Place {
            read: &pattern.head,
            named: &pattern.head,
            standing: Standing::Inside,
            counted,
        };
        let base = self.root.join(&pattern.head);
        let walk = WalkDir::new(&base)
            .min_depth(1)
            .max_depth(pattern.depth)
            .follow_links(true)
            .into_iter()
            .filter_entry(|entry| {
                entry.depth() == 0
                    || pattern.may_lead_on(entry) && {
                        let path = pattern.head.join(below(&base, entry));
                        let taken_out = entry.file_type().is_dir() && except.take_folder(&path);
                        !taken_out && !self.leaves_out(&path, counted)
                    }
            });
        let mut entries = Vec::new();
        let mut folders = Vec::from_iter(base.is_dir().then(|| pattern.head.clone()));
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if leads_nowhere(&error) => continue,
                Err(error) => return Err(HashError::unreadable(&pattern.head, error)),
            };
            let name = below(&base, &entry);
            if entry.file_type().is_dir() {
                folders.push(pattern.head.join(name));
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
            entries.push(found);
        }
        entries.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        Ok((entries, folders))
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
        let literal = trimmed
            .find(['*', '?', '[', '{', '\\'])
            .unwrap_or(trimmed.len());
        let (head, tail) = match trimmed[..literal].rfind('/') {
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

/// A glob in which only `**` crosses folders.
#[derive(Clone, Debug)]
pub struct PathGlob(GlobSet);

impl PathGlob {
    /// Compiles a glob.
    ///
    /// # Errors
    ///
    /// If it cannot be parsed, or would be too large.
    pub fn new(glob: &str) -> Result<Self, Error> {
        let glob = GlobBuilder::new(glob).literal_separator(true).build()?;
        let mut set = GlobSetBuilder::new();
        set.add(glob);
        set.build().map(Self)
    }

    /// Compiles a glob; an error names the text `pattern` that it is a part of.
    pub(super) fn of(glob: &str, pattern: &str) -> Result<Self, HashError> {
        Self::new(glob).map_err(|error| HashError::Pattern {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        })
    }

    /// Whether it matches a path.
    pub fn is_match(&self, path: impl AsRef<Path>) -> bool {
        self.0.is_match(path)
    }
}

/// What a list of paths takes out of what its globs match: `!src/generated/**`.
#[derive(Clone, Debug, Default)]
pub struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug)]
struct Exception {
    files: PathGlob,
    /// Folders of which nothing is left.
    folders: Option<PathGlob>,
}

impl Exceptions {
    /// Compiles exceptions, without their `!`. One without anything to match is a file, or a folder with all below it.
    ///
    /// # Errors
    ///
    /// If one is not a glob.
    pub fn new<P: AsRef<str>>(patterns: &[P]) -> Result<Self, HashError> {
        let exception = |pattern: &P| {
            let pattern = pattern.as_ref();
            let folder = match pattern.strip_suffix("/**") {
                None if !is_glob(pattern) => Some(pattern),
                folder => folder,
            };
            let folders = folder.map(|folder| PathGlob::of(folder, pattern));
            Ok(Exception {
                files: PathGlob::of(pattern, pattern)?,
                folders: folders.transpose()?,
            })
        };
        patterns
            .iter()
            .map(exception)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a path is taken out.
    pub fn take(&self, path: &Path) -> bool {
        let above = || path.ancestors().skip(1);
        self.0.iter().any(|exception| {
            exception.files.is_match(path) || above().any(|folder| exception.take_folder(folder))
        })
    }

    /// Whether all below a folder is taken out.
    pub fn take_folder(&self, folder: &Path) -> bool {
        self.0.iter().any(|exception| exception.take_folder(folder))
    }
}

impl Exception {
    fn take_folder(&self, folder: &Path) -> bool {
        let folders = self.folders.as_ref();
        folders.is_some_and(|folders| folders.is_match(folder))
    }
}

/// Names that tools and systems leave about, which nobody means as data; `docs/manifest.md` lists them.
const ALWAYS: [&str; 5] = [
    ".assetctl",
    ".git",
    "__pycache__",
    ".DS_Store",
    ".ipynb_checkpoints",
];

/// How the names of files end that editors leave about.
const LITTER: [&str; 2] = [".swp", "~"];

/// The patterns of `[project] ignore`, and the names that are ignored always.
///
/// A pattern without `/` is compared with names on every level, one with `/` with paths from the project root. A directory
/// that is ignored is not entered. A path that is declared itself is never asked about.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    names: GlobSet,
    paths: GlobSet,
}

impl Ignore {
    /// Compiles the patterns; [`HashError::Pattern`] names the first that is none.
    pub fn new<P: AsRef<str>>(patterns: &[P]) -> Result<Self, HashError> {
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            let trimmed = pattern.trim_start_matches("./").trim_end_matches('/');
            let glob = compile(trimmed, pattern)?;
            if trimmed.contains('/') {
                paths.add(glob);
            } else {
                names.add(glob);
            }
        }
        Ok(Self {
            names: build(&names, "ignore")?,
            paths: build(&paths, "ignore")?,
        })
    }

    /// Whether what lies at `path`, relative to the project root, is ignored by its own name or path. What lies in an
    /// ignored directory is not seen here: a walk does not enter one.
    pub fn matches(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else {
            return false;
        };
        ALWAYS.iter().any(|always| *always == name)
            || LITTER.iter().any(|end| {
                let name = name.as_bytes();
                name.len() > end.len() && name.ends_with(end.as_bytes())
            })
            || self.names.is_match_candidate(&Candidate::new(name))
            || (!self.paths.is_empty()
                && self.paths.is_match(path.strip_prefix(".").unwrap_or(path)))
    }
}

/// The files and folders that git ignores and does not track, relative to the project root.
#[derive(Clone, Debug, Default)]
pub struct GitIgnored(BTreeSet<PathBuf>);

impl GitIgnored {
    /// The files and folders that git has told.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(paths.into_iter().collect())
    }

    /// Whether a path is one of them. What lies in an ignored folder is not seen here: a walk does not enter one.
    pub fn has(&self, path: &Path) -> bool {
        !self.0.is_empty() && self.0.contains(path.strip_prefix(".").unwrap_or(path))
    }

    /// Whether a path, or a folder that it lies in, is one of them.
    pub fn hold(&self, path: &Path) -> bool {
        !self.0.is_empty() && path.ancestors().any(|above| self.has(above))
    }

    /// Those that lie below a folder, in order.
    pub fn below<'s>(&'s self, folder: &'s Path) -> impl Iterator<Item = &'s Path> {
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        let from = self
            .0
            .range::<Path, _>((Bound::Excluded(folder), Bound::Unbounded));
        let from = from.map(PathBuf::as_path);
        from.take_while(move |path| path.starts_with(folder))
    }

    /// Whether git ignores nothing that was asked about.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A glob in which only `**` crosses folders; errors name the text `pattern` that it is a part of.
fn compile(glob: &str, pattern: &str) -> Result<Glob, HashError> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .build()
        .map_err(|error| refuse(pattern, &error))
}

fn build(set: &GlobSetBuilder, pattern: &str) -> Result<GlobSet, HashError> {
    set.build().map_err(|error| refuse(pattern, &error))
}

fn refuse(pattern: &str, error: &Error) -> HashError {
    HashError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Exceptions, Ignore, PathGlob};

    use crate::hash::HashError;

    #[test]
    fn a_glob_that_cannot_be_compiled_is_an_error() {
        let nested = "{a,".repeat(300) + &"}".repeat(300);
        assert!(globset::Glob::new(&nested).is_ok());
        assert!(PathGlob::new(&nested).is_err());
        assert!(PathGlob::new("[z-a]").is_err());
        assert!(PathGlob::new("a/*.csv").is_ok_and(|glob| glob.is_match("a/b.csv")));
    }

    #[test]
    fn folders_and_files_are_taken_out() {
        let exceptions = Exceptions::new(&["src/gen/**", "**/*.bak", "old", "x/*"]).expect("globs");
        for (path, taken) in [
            ("src/gen/a/b.rs", true),
            ("src/gen", false),
            ("src/general/a", false),
            ("deep/a.bak", true),
            ("old", true),
            ("old/a/b", true),
            ("older/a", false),
            ("x/a", true),
            ("x/a/b", false),
        ] {
            assert_eq!(exceptions.take(Path::new(path)), taken, "{path}");
        }
        assert!(exceptions.take_folder(Path::new("src/gen")));
        assert!(!exceptions.take_folder(Path::new("src")));
    }

    #[test]
    fn names_count_on_every_level_and_paths_from_the_root() {
        let ignore = Ignore::new(&["*.tmp", "build/*.log", "cache/"]).unwrap();
        for (path, ignored) in [
            ("a.tmp", true),
            ("deep/down/a.tmp", true),
            ("a.tmp.csv", false),
            ("build/x.log", true),
            ("./build/x.log", true),
            ("build/deep/x.log", false),
            ("other/build/x.log", false),
            ("x/cache", true),
            ("x/.git", true),
            (".DS_Store", true),
            ("x/.ipynb_checkpoints", true),
            ("x/.data.csv.swp", true),
            ("x/data.csv~", true),
            ("~", false),
            (".swp", false),
            (".gitignore", false),
            ("..", false),
        ] {
            assert_eq!(ignore.matches(Path::new(path)), ignored, "{path}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_named() {
        let error = Ignore::new(&["ok", "[a"]).unwrap_err();
        assert!(
            matches!(error, HashError::Pattern { pattern, .. } if pattern == "[a"),
            "the error names another pattern"
        );
    }
}
