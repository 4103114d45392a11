//! Copying files and directories, sharing their blocks where the file system can.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
#[cfg(target_os = "linux")]
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use walkdir::WalkDir;

use crate::sys::file::remove_tree;

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

/// A place that renames do not leave: a file system, and of one that is mounted several times one of its mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mount {
    device: u64,
    /// Absent where the system does not say.
    number: Option<u64>,
}

/// The mount that holds what is at `path`; links are followed. `None` where nothing can be asked there.
pub fn mount_of(path: &Path) -> Option<Mount> {
    Some(Mount {
        device: path.metadata().ok()?.dev(),
        number: mount_number(path),
    })
}

#[cfg(target_os = "linux")]
fn mount_number(path: &Path) -> Option<u64> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let says = found.stx_mask & StatxFlags::MNT_ID.bits() != 0;
    says.then_some(found.stx_mnt_id)
}

#[cfg(not(target_os = "linux"))]
fn mount_number(_path: &Path) -> Option<u64> {
    None
}

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Its usual name: `ext4`, `NFS`.
    pub name: &'static str,
    /// Whether it may be shared with other machines.
    pub is_shared: bool,
}

/// The file system of what is at `path`; `None` where the system does not tell, or tells an unknown number.
#[cfg(target_os = "linux")]
pub fn file_system_of(path: &Path) -> Option<FileSystem> {
    let number = rustix::fs::statfs(path).ok()?.f_type;
    let number = u32::try_from(number & 0xffff_ffff).ok()?;
    let (_, name, is_shared) = *KNOWN.iter().find(|(known, ..)| *known == number)?;
    Some(FileSystem { name, is_shared })
}

/// The file system of what is at `path`; `None` where the system does not tell, or tells an unknown number.
#[cfg(not(target_os = "linux"))]
pub fn file_system_of(_path: &Path) -> Option<FileSystem> {
    None
}

/// Numbers from `statfs(2)` and the kernel's `magic.h`.
#[cfg(target_os = "linux")]
const KNOWN: [(u32, &str, bool); 17] = [
    (0xef53, "ext4", false),
    (0x5846_5342, "XFS", false),
    (0x9123_683e, "Btrfs", false),
    (0x2fc1_2fc1, "ZFS", false),
    (0xf2f5_2010, "F2FS", false),
    (0xca45_1a4e, "bcachefs", false),
    (0x0102_1994, "tmpfs", false),
    (0x794c_7630, "overlayfs", false),
    (0x4d44, "FAT", false),
    (0x2011_bab0, "exFAT", false),
    (0x6573_5546, "FUSE", true),
    (0x6969, "NFS", true),
    (0x517b, "SMB", true),
    (0xff53_4d42, "CIFS", true),
    (0xfe53_4d42, "SMB2", true),
    (0x0102_1997, "9P", true),
    (0x0bd0_0bd0, "Lustre", true),
];

/// Moves the file, link or directory `from` to `to`, as [`fs::rename`] does. Where one rename cannot, as they are on
/// different file systems, it is copied beside `to`, renamed, and removed at `from`: whoever looks at `to` sees all of it
/// or nothing.
pub fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_over(from, to),
        renamed => renamed,
    }
}

fn copy_over(from: &Path, to: &Path) -> io::Result<()> {
    let folder = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // It goes with what is in it when the value ends.
    let beside = tempfile::Builder::new()
        .prefix(".assetctl-")
        .tempdir_in(folder)?;
    let copy = beside.path().join("copy");
    copy_tree(from, &copy)?;
    fs::rename(&copy, to)?;
    remove_tree(from)
}

/// The bytes that the user may still write to the file system of `folder`; 0 where the system does not tell.
pub fn room_in(folder: &Path) -> u64 {
    statvfs(folder).map_or(0, |room| room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(test)]
mod room_tests {
    use std::path::Path;

    use super::room_in;

    #[test]
    fn there_is_room_somewhere_and_none_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(room_in(folder.path()) > 0);
        assert_eq!(room_in(Path::new("/nowhere")), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{copy_file, copy_over, copy_tree, mount_of, relocate};

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

    #[test]
    fn a_move_by_copy_is_a_move() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for relocate in [relocate, copy_over] {
            fs::create_dir_all(path("from/deep")).unwrap();
            fs::write(path("from/deep/file"), "x").unwrap();
            fs::write(path("file"), "new").unwrap();
            fs::write(path("over"), "old").unwrap();
            relocate(&path("from"), &path("to")).unwrap();
            relocate(&path("file"), &path("over")).unwrap();
            assert_eq!(fs::read(path("to/deep/file")).unwrap(), b"x");
            assert_eq!(fs::read(path("over")).unwrap(), b"new");
            let left = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(left, 2, "no copy stays");
            relocate(&path("none"), &path("to")).unwrap_err();
            fs::remove_dir_all(path("to")).unwrap();
        }
    }

    #[test]
    fn a_mount_is_that_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "").unwrap();
        let of = |path: &Path| mount_of(path);
        assert_eq!(of(folder.path()), of(&folder.path().join("x")));
        assert_eq!(of(&folder.path().join("none")), None);
        #[cfg(target_os = "linux")]
        assert_ne!(of(folder.path()), of(Path::new("/proc")));
    }
}
