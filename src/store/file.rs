//! The file of an instance: its schema, connections to it and copies of it, how it is made, and how a damaged one is moved aside. Only
//! one process at a time does either of the last two.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tempfile::TempDir;

use crate::digest::{Folding, Key, Kind, Sink};
use crate::store::column;
use crate::store::error::{Fault, InstanceNotice, StoreError};
use crate::store::identity;
use crate::store::salvage::carry_over;

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// Characters of a path that stay as they are in a `file:` URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// What an instance must be to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) schema: Schema,
    /// What its user vouches for instances with.
    pub(super) key: Option<&'a Key>,
}

/// Whether a file, once opened, can be used.
pub(super) enum Attached {
    Ready(Connection),
    Older {
        connection: Connection,
        from: u32,
    },
    /// It came with the folder from elsewhere.
    Foreign,
    Damaged(String),
}

/// Whoever reads from a pipe waits for its other end, and a device has no end.
fn refuse_special(path: &Path) -> Result<(), Fault> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        let is_special = |it: fs::Metadata| !it.is_file() && !it.is_dir();
        if fs::metadata(&file).is_ok_and(is_special) {
            let reason = format!("{} is not a regular file", file.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason).into());
        }
    }
    Ok(())
}

/// Opens a file that exists; nothing is read yet.
pub(super) fn connect(path: &Path) -> Result<Connection, Fault> {
    refuse_special(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

pub(super) fn connect_immutable(path: &Path) -> Result<Connection, Fault> {
    refuse_special(path)?;
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), PATH);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{encoded}?immutable=1");
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// Reads the header and the schema.
pub(super) fn attach(
    connection: Connection,
    path: &Path,
    terms: Terms<'_>,
) -> Result<Attached, StoreError> {
    let home = path.parent().unwrap_or(path);
    let standing = terms.schema.standing(&connection).and_then(|standing| {
        let is_foreign = standing == Standing::Current
            && identity::is_foreign(&connection, terms.schema.version(), home, terms.key)?;
        Ok((standing, is_foreign))
    });
    match standing {
        Ok((_, true)) => {
            // It is moved as it came, with its log.
            keep_log(&connection).map_err(|fault| StoreError::at(path, fault))?;
            Ok(Attached::Foreign)
        }
        Ok((Standing::Current, false)) => Ok(Attached::Ready(connection)),
        Ok((Standing::Older { from }, false)) => Ok(Attached::Older { connection, from }),
        Err(fault) => match StoreError::at(path, fault) {
            StoreError::Damaged { detail, .. } => {
                // The log is evidence too.
                keep_log(&connection).map_err(|fault| StoreError::at(path, fault))?;
                Ok(Attached::Damaged(detail))
            }
            error => Err(error),
        },
    }
}

/// Lets the closing of a connection neither fold the log into the file nor delete it.
pub(super) fn keep_log(connection: &Connection) -> Result<(), Fault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// `None` where there is no file.
pub(super) fn attach_for_writing(
    path: &Path,
    terms: Terms<'_>,
) -> Result<Option<Attached>, StoreError> {
    let connection = match connect(path) {
        Ok(connection) => connection,
        Err(_) if matches!(path.try_exists(), Ok(false)) => return Ok(None),
        // Another process may have made it just after it was found absent.
        Err(_) => connect(path).map_err(|fault| StoreError::at(path, fault))?,
    };
    if connection.is_readonly("main").unwrap_or(true) {
        return Err(StoreError::MissingPermission {
            path: path.to_path_buf(),
        });
    }
    let attached = attach(connection, path, terms)?;
    if let Attached::Ready(connection) = &attached
        && connection.is_readonly("main").unwrap_or(true)
    {
        let detail = "its header forbids writing".to_owned();
        return Ok(Some(Attached::Damaged(detail)));
    }
    Ok(Some(attached))
}

/// Writes what `connection` sees into the file `copy`, replacing an older copy only when it is whole.
pub(super) fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), Fault> {
    let new = beside(copy, ".new");
    remove_with_companions(&new)?;
    let name = new
        .to_str()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidFilename, "its path is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    fs::rename(&new, copy)?;
    Ok(())
}

/// Copies an instance with its log into a new folder in `parent`, and gives that and the copy.
pub(super) fn copy_with_log(path: &Path, parent: &Path) -> io::Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir_in(parent)?;
    let copy = folder.path().join("instance.db");
    // The log first: what a checkpoint moves in between is then in both.
    fs::copy(beside(path, "-wal"), beside(&copy, "-wal"))?;
    fs::copy(path, &copy)?;
    Ok((folder, copy))
}

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
pub(super) fn replace(
    path: &Path,
    terms: Terms<'_>,
    detail: String,
) -> Result<InstanceNotice, Fault> {
    let (new, mut connection) = empty(path, terms)?;
    let carried = carry_over(path, &mut connection)?;
    complete(connection)?;
    let moved_to = set_aside(path, "damaged")?;
    fs::rename(&new, path)?;
    Ok(InstanceNotice::SetAside {
        moved_to,
        detail,
        carried,
    })
}

/// Puts an empty instance in the place of one that came from elsewhere, and moves that aside.
///
/// Precondition: the caller holds [`lock`], and has found out since where it came from.
pub(super) fn replace_foreign(path: &Path, terms: Terms<'_>) -> Result<InstanceNotice, Fault> {
    let (new, connection) = empty(path, terms)?;
    complete(connection)?;
    let moved_to = set_aside(path, "foreign")?;
    fs::rename(&new, path)?;
    Ok(InstanceNotice::Foreign { moved_to })
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
    identity::mark(&connection, terms.schema.version(), home, terms.key)?;
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
fn remove_with_companions(path: &Path) -> io::Result<()> {
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

/// A sequence of migrations: numbered SQL files that are never edited once released.
///
/// The number of files that were applied stands in `user_version`, and a digest over the text of all that they declare in
/// `application_id`. A file is made whole before it gets its name, so one that declares something else is no young instance but
/// a damaged one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    /// SQL by number; the first is 1.
    pub(super) migrations: &'static [&'static str],
}

/// The schema of this assetctl.
pub(super) const SCHEMA: Schema = Schema {
    migrations: &[
        include_str!("migrations/0001.sql"),
        include_str!("migrations/0002.sql"),
        include_str!("migrations/0003.sql"),
        include_str!("migrations/0004.sql"),
        include_str!("migrations/0005.sql"),
        include_str!("migrations/0006.sql"),
        include_str!("migrations/0007.sql"),
        include_str!("migrations/0008.sql"),
    ],
};

/// No instance has had so many migrations: a larger number is damage.
const IMPLAUSIBLE: u32 = 100_000;

/// How a file's schema relates to a [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    Older { from: u32 },
}

impl Schema {
    /// The number of the last migration.
    pub(super) fn version(self) -> u32 {
        self.migrations.len() as u32
    }

    /// Reads which schema a file has.
    ///
    /// # Errors
    ///
    /// If it is newer, or no instance at all.
    pub(super) fn standing(self, connection: &Connection) -> Result<Standing, Fault> {
        let sql = "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) \
            FROM pragma_user_version, pragma_application_id";
        let (found, text): (i64, i64) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let known = self.version();
        let found = u32::try_from(found)
            .ok()
            .filter(|found| (1..IMPLAUSIBLE).contains(found))
            .ok_or(Fault::Undecodable("its header names no schema"))?;
        if found > known {
            return Err(Fault::Newer { found, known });
        }
        if found < known {
            return Ok(Standing::Older { from: found });
        }
        if text != i64::from(text_of(connection)?) {
            return Err(Fault::Undecodable("its tables are not those of its schema"));
        }
        Ok(Standing::Current)
    }

    /// Applies, in one transaction, what a file lacks.
    pub(super) fn apply(self, connection: &mut Connection) -> Result<(), Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read under the lock: another process may have been faster.
        let from: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for migration in self.migrations.iter().skip(from as usize) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", self.version())?;
        let text = text_of(&transaction)?;
        transaction.pragma_update(None, "application_id", text)?;
        transaction.commit()?;
        Ok(())
    }
}

/// A short digest over the text of all that is declared. What `ANALYZE` adds is not ours.
fn text_of(connection: &Connection) -> Result<i32, Fault> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut folding = Folding::new();
    while let Some(row) = rows.next()? {
        for (at, name) in ["type", "name", "table"].into_iter().enumerate() {
            folding.text(name, column::text(row, at)?);
        }
        folding.text(
            "text",
            row.get_ref(3)?.as_str_or_null()?.unwrap_or_default(),
        );
    }
    let digest = folding.finish(Kind::Value);
    let [a, b, c, d, ..] = *digest.as_bytes();
    Ok(i32::from_be_bytes([a, b, c, d]))
}
