//! What came of one command.

use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use std::{fmt, io};

use crate::executor::error::ExecutorError;
use crate::executor::streams::Collected;
use crate::sys::process::signal_name;

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
    /// [`StdoutTo::Memory`](crate::executor::StdoutTo::Memory). None where it went elsewhere, was past its limit or cut off, or
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

/// How a command ended.
///
/// ```
/// use std::time::Duration;
/// use assetctl::Exit;
///
/// assert!(Exit::Code(0).is_success());
/// assert_eq!(Exit::TimedOut { after: Duration::from_secs(90) }.describe(), "timed out after 90 s");
/// ```
#[derive(Debug)]
pub enum Exit {
    /// It ended by itself with this code; 0 is success.
    Code(i32),
    /// A signal that is not ours ended it.
    Signal {
        /// The signal's number on this system.
        number: i32,
        /// Its name, as `SIGKILL`, if it has one.
        name: Option<&'static str>,
    },
    /// It did not end in time, and was ended.
    TimedOut {
        /// The time it had.
        after: Duration,
    },
    /// The run was interrupted: it was ended, or never started.
    Canceled,
    /// It wrote more to standard output than is kept in memory, and was ended if it had not ended yet.
    TooMuchOutput {
        /// The most bytes that were to be kept.
        limit: u64,
    },
    /// It could not be started.
    NotStarted(ExecutorError),
    /// It was started, but the system did not tell how it ended.
    Lost(io::Error),
    /// A pipe to its standard input or from its standard output failed: it saw or said only a part.
    CutOff(io::Error),
}

impl Exit {
    /// The exit that a status of the system stands for.
    pub(super) fn from_status(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(number)) => Self::Signal {
                number,
                name: signal_name(number),
            },
            (None, None) => Self::Lost(io::Error::other(format!("unknown status {status}"))),
        }
    }

    /// Whether the command ended by itself with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Code(0))
    }

    /// The exit in words, to be read after the step's name: `exit code 1`, `killed by SIGKILL (out of memory?)`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Code(code) => describe_code(*code),
            Self::Signal { number, name } => format!("killed by {}", SignalWords(*number, *name)),
            Self::TimedOut { after } => format!("timed out after {}", Words(*after)),
            Self::Canceled => "canceled".to_owned(),
            Self::TooMuchOutput { limit } => {
                format!("wrote more than {limit} bytes to standard output")
            }
            Self::NotStarted(error) => match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
            Self::Lost(error) => format!("its end was not seen: {error}"),
            Self::CutOff(error) => format!("its input or output was cut off: {error}"),
        }
    }
}

/// A shell tells of its own troubles, and of signals, in codes from 126 on.
fn describe_code(code: i32) -> String {
    let signal = code - 128;
    match code {
        126 => "exit code 126 (in a shell: not executable)".to_owned(),
        127 => "exit code 127 (in a shell: command not found)".to_owned(),
        129.. => match signal_name(signal) {
            Some(name) => {
                let words = SignalWords(signal, Some(name));
                format!("exit code {code} (in a shell: killed by {words})")
            }
            None => format!("exit code {code}"),
        },
        _ => format!("exit code {code}"),
    }
}

/// A signal's name, and what it often means when it comes from outside.
struct SignalWords(i32, Option<&'static str>);

impl fmt::Display for SignalWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, Some(name)) = self else {
            return write!(f, "signal {}", self.0);
        };
        debug_assert_eq!(signal_name(*number), Some(*name));
        let meaning = match *name {
            "SIGKILL" => "out of memory?",
            "SIGXFSZ" => "a file grew past the size limit",
            "SIGXCPU" => "past the limit of CPU time",
            "SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGFPE" => "it crashed",
            "SIGABRT" => "it gave up",
            "SIGPIPE" => "nobody read its output any more",
            _ => return f.write_str(name),
        };
        write!(f, "{name} ({meaning})")
    }
}

/// A duration in the largest unit of which it is a whole number, else in seconds with a fraction.
struct Words(Duration);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if self.0.subsec_nanos() != 0 || seconds == 0 {
            write!(f, "{} s", self.0.as_secs_f64())
        } else if seconds.is_multiple_of(3600) {
            write!(f, "{} h", seconds / 3600)
        } else if seconds.is_multiple_of(60) {
            write!(f, "{} min", seconds / 60)
        } else {
            write!(f, "{seconds} s")
        }
    }
}

/// What a failure of a command that a shell runs mostly means, where the exit alone says too little.
///
/// `silent` says that the command printed nothing.
pub fn of_shell(shell: &str, exit: &Exit, silent: bool) -> Option<String> {
    match exit {
        Exit::NotStarted(ExecutorError::NotFound { program, looked_in }) if program == shell => {
            Some(format!(
                "a command given as one string is run by `{shell}`: install it, or choose another shell, as \
                 `[project] shell = [\"sh\", \"-euc\"]`; looked in {looked_in}"
            ))
        }
        Exit::Code(141) => Some(
            "a program wrote into a pipe whose reader had ended, as `head` does early; to accept that, write \
             `{ PROGRAM || [ $? = 141 ]; } | head -1`"
                .to_owned(),
        ),
        Exit::Code(1) if silent => Some(
            "a program ended with 1 and printed nothing, as `grep` does if no line matches and `diff` if files differ; to accept that, write `{ grep PATTERN FILE || [ $? = 1 ]; }`"
                .to_owned(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Exit;

    #[test]
    fn exits_are_told_in_words() {
        let signal = |number, name| Exit::Signal { number, name };
        let after = |millis| Exit::TimedOut {
            after: Duration::from_millis(millis),
        };
        let table = [
            (Exit::Code(1), "exit code 1"),
            (Exit::Code(-1), "exit code -1"),
            (
                Exit::Code(127),
                "exit code 127 (in a shell: command not found)",
            ),
            (
                Exit::Code(137),
                "exit code 137 (in a shell: killed by SIGKILL (out of memory?))",
            ),
            (Exit::Code(255), "exit code 255"),
            (
                signal(9, Some("SIGKILL")),
                "killed by SIGKILL (out of memory?)",
            ),
            (signal(15, Some("SIGTERM")), "killed by SIGTERM"),
            (signal(40, None), "killed by signal 40"),
            (after(1_800_000), "timed out after 30 min"),
            (after(7_200_000), "timed out after 2 h"),
            (after(90_000), "timed out after 90 s"),
            (after(1_500), "timed out after 1.5 s"),
            (Exit::Canceled, "canceled"),
            (
                Exit::TooMuchOutput { limit: 1_000_000 },
                "wrote more than 1000000 bytes to standard output",
            ),
        ];
        for (exit, words) in table {
            assert_eq!(exit.describe(), words);
        }
    }
}
