//! Checkouts of indexes as real commits, merges and hooks leave them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::git::{Checkout, GitError, Repository, TreeExtent};

/// A repository with an identity of its own, which sees nothing of the user's configuration.
struct Bench {
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut environment = vec![
            ("PATH".into(), std::env::var_os("PATH").expect("a path")),
            ("HOME".into(), folder.path().into()),
        ];
        let settings = [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Somebody"),
            ("GIT_AUTHOR_EMAIL", "somebody@example.org"),
            ("GIT_COMMITTER_NAME", "Somebody"),
            ("GIT_COMMITTER_EMAIL", "somebody@example.org"),
        ];
        environment.extend(settings.map(|(name, value)| (name.into(), value.into())));
        let bench = Self {
            folder,
            environment,
        };
        bench.write("a.csv", "1\n");
        bench.write("b.csv", "1\n");
        bench.git(&["init", "-q", "-b", "main"]);
        bench.git(&["add", "--all"]);
        bench.git(&["commit", "-q", "-m", "one"]);
        bench
    }

    fn top(&self) -> PathBuf {
        self.folder.path().join("top")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.top().join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn try_git(&self, words: &[&str]) -> bool {
        let output = Command::new("git")
            .env_clear()
            .envs(self.environment.iter().cloned())
            .args(["-c", "protocol.file.allow=always", "-C"])
            .arg(self.top())
            .args(words)
            .output()
            .expect("git starts");
        output.status.success()
    }

    fn git(&self, words: &[&str]) {
        assert!(self.try_git(words), "git {words:?}");
    }

    /// What a hook sees that runs in `folder` with more variables.
    fn staged_in(&self, folder: &str, variables: &[(&str, &str)]) -> Result<Files, GitError> {
        let mut environment = self.environment.clone();
        let more = variables.iter();
        environment.extend(more.map(|(name, value)| ((*name).into(), (*value).into())));
        let repository = Repository::open(&self.top().join(folder), &environment)?;
        let tree = repository.staged(&environment)?;
        let place = self.folder.path().join("checkout");
        let checkout = Checkout::at(place.clone())?;
        repository.check_out(&tree, TreeExtent::Folder, &checkout)?;
        Ok(files(&place))
    }

    #[track_caller]
    fn holds(&self, what: &str, files: &[(&str, &str)]) {
        let staged = self.staged_in("", &[]).expect("it can be checked out");
        assert_eq!(staged, named(files), "{what}");
    }
}

/// The files below a folder, with their contents; links with where they lead.
type Files = BTreeMap<String, String>;

fn named(files: &[(&str, &str)]) -> Files {
    let files = files.iter();
    files
        .map(|(name, text)| ((*name).into(), (*text).into()))
        .collect()
}

fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.expect("readable");
        let text = if entry.path_is_symlink() {
            let to = fs::read_link(entry.path()).expect("a link");
            format!("-> {}", to.display())
        } else if entry.file_type().is_file() {
            fs::read_to_string(entry.path()).expect("text")
        } else {
            continue;
        };
        let name = entry.path().strip_prefix(folder).expect("it is below");
        files.insert(name.to_string_lossy().into_owned(), text);
    }
    files
}

#[test]
fn the_index_is_checked_out_and_kept_up_to_date() {
    let bench = Bench::new();
    bench.holds("a commit", &[("a.csv", "1\n"), ("b.csv", "1\n")]);
    bench.write("a.csv", "2\n");
    bench.holds("not staged", &[("a.csv", "1\n"), ("b.csv", "1\n")]);
    bench.git(&["add", "a.csv"]);
    bench.write("a.csv", "3\n");
    bench.holds(
        "staged, and edited again",
        &[("a.csv", "2\n"), ("b.csv", "1\n")],
    );
    bench.write("new.csv", "1\n");
    bench.git(&["rm", "-q", "--cached", "b.csv"]);
    bench.holds(
        "a staged removal, and a file git does not know",
        &[("a.csv", "2\n")],
    );
    bench.git(&["add", "--intent-to-add", "new.csv"]);
    bench.holds("meant to be added", &[("a.csv", "2\n")]);
    bench.git(&["add", "new.csv"]);
    bench.holds("added", &[("a.csv", "2\n"), ("new.csv", "1\n")]);
    bench.git(&["update-index", "--chmod=+x", "new.csv"]);
    bench.holds("made executable", &[("a.csv", "2\n"), ("new.csv", "1\n")]);
    let checkout = bench.folder.path().join("checkout");
    fs::write(checkout.join("a.csv"), "damaged\n").expect("written");
    fs::remove_file(checkout.join("new.csv")).expect("removed");
    fs::write(bench.folder.path().join("checkout.index.lock"), "").expect("written");
    bench.holds(
        "damaged, after a crash",
        &[("a.csv", "2\n"), ("new.csv", "1\n")],
    );
    fs::remove_file(bench.folder.path().join("checkout.index")).expect("removed");
    fs::write(checkout.join("old.csv"), "1\n").expect("written");
    bench.holds("begun anew", &[("a.csv", "2\n"), ("new.csv", "1\n")]);
}

#[test]
fn files_that_stay_are_left_alone() {
    let bench = Bench::new();
    bench.holds("a commit", &[("a.csv", "1\n"), ("b.csv", "1\n")]);
    let file = bench.folder.path().join("checkout/a.csv");
    let look = || {
        let metadata = file.metadata().expect("there");
        (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
    };
    let before = look();
    bench.write("b.csv", "2\n");
    bench.git(&["add", "b.csv"]);
    bench.holds("another one changed", &[("a.csv", "1\n"), ("b.csv", "2\n")]);
    assert_eq!(look(), before);
}

#[test]
fn nothing_of_the_repository_changes() {
    let bench = Bench::new();
    bench.write("a.csv", "2\n");
    bench.git(&["add", "a.csv"]);
    let look = || {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(bench.top().join(".git")) {
            let entry = entry.expect("readable");
            let name = entry.path().to_owned();
            if entry.file_type().is_file()
                && !name.components().any(|it| it.as_os_str() == "objects")
            {
                files.insert(name, fs::read(entry.path()).expect("readable"));
            }
        }
        files
    };
    let before = look();
    bench.holds("staged", &[("a.csv", "2\n"), ("b.csv", "1\n")]);
    assert_eq!(look(), before);
}

/// The words of a commit, and the files that it would hold.
type Commit<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

#[test]
fn a_hook_is_told_which_index_is_meant() {
    let bench = Bench::new();
    let hook = bench.top().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("made");
    let script = "#!/bin/sh\nenv | grep '^GIT_' | grep -v 'NOSYSTEM\\|AUTHOR\\|COMMITTER' > ../seen\ncp \"$GIT_INDEX_FILE\" ../index\nexit 1\n";
    fs::write(&hook, script).expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, executable).expect("set");
    let commits: [Commit<'_>; 3] = [
        (
            &["commit", "-q", "-m", "two"],
            &[("a.csv", "2\n"), ("b.csv", "1\n")],
        ),
        (
            &["commit", "-q", "-a", "-m", "two"],
            &[("a.csv", "3\n"), ("b.csv", "3\n")],
        ),
        (
            &["commit", "-q", "-m", "two", "--", "b.csv"],
            &[("a.csv", "1\n"), ("b.csv", "3\n")],
        ),
    ];
    for (words, expected) in commits {
        for path in ["a.csv", "b.csv"] {
            bench.write(path, "3\n");
        }
        bench.git(&["reset", "-q"]);
        let index = bench.folder.path().join("index");
        bench.write("a.csv", "2\n");
        bench.git(&["add", "a.csv"]);
        bench.write("a.csv", "3\n");
        assert!(!bench.try_git(words), "the hook refuses");
        let seen = fs::read_to_string(bench.folder.path().join("seen")).expect("the hook ran");
        assert!(seen.contains("GIT_INDEX_FILE="), "{seen}");
        // By the time the hook has ended, git has removed its index.
        let index = index.to_str().expect("a plain name");
        let staged = bench.staged_in("", &[("GIT_INDEX_FILE", index)]);
        assert_eq!(staged.expect("checked out"), named(expected), "{words:?}");
    }
}

#[test]
fn an_index_of_another_repository_is_none() {
    let bench = Bench::new();
    let other = Bench::new();
    other.write("a.csv", "other\n");
    other.git(&["add", "--all"]);
    let git_folder = other.top().join(".git");
    let index = git_folder.join("index");
    let variables = [
        ("GIT_DIR", git_folder.to_str().expect("a plain name")),
        ("GIT_INDEX_FILE", index.to_str().expect("a plain name")),
    ];
    let expected = named(&[("a.csv", "1\n"), ("b.csv", "1\n")]);
    assert_eq!(
        bench.staged_in("", &variables).expect("checked out"),
        expected
    );
    let absent = [("GIT_INDEX_FILE", "elsewhere/index")];
    assert_eq!(bench.staged_in("", &absent).expect("checked out"), expected);
}

#[test]
fn an_unmerged_index_cannot_be_committed() {
    let bench = Bench::new();
    bench.git(&["checkout", "-q", "-b", "other"]);
    for (branch, text) in [("other", "2\n"), ("main", "3\n")] {
        bench.git(&["checkout", "-q", branch]);
        bench.write("a.csv", text);
        bench.git(&["commit", "-q", "-a", "-m", text]);
    }
    assert!(!bench.try_git(&["merge", "-q", "other"]));
    let error = bench.staged_in("", &[]).expect_err("it is in conflict");
    assert_eq!(error.to_string(), "the index is unmerged: `a.csv`");
}

#[test]
fn a_folder_is_checked_out_alone_unless_a_link_leads_out() {
    let bench = Bench::new();
    bench.write("in/x.csv", "1\n");
    bench.git(&["add", "--all"]);
    let staged = || bench.staged_in("in", &[]).expect("checked out");
    assert_eq!(staged(), named(&[("in/x.csv", "1\n")]));
    std::os::unix::fs::symlink("../a.csv", bench.top().join("in/link")).expect("made");
    bench.git(&["add", "--all"]);
    let all = [
        ("a.csv", "1\n"),
        ("b.csv", "1\n"),
        ("in/link", "-> ../a.csv"),
        ("in/x.csv", "1\n"),
    ];
    assert_eq!(staged(), named(&all));
    bench.git(&["rm", "-q", "-f", "in/link"]);
    assert_eq!(staged(), named(&[("in/x.csv", "1\n")]));
}

#[test]
fn submodules_and_linked_work_trees_are_as_git_names_them() {
    let bench = Bench::new();
    let other = Bench::new();
    let from = other.top();
    let from = from.to_str().expect("a plain name");
    bench.git(&["submodule", "--quiet", "add", from, "sub"]);
    bench.write("sub/a.csv", "not committed\n");
    let with_sub = |bench: &Bench| {
        let mut staged = bench.staged_in("", &[]).expect("checked out");
        staged.remove(".gitmodules").expect("it is staged");
        staged
    };
    let mut expected = named(&[("a.csv", "1\n"), ("b.csv", "1\n")]);
    let alone = expected.clone();
    expected.extend(named(&[("sub/a.csv", "1\n"), ("sub/b.csv", "1\n")]));
    assert_eq!(with_sub(&bench), expected);
    assert_eq!(with_sub(&bench), expected, "again");
    bench.git(&["rm", "-q", "-f", "--cached", "sub", ".gitmodules"]);
    let staged = bench.staged_in("", &[]).expect("checked out");
    assert_eq!(staged, alone, "without the submodule");

    bench.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = bench.folder.path().join("linked");
    fs::write(linked.join("a.csv"), "linked\n").expect("written");
    bench.git(&["-C", "../linked", "add", "a.csv"]);
    let repository = Repository::open(&linked, &bench.environment).expect("a repository");
    let tree = repository.staged(&bench.environment).expect("a tree");
    let checkout = Checkout::at(bench.folder.path().join("other")).expect("made");
    repository
        .check_out(&tree, TreeExtent::Folder, &checkout)
        .expect("checked out");
    let found = files(&checkout.place(&repository));
    assert_eq!(found, named(&[("a.csv", "linked\n"), ("b.csv", "1\n")]));
}
