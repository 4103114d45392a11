//! The places at which a step of ours has begun to put an output: a file of the project, `.assetctl/begun`.
//!
//! A record is made last. Who dies before it leaves outputs that no record tells of, and without this file the next run
//! would take them for somebody else's. It lies with the project, as outputs do, so that all instances of a project know
//! it. It holds a digest of 16 bytes for each path and only grows. It is lost without harm: then what lies at such a place
//! is kept aside, and said.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::hash::version_of_bytes;
use crate::look::own_path::OWN_FOLDER;

const FILE: &str = "begun";

/// The length of an entry.
const ENTRY: usize = 16;

/// Notes that outputs are about to be put at `paths`, which are relative to the project root.
pub fn note<'p>(root: &Path, paths: impl Iterator<Item = &'p str>) -> io::Result<()> {
    let entries: Vec<u8> = paths.flat_map(entry).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let file = root.join(OWN_FOLDER).join(FILE);
    // One write each, so that entries of several processes do not mix.
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(&entries)
}

/// Those of `paths` at which an output was begun.
pub fn noted<'p>(root: &Path, paths: &[&'p str]) -> HashSet<&'p str> {
    let noted = fs::read(root.join(OWN_FOLDER).join(FILE)).unwrap_or_default();
    let noted: HashSet<&[u8]> = noted.chunks_exact(ENTRY).collect();
    let paths = paths.iter().copied();
    paths
        .filter(|path| noted.contains(entry(path).as_slice()))
        .collect()
}

fn entry(path: &str) -> [u8; ENTRY] {
    *version_of_bytes(path.as_bytes()).0.as_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{note, noted};

    #[test]
    fn what_was_noted_is_found_again() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        assert!(noted(root, &["a"]).is_empty());
        fs::create_dir(root.join(".assetctl")).expect("made");
        note(root, ["a", "b"].into_iter()).expect("noted");
        note(root, ["c"].into_iter()).expect("noted");
        note(root, std::iter::empty()).expect("nothing to note");
        let mut found: Vec<_> = noted(root, &["c", "x", "a"]).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, ["a", "c"]);
    }
}
