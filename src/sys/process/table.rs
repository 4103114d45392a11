//! Which processes there are, and what they hold: read from `/proc` on Linux, asked of `ps` elsewhere.
//!
//! All of it is a look: a process may have ended, or another have begun, since. What a process has open, its environment
//! and its session are seen on Linux only, and there only those of the same user.

use std::fmt;
use std::path::{Path, PathBuf};

/// A process that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// The number of its group.
    pub group: u32,
    /// The number of its session; 0 where that is not known.
    pub session: u32,
    /// When it started.
    pub started: Started,
    /// The name of its program, as the system has it: cut off after some bytes.
    pub name: String,
}

/// When a process started, as far as the system tells: in ticks since the system's start on Linux, in seconds of the clock
/// elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Started(pub u64);

impl Started {
    /// Whether this is the same moment, by what the system tells.
    pub fn is(self, other: Self) -> bool {
        // The age that `ps` gives is cut to seconds.
        self == other || (cfg!(not(target_os = "linux")) && self.0.abs_diff(other.0) <= 2)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_debug();
        write!(f, "`{name}` (process {})", self.id)
    }
}

/// All processes that can be seen.
pub fn processes() -> Vec<Process> {
    system::processes()
}

/// One process, if it is there and has not ended.
pub fn process(id: u32) -> Option<Process> {
    system::process(id)
}

/// When a process started that was started by this one just now.
pub fn start_of_new(id: u32) -> Option<Started> {
    system::start_of_new(id)
}

/// The first of the files that the process has open for writing and that is one of `paths` or lies in one of them.
///
/// `paths` are absolute and free of links.
pub fn open_for_writing(process: &Process, paths: &[PathBuf]) -> Option<PathBuf> {
    system::open_for_writing(process.id, &|path: &Path| {
        paths.iter().any(|above| path.starts_with(above))
    })
}

/// Whether a process was started with this variable.
pub fn has_variable(process: &Process, name: &str, value: &str) -> bool {
    system::has_variable(process.id, format!("{name}={value}").as_bytes())
}

/// What makes the number of a process mean the same process: the system's start and the namespace of numbers. `None` where
/// that is not known.
pub fn numbering() -> Option<String> {
    system::numbering()
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::{self, File};
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use super::{Process, Started};

    pub(super) fn processes() -> Vec<Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?))
            .collect()
    }

    pub(super) fn process(id: u32) -> Option<Process> {
        let mut buffer = [0; LINE];
        parse(stat(id, &mut buffer)?)
    }

    pub(super) fn start_of_new(id: u32) -> Option<Started> {
        let mut buffer = [0; LINE];
        field(stat(id, &mut buffer)?, 19).map(Started)
    }

    /// More than the 52 fields of a process take, of which most are numbers of up to 20 digits.
    const LINE: usize = 2_048;

    /// What the system tells of a process, which it gives in one reading: each step of a run asks for it.
    fn stat(id: u32, buffer: &mut [u8; LINE]) -> Option<&[u8]> {
        let mut file = File::open(format!("/proc/{id}/stat")).ok()?;
        let length = file.read(buffer).ok()?;
        buffer.get(..length)
    }

    /// The number of a field behind the parenthesised name; 0 is the state.
    fn field(stat: &[u8], index: usize) -> Option<u64> {
        let name_end = stat.iter().rposition(|&byte| byte == b')')?;
        let mut fields = stat.get(name_end + 2..)?.split(|&byte| byte == b' ');
        std::str::from_utf8(fields.nth(index)?).ok()?.parse().ok()
    }

    /// A process by its `/proc/PID/stat`; `None` if it has ended and only waits to be collected.
    fn parse(stat: &[u8]) -> Option<Process> {
        let name_start = stat.iter().position(|&byte| byte == b'(')?;
        let name_end = stat.iter().rposition(|&byte| byte == b')')?;
        if matches!(stat.get(name_end + 2)?, b'Z' | b'X' | b'x') {
            return None;
        }
        let number = |index| u32::try_from(field(stat, index)?).ok();
        let id = std::str::from_utf8(stat.get(..name_start)?).ok()?;
        Some(Process {
            id: id.trim_end().parse().ok()?,
            group: number(2)?,
            session: number(3)?,
            started: Started(field(stat, 19)?),
            name: String::from_utf8_lossy(stat.get(name_start + 1..name_end)?).into_owned(),
        })
    }

    pub(super) fn open_for_writing(id: u32, counts: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
        let entries = fs::read_dir(format!("/proc/{id}/fd")).ok()?.flatten();
        let mut files = entries.filter_map(|entry| {
            let path = fs::read_link(entry.path()).ok()?;
            // A file that was removed is not what it was opened as any more.
            let counts = counts(&path)
                && (!path.as_os_str().as_bytes().ends_with(b" (deleted)") || path.exists());
            (counts && is_for_writing(id, entry.file_name().to_str()?)).then_some(path)
        });
        files.next()
    }

    fn is_for_writing(id: u32, descriptor: &str) -> bool {
        let Ok(info) = fs::read_to_string(format!("/proc/{id}/fdinfo/{descriptor}")) else {
            return false;
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        // The access mode: 0 is for reading, 1 for writing, 2 for both.
        flags.is_some_and(|flags| flags & 3 != 0)
    }

    pub(super) fn has_variable(id: u32, variable: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|entry| entry == variable)
    }

    pub(super) fn numbering() -> Option<String> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(format!("{}/{}", boot.trim(), namespace.display()))
    }

    #[cfg(test)]
    mod tests {
        use super::{Started, parse};

        #[test]
        fn names_may_hold_anything() {
            let stat = |name: &str, state: &str| {
                let rest = "1 42 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987 10 11";
                parse(format!("43 ({name}) {state} {rest}\n").as_bytes())
            };
            for name in ["sort", "a) R 1 (b", ""] {
                let process = stat(name, "S").expect("a process");
                assert_eq!((process.id, process.group, process.session), (43, 42, 7));
                assert_eq!(process.started, Started(987));
                assert_eq!(process.name, name);
            }
            assert_eq!(stat("sort", "Z"), None);
            assert_eq!(parse(b"43 (so"), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{Process, Started};

    pub(super) fn processes() -> Vec<Process> {
        listed(&["-A"])
    }

    pub(super) fn process(id: u32) -> Option<Process> {
        listed(&["-p", &id.to_string()]).pop()
    }

    pub(super) fn start_of_new(_: u32) -> Option<Started> {
        Some(Started(now()))
    }

    fn now() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    fn listed(which: &[&str]) -> Vec<Process> {
        let ps = Command::new("/bin/ps")
            .args(which)
            .args(["-o", "pid=,pgid=,stat=,etime=,comm="])
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let Ok(ps) = ps else { return Vec::new() };
        let text = String::from_utf8_lossy(&ps.stdout);
        text.lines().filter_map(|line| parse(line, now())).collect()
    }

    fn parse(line: &str, now: u64) -> Option<Process> {
        let mut fields = line.split_whitespace();
        let mut number = || fields.next()?.parse().ok();
        let (id, group) = (number()?, number()?);
        if fields.next()?.starts_with('Z') {
            return None;
        }
        let age = seconds(fields.next()?)?;
        let path = fields.collect::<Vec<_>>().join(" ");
        Some(Process {
            id,
            group,
            session: 0,
            started: Started(now.saturating_sub(age)),
            name: path.rsplit('/').next().unwrap_or(&path).to_owned(),
        })
    }

    /// An age as `ps` writes it: `[[days-]hours:]minutes:seconds`.
    fn seconds(age: &str) -> Option<u64> {
        let (days, time) = match age.split_once('-') {
            Some((days, time)) => (days.parse().ok()?, time),
            None => (0, age),
        };
        let parts = time.split(':').map(|part| part.parse::<u64>().ok());
        let time = parts.reduce(|sum, part| Some(sum? * 60 + part?))??;
        Some(days * 86_400 + time)
    }

    pub(super) fn open_for_writing(_: u32, _: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
        None
    }

    pub(super) fn has_variable(_: u32, _: &[u8]) -> bool {
        false
    }

    pub(super) fn numbering() -> Option<String> {
        None
    }
}
