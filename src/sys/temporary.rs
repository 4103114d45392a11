//! Where temporary files go: said by an environment that is handed in, never by that of the process.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where temporary files go if nothing else is said.
pub const TEMPORARY: &str = "/tmp";

/// A folder of the system's whose files are in memory, where there is one.
pub const IN_MEMORY: &str = "/dev/shm";

/// The folder for temporary files by the `TMPDIR` of an environment.
pub fn temporary_folder(environment: &[(OsString, OsString)]) -> PathBuf {
    let of_user = environment.iter().rev().find(|(name, _)| name == "TMPDIR");
    let of_user = of_user.filter(|(_, folder)| !folder.is_empty());
    of_user.map_or_else(
        || PathBuf::from(TEMPORARY),
        |(_, folder)| PathBuf::from(folder),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::temporary_folder;

    #[test]
    fn the_last_that_is_set_and_not_empty() {
        for (environment, folder) in [
            (vec![], "/tmp"),
            (vec![("TMPDIR", "")], "/tmp"),
            (
                vec![("TMPDIR", "/a"), ("TMPDIR", "/b"), ("TMP", "/c")],
                "/b",
            ),
        ] {
            let environment = environment.into_iter().map(|(n, v)| (n.into(), v.into()));
            let environment: Vec<_> = environment.collect();
            assert_eq!(temporary_folder(&environment), Path::new(folder));
        }
    }
}
