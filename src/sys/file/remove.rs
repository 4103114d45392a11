//! Removing whatever is at a path.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{remove_tree, unlock_directories};

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
