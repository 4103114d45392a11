//! Folders of this process and of others that are killed.

use std::env;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::PrivateFolder;
use super::Sweeper;

/// Tells a test that it is to be the owner of a folder in this parent.
const OWN_IN: &str = "ASSETCTL_TEST_OWN_FOLDER_IN";
/// A shell script that an owner starts with its folder as `$1`, and that goes on when the owner is killed.
const ORPHAN: &str = "ASSETCTL_TEST_ORPHAN";

fn entries(parent: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(parent)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn sweeper_of(folder: &PrivateFolder) -> Pid {
    folder.sweeper.as_ref().map(Sweeper::pid).unwrap()
}

/// Another process that owns a folder.
struct Owner {
    process: Child,
    folder: PathBuf,
    sweeper: Pid,
    _told: TempDir,
}

impl Owner {
    /// Runs the named test of this module as an owner, with an orphan to be.
    fn start(test: &str, parent: &Path, orphan: &str) -> Self {
        let told = tempfile::tempdir().unwrap();
        let module = module_path!().split_once("::").unwrap().1;
        let process = Command::new(env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::{test}"), "--nocapture"])
            .current_dir(told.path())
            .env(OWN_IN, parent)
            .env(ORPHAN, orphan)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let file = told.path().join("told");
        eventually("the owner has its folder", || file.exists());
        let text = fs::read_to_string(file).unwrap();
        let (pid, folder) = text.split_once(' ').unwrap();
        Self {
            process,
            folder: folder.into(),
            sweeper: Pid::from_raw(pid.parse().unwrap()).unwrap(),
            _told: told,
        }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// In a process that was started by [`Owner::start`]: owns a folder until it is killed or its starter ends.
fn own_if_asked() {
    let Some(parent) = env::var_os(OWN_IN) else {
        return;
    };
    let folder = PrivateFolder::create(&[Path::new(&parent)]).unwrap();
    let script = env::var_os(ORPHAN).unwrap();
    let mut orphan = Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .arg("orphan")
        .arg(folder.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let pid = sweeper_of(&folder).as_raw_nonzero();
    fs::write("telling", format!("{pid} {}", folder.path().display())).unwrap();
    fs::rename("telling", "told").unwrap();
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    orphan.kill().unwrap();
    orphan.wait().unwrap();
}

#[test]
fn a_dropped_folder_leaves_neither_files_nor_processes() {
    let parent = tempfile::tempdir().unwrap();
    let folder = PrivateFolder::create(&[parent.path()]).unwrap();
    assert_eq!(folder.path().parent(), Some(parent.path()));
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    fs::write(folder.path().join("a/b/file"), "x").unwrap();
    fs::set_permissions(folder.path().join("a"), Permissions::from_mode(0o500)).unwrap();
    let sweeper = sweeper_of(&folder);
    assert!(test_kill_process(sweeper).is_ok());
    drop(folder);
    assert_eq!(entries(parent.path()), Vec::<PathBuf>::new());
    assert!(test_kill_process(sweeper).is_err());
}

#[test]
fn the_first_parent_that_can_hold_a_folder_does() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "x").unwrap();
    let nothing = parent.path().join("nothing");
    let good = parent.path().join("good");
    let unused = parent.path().join("unused");
    fs::create_dir(&good).unwrap();
    fs::create_dir(&unused).unwrap();
    let folder = PrivateFolder::create(&[&file, &nothing, &good, &unused]).unwrap();
    assert_eq!(folder.path().parent(), Some(&*good));
    assert!(PrivateFolder::create(&[&file, &nothing]).is_err());
    assert!(PrivateFolder::create(&[]).is_err());
}

#[test]
fn a_folder_works_without_a_shell_and_after_its_sweeper_was_killed() {
    let parent = tempfile::tempdir().unwrap();
    let without = PrivateFolder::create_with(&[parent.path()], Path::new("/nowhere/sh")).unwrap();
    assert!(without.sweeper.is_none());
    let killed = PrivateFolder::create(&[parent.path()]).unwrap();
    kill_process(sweeper_of(&killed), Signal::KILL).unwrap();
    for folder in [without, killed] {
        fs::write(folder.path().join("file"), "x").unwrap();
        drop(folder);
    }
    assert_eq!(entries(parent.path()), Vec::<PathBuf>::new());
}

#[test]
fn many_threads_have_a_folder_each() {
    let parent = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let folder = PrivateFolder::create(&[parent.path()]).unwrap();
                    assert_eq!(entries(folder.path()), Vec::<PathBuf>::new());
                    fs::write(folder.path().join("mine"), "x").unwrap();
                    let _second = PrivateFolder::create(&[parent.path()]).unwrap();
                    assert!(folder.path().join("mine").exists());
                }
            });
        }
    });
    assert_eq!(entries(parent.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_killed_owner_leaves_nothing_also_where_its_command_goes_on() {
    own_if_asked();
    let parent = tempfile::tempdir().unwrap();
    let stubborn = "for i in 1 2 3; do
                        mkdir -p \"$1/again\"
                        while [ -e \"$1\" ]; do sleep 0.01; done
                    done
                    echo > \"$1.done\"";
    let test = "a_killed_owner_leaves_nothing_also_where_its_command_goes_on";
    let owner = Owner::start(test, parent.path(), stubborn);
    eventually("the command runs", || owner.folder.join("again").exists());
    let done = owner.folder.with_extension("done");
    owner.kill();
    eventually("the command has ended", || done.exists());
    fs::remove_file(done).unwrap();
    eventually("nothing is left", || entries(parent.path()).is_empty());
}

#[test]
fn the_next_owner_removes_what_the_dead_left_and_nothing_else() {
    own_if_asked();
    let parent = tempfile::tempdir().unwrap();
    let test = "the_next_owner_removes_what_the_dead_left_and_nothing_else";
    let dead = Owner::start(test, parent.path(), "true");
    let living = Owner::start(test, parent.path(), "true");
    let left = dead.folder.clone();
    fs::write(left.join("file"), "x").unwrap();
    kill_process(dead.sweeper, Signal::KILL).unwrap();
    dead.kill();

    let strangers = [
        "assetctl-demo",
        "assetctl-demo.lock",
        "assetctl-0123456789abcdefghijkl",
    ];
    for name in strangers {
        fs::create_dir(parent.path().join(name)).unwrap();
    }
    let target = parent.path().join("target");
    File::create(&target).unwrap();
    let link = parent.path().join("assetctl-abcdefghijkl0123456789.lock");
    symlink(&target, &link).unwrap();
    assert!(left.join("file").exists());

    let next = PrivateFolder::create(&[parent.path()]).unwrap();
    let lock_of = |folder: &Path| folder.with_extension("lock");
    let mut expected: Vec<PathBuf> = strangers.map(|name| parent.path().join(name)).into();
    for folder in [next.path(), &living.folder] {
        expected.extend([folder.to_owned(), lock_of(folder)]);
    }
    expected.extend([target, link]);
    expected.sort();
    assert_eq!(entries(parent.path()), expected);
    living.kill();
}
