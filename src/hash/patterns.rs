//! Globs of paths, ready to match, and exclusions from their matches.
//!
//! They are compiled in a set of one, because a glob that can be parsed need not be one that can be compiled: alone it
//! would panic, in a set that is an error.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{Candidate, Error, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::hash::HashError;

/// Whether a declared path is a glob: whether anything in it stands for other text.
pub fn is_glob(path: &str) -> bool {
    path.contains(MAGIC)
}

/// The text before anything in a pattern that stands for other text.
pub fn literal_start(pattern: &str) -> &str {
    pattern.find(MAGIC).map_or(pattern, |end| &pattern[..end])
}

/// Whether a glob would match a file at a path, both relative to the same folder.
pub fn glob_matches(pattern: &str, path: &str) -> Result<bool, HashError> {
    Ok(PathGlob::of(pattern, pattern)?.is_match(path))
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
        let mut set = GlobSetBuilder::new();
        set.add(compile(glob)?);
        set.build().map(Self)
    }

    /// Compiles a glob; an error names the text `pattern` that it is a part of.
    pub(super) fn of(glob: &str, pattern: &str) -> Result<Self, HashError> {
        Self::new(glob).map_err(|error| refuse(pattern, &error))
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
    /// Compiles the patterns; [`HashError::Pattern`] names the first invalid one.
    pub fn new<P: AsRef<str>>(patterns: &[P]) -> Result<Self, HashError> {
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            let trimmed = pattern.trim_start_matches("./").trim_end_matches('/');
            let glob = compile(trimmed).map_err(|error| refuse(pattern, &error))?;
            let set = if trimmed.contains('/') {
                &mut paths
            } else {
                &mut names
            };
            set.add(glob);
        }
        let build = |set: GlobSetBuilder| set.build().map_err(|error| refuse("ignore", &error));
        Ok(Self {
            names: build(names)?,
            paths: build(paths)?,
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

/// A glob in which only `**` crosses folders.
fn compile(glob: &str) -> Result<Glob, Error> {
    GlobBuilder::new(glob).literal_separator(true).build()
}

/// A pattern that is not a glob, or is too large.
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
