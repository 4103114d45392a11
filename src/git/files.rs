//! Files as they are in a commit.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;

use crate::git::repository::texts;
use crate::git::{Commit, GitError, Repository};

/// A regular file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its path, relative to the folder that the repository was opened for.
    pub path: String,
    /// The hash of its content.
    blob: String,
}

impl Repository {
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
        let words = [
            "--literal-pathspecs",
            "ls-tree",
            "-z",
            &commit.0,
            "--",
            path,
        ];
        let listed = self.git.read(&self.folder, &words)?;
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
        let mut asked = tempfile::tempfile_in(self.git.temporary())?;
        for file in files {
            writeln!(asked, "{}", file.blob)?;
        }
        asked.rewind()?;
        let words = ["cat-file", "--batch"];
        let answer = self.git.ask_with(&self.folder, &words, asked)?;
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
