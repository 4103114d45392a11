//! How much can still be written.

use std::path::Path;

use rustix::fs::statvfs;

/// The bytes that the user may still write to the file system of `folder`; 0 where the system does not tell.
#[must_use]
pub fn room_in(folder: &Path) -> u64 {
    statvfs(folder).map_or(0, |room| room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::room_in;

    #[test]
    fn there_is_room_somewhere_and_none_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(room_in(folder.path()) > 0);
        assert_eq!(room_in(Path::new("/nowhere")), 0);
    }
}
