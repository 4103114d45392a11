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

mod table;

pub use table::{
    Process, Started, has_variable, numbering, open_for_writing, process, processes, start_of_new,
};

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
