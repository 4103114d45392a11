//! All that can be seen of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A folder with all that is in it, by path below it.
pub struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(PartialEq, Eq)]
struct Entry {
    mode: u32,
    /// In seconds and nanoseconds.
    modified: (i64, i64),
    content: Content,
}

#[derive(PartialEq, Eq)]
enum Content {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

impl Tree {
    /// What is there now.
    pub fn of(folder: &Path) -> Self {
        let entries = WalkDir::new(folder).into_iter().map(|entry| {
            let entry = entry.expect("the folder can be read");
            let metadata = entry.metadata().expect("it is there");
            let path = entry.path();
            let content = if metadata.is_dir() {
                Content::Folder
            } else if metadata.is_symlink() {
                Content::Link(fs::read_link(path).expect("it is a link"))
            } else {
                Content::File(fs::read(path).expect("it can be read"))
            };
            let below = path.strip_prefix(folder).expect("the walk stays below");
            let entry = Entry {
                mode: metadata.mode(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                content,
            };
            (below.to_owned(), entry)
        });
        Self(entries.collect())
    }

    /// Asserts that it is what it was.
    #[track_caller]
    pub fn is_still(&self, before: &Self) {
        let differs = |path: &&PathBuf| self.0.get(*path) != before.0.get(*path);
        let paths = self.0.keys().chain(before.0.keys());
        let changed: Vec<_> = paths.filter(differs).collect();
        assert!(changed.is_empty(), "the project was changed: {changed:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::UNIX_EPOCH;

    use super::Tree;
    use crate::sandbox::Sandbox;

    type Change = fn(&Sandbox);

    #[test]
    fn every_change_is_seen() {
        let changes: [(&str, Change); 4] = [
            ("bytes", |it| it.append("a/b", "2")),
            ("a time", |it| it.touch("a/b")),
            ("a file that is gone", |it| it.remove("a/b")),
            ("one that was there for a moment", |it| {
                it.write("a/c", "");
                it.remove("a/c");
            }),
        ];
        for (what, change) in changes {
            let sandbox = Sandbox::new().with_file("a/b", "1");
            // Two changes within one tick of the clock have the same time.
            let folder = File::open(sandbox.path("a")).expect("it is there");
            folder.set_modified(UNIX_EPOCH).expect("it is ours");
            let before = Tree::of(&sandbox.project());
            Tree::of(&sandbox.project()).is_still(&before);
            change(&sandbox);
            let after = Tree::of(&sandbox.project());
            let seen = catch_unwind(AssertUnwindSafe(|| after.is_still(&before)));
            assert!(seen.is_err(), "{what}");
        }
    }
}
