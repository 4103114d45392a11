//! A secret of the user's own, in a file that only the user can read: what is signed with it was not brought along by a
//! repository or an archive.
//!
//! It lies in the user's cache folder, by `XDG_CACHE_HOME` or `HOME` of an environment that is handed in. It is made when it
//! is first needed. Where it cannot be made or read, there is none.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

/// The file, in the user's cache folder.
const FILE: &str = "assetctl/secret";

const LEN: usize = 32;

/// The user's secret, if there is one. One that lies in the folder `project` may have come with it, and is none.
pub fn known(environment: &[(OsString, OsString)], project: &Path) -> Option<[u8; LEN]> {
    let file = file(environment)?;
    let secret = read(&file)?;
    (!is_within(&file, project)).then_some(secret)
}

/// [`known`], and makes one where there is none.
pub fn known_or_made(environment: &[(OsString, OsString)], project: &Path) -> Option<[u8; LEN]> {
    known(environment, project).or_else(|| {
        let file = file(environment)?;
        make(&file, project)?;
        known(environment, project)
    })
}

/// Where the secret lies.
fn file(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let variable = |wanted: &str| {
        let found = environment.iter().rev().find(|(name, _)| name == wanted);
        let path = found.map(|(_, path)| PathBuf::from(path));
        path.filter(|path| path.is_absolute())
    };
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
    Some(cache.join(FILE))
}

fn read(path: &Path) -> Option<[u8; LEN]> {
    let is_ours = |it: &fs::Metadata| {
        it.is_file()
            && it.len() == LEN as u64
            && !Mode::from_raw_mode(it.mode()).intersects(Mode::RWXG | Mode::RWXO)
            && it.uid() == rustix::process::geteuid().as_raw()
    };
    // Looked at before it is opened: who opens a pipe waits for its other end.
    fs::symlink_metadata(path).ok().filter(is_ours)?;
    let mut file = File::open(path).ok()?;
    file.metadata().ok().filter(is_ours)?;
    let mut secret = [0; LEN];
    file.read_exact(&mut secret).ok()?;
    Some(secret)
}

/// Makes the file with all that it holds at once. A user who does not exist on disk gets no folder.
fn make(path: &Path, project: &Path) -> Option<()> {
    let folder = path.parent()?;
    let cache = folder.parent()?;
    let me = rustix::process::geteuid().as_raw();
    let existing = folder.ancestors().find(|it| it.is_dir())?;
    let is_known = [Some(folder), Some(cache), cache.parent()].contains(&Some(existing));
    let is_there = path.symlink_metadata().is_ok();
    let is_ours = fs::metadata(existing).ok()?.uid() == me;
    if is_there || !is_known || !is_ours || is_within(existing, project) {
        return None;
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .ok()?;
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .ok()?;
    let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    for part in random {
        file.write_all(part.as_bytes()).ok()?;
    }
    // Whoever else has made one meanwhile has made it for all.
    drop(file.persist_noclobber(path));
    Some(())
}

fn is_within(file: &Path, project: &Path) -> bool {
    match (fs::canonicalize(file), fs::canonicalize(project)) {
        (Ok(file), Ok(project)) => file.starts_with(project),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{known, known_or_made};

    fn environment(name: &str, folder: &Path) -> Vec<(OsString, OsString)> {
        vec![(name.into(), folder.into())]
    }

    #[test]
    fn it_is_made_once_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = tempfile::tempdir().expect("a folder");
        for (name, place) in [
            ("HOME", ".cache/assetctl/secret"),
            ("XDG_CACHE_HOME", "assetctl/secret"),
        ] {
            let environment = environment(name, folder.path());
            assert_eq!(known(&environment, project.path()), None, "{name}");
            let made = known_or_made(&environment, project.path());
            assert!(made.is_some(), "{name}");
            assert_eq!(known_or_made(&environment, project.path()), made, "{name}");
            let file = folder.path().join(place);
            let mode = fs::metadata(&file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn what_others_can_read_or_a_project_brings_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = tempfile::tempdir().expect("a folder");
        let environment = environment("HOME", folder.path());
        let made = known_or_made(&environment, project.path());
        assert!(made.is_some());
        assert_eq!(
            known(&environment, folder.path()),
            None,
            "within the project"
        );
        let file = folder.path().join(".cache/assetctl/secret");
        fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("ours");
        assert_eq!(known_or_made(&environment, project.path()), None);
    }

    #[test]
    fn without_a_folder_of_the_user_there_is_none() {
        let project = tempfile::tempdir().expect("a folder");
        let nowhere = project.path().join("no/where");
        for environment in [
            Vec::new(),
            environment("HOME", &nowhere),
            environment("HOME", Path::new("relative")),
        ] {
            assert_eq!(known_or_made(&environment, project.path()), None);
        }
        assert!(!project.path().join("no").exists());
    }
}
