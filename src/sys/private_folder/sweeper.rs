//! The child process that removes a private folder when its owner dies.
//!
//! It reads from a pipe whose other end only the owner has. A line says that the owner has removed the folder itself; the
//! end without a line, that the owner is dead. It is in a process group of its own, so that an interrupt from the terminal
//! ends the owner and not the sweeper.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Place;

/// The shell that every Unix has.
pub(super) const SHELL: &str = "/bin/sh";

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
pub(super) struct Sweeper {
    child: Child,
    alive: PipeWriter,
    /// As long as somebody could read, a write neither fails nor raises a signal.
    _reader: PipeReader,
}

impl Sweeper {
    /// Starts to wait for the death of this process.
    pub(super) fn start(shell: &Path, place: &Place) -> io::Result<Self> {
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
    pub(super) fn dismiss(mut self) {
        // A sweeper that is gone already needs no word; one that somebody else has reaped, no waiting.
        let _ = self.alive.write_all(b"\n");
        drop(self.alive);
        let _ = self.child.wait();
    }

    #[cfg(test)]
    pub(super) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }
}
