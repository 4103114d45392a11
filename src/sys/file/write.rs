//! Putting a file at a path at once: a reader sees the old or the new one, never a part.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// What the names of files begin with that are not complete yet.
const PREFIX: &str = ".assetctl-";

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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{remove_abandoned, rename_to_new, replace_atomically, write_atomically};

    #[test]
    fn a_rename_to_a_new_path_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("one"), "one").unwrap();
        std::fs::write(path("two"), "two").unwrap();
        assert!(rename_to_new(&path("one"), &path("two")).is_err());
        assert_eq!(std::fs::read(path("two")).unwrap(), b"two");
        rename_to_new(&path("one"), &path("three")).unwrap();
        assert_eq!(std::fs::read(path("three")).unwrap(), b"one");
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
            std::fs::write(path(name), "").unwrap();
        }
        remove_abandoned(directory.path());
        assert!(!path(&dead).exists());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_is_not_complete_lies_in_our_folder() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join(".assetctl");
        std::fs::create_dir(&own).unwrap();
        let path = directory.path().join("file");
        let written = replace_atomically(&path, |_| {
            assert_eq!(std::fs::read_dir(&own)?.count(), 1);
            assert_eq!(std::fs::read_dir(directory.path())?.count(), 1);
            Ok(())
        });
        written.unwrap();
        assert!(path.exists());
        assert_eq!(std::fs::read_dir(&own).unwrap().count(), 0);
    }

    #[test]
    fn replaces_the_file_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_atomically(&path, b"a long first text").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write_atomically(&directory.path().join("no/file"), b"x").is_err());
    }
}
