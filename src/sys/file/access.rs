//! Opening files of ours, whatever lies at their paths by now: a repository can hold a link, a pipe or a device by the name of
//! any of them.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, openat, renameat_with};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// No file of ours is longer: a lock file of ten million lines is not.
const LONGEST: u64 = 2_000_000_000;

/// Opens a regular file for reading. Anything else is an error at once: a pipe is not waited for, and nothing is read from a
/// device.
pub fn open_file(path: &Path) -> io::Result<File> {
    open(path, OFlags::empty())
}

/// Opens the regular file at `path` for reading; a link is not followed.
pub fn open_own(path: &Path) -> io::Result<File> {
    match open(path, OFlags::NOFOLLOW) {
        Err(_) if path.is_symlink() => Err(is_no_file("it is a link, and is not followed")),
        opened => opened,
    }
}

/// The content of a regular file of at most `most` bytes.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read(open_file(path)?, most)
}

/// The bytes of the regular file at `path`. A link is not followed, and nothing else is waited for: both are errors that
/// say so.
pub fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    read(open_own(path)?, LONGEST)
}

fn open(path: &Path, more: OFlags) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags | more, Mode::empty())?);
    let found = file.metadata()?;
    if found.is_file() {
        Ok(file)
    } else if found.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(is_no_file("it is not a regular file"))
    }
}

fn read(file: File, most: u64) -> io::Result<Vec<u8>> {
    let len = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(len.min(most) as usize);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let reason = format!("it has more than {} MB", most / 1_000_000);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

fn is_no_file(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Makes the folder that `path` lies in. One that is there is only looked at: to ask for it would lock the folder above.
pub fn create_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.is_dir() => fs::create_dir_all(parent),
        Some(_) | None => Ok(()),
    }
}

/// What the names of files begin with that are not complete yet.
const PREFIX: &str = ".assetctl-";

/// Puts `bytes` at `path`, in place of what is there, for the eyes of this user alone.
pub fn write_privately(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
    options.open(path)?.write_all(bytes)
}

/// Puts `bytes` at `path`, in place of what is there, through a sibling that is renamed.
///
/// The sibling lies in the folder `.assetctl` beside `path` where there is one, and its name tells which process writes it: one whose
/// process died is removed by [`remove_abandoned`]. The directory must exist. A process that dies leaves the old file. The bytes are not forced to the disk: after a power
/// cut a file written just before may be empty, so a reader must be able to tell.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_atomically(path, |file| file.write_all(bytes))
}

/// [`write_atomically`] what `write` writes into the file that it is given.
pub fn replace_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(own_folder_in(directory).as_deref().unwrap_or(directory))?;
    write(file.as_file_mut())?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// The folder `.assetctl` in `directory`, if a file can be renamed from one to the other.
fn own_folder_in(directory: &Path) -> Option<PathBuf> {
    let own = directory.join(".assetctl");
    let there = own.symlink_metadata().ok()?;
    let here = directory.metadata().ok()?;
    (there.is_dir() && there.dev() == here.dev()).then_some(own)
}

/// Removes from a folder what processes that died were writing.
pub fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let writer = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let writer = writer.and_then(|rest| rest.split_once('-')?.0.parse().ok());
        if let Some(writer) = writer.and_then(Pid::from_raw)
            && test_kill_process(writer) == Err(Errno::SRCH)
        {
            // What stays is tried again by the next run.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Renames `from` to `to`, where nothing is yet: what is there stays, and is an error.
pub fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    Ok(())
}

/// Removes the file, link or directory at `path` with all it holds, also where directories in it are not writable;
/// nothing there is success. Links are removed, not followed.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match remove(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock_directories(path);
            remove(path)
        }
        result => result,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Lets the owner into `path` and every directory below it. What cannot be changed is found again by the removal that
/// follows.
fn unlock_directories(path: &Path) {
    if !path.is_dir() || path.is_symlink() {
        return;
    }
    let _ = fs::set_permissions(path, Permissions::from_mode(0o700));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        unlock_directories(&entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::ErrorKind;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::Command;

    use super::{
        open_file, read_file, remove_abandoned, remove_tree, rename_to_new, replace_atomically,
        unlock_directories, write_atomically,
    };

    #[test]
    fn only_regular_files_are_opened_and_only_so_far_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let made = Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.expect("every system has it").success());
        symlink("/dev/zero", path("zeros")).expect("a link");
        symlink("pipe", path("to a pipe")).expect("a link");
        for name in ["pipe", "zeros", "to a pipe"] {
            let error = open_file(&path(name)).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
        let error = open_file(folder.path()).expect_err("a folder");
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        fs::write(path("file"), "12345").expect("written");
        assert_eq!(read_file(&path("file"), 5).expect("short enough"), b"12345");
        let error = read_file(&path("file"), 4).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        let error = open_file(Path::new("/nowhere/at all")).expect_err("absent");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_rename_to_a_new_path_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("one"), "one").unwrap();
        fs::write(path("two"), "two").unwrap();
        assert!(rename_to_new(&path("one"), &path("two")).is_err());
        assert_eq!(fs::read(path("two")).unwrap(), b"two");
        rename_to_new(&path("one"), &path("three")).unwrap();
        assert_eq!(fs::read(path("three")).unwrap(), b"one");
    }

    #[test]
    fn what_a_dead_process_was_writing_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let dead = format!(".assetctl-{}-x", child.id());
        let living = format!(".assetctl-{}-x", std::process::id());
        for name in [&dead, &living, ".assetctl-x", "other"] {
            fs::write(path(name), "").unwrap();
        }
        remove_abandoned(directory.path());
        assert!(!path(&dead).exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_is_not_complete_lies_in_our_folder() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join(".assetctl");
        fs::create_dir(&own).unwrap();
        let path = directory.path().join("file");
        let written = replace_atomically(&path, |_| {
            assert_eq!(fs::read_dir(&own)?.count(), 1);
            assert_eq!(fs::read_dir(directory.path())?.count(), 1);
            Ok(())
        });
        written.unwrap();
        assert!(path.exists());
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    }

    #[test]
    fn replaces_the_file_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_atomically(&path, b"a long first text").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write_atomically(&directory.path().join("no/file"), b"x").is_err());
    }

    #[test]
    fn removes_files_links_and_locked_directories_and_nothing_beyond_links() {
        let directory = tempfile::tempdir().unwrap();
        let kept = directory.path().join("kept");
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "x").unwrap();
        let tree = directory.path().join("tree");
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::write(tree.join("a/b/file"), "x").unwrap();
        symlink(&kept, tree.join("a/link")).unwrap();
        for locked in ["a/b", "a"] {
            fs::set_permissions(tree.join(locked), Permissions::from_mode(0o500)).unwrap();
        }
        remove_tree(&tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        let link = directory.path().join("link");
        symlink(&kept, &link).unwrap();
        remove_tree(&link).unwrap();
        assert!(!link.is_symlink());
        assert!(kept.join("file").exists());
    }

    /// The superuser never meets a locked directory, so the part that opens them is looked at directly as well.
    #[test]
    fn opens_directories_on_every_level() {
        let directory = tempfile::tempdir().unwrap();
        let tree = directory.path().join("tree");
        fs::create_dir_all(tree.join("a/b")).unwrap();
        let levels = [tree.join("a/b"), tree.join("a"), tree.clone()];
        for locked in &levels {
            fs::set_permissions(locked, Permissions::from_mode(0o400)).unwrap();
        }
        unlock_directories(&tree);
        for open in &levels {
            assert_eq!(
                fs::metadata(open).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }
}
