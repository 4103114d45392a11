//! Making an instance's file, and moving a damaged one aside. Only one process at a time does either.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::store::attach::Terms;
use crate::store::error::{Fault, Notice};
use crate::store::origin;
use crate::store::salvage::carry_over;

/// Files that `SQLite` keeps beside a database. A log that outlives its database would be taken for that of the next one.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This folder holds what assetctl knows and can make again; backups may leave it out.\n";

/// `path` with `suffix` at its end.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Holds off other processes that make or move the instance of `home`; the lock ends with the value.
pub(super) fn lock(home: &Path) -> io::Result<File> {
    let file = File::options()
        .create(true)
        // A pipe that is opened for both is not waited for.
        .read(true)
        .append(true)
        .open(home.join("instance.lock"))?;
    file.lock()?;
    Ok(file)
}

/// Creates the home folder with the files that keep it out of version control and backups.
pub(super) fn create_home(home: &Path) -> io::Result<()> {
    fs::create_dir_all(home)?;
    for (name, content) in [(".gitignore", "*\n"), ("CACHEDIR.TAG", CACHEDIR_TAG)] {
        match File::create_new(home.join(name)) {
            Ok(mut file) => io::Write::write_all(&mut file, content.as_bytes())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes an empty instance under another name and gives it its own when it is whole.
///
/// Precondition: the caller holds [`lock`], and there is no file at `path`.
pub(super) fn create(path: &Path, terms: Terms<'_>) -> Result<(), Fault> {
    for companion in COMPANIONS {
        remove(&beside(path, companion))?;
    }
    let (new, connection) = empty(path, terms)?;
    complete(connection)?;
    fs::rename(&new, path)?;
    Ok(())
}

/// Puts a new instance in the place of a damaged one, with what can be read of that, and moves that aside.
///
/// Until the new one is whole, nothing is moved. Precondition: the caller holds [`lock`] and has found damage since.
pub(super) fn replace(path: &Path, terms: Terms<'_>, detail: String) -> Result<Notice, Fault> {
    let (new, mut connection) = empty(path, terms)?;
    let carried = carry_over(path, &mut connection)?;
    complete(connection)?;
    let moved_to = set_aside(path, "damaged")?;
    fs::rename(&new, path)?;
    Ok(Notice::SetAside {
        moved_to,
        detail,
        carried,
    })
}

/// Puts an empty instance in the place of one that came from elsewhere, and moves that aside.
///
/// Precondition: the caller holds [`lock`], and has found out since where it came from.
pub(super) fn replace_foreign(path: &Path, terms: Terms<'_>) -> Result<Notice, Fault> {
    let (new, connection) = empty(path, terms)?;
    complete(connection)?;
    let moved_to = set_aside(path, "foreign")?;
    fs::rename(&new, path)?;
    Ok(Notice::Foreign { moved_to })
}

/// An instance without content, under another name than its own.
fn empty(path: &Path, terms: Terms<'_>) -> Result<(PathBuf, Connection), Fault> {
    let new = beside(path, ".new");
    remove_with_companions(&new)?;
    // SQLite would let only the owner write. Its companions get the mode of the file.
    File::create_new(&new)?;
    let mut connection = Connection::open(&new)?;
    // Until it has its name, nothing of it has to survive anything.
    connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")?;
    terms.schema.apply(&mut connection)?;
    let home = path.parent().unwrap_or(path);
    origin::mark(&connection, terms.schema.version(), home, terms.key)?;
    Ok((new, connection))
}

fn complete(connection: Connection) -> Result<(), Fault> {
    connection.execute_batch("PRAGMA journal_mode = WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Moves the file at `path` and its companions to the first free `….WORD-N`, and says where.
fn set_aside(path: &Path, word: &str) -> io::Result<PathBuf> {
    let mut number = 1_u32;
    let moved_to = loop {
        let candidate = beside(path, &format!(".{word}-{number}"));
        if !candidate.try_exists()? {
            break candidate;
        }
        number += 1;
    };
    fs::rename(path, &moved_to)?;
    for companion in COMPANIONS {
        match fs::rename(beside(path, companion), beside(&moved_to, companion)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(moved_to)
}

/// Removes a database that is of no use, if it is there.
pub(super) fn remove_with_companions(path: &Path) -> io::Result<()> {
    remove(path)?;
    COMPANIONS
        .iter()
        .try_for_each(|companion| remove(&beside(path, companion)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
