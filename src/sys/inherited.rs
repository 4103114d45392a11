//! What this process inherits from its caller: which signals are ignored, how large a file may grow, how many
//! files may be open, how many cores it may use.
//!
//! How much a program that is started can be given: the limits of `execve`.
//!
//! Linux takes strings of up to 128 KiB, and a quarter of the stack's limit in all, pointers included, but never more
//! than 6 MiB. macOS takes 1 MiB in all.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use rustix::process::{Resource, getrlimit};
use rustix::system::uname;

/// The most bytes that a file which this process writes may have; `None` where there is no limit (`ulimit -f`).
pub fn file_size_limit() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

/// How many files this process may have open; `None` where there is no limit (`ulimit -n`).
pub fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// The name of this machine, as far as it can be written.
pub fn host_name() -> Option<String> {
    let name = uname().nodename().to_str().ok()?.to_owned();
    (!name.is_empty()).then_some(name)
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

/// The longest argument or variable, in bytes, with its closing zero.
pub const LONGEST_STRING: usize = 131_072;

/// What each string costs beyond its bytes: the pointer to it.
pub const EACH_STRING: usize = size_of::<usize>();

/// Room for what the system itself puts there: the program's path, auxiliary values, alignment.
const OWN: usize = 4_096;

/// The greatest total of arguments and variables, in bytes, each with its closing zero and its pointer.
#[cfg(target_os = "linux")]
pub fn most_bytes() -> usize {
    use rustix::process::{Resource, getrlimit};
    const LEAST: u64 = 128 * 1024;
    const MOST: u64 = 6 * 1024 * 1024;
    let stack = getrlimit(Resource::Stack).current;
    let quarter = stack.map_or(MOST, |stack| stack / 4).clamp(LEAST, MOST);
    usize::try_from(quarter).map_or(usize::MAX, |bytes| bytes - OWN)
}

/// The greatest total of arguments and variables, in bytes, each with its closing zero and its pointer.
#[cfg(not(target_os = "linux"))]
pub fn most_bytes() -> usize {
    1024 * 1024 - OWN
}

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
