//! What came of one command.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::exit::Exit;

/// What came of one command.
#[derive(Debug)]
pub struct Execution {
    /// How it ended, or why it never began.
    pub exit: Exit,
    /// The log, if anything was written to it.
    pub log: Option<PathBuf>,
    /// Why the log is not complete, where it had to be written for the command (it has secrets) and that failed.
    pub log_fault: Option<io::Error>,
    /// What the command left running.
    pub leftovers: Leftovers,
    /// What it took.
    pub usage: Usage,
}

/// What became of processes that a command left in its process group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leftovers {
    /// There were none, or they ended on their own within a moment.
    None,
    /// There were some, and they were ended.
    Ended,
    /// There are some still: they belong to another user or hang in the kernel.
    Survived,
}

/// What a command took. All is zero or unknown for one that did not start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// From just before its start until its own end was seen; ending what it left behind does not count.
    pub duration: Duration,
    /// User and system time of the command and of the descendants it waited for.
    pub cpu: Option<Duration>,
    /// The largest resident set of one process among these, in bytes; unknown where it cannot be told from that of
    /// assetctl itself, so for small commands on Linux.
    pub peak_memory: Option<u64>,
}

impl Execution {
    /// An execution that ended this way, and of which nothing else is known.
    #[must_use]
    pub fn bare(exit: Exit) -> Self {
        Self {
            exit,
            log: None,
            log_fault: None,
            leftovers: Leftovers::None,
            usage: Usage::default(),
        }
    }
}
