//! Which files git tracks.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::git::repository::{texts, words};
use crate::git::{GitError, Repository};

/// The mode of a symlink in an index.
const LINK: &[u8] = b"120000";
/// The mode of a submodule in an index.
const SUBMODULE: &[u8] = b"160000";

/// The files of a repository's index.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// The top of the work tree, absolute and without links.
    top: PathBuf,
    /// By path relative to the top, whether it is a link.
    files: HashMap<Box<[u8]>, bool>,
}

/// Files that commits had and that are not ignored now.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    top: PathBuf,
    /// By path relative to the top, in order.
    files: Vec<Vec<u8>>,
}

impl Repository {
    /// The files that are tracked: in the index, committed or not.
    pub fn tracked(&self) -> Result<Tracked, GitError> {
        let listed = self.git.read(&self.top, &["ls-files", "--stage", "-z"])?;
        let entry = |entry: &[u8]| -> Option<(Box<[u8]>, bool)> {
            let tab = entry.iter().position(|byte| *byte == b'\t')?;
            let mode = entry.get(..6).filter(|mode| *mode != SUBMODULE)?;
            Some((entry[tab + 1..].into(), mode == LINK))
        };
        Ok(Tracked {
            top: self.top.clone(),
            files: texts(&listed).filter_map(entry).collect(),
        })
    }

    /// Of paths at which nothing is, which hold, or held, what commits up to the one that is checked out had. Paths that
    /// are ignored now are left out: they are no longer git's matter. Of a shallow clone only its commits are known.
    pub fn removed(&self, paths: &[PathBuf]) -> Result<Removed, GitError> {
        let within = |path: &PathBuf| {
            let path = path.strip_prefix(&self.top).ok()?.as_os_str().as_bytes();
            let path = if path.is_empty() { b"." } else { path };
            // Git reads them line by line.
            (!path.contains(&b'\n')).then(|| path.to_owned())
        };
        let asked: Vec<Vec<u8>> = paths.iter().filter_map(within).collect();
        if asked.is_empty() || self.commit("HEAD").is_err() {
            return Ok(Removed::default());
        }
        let ignored = self.ignored(&asked)?;
        let kept = asked.iter().filter(|path| !ignored.contains(*path));
        let mut about = b"HEAD\n--\n".to_vec();
        let before = about.len();
        kept.for_each(|path| about.extend([path.as_slice(), b"\n"].concat()));
        if about.len() == before {
            return Ok(Removed::default());
        }
        let words = words(
            "--literal-pathspecs log --format= --name-only --no-renames --no-show-signature -z --stdin",
        );
        let listed = self.git.ask_with(&self.top, &words, self.told(&about)?)?;
        let mut files: Vec<Vec<u8>> = texts(&listed).map(Into::into).collect();
        files.sort_unstable();
        files.dedup();
        let ignored = match files.as_slice() {
            [] => HashSet::new(),
            files => self.ignored(files)?,
        };
        files.retain(|file| !ignored.contains(file));
        let top = self.top.clone();
        Ok(Removed { top, files })
    }

    fn ignored(&self, paths: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, GitError> {
        let words = ["check-ignore", "--no-index", "-z", "--stdin"];
        let mut about = paths.join(&0);
        about.push(0);
        match self.git.ask_with(&self.top, &words, self.told(&about)?) {
            Ok(listed) => Ok(texts(&listed).map(<[u8]>::to_vec).collect()),
            // That none is ignored is told by failing.
            Err(GitError::Failed { .. }) => Ok(HashSet::new()),
            Err(error) => Err(error),
        }
    }
    /// The files and folders that are ignored and not tracked, at or below these paths, all relative to the folder that
    /// the repository was opened for. Of a folder that is ignored as a whole nothing but its own name is told.
    pub fn ignored_below(&self, paths: &[String]) -> Result<Vec<PathBuf>, GitError> {
        let depth = self.prefix.components().count();
        let climbs = |path: &str| path.split('/').take_while(|part| *part == "..").count();
        let is_within = |path: &&String| !path.starts_with('/') && climbs(path) <= depth;
        let within: Vec<&str> = paths.iter().filter(is_within).map(String::as_str).collect();
        if within.is_empty() {
            return Ok(Vec::new());
        }
        let mut words = words(
            "--literal-pathspecs ls-files --others --ignored --exclude-standard --directory -z --",
        );
        words.extend(&within);
        // Git fails where all paths lie in a folder that is ignored as a whole. This one does not, and is never listed.
        let anchor = format!("{}.git", "../".repeat(depth));
        words.push(&anchor);
        let listed = self.git.read(&self.folder, &words)?;
        let mut ignored = Vec::new();
        for text in texts(&listed) {
            let text = text.strip_suffix(b"/").unwrap_or(text);
            let path = Path::new(OsStr::from_bytes(text));
            let up = path.components().filter(|part| *part != Component::CurDir);
            if up.clone().all(|part| part == Component::ParentDir) {
                // The folder lies in one that is ignored, and so do all that do not lead out of that.
                let count = up.count();
                let below = within.iter().filter(|path| climbs(path) <= count);
                ignored.extend(below.map(PathBuf::from));
            } else {
                ignored.push(path.to_owned());
            }
        }
        Ok(ignored)
    }
}

impl Removed {
    /// Whether a path, which is absolute, is that of a removed file or a folder above one.
    pub fn had(&self, path: &Path) -> bool {
        let Ok(path) = path.strip_prefix(&self.top) else {
            return false;
        };
        let path = path.as_os_str().as_bytes();
        let at = self.files.partition_point(|file| **file < *path);
        let below = [path, b"/"].concat();
        let first_below = self.files.partition_point(|file| **file < *below);
        self.files.get(at).is_some_and(|file| **file == *path)
            || self
                .files
                .get(first_below)
                .is_some_and(|file| file.starts_with(&below))
    }

    /// The removed files, as absolute paths.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let path = |file: &Vec<u8>| self.top.join(OsStr::from_bytes(file));
        self.files.iter().map(path)
    }
}

impl Tracked {
    /// Whether there is a regular file at `path`, which is absolute.
    pub fn has_file(&self, path: &Path) -> bool {
        self.is_link(path) == Some(false)
    }

    /// The files and links, as absolute paths, in no order.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files
            .keys()
            .map(|file| self.top.join(OsStr::from_bytes(file)))
    }

    /// Whether there is a file or a link at `path`, which is absolute.
    pub fn has_entry(&self, path: &Path) -> bool {
        self.is_link(path).is_some()
    }

    fn is_link(&self, path: &Path) -> Option<bool> {
        let within: &OsStr = path.strip_prefix(&self.top).ok()?.as_os_str();
        self.files.get(within.as_bytes()).copied()
    }
}
