//! The paths that a project writes and reads, as patterns that can be compared: as they are on disk, through symlinked
//! directories, and without regard to case where the file system has none.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::manifest::partitions::{Decides, Definitions};
use crate::manifest::paths::{self, after_glob, before_glob, components};
use crate::manifest::patterns::Pattern;
use crate::manifest::project_files::MANIFEST;
use crate::model::{
    AssetId, DefinitionId, Location, OutputKind, PartitionRef, PathTemplate, Piece,
};

/// Lists of more keys, and products of lists, are compared as placeholders, not key by key.
pub(super) const COMPARED_KEYS: u32 = 1_000;

/// A path that somebody writes or reads.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// Where it is declared.
    pub location: Location,
    /// The path.
    pub template: PathTemplate,
    /// Whose keys fill in the placeholders.
    pub definition: Option<DefinitionId>,
    /// What it is, and to whom.
    pub kind: ClaimKind,
    /// What is taken out of a glob; exceptions with placeholders are left out.
    pub except: Vec<String>,
}

/// What a path is, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimKind {
    /// An asset writes it.
    Output(AssetId, OutputKind),
    /// It is a source.
    Source(AssetId),
    /// An asset declares it as code.
    Code(AssetId),
    /// A word of an asset's command, that counts as code if the file exists.
    Candidate(AssetId),
    /// Files that are keys, or whose windows are.
    Keys(Decides),
    /// Read as code of a resource.
    ResourceCode,
    /// It is a file or a folder that no step may replace.
    Guarded,
    /// An environment keeps its lock file there, or the folder of its instance.
    Kept(KeptFile),
}

/// What an environment keeps at a path of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeptFile {
    /// Its lock file.
    Lock,
    /// The folder of its instance.
    Home,
}

/// A path as it is compared.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Its components, up to the first that matches over folders.
    pub patterns: Vec<Pattern>,
    /// Whether anything may follow them, over folders.
    pub is_open: bool,
    /// The path, where it is one and no glob.
    pub literal: Option<String>,
    /// The glob, where it is one without placeholders.
    pub glob: Option<String>,
}

impl Claim {
    /// Its shape, with placeholders as text of any kind.
    pub(super) fn shape(&self, disk: &mut Disk) -> Shape {
        shape(&self.template, self.may_be_glob(), disk)
    }

    /// Its shapes key by key, where its definition is a list of keys that is not too long.
    pub(super) fn shapes_by_key(
        &self,
        definitions: &Definitions<'_>,
        disk: &mut Disk,
    ) -> Vec<Shape> {
        let listed = self
            .definition
            .filter(|_| self.template.as_literal().is_none())
            .and_then(|id| definitions.listed(id, COMPARED_KEYS));
        let Some(keys) = listed else {
            return vec![self.shape(disk)];
        };
        keys.range()
            .map(|index| {
                let path = self.template.path(PartitionRef { keys: &keys, index });
                // A key that is escaped in a glob is more than its own name only to who reads no escapes.
                shape(&PathTemplate::literal(path), self.may_be_glob(), disk)
            })
            .collect()
    }

    fn may_be_glob(&self) -> bool {
        matches!(self.kind, ClaimKind::Source(_) | ClaimKind::Code(_))
    }
}

fn shape(template: &PathTemplate, may_be_glob: bool, disk: &mut Disk) -> Shape {
    let is_glob = may_be_glob && paths::is_glob(template);
    let mut patterns = Vec::new();
    let mut is_open = false;
    for (index, component) in components(template).into_iter().enumerate() {
        if component.is_empty() {
            if index == 0 {
                patterns.push(Pattern::Literal("/".to_owned()));
            }
            continue;
        }
        let texts: Vec<Option<&str>> = component
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Placeholder(_) => None,
            })
            .collect();
        if is_glob && texts.iter().flatten().any(|text| crosses_folders(text)) {
            is_open = true;
            break;
        }
        patterns.push(pattern(&texts, is_glob));
    }
    let literal = template.as_literal();
    let owned = |wanted: bool| literal.filter(|_| wanted).map(str::to_owned);
    Shape {
        patterns: disk.resolve(patterns),
        is_open,
        literal: owned(!is_glob),
        glob: owned(is_glob),
    }
}

/// A component of these texts; `None` is a placeholder.
fn pattern(texts: &[Option<&str>], is_glob: bool) -> Pattern {
    let first = texts.first().copied().flatten().unwrap_or_default();
    let last = texts.last().copied().flatten().unwrap_or_default();
    let (head, tail) = if is_glob {
        (before_glob(first), after_glob(last))
    } else {
        (first, last)
    };
    if let [Some(text)] = texts
        && head.len() == text.len()
    {
        return Pattern::Literal((*text).to_owned());
    }
    Pattern::Open {
        head: head.to_owned(),
        tail: tail.to_owned(),
    }
}

/// Whether a component of a glob can match over folders: `**`, or alternatives that hold a `/`.
fn crosses_folders(component: &str) -> bool {
    let count = |wanted: char| component.matches(wanted).count();
    component.contains("**") || count('{') != count('}')
}

/// What is known of the project's folders; each is asked for once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Disk {
    root: PathBuf,
    case: Case,
    /// Folders, relative to the root or absolute, with what they really are.
    folders: HashMap<String, Folder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Case {
    Distinct,
    Folded,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Folder {
    /// It is what its name says, or does not exist.
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

    /// The same folders as they are now, if nothing has changed.
    pub(super) fn unchanged(&self, root: &Path) -> Option<Self> {
        let mut now = Self::new(root);
        for folder in self.folders.keys() {
            let found = Folder::look(&now.root, folder);
            now.folders.insert(folder.clone(), found);
        }
        (now == *self).then_some(now)
    }

    /// A path, relative to the root, as it is on disk; an absolute one and one above the root begin with `/`.
    pub(super) fn resolve(&mut self, path: Vec<Pattern>) -> Vec<Pattern> {
        let is =
            |pattern: &Pattern, text: &str| matches!(pattern, Pattern::Literal(it) if it == text);
        let path = match path.first() {
            Some(first) if is(first, "/") => self.relative(path),
            Some(first) if is(first, "..") => {
                let mut base = literal_components(&self.root);
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
        let root = literal_components(&self.root);
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
        if !path.is_symlink() {
            return Self::Plain;
        }
        // The whole way is resolved, so nothing behind this link has to be followed once more.
        fs::canonicalize(&path).map_or(Self::Plain, |real| Self::Link(literals(&real)))
    }
}

fn literal_components(path: &Path) -> Vec<Pattern> {
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
    use crate::manifest::patterns::Pattern;

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
