//! A repository, and what has changed in it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::git::GitError;
use crate::git::error::{Git, succeeded};

/// The name of the copy of an index.
pub(super) const INDEX: &str = "index";

/// The repository that holds a folder.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) git: Git,
    /// The folder.
    pub(super) folder: PathBuf,
    /// The top of the work tree, absolute and without links.
    pub(super) top: PathBuf,
    /// The folder as it is seen from the top; empty for the top itself.
    pub(super) prefix: PathBuf,
    /// Where git keeps what it knows of this work tree, absolute.
    pub(super) git_folder: PathBuf,
}

/// A commit of a repository, by its full hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit(pub(super) String);

/// A file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The file, absolute.
    pub path: PathBuf,
    /// What became of it.
    pub kind: ChangeKind,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was there, and is there with other content.
    Content,
    /// It came or went.
    Presence,
}

impl Repository {
    /// The repository that holds `folder`; git sees `environment`.
    pub fn open(folder: &Path, environment: &[(OsString, OsString)]) -> Result<Self, GitError> {
        let git = Git::new(environment);
        let words = words("rev-parse --show-toplevel --absolute-git-dir --show-prefix");
        let output = git.ask(folder, &words)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && said.contains("not a git repository") {
            return Err(GitError::NoRepository {
                folder: folder.to_owned(),
            });
        }
        let answer = succeeded(output)?;
        let mut lines = answer.split(|byte| *byte == b'\n');
        let mut path = || PathBuf::from(OsStr::from_bytes(lines.next().unwrap_or_default()));
        let (top, git_folder, prefix) = (path(), path(), path());
        Ok(Self {
            git,
            folder: folder.to_owned(),
            top,
            // Its components leave out the slash at its end.
            prefix: prefix.components().collect(),
            git_folder,
        })
    }

    /// Whether git may find a repository from a folder; git is not asked. It would look in each folder above for `.git`, or for
    /// the files of a bare repository.
    pub fn may_hold(folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else {
            return true;
        };
        let has = |folder: &Path, name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
        let mut folders = folder.ancestors();
        folders.any(|it| has(it, ".git") || has(it, "HEAD") && has(it, "objects"))
    }

    /// The folder of its work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that a revision names, as git understands it: a branch, a tag, a hash, `HEAD~3`.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        // Git would take the first for a flag, and the second for the commit that is checked out.
        let plausible = !revision.starts_with('-') && !revision.is_empty();
        if plausible {
            let commit = format!("{revision}^{{commit}}");
            let words = ["rev-parse", "--verify", "--quiet", &commit];
            let output = self.git.ask(&self.folder, &words)?;
            let hash = String::from_utf8_lossy(&output.stdout);
            let hash = hash.trim();
            // `^main` is answered with a `^` and stands for what cannot be reached from it.
            if output.status.success() && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Ok(Commit(hash.to_owned()));
            }
        }
        Err(GitError::UnknownRevision {
            revision: revision.to_owned(),
            help: self.similar(revision),
        })
    }

    /// The short names of all branches and tags.
    pub fn revisions(&self) -> Result<Vec<String>, GitError> {
        let words = ["for-each-ref", "--format=%(refname:short)"];
        let names = self.git.read(&self.folder, &words)?;
        let names = String::from_utf8_lossy(&names);
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// All files of the work tree that differ from `commit`, those that git does not know among them, unless they are
    /// ignored. A submodule counts as one file.
    pub fn changes_since(&self, commit: &Commit) -> Result<Vec<Change>, GitError> {
        // Git tells files that were only touched from changed ones by writing down what it found, whether locks are
        // optional or not.
        let index = self.copied(&self.own_index()?)?;
        let git = match &index {
            Some(folder) => self.git.with_index(&folder.path().join(INDEX)),
            None => self.git.clone(),
        };
        let mut asked = words(
            "diff --name-status -z --no-renames --no-ext-diff --no-textconv --no-relative --ignore-submodules=none",
        );
        asked.extend([commit.0.as_str(), "--"]);
        let differing = git.read(&self.top, &asked)?;
        let mut words = texts(&differing);
        let mut changes = Vec::new();
        while let (Some(status), Some(path)) = (words.next(), words.next()) {
            let kind = match status {
                b"M" | b"T" => ChangeKind::Content,
                _ => ChangeKind::Presence,
            };
            changes.push(self.change(path, kind));
        }
        let listed = ["ls-files", "--others", "--exclude-standard", "-z"];
        let unknown = self.git.read(&self.top, &listed)?;
        changes.extend(texts(&unknown).map(|path| self.change(path, ChangeKind::Presence)));
        changes.sort_unstable();
        changes.dedup();
        Ok(changes)
    }

    /// The index of the work tree.
    pub(super) fn own_index(&self) -> Result<PathBuf, GitError> {
        let words = ["rev-parse", "--git-path", "index"];
        let path = self.git.read(&self.top, &words)?;
        Ok(self.top.join(OsStr::from_bytes(without_line_end(&path))))
    }

    /// A folder with a copy of an index, which git may write; `None` where there is no index.
    pub(super) fn copied(&self, index: &Path) -> Result<Option<TempDir>, GitError> {
        if !index.exists() {
            return Ok(None);
        }
        let folder = tempfile::tempdir_in(self.git.temporary())?;
        let copy = folder.path().join(INDEX);
        // What was written no earlier than the index is read by git, whatever its size and time.
        let written = fs::metadata(index)?.modified()?;
        fs::copy(index, &copy)?;
        File::options()
            .write(true)
            .open(copy)?
            .set_modified(written)?;
        Ok(Some(folder))
    }

    /// What git is to read.
    pub(super) fn told(&self, text: &[u8]) -> Result<File, GitError> {
        let mut file = tempfile::tempfile_in(self.git.temporary())?;
        file.write_all(text)?;
        file.rewind()?;
        Ok(file)
    }

    fn change(&self, path: &[u8], kind: ChangeKind) -> Change {
        Change {
            path: self.top.join(OsStr::from_bytes(path)),
            kind,
        }
    }

    /// What may have been meant, among branches and tags.
    fn similar(&self, revision: &str) -> String {
        let listed =
            "`git log --oneline` lists revisions; a shallow clone has only the newest ones";
        let names = self.revisions().unwrap_or_default();
        let nearest = names
            .iter()
            .map(|name| (strsim::jaro_winkler(name, revision), name))
            .filter(|(similarity, _)| *similarity > 0.8)
            .max_by(|(one, _), (other, _)| one.total_cmp(other));
        match nearest {
            Some((_, name)) => format!("did you mean `{name}`? {listed}"),
            None => listed.to_owned(),
        }
    }
}

pub(super) fn without_line_end(answer: &[u8]) -> &[u8] {
    answer.strip_suffix(b"\n").unwrap_or(answer)
}

/// Words that hold no spaces.
pub(super) fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// The texts of a list in which each ends with a NUL.
pub(super) fn texts(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == 0)
        .filter(|text| !text.is_empty())
}

/// A regular file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its path, relative to the folder that the repository was opened for.
    pub path: String,
    /// The hash of its content.
    blob: String,
}

impl Repository {
    /// The files that git has and that a sparse checkout leaves out of the work tree, absolute and in order.
    pub fn left_out(&self) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.git.read(&self.top, &["ls-files", "-t", "-z"])?;
        let skipped = texts(&listed).filter_map(|entry| entry.strip_prefix(b"S "));
        Ok(skipped
            .map(|path| self.top.join(OsStr::from_bytes(path)))
            .collect())
    }

    /// The files at or below the folder in a commit, as far as their names are UTF-8; links are left out.
    pub fn files_at(&self, commit: &Commit) -> Result<Vec<StoredFile>, GitError> {
        let listed = self
            .git
            .read(&self.folder, &["ls-tree", "-r", "-z", &commit.0])?;
        let file = |entry: &[u8]| {
            let (about, path) = std::str::from_utf8(entry).ok()?.split_once('\t')?;
            let mut about = about.split(' ');
            let (mode, _kind, blob) = (about.next()?, about.next()?, about.next()?);
            mode.starts_with("100").then(|| StoredFile {
                path: path.to_owned(),
                blob: blob.to_owned(),
            })
        };
        Ok(texts(&listed).filter_map(file).collect())
    }

    /// What a file below the folder holds in a commit; `None` where the commit has no such file.
    pub fn file_at(&self, commit: &Commit, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let asked = [
            "--literal-pathspecs",
            "ls-tree",
            "-z",
            &commit.0,
            "--",
            path,
        ];
        let listed = self.git.read(&self.folder, &asked)?;
        let entry = String::from_utf8_lossy(&listed);
        let about = entry.split_once('\t').map(|(about, _)| about);
        let Some(blob) = about.and_then(|about| about.strip_prefix("100")?.split(' ').nth(2))
        else {
            return Ok(None);
        };
        let words = ["cat-file", "blob", blob];
        Ok(Some(self.git.read(&self.folder, &words)?))
    }

    /// Writes files as they are in a commit into a folder, each at its path.
    pub fn write_out(&self, files: &[StoredFile], folder: &Path) -> Result<(), GitError> {
        if files.is_empty() {
            return Ok(());
        }
        let blobs = files.iter().flat_map(|file| [file.blob.as_str(), "\n"]);
        let blobs: String = blobs.collect();
        let words = ["cat-file", "--batch"];
        let answer = self
            .git
            .ask_with(&self.folder, &words, self.told(blobs.as_bytes())?)?;
        let mut rest = answer.as_slice();
        for file in files {
            let (content, after) = content(rest).ok_or_else(|| GitError::Failed {
                message: format!("`{}` is not in the repository", file.path),
            })?;
            rest = after;
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(path)?.write_all(content)?;
        }
        Ok(())
    }
}

/// The first content of an answer of `cat-file --batch`, and what follows it: `HASH blob SIZE`, a line break, the bytes,
/// a line break.
fn content(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let heading = std::str::from_utf8(&answer[..end]).ok()?;
    let size: usize = heading.rsplit_once(' ')?.1.parse().ok()?;
    let (content, rest) = answer[end + 1..].split_at_checked(size)?;
    Some((content, rest.strip_prefix(b"\n")?))
}
