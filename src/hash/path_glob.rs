//! Globs of paths, ready to match, and what is taken out of what they match.
//!
//! They are compiled in a set of one, because a glob that can be parsed need not be one that can be compiled: alone it
//! would panic, in a set that is an error.

use std::path::Path;

use globset::{Error, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::hash::HashError;

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
                None if !crate::hash::is_glob(pattern) => Some(pattern),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Exceptions, PathGlob};

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
}
