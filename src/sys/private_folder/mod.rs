//! A folder for one process alone, in memory where there is a file system for that, that outlives its owner by moments.
//!
//! Beside the folder `assetctl-RANDOM` stands `assetctl-RANDOM.lock`, which is there before the folder, is locked by the
//! owner, and goes last. So a folder that nobody uses can be told from one in use, and both from a stranger's with a
//! similar name. Three remove it:
//!
//! - the owner, when the value is dropped;
//! - a small shell that is started with it and waits for the owner's death, which it sees as the end of a pipe;
//! - the next folder's owner, where the shell could not be started or was killed too.
//!
//! Nothing of this is known to the rest of the process: no signals, no global state.
//!
//! The child process that removes a private folder when its owner dies.
//!
//! It reads from a pipe whose other end only the owner has. A line says that the owner has removed the folder itself; the
//! end without a line, that the owner is dead. It is in a process group of its own, so that an interrupt from the terminal
//! ends the owner and not the sweeper.

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, Stdio};

use crate::sys::file::remove_tree;
use crate::sys::lock::FileLock;
use rustix::fs::OFlags;
use rustix::process::geteuid;

const PREFIX: &str = "assetctl-";
const SUFFIX: &str = ".lock";
/// Letters and digits between the two.
const RANDOM: usize = 22;

/// A folder that only its owner may enter (mode 0700), removed with all it holds when this is dropped or the process
/// dies.
#[derive(Debug)]
pub struct PrivateFolder {
    place: Place,
    /// Held until the folder is gone.
    _lock: FileLock,
    sweeper: Option<Sweeper>,
}

impl PrivateFolder {
    /// Makes a folder in the first of these that is a directory where that is possible, and removes there what dead
    /// processes left. The error is that of the last one.
    pub fn create(parents: &[&Path]) -> io::Result<Self> {
        Self::create_with(parents, Path::new(SHELL))
    }

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.place.folder
    }

    fn create_with(parents: &[&Path], shell: &Path) -> io::Result<Self> {
        let mut problem = io::Error::new(ErrorKind::NotFound, "no place for a private folder");
        for parent in parents {
            match absolute(parent).and_then(|parent| make(&parent)) {
                Ok((place, lock)) => {
                    // Without a shell the next owner finds what is left.
                    let sweeper = Sweeper::start(shell, &place).ok();
                    sweep(parent);
                    return Ok(Self {
                        place,
                        _lock: lock,
                        sweeper,
                    });
                }
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What resists is tried again by the next owner, who finds the lock file still there.
        let _ = self.place.clear();
        if let Some(sweeper) = self.sweeper.take() {
            sweeper.dismiss();
        }
    }
}

/// A folder and the file beside it that is locked as long as the folder is in use.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    lock: PathBuf,
}

impl Place {
    /// The place that this lock file stands for, if its name is one of ours.
    fn of_lock(lock: &Path) -> Option<Self> {
        let name = lock.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
        let random = name.strip_prefix(PREFIX)?;
        let is_ours =
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_ours.then(|| Self {
            folder: lock.with_file_name(name),
            lock: lock.to_owned(),
        })
    }

    /// Removes both, the lock file last. Precondition: the caller holds the lock.
    fn clear(&self) -> io::Result<()> {
        /// A process that escaped from its group may put a file into a directory that is being removed.
        const TRIES: usize = 5;
        let mut removed = remove_tree(&self.folder);
        for _ in 1..TRIES {
            if removed.is_ok() {
                break;
            }
            removed = remove_tree(&self.folder);
        }
        removed?;
        fs::remove_file(&self.lock)
    }
}

/// Makes a folder that is locked from its first moment.
fn make(parent: &Path) -> io::Result<(Place, FileLock)> {
    /// Each attempt fails only if another process looks for leftovers in the moment between two system calls.
    const ATTEMPTS: usize = 100;
    let mut options = tempfile::Builder::new();
    options.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    for _ in 0..ATTEMPTS {
        let (file, path) = options.tempfile_in(parent)?.into_parts();
        let Some(lock) = FileLock::try_on(file)? else {
            continue;
        };
        if !lock.is_at(&path)? {
            continue;
        }
        let place =
            Place::of_lock(&path).ok_or_else(|| io::Error::other("no name for a folder"))?;
        DirBuilder::new().mode(0o700).create(&place.folder)?;
        path.keep()?;
        return Ok((place, lock));
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// Removes what dead processes of this user left in a folder. What cannot be removed is not this process's trouble.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if let Some(place) = Place::of_lock(&entry.path())
            && let Ok(Some(_held)) = lock_of_the_dead(&place)
        {
            let _ = place.clear();
        }
    }
}

/// The lock of a place whose owner is dead. The parent may be open to all: nobody else's file is trusted, and none is
/// waited for.
fn lock_of_the_dead(place: &Place) -> io::Result<Option<FileLock>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(&place.lock)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != geteuid().as_raw() {
        return Ok(None);
    }
    let lock = FileLock::try_on(file)?;
    Ok(match lock {
        Some(lock) if lock.is_at(&place.lock)? => Some(lock),
        Some(_) | None => None,
    })
}

/// The shell that every Unix has.
const SHELL: &str = "/bin/sh";

/// `$1` is the folder, `$2` the lock file. A command whose owner was killed may go on for a while and make the folder
/// anew: it has to be gone for two seconds. One that never stops is left to the next owner of a folder, who finds
/// the lock file.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r line && exit
gone=0 looks=0
while [ $gone -lt 20 ] && [ $looks -lt 300 ]; do
    looks=$((looks + 1)) gone=$((gone + 1))
    if [ -e "$1" ] || [ -h "$1" ]; then
        gone=0
        rm -rf -- "$1" || { chmod -R u+rwx -- "$1"; rm -rf -- "$1"; }
    fi
    sleep 0.1 || sleep 1
done
[ -e "$1" ] || rm -f -- "$2"
"#;

/// The running shell.
#[derive(Debug)]
struct Sweeper {
    child: Child,
    alive: PipeWriter,
    /// As long as somebody could read, a write neither fails nor raises a signal.
    _reader: PipeReader,
}

impl Sweeper {
    /// Starts to wait for the death of this process.
    fn start(shell: &Path, place: &Place) -> io::Result<Self> {
        let (reader, alive) = io::pipe()?;
        let child = Command::new(shell)
            .args(["-c", SCRIPT, "assetctl-sweeper"])
            .args([&place.folder, &place.lock])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .process_group(0)
            .stdin(reader.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            child,
            alive,
            _reader: reader,
        })
    }

    /// Tells that nothing is left to do, and waits until it has heard.
    fn dismiss(mut self) {
        // A sweeper that is gone already needs no word; one that somebody else has reaped, no waiting.
        let _ = self.alive.write_all(b"\n");
        drop(self.alive);
        let _ = self.child.wait();
    }

    #[cfg(test)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }
}
