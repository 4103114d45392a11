//! What is never part of a directory or a glob, and what is none where git ignores it.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::hash::HashError;

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

fn refuse(pattern: &str, error: &globset::Error) -> HashError {
    HashError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Ignore;
    use crate::hash::HashError;

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
