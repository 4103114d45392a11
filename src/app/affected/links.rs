//! Links among declared folders and files: a change is told by the path that the link leads to.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use crate::app::affected::changes::Root;

/// What declared links lead to, and how they are declared.
#[derive(Debug, Default)]
pub(super) struct Links {
    declared: BTreeMap<String, Vec<String>>,
}

impl Links {
    /// The links that declared folders and files are, or lie behind.
    pub(super) fn new<'h>(
        heads: impl Iterator<Item = &'h String>,
        top: &Path,
        root: &Root,
    ) -> Self {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let real_of = |path: &str| {
            let real = fs::canonicalize(top.join(path)).ok()?;
            let real = root.named(&real);
            (real != path).then_some(real)
        };
        for head in heads.filter(|head| !head.is_empty()) {
            let (folder, _) = head.rsplit_once('/').unwrap_or(("", head));
            let is_link = fs::symlink_metadata(top.join(head)).is_ok_and(|it| it.is_symlink());
            if is_link && let Some(real) = real_of(head) {
                declared.entry(real).or_default().push(head.clone());
            }
            if !folder.is_empty()
                && seen.insert(folder)
                && let Some(real) = real_of(folder)
            {
                declared.entry(real).or_default().push(folder.to_owned());
            }
        }
        Self { declared }
    }

    /// A path, and what it is called behind declared links.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let mut names = vec![path.to_owned()];
        if self.declared.is_empty() {
            return names;
        }
        for real in folders(path) {
            for declared in self.declared.get(real).into_iter().flatten() {
                names.push(format!("{declared}{}", &path[real.len()..]));
            }
        }
        names
    }
}

/// A path and the folders that lead to it, outermost first.
pub(super) fn folders(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    slashes
        .filter(|at| *at > 0)
        .chain([path.len()])
        .map(|end| &path[..end])
}
