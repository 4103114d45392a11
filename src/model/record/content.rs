//! What a data version of a source stands for, so that it can be told what has changed in it.

use serde::{Deserialize, Serialize};

use crate::model::status::FileChanges;
use crate::model::version::DataVersion;

/// The most bytes that a list of files takes.
const LONGEST_LIST: usize = 4 << 20;

/// The most characters that are kept of a value.
const LONGEST_VALUE: usize = 200;

/// How many files of a change are named.
const NAMED: usize = 20;

/// What a version of a source stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceContent {
    /// A value, or its beginning.
    Value(String),
    /// The files of a folder, or of what globs match.
    Files(FileList),
    /// So many files that no list is kept of them.
    TooMany(u64),
}

/// Paths in order of bytes, each with a part of its version.
///
/// A path shares its beginning with the one before it: of that only the length is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileList {
    paths: Vec<(u32, String)>,
    versions: Vec<u64>,
}

impl SourceContent {
    /// A value as text; only the beginning of a long one is kept.
    pub fn of_value(text: &str) -> Self {
        match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => Self::Value(format!("{}…", &text[..end])),
            None => Self::Value(text.to_owned()),
        }
    }

    /// Files by their paths, in any order.
    pub fn of_files(mut files: Vec<(String, DataVersion)>) -> Self {
        files.sort_unstable();
        files.dedup();
        let mut list = FileList::default();
        let (mut before, mut bytes) = (String::new(), 0);
        for (path, DataVersion(version)) in &files {
            let shared = shared(&before, path);
            bytes += path.len() - shared + 16;
            if bytes > LONGEST_LIST {
                return Self::TooMany(files.len() as u64);
            }
            list.paths.push((shared as u32, path[shared..].to_owned()));
            let version = u128::from_be_bytes(*version.as_bytes());
            list.versions.push((version >> 64) as u64);
            before.clone_from(path);
        }
        Self::Files(list)
    }
}

impl FileList {
    /// What has become of these files, `now` being those that are there.
    pub fn changes(&self, now: &Self) -> FileChanges {
        let mut changes = FileChanges::default();
        let (old, new) = (self.entries(), now.entries());
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        let mut named = 0;
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return changes,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((old, _)), Some((new, _))) => old.cmp(new),
            };
            let (path, names) = match order {
                std::cmp::Ordering::Less => (old.next(), &mut changes.removed),
                std::cmp::Ordering::Greater => (new.next(), &mut changes.added),
                std::cmp::Ordering::Equal => {
                    let (before, after) = (old.next(), new.next());
                    if before == after {
                        continue;
                    }
                    (after, &mut changes.changed)
                }
            };
            named += 1;
            match path {
                Some((path, _)) if named <= NAMED => names.push(path),
                _ => changes.more += 1,
            }
        }
    }

    fn entries(&self) -> Vec<(String, u64)> {
        let mut entries = Vec::with_capacity(self.paths.len());
        let mut path = String::new();
        for ((shared, rest), version) in self.paths.iter().zip(&self.versions) {
            path.truncate(*shared as usize);
            path.push_str(rest);
            entries.push((path.clone(), *version));
        }
        entries
    }
}

/// How many bytes two paths have in common at their beginning, whole characters only.
fn shared(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    let mut shared = pairs.take_while(|(one, other)| one == other).count();
    while !other.is_char_boundary(shared) {
        shared -= 1;
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::SourceContent;
    use crate::digest::Kind;
    use crate::model::status::FileChanges;
    use crate::model::version::DataVersion;

    fn files(all: &[(&str, &str)]) -> SourceContent {
        let file = |(path, text): &(&str, &str)| {
            let version = DataVersion(Kind::File.digest(text.as_bytes()));
            ((*path).to_owned(), version)
        };
        SourceContent::of_files(all.iter().map(file).collect())
    }

    #[test]
    fn what_has_become_of_files() {
        let SourceContent::Files(old) =
            files(&[("a/ü", "1"), ("a/ö", "1"), ("b", "1"), ("c", "1")])
        else {
            panic!("a list");
        };
        let SourceContent::Files(new) =
            files(&[("a/ö", "2"), ("a/ü", "1"), ("c", "1"), ("d", "1")])
        else {
            panic!("a list");
        };
        let names = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        let expected = FileChanges {
            added: names(&["d"]),
            removed: names(&["b"]),
            changed: names(&["a/ö"]),
            more: 0,
        };
        assert_eq!(old.changes(&new), expected);
        assert_eq!(old.changes(&old), FileChanges::default());
    }

    #[test]
    fn lists_and_names_are_bounded() {
        let many: Vec<_> = (0..40)
            .map(|number| (format!("f{number:02}"), "1"))
            .collect();
        let many: Vec<_> = many.iter().map(|(path, text)| (&**path, *text)).collect();
        let (SourceContent::Files(none), SourceContent::Files(all)) = (files(&[]), files(&many))
        else {
            panic!("lists");
        };
        let changes = none.changes(&all);
        assert_eq!(
            (changes.added.len(), changes.more, changes.count()),
            (20, 20, 40)
        );
        let long = "x".repeat(5 << 20);
        assert_eq!(files(&[(&long, "1")]), SourceContent::TooMany(1));
        let SourceContent::Value(value) = SourceContent::of_value(&"ü".repeat(500)) else {
            panic!("a value");
        };
        assert_eq!(value.chars().count(), 201);
    }
}
