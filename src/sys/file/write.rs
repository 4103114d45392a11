//! Putting a file at a path at once: a reader sees the old or the new one, never a part.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Puts `bytes` at `path`, in place of what is there, through a sibling that is renamed.
///
/// The directory must exist. A process that dies leaves the old file. The bytes are not forced to the disk: after a power
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
        .prefix(".assetctl-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    write(file.as_file_mut())?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Renames `from` to `to`, where nothing is yet: what is there stays, and is an error.
pub fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{rename_to_new, write_atomically};

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
