//! What came of one command.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::exit::Exit;
use super::pipes::Collected;

/// What came of one command.
///
/// ```
/// use assetctl::{Execution, Exit, Leftovers};
///
/// let execution = Execution::bare(Exit::Code(1));
/// assert!(!execution.exit.is_success());
/// assert_eq!((execution.stdout, execution.leftovers), (None, Leftovers::None));
/// ```
#[derive(Debug)]
pub struct Execution {
    /// How it ended, or why it never began.
    pub exit: Exit,
    /// The log, if anything was written to it.
    pub log: Option<PathBuf>,
    /// Why the log is not complete, where it had to be written for the command (it has secrets) and that failed.
    pub log_fault: Option<io::Error>,
    /// What the command and its group wrote to standard output, all of it, where that went to
    /// [`StdoutTo::Memory`](super::StdoutTo::Memory). None where it went elsewhere, was past its limit or cut off, or
    /// where nothing was started.
    pub stdout: Option<Vec<u8>>,
    /// What the command left running.
    pub leftovers: Leftovers,
    /// What it took.
    pub usage: Usage,
}

/// What became of processes that a command left in its process group.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, Leftovers, LocalExecutor};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "sleep 600 & exit 0"].map(Into::into).to_vec(),
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// let Leftovers::Ended { processes } = execution.leftovers else {
///     panic!("a leftover is ended");
/// };
/// assert!(processes[0].starts_with("`sleep` (process "));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leftovers {
    /// There were none, or they ended by themselves: within a moment, or once they had finished the command's outputs.
    None,
    /// There were some, and they were ended.
    Ended {
        /// They, in words.
        processes: Vec<String>,
    },
    /// There are some still: they belong to another user or hang in the kernel.
    Survived {
        /// They, in words.
        processes: Vec<String>,
    },
}

/// What a command took. All is zero or unknown for one that did not start.
///
/// ```
/// use std::time::Duration;
/// use assetctl::{Execution, Exit, Usage};
///
/// let execution = Execution {
///     usage: Usage { duration: Duration::from_secs(2), ..Usage::default() },
///     ..Execution::bare(Exit::Code(0))
/// };
/// assert_eq!(execution.usage.cpu, None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// From just before its start until its own end was seen, or that of the last process that finished its outputs; ending
    /// what it left behind does not count.
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
            stdout: None,
            leftovers: Leftovers::None,
            usage: Usage::default(),
        }
    }

    /// Adds what came of standard output. A command that was ended for another reason keeps that as its exit.
    pub(super) fn add_output(&mut self, collected: io::Result<Collected>) {
        let fault = match collected {
            Ok(Collected::Nothing) => return,
            Ok(Collected::Whole(bytes)) => {
                self.stdout = Some(bytes);
                return;
            }
            Ok(Collected::PastLimit(limit)) => Exit::TooMuchOutput { limit },
            Err(error) => Exit::CutOff(error),
        };
        if !matches!(self.exit, Exit::TimedOut { .. } | Exit::Canceled) {
            self.exit = fault;
        }
    }
}
