//! Copying files and directories, sharing their blocks where the file system can.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Copies the bytes and mode of the regular file `from` to `to`, in place of what is there; links are followed.
pub fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if clone_file(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(|_| ())
}

/// Copies the file, link or directory `from`, with all it holds, to `to`, where nothing is yet. Modes are kept, links are
/// copied as links; anything but files, links and directories is an error.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    let mut directories: Vec<(PathBuf, Permissions)> = Vec::new();
    for entry in WalkDir::new(from).follow_root_links(false) {
        let entry = entry?;
        let copy = counterpart(entry.path(), from, to);
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir(&copy)?;
            directories.push((copy, entry.metadata()?.permissions()));
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, copy)?;
        } else if kind.is_file() {
            copy_file(entry.path(), &copy)?;
        } else {
            let message = format!(
                "{} is not a file, link or directory",
                entry.path().display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    }
    // Innermost first, and only now: a directory that is not writable could not have been filled.
    for (directory, permissions) in directories.into_iter().rev() {
        fs::set_permissions(directory, permissions)?;
    }
    Ok(())
}

/// Where the copy of `path`, which is `from` or below it, belongs.
fn counterpart(path: &Path, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(below) if !below.as_os_str().is_empty() => to.join(below),
        _ => to.to_owned(),
    }
}

/// Makes `to` share the blocks of `from`.
#[cfg(target_os = "linux")]
fn clone_file(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    let copy = File::create(to)?;
    rustix::fs::ioctl_ficlone(&copy, &source)?;
    copy.set_permissions(source.metadata()?.permissions())
}

/// Elsewhere than on Linux `std::fs::copy` shares blocks by itself.
#[cfg(not(target_os = "linux"))]
fn clone_file(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{copy_file, copy_tree};

    #[test]
    fn a_tree_is_copied_with_modes_and_links() {
        let directory = tempfile::tempdir().unwrap();
        let from = directory.path().join("from");
        fs::create_dir_all(from.join("locked/empty")).unwrap();
        fs::write(from.join("locked/script"), "run").unwrap();
        fs::set_permissions(from.join("locked/script"), Permissions::from_mode(0o750)).unwrap();
        symlink("nowhere", from.join("link")).unwrap();
        fs::set_permissions(from.join("locked"), Permissions::from_mode(0o500)).unwrap();
        let to = directory.path().join("to");
        copy_tree(&from, &to).unwrap();
        let mode = |path: &str| fs::metadata(to.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("locked"), 0o500);
        assert_eq!(mode("locked/script"), 0o750);
        assert_eq!(fs::read(to.join("locked/script")).unwrap(), b"run");
        assert!(to.join("locked/empty").is_dir());
        assert_eq!(
            fs::read_link(to.join("link")).unwrap().to_str(),
            Some("nowhere")
        );
        for locked in [from.join("locked"), to.join("locked")] {
            fs::set_permissions(locked, Permissions::from_mode(0o700)).unwrap();
        }
    }

    #[test]
    fn a_copy_replaces_longer_bytes_and_single_files_are_trees_too() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        fs::write(&from, "short").unwrap();
        fs::write(&to, "something longer").unwrap();
        copy_file(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"short");
        let third = directory.path().join("third");
        copy_tree(&to, &third).unwrap();
        assert_eq!(fs::read(&third).unwrap(), b"short");
    }
}
