//! What git would commit: its index, as a tree and as files of their own.
//!
//! Within a hook git names the index that is meant: that of `git commit -a` is not the repository's. It is copied before
//! it is made a tree, as git writes into an index that it makes one of; only new objects are left in the repository.
//!
//! A [`Checkout`] is kept between calls: git brings it up to date, and leaves alone whatever has not changed in it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::digest::Kind;
use crate::git::error::succeeded;
use crate::git::repository::{INDEX, texts, without_line_end};
use crate::git::{GitError, Repository};
use crate::sys::lock::FileLock;

/// The variable by which git tells a hook which index is meant.
const HOOK_INDEX: &str = "GIT_INDEX_FILE";

/// How a line of `ls-files --stage` begins for a submodule, and for a link.
const SUBMODULE: &[u8] = b"160000 ";
const LINK: &[u8] = b"120000 ";

/// Makes an index and the files like a tree.
const READ_TREE: [&str; 4] = ["read-tree", "--reset", "-u", "--no-recurse-submodules"];

/// A tree that git would commit, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(String);

/// How much of a tree is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeExtent {
    /// What is at or below the folder that the repository was opened for.
    Folder,
    /// All of it.
    Whole,
}

/// Files as they are in a tree, in a folder that nobody else looks at. It is locked until this is dropped.
#[derive(Debug)]
pub struct Checkout {
    /// Holds the files, at their paths in the repository.
    folder: PathBuf,
    /// What git knows of them.
    index: PathBuf,
    _held: FileLock,
}

impl Checkout {
    /// The checkout `folder`, made with the first tree; it lies in a folder that is there. Waits for other processes that
    /// use it.
    pub fn at(folder: PathBuf) -> Result<Self, GitError> {
        let beside = |extension: &str| folder.with_extension(extension);
        let held = FileLock::exclusive(&beside("lock"))?;
        let index = beside("index");
        // Whoever left it has died: it would hold the lock.
        remove_if_there(fs::remove_file(beside("index.lock")))?;
        if !index.exists() {
            remove_if_there(fs::remove_dir_all(&folder))?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            index,
            _held: held,
        })
    }

    /// Where the folder is that `repository` was opened for.
    pub fn place(&self, repository: &Repository) -> PathBuf {
        self.folder.join(&repository.prefix)
    }

    /// A repository as if the checkout were its work tree.
    pub fn repository(&self, repository: &Repository) -> Repository {
        let real = self.folder.canonicalize();
        let top = real.unwrap_or_else(|_| self.folder.clone());
        let git = repository.git.with_work_tree(&repository.git_folder, &top);
        Repository {
            git: git.with_index(&self.index),
            folder: top.join(&repository.prefix),
            top,
            prefix: repository.prefix.clone(),
            git_folder: repository.git_folder.clone(),
        }
    }

    /// The index of a submodule's files.
    fn index_of(&self, submodule: &OsStr) -> PathBuf {
        let name = Kind::Path.digest(submodule.as_bytes());
        self.folder.with_extension(format!("{name}.index"))
    }

    fn begin_anew(&self) -> Result<(), GitError> {
        remove_if_there(fs::remove_file(&self.index))?;
        remove_if_there(fs::remove_dir_all(&self.folder))?;
        Ok(fs::create_dir_all(&self.folder)?)
    }
}

/// What has to be known of the files of a tree besides their contents.
#[derive(Debug, Default, PartialEq, Eq)]
struct Special {
    /// Paths of submodules, each with its commit.
    submodules: Vec<(OsString, String)>,
    /// Whether there is a link.
    links: bool,
}

impl Repository {
    /// The tree that a commit made now would have: within a hook of that commit by the index that git names in
    /// `environment`, else by the repository's.
    pub fn staged(&self, environment: &[(OsString, OsString)]) -> Result<Tree, GitError> {
        let copy = self.copied(&self.index_of_hook(environment)?)?;
        let git = match &copy {
            Some(folder) => self.git.with_index(&folder.path().join(INDEX)),
            None => self.git.clone(),
        };
        let output = git.ask(&self.top, &["write-tree"])?;
        if !output.status.success() {
            let listed = git.read(&self.top, &["ls-files", "--unmerged", "-z"])?;
            let mut paths: Vec<String> = texts(&listed).filter_map(path_of).collect();
            paths.dedup();
            if !paths.is_empty() {
                return Err(GitError::unmerged(&paths));
            }
        }
        Ok(Tree(hash(&succeeded(output)?)))
    }

    /// Whether a file of the folder is in a tree.
    pub fn has(&self, tree: &Tree, path: &str) -> Result<bool, GitError> {
        let object = format!("{}:{}", tree.0, self.prefix.join(path).display());
        let found = self.git.ask(&self.top, &["cat-file", "-e", &object])?;
        Ok(found.status.success())
    }

    /// Makes a checkout hold the files of a tree, and nothing else that it held before.
    ///
    /// Where there are links in the folder, which may lead out of it, that is all files.
    pub fn check_out(
        &self,
        tree: &Tree,
        extent: TreeExtent,
        checkout: &Checkout,
    ) -> Result<(), GitError> {
        let before = self.special(&checkout.index)?;
        let mut wanted = match extent {
            TreeExtent::Folder => self.reduced(tree)?,
            TreeExtent::Whole => tree.clone(),
        };
        self.update(&wanted, checkout)?;
        let mut now = self.special(&checkout.index)?;
        if now.links && wanted != *tree {
            wanted = tree.clone();
            self.update(&wanted, checkout)?;
            now = self.special(&checkout.index)?;
        }
        let stays = |(path, _): &(OsString, String)| now.submodules.iter().any(|it| it.0 == *path);
        if !before.submodules.iter().all(stays) {
            // Git leaves the files of a submodule that is gone.
            checkout.begin_anew()?;
            self.update(&wanted, checkout)?;
        }
        for (path, commit) in &now.submodules {
            let index = checkout.index_of(path);
            self.check_out_submodule(path, commit, &checkout.folder.join(path), &index)?;
        }
        Ok(())
    }

    fn update(&self, tree: &Tree, checkout: &Checkout) -> Result<(), GitError> {
        // A sparse checkout has fewer files than would be committed.
        let mut words = vec!["-c", "core.sparseCheckout=false"];
        words.extend(READ_TREE);
        words.push(&tree.0);
        let git = self
            .git
            .with_index(&checkout.index)
            .with_work_tree(&self.git_folder, &checkout.folder);
        git.read(&checkout.folder, &words).map(drop)
    }

    /// The files of a submodule as the commit has them that the tree names; where it is not checked out, there are none.
    fn check_out_submodule(
        &self,
        path: &OsStr,
        commit: &str,
        folder: &Path,
        index: &Path,
    ) -> Result<(), GitError> {
        let own = self.top.join(path);
        if !own.join(".git").exists() {
            return Ok(());
        }
        let words = ["rev-parse", "--absolute-git-dir"];
        let git_folder = self.git.read(&own, &words)?;
        let git_folder = Path::new(OsStr::from_bytes(without_line_end(&git_folder)));
        fs::create_dir_all(folder)?;
        let git = self
            .git
            .with_index(index)
            .with_work_tree(git_folder, folder);
        let words = [&READ_TREE[..], &[commit]].concat();
        git.read(folder, &words).map(drop)
    }

    /// The tree without what lies outside of the folder.
    fn reduced(&self, tree: &Tree) -> Result<Tree, GitError> {
        let Some(prefix) = self.prefix.to_str().filter(|prefix| !prefix.is_empty()) else {
            return Ok(tree.clone());
        };
        let folder = tempfile::tempdir_in(self.git.temporary())?;
        let git = self.git.with_index(&folder.path().join(INDEX));
        let below = format!("{}:{prefix}", tree.0);
        let into = format!("--prefix={prefix}/");
        git.read(&self.top, &["read-tree", &into, &below])?;
        Ok(Tree(hash(&git.read(&self.top, &["write-tree"])?)))
    }

    /// What an index holds that has to be known; nothing where there is no index.
    fn special(&self, index: &Path) -> Result<Special, GitError> {
        let mut special = Special::default();
        if !index.exists() {
            return Ok(special);
        }
        let git = self.git.with_index(index);
        let listed = git.read(&self.top, &["ls-files", "--stage", "-z"])?;
        for line in texts(&listed) {
            special.links |= line.starts_with(LINK);
            if let Some(rest) = line.strip_prefix(SUBMODULE)
                && let Some(tab) = rest.iter().position(|byte| *byte == b'\t')
                && let Some(commit) = rest[..tab].split(|byte| *byte == b' ').next()
            {
                let path = OsStr::from_bytes(&rest[tab + 1..]).to_owned();
                special.submodules.push((path, hash(commit)));
            }
        }
        Ok(special)
    }

    /// The index that git names to a hook, if it is of this repository; else the repository's own.
    fn index_of_hook(&self, environment: &[(OsString, OsString)]) -> Result<PathBuf, GitError> {
        let variable = |name: &str| {
            let found = environment
                .iter()
                .rev()
                .find(|(variable, _)| variable == name);
            found.map(|(_, value)| Path::new(value))
        };
        let is_ours = match variable("GIT_DIR") {
            Some(git_folder) => {
                let named = self.top.join(git_folder).canonicalize().ok();
                named.is_some() && named == self.git_folder.canonicalize().ok()
            }
            None => true,
        };
        let named = variable(HOOK_INDEX).filter(|_| is_ours);
        // A relative one is seen from the top, and of another repository if nothing is there.
        if let Some(index) = named
            .map(|index| self.top.join(index))
            .filter(|it| it.exists())
        {
            return Ok(index);
        }
        self.own_index()
    }
}

fn hash(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).trim().to_owned()
}

/// The path of a line of `ls-files`.
fn path_of(line: &[u8]) -> Option<String> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    Some(String::from_utf8_lossy(&line[tab + 1..]).into_owned())
}

fn remove_if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
