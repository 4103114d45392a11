//! The commit that is checked out, read from git's own files: each run notes it, and to start git takes longer than a small run.

use std::fs;
use std::path::{Path, PathBuf};

/// The full hash of the commit that is checked out in the repository that holds `folder`; `None` where there is none, or git keeps
/// it in another form.
pub fn head_commit(folder: &Path) -> Option<String> {
    let (git, common) = folder.ancestors().find_map(git_folders)?;
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim_end().strip_prefix("ref: ") else {
        return hash(&head);
    };
    let loose = |folder: &Path| hash(&fs::read_to_string(folder.join(name)).ok()?);
    loose(&git).or_else(|| loose(&common)).or_else(|| {
        let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines
            .find(|(_, of)| *of == name)
            .and_then(|(it, _)| hash(it))
    })
}

/// Where git keeps what it knows of a work tree with this top, and of all work trees of the repository.
fn git_folders(top: &Path) -> Option<(PathBuf, PathBuf)> {
    let dot_git = top.join(".git");
    let git = if dot_git.is_dir() {
        dot_git
    } else {
        let text = fs::read_to_string(&dot_git).ok()?;
        top.join(text.trim_end().strip_prefix("gitdir: ")?)
    };
    let common = fs::read_to_string(git.join("commondir"));
    let common = common.map_or_else(|_| git.clone(), |common| git.join(common.trim_end()));
    Some((git, common))
}

fn hash(text: &str) -> Option<String> {
    let text = text.trim_end();
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::head_commit;

    fn git(folder: &Path, words: &str) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(words.split(' '))
            .current_dir(folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{words}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn it_is_what_git_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().join("a");
        let below = top.join("b/c");
        std::fs::create_dir_all(&below).expect("made");
        git(&top, "init -q");
        assert_eq!(head_commit(&below), None, "nothing is committed yet");
        git(&top, "commit -q --allow-empty -m one");
        let first = Some(git(&top, "rev-parse HEAD"));
        assert_eq!(head_commit(&below), first);
        git(&top, "pack-refs --all");
        assert_eq!(head_commit(&below), first, "packed");
        git(&top, "checkout -q --detach");
        assert_eq!(head_commit(&top), first, "detached");
        let tree = folder.path().join("tree");
        git(&top, "worktree add -q -b other ../tree");
        git(&tree, "commit -q --allow-empty -m two");
        assert_eq!(head_commit(&tree), Some(git(&tree, "rev-parse HEAD")));
        assert_ne!(head_commit(&tree), first);
        assert_eq!(head_commit(&top), first);
    }
}
