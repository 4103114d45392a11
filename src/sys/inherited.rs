//! What this process inherits from its caller: which signals are ignored, how large a file may grow, how many
//! files may be open, how many cores it may use.

use std::num::NonZero;
use std::thread;

use rustix::process::{Resource, getrlimit};

/// The most bytes that a file which this process writes may have; `None` where there is no limit (`ulimit -f`).
pub fn file_size_limit() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

/// How many files this process may have open; `None` where there is no limit (`ulimit -n`).
pub fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// How many cores the process may use, as far as the system tells; at least 1.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Those of `signals` that are ignored. To be asked before a handler is set, and of a process that ignores none by itself.
pub fn ignored(signals: &[i32]) -> Vec<i32> {
    system::ignored(signals)
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;

    pub(super) fn ignored(signals: &[i32]) -> Vec<i32> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        let is_set = |signal: &&i32| mask.is_some_and(|mask| mask >> (**signal - 1) & 1 == 1);
        signals.iter().filter(is_set).copied().collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::process::{Command, Stdio};

    /// Nothing tells without a call that is not safe; but a child inherits what is ignored, and a shell does not change that:
    /// one that sends itself such a signal goes on.
    pub(super) fn ignored(signals: &[i32]) -> Vec<i32> {
        let survives = |signal: &&i32| {
            let shell = Command::new("/bin/sh")
                .args(["-c", &format!("kill -{signal} $$")])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            shell.is_ok_and(|status| status.success())
        };
        signals.iter().filter(survives).copied().collect()
    }
}
