//! Paths as they are on disk: through symlinked directories, and without regard to case where the file system has none.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::manifest::find::MANIFEST;
use crate::manifest::trie::Pattern;

/// What is known of the project's folders; each is asked for once.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    case: Case,
    /// Folders, relative to the root or absolute, with what they really are.
    folders: HashMap<String, Folder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Distinct,
    Folded,
}

#[derive(Clone, Debug)]
enum Folder {
    /// It does not exist, and so nothing in it.
    Absent,
    /// It is what its name says.
    Plain,
    /// It leads elsewhere: to these components.
    Link(Vec<String>),
}

impl Disk {
    /// The disk that holds the project in `root`.
    pub(super) fn new(root: &Path) -> Self {
        let identity = |path: PathBuf| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
        let manifest = identity(root.join(MANIFEST));
        let other_case = identity(root.join(MANIFEST.to_uppercase()));
        Self {
            root: fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()),
            case: if manifest.is_some() && manifest == other_case {
                Case::Folded
            } else {
                Case::Distinct
            },
            folders: HashMap::new(),
        }
    }

    /// A path, relative to the root, as it is on disk; an absolute one and one above the root begin with `/`.
    pub(super) fn resolve(&mut self, path: Vec<Pattern>) -> Vec<Pattern> {
        let is =
            |pattern: &Pattern, text: &str| matches!(pattern, Pattern::Literal(it) if it == text);
        let path = match path.first() {
            Some(first) if is(first, "/") => self.relative(path),
            Some(first) if is(first, "..") => {
                let mut base = components(&self.root);
                let up = path.iter().take_while(|pattern| is(pattern, "..")).count();
                base.truncate(base.len().saturating_sub(up).max(1));
                base.extend(path.into_iter().skip(up));
                self.relative(base)
            }
            _ => path,
        };
        let path = self.follow(path);
        self.fold_case(path)
    }

    /// An absolute path as one relative to the root, if it lies there.
    fn relative(&self, path: Vec<Pattern>) -> Vec<Pattern> {
        let root = components(&self.root);
        if path.len() > root.len() && path[..root.len()] == root[..] {
            path[root.len()..].to_vec()
        } else {
            path
        }
    }

    fn follow(&mut self, mut path: Vec<Pattern>) -> Vec<Pattern> {
        let mut folder = String::new();
        for depth in 0..path.len().saturating_sub(1) {
            let Pattern::Literal(name) = &path[depth] else {
                break;
            };
            if !folder.is_empty() && !folder.ends_with('/') {
                folder.push('/');
            }
            folder.push_str(name);
            let root = &self.root;
            if !self.folders.contains_key(&folder) {
                let found = Folder::look(root, &folder);
                self.folders.insert(folder.clone(), found);
            }
            match &self.folders[&folder] {
                Folder::Absent => break,
                Folder::Plain => {}
                Folder::Link(real) => {
                    let mut resolved: Vec<Pattern> =
                        real.iter().cloned().map(Pattern::Literal).collect();
                    resolved.extend(path.drain(depth + 1..));
                    return self.relative(resolved);
                }
            }
        }
        path
    }

    fn fold_case(&self, mut path: Vec<Pattern>) -> Vec<Pattern> {
        if self.case == Case::Folded {
            for pattern in &mut path {
                match pattern {
                    Pattern::Literal(text) => *text = text.to_lowercase(),
                    Pattern::Open { head, tail } => {
                        *head = head.to_lowercase();
                        *tail = tail.to_lowercase();
                    }
                }
            }
        }
        path
    }
}

impl Folder {
    fn look(root: &Path, folder: &str) -> Self {
        let path = root.join(folder);
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            return Self::Absent;
        };
        if !metadata.is_symlink() {
            return Self::Plain;
        }
        // The whole way is resolved, so nothing behind this link has to be followed once more.
        match fs::canonicalize(&path) {
            Ok(real) => Self::Link(literals(&real)),
            Err(_) => Self::Absent,
        }
    }
}

fn components(path: &Path) -> Vec<Pattern> {
    literals(path).into_iter().map(Pattern::Literal).collect()
}

fn literals(path: &Path) -> Vec<String> {
    path.components()
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::Disk;
    use crate::manifest::trie::Pattern;

    #[test]
    fn links_and_ways_around_lead_to_one_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("project");
        fs::create_dir_all(root.join("build")).expect("a folder");
        symlink("build", root.join("out")).expect("a link");
        let absolute = fs::canonicalize(&root).expect("the folder exists");
        let mut disk = Disk::new(&root);
        let literal = |path: &str| -> Vec<Pattern> {
            let absolute = path.starts_with('/').then(|| "/".to_owned());
            let parts = path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned);
            absolute
                .into_iter()
                .chain(parts)
                .map(Pattern::Literal)
                .collect()
        };
        for path in [
            "build/x.csv",
            "out/x.csv",
            "../project/out/x.csv",
            &format!("{}/build/x.csv", absolute.display()),
        ] {
            assert_eq!(
                disk.resolve(literal(path)),
                literal("build/x.csv"),
                "{path}"
            );
        }
        assert_eq!(disk.resolve(literal("none/x")), literal("none/x"));
    }
}
