//! Children and their process groups: wait without losing the pid, reap with what was used, signal a whole group.
//!
//! A child's pid is also the number of the group that it leads. The kernel gives the number away again only when the
//! child is reaped *and* its group is empty. Hence the order that callers keep: [`wait_unreaped`], stop whoever may
//! signal the group, [`reap`], and only then ask for the group's [`Population`]. After the reaping the number is held by
//! whoever is left in the group; a foreign process could only get it if all pids were handed out once between the moment
//! the last one ended and the next look.
//!
//! Absent on purpose: anything that runs between fork and exec (it would forbid `posix_spawn`), and processes that left
//! the group by `setsid`, which nobody can follow without a tracer or a cgroup.
//!
//! Which processes there are, and what they hold: read from `/proc` on Linux, asked of `ps` elsewhere.
//!
//! All of it is a look: a process may have ended, or another have begun, since. What a process has open, its environment
//! and its session are seen on Linux only, and there only those of the same user.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fmt, io};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group,
    waitid,
};
use wait4::Wait4;

/// A process group, named by the process that led it first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessGroup {
    leader: Pid,
}

/// Who is in a process group whose leader was reaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Population {
    /// Nobody, or only processes that ended and wait for init to collect them.
    Empty,
    /// At least one process that can be signalled.
    Alive,
    /// Only processes of another user.
    OutOfReach,
}

/// What a child left behind for its parent.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    /// How it ended.
    pub status: ExitStatus,
    /// User and system time of the child and of the descendants it waited for.
    pub cpu: Duration,
    /// The largest resident set among them, in bytes. `None` where the kernel's figure is only that of this process:
    /// on Linux a spawned child starts out with the peak of its parent.
    pub peak_memory: Option<u64>,
}

impl ProcessGroup {
    /// The group that this child was made the leader of when it was spawned.
    pub fn led_by(child: &Child) -> Self {
        Self {
            leader: Pid::from_child(child),
        }
    }

    /// Asks all members to end: TERM, and CONT so that stopped ones hear it. Nobody there is no error.
    pub fn ask_to_end(self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Kills all members. Nobody there is no error.
    pub fn kill(self) {
        self.signal(Signal::KILL);
    }

    fn signal(self, signal: Signal) {
        // ESRCH: the group is empty, which is what was wanted. EPERM: `population` says so as `OutOfReach`.
        let _ = kill_process_group(self.leader, signal);
    }

    /// The number of the group, which is that of its leader.
    pub fn number(self) -> u32 {
        self.leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// Who is in the group. Precondition: the leader is reaped, else it counts as a member.
    pub fn population(self) -> Population {
        match test_kill_process_group(self.leader) {
            Ok(()) => {
                self.reap_adopted();
                // Members may all have ended and only wait to be collected, which a careless init may never do.
                if cfg!(target_os = "linux") && self.members().is_empty() {
                    Population::Empty
                } else {
                    Population::Alive
                }
            }
            // macOS answers EPERM for a group of nothing but ended processes.
            Err(Errno::PERM) if cfg!(not(target_vendor = "apple")) => Population::OutOfReach,
            Err(_) => Population::Empty,
        }
    }

    /// The members that have not ended.
    pub fn members(self) -> Vec<Process> {
        let mut members = processes();
        members.retain(|process| process.group == self.number());
        members
    }

    /// Collects members that this process has inherited: as pid 1 of a container it is the one who must.
    fn reap_adopted(self) {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while let Ok(Some(_)) = waitid(WaitId::Pgid(Some(self.leader)), ended) {}
    }
}

/// Ends the processes that `find` finds, until it finds none: TERM, and KILL after a second. Gives those that it found first.
pub fn end_found(find: impl Fn() -> Vec<Process>) -> Vec<Process> {
    /// After the first, how often it looks again.
    const PAUSE: Duration = Duration::from_millis(20);
    const GRACE: u32 = 50;
    /// Who hangs in the kernel is given up.
    const MOST: u32 = 150;
    let first = find();
    let mut left = first.clone();
    for look in 0..MOST {
        if left.is_empty() {
            break;
        }
        for process in &left {
            match look {
                0 => {
                    signal_process(process, Signal::TERM);
                    signal_process(process, Signal::CONT);
                }
                GRACE.. => signal_process(process, Signal::KILL),
                _ => {}
            }
        }
        std::thread::sleep(PAUSE);
        left = find();
    }
    first
}

/// Whoever is gone, or another user's, is left alone.
fn signal_process(process: &Process, signal: Signal) {
    let id = i32::try_from(process.id).ok().and_then(Pid::from_raw);
    let _ = id.map(|id| kill_process(id, signal));
}

/// Waits until a child has ended, without reaping it: its pid stays its own.
pub fn wait_unreaped(child: &Child) -> io::Result<()> {
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(Pid::from_child(child)), ended) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for a child and takes it from the process table.
pub fn reap(child: Child) -> io::Result<Reaped> {
    let used = child.wait4()?;
    Ok(Reaped {
        status: used.status,
        cpu: used.rusage.utime + used.rusage.stime,
        peak_memory: tell_from_parent(used.rusage.maxrss),
    })
}

/// A child's peak memory if it is more than the parent's own peak, which `posix_spawn` on Linux counts in.
fn tell_from_parent(peak: u64) -> Option<u64> {
    /// The kernel's counters are exact to some pages per CPU.
    const BLUR: u64 = 1 << 20;
    /// The last known peak of this process. It only grows, so that a smaller figure needs no new look.
    static OWN_PEAK: AtomicU64 = AtomicU64::new(0);

    if cfg!(not(target_os = "linux")) {
        return Some(peak);
    }
    let is_own = |own: u64| peak <= own.saturating_add(BLUR);
    if is_own(OWN_PEAK.load(Ordering::Relaxed)) {
        return None;
    }
    let own = own_peak()?;
    OWN_PEAK.fetch_max(own, Ordering::Relaxed);
    (!is_own(own)).then_some(peak)
}

/// `VmHWM` of this process, in bytes.
fn own_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The name of a signal, as `SIGKILL`, where it has one on this system.
pub fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: [(Signal, &str); 22] = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::VTALARM, "SIGVTALRM"),
        (Signal::PROF, "SIGPROF"),
        (Signal::IO, "SIGIO"),
        (Signal::SYS, "SIGSYS"),
        (Signal::CONT, "SIGCONT"),
    ];
    NAMES
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map(|&(_, name)| name)
}

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

pub use system::{numbering, process, processes, start_of_new};

#[cfg(target_os = "linux")]
mod system {
    use std::fs::{self, File};
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use super::{Process, Started};

    /// All processes that can be seen.
    pub fn processes() -> Vec<Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?))
            .collect()
    }

    /// One process, if it is there and has not ended.
    pub fn process(id: u32) -> Option<Process> {
        let mut buffer = [0; LINE];
        parse(stat(id, &mut buffer)?)
    }

    /// When a process started that was started by this one just now.
    pub fn start_of_new(id: u32) -> Option<Started> {
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

    /// What makes the number of a process mean the same process: the system's start and the namespace of numbers. `None` where
    /// that is not known.
    pub fn numbering() -> Option<String> {
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

    /// All processes that can be seen.
    pub fn processes() -> Vec<Process> {
        listed(&["-A"])
    }

    /// One process, if it is there and has not ended.
    pub fn process(id: u32) -> Option<Process> {
        listed(&["-p", &id.to_string()]).pop()
    }

    /// When a process started that was started by this one just now.
    pub fn start_of_new(_: u32) -> Option<Started> {
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

    /// What makes the number of a process mean the same process: the system's start and the namespace of numbers. `None` where
    /// that is not known.
    pub fn numbering() -> Option<String> {
        None
    }
}
