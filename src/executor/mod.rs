//! Where a step's command runs.
//!
//! The engine hands a [`CommandLine`] to an [`Executor`] and blocks one of its own command threads until the
//! [`Execution`] comes back. The environment, the folder, the paths and the time limit are all in the command line:
//! nothing is read from the process that runs assetctl. A [`Cancel`] is shared by all executions of a run.
//!
//! How a command ends, and why nothing hangs:
//!
//! - The worker blocks in `waitid` on the child alone, without reaping it, so its pid, and with it the number of its
//!   group, stay its own while others may signal the group. Nobody waits for the end of a pipe.
//! - Whoever may signal is listed in the [`Cancel`]: one lock guards the list of running groups, and an execution takes
//!   itself off it before it reaps. Deadlines are kept by one watchdog thread for the whole run, started when the first
//!   of them is needed. It sleeps until the next deadline; a command without a time limit costs a spawn and a wait, and
//!   no thread. (A pidfd and `poll` for each worker would do without the thread, but on Linux only.)
//! - What the command leaves behind in its group may finish its outputs (`leftovers.rs`); all else is ended then, and the
//!   [`Execution`] says so.
//!
//! No signal handlers here: the command line interface has them and calls [`Cancel::interrupt`].

mod cancel;
mod command_line;
mod environment;
mod error;
mod execution;
mod fake;
mod leftovers;
mod local;
mod log;
mod redact;
mod streams;

#[cfg(test)]
mod tests;

pub(crate) use cancel::SecondInterrupt;
pub use cancel::{Cancel, Listener, Severity};
pub use command_line::{
    Background, CommandLine, DEFAULT_GRACE, EmptyLog, Moment, Secret, StdinFrom, StdoutTo, Watcher,
};
pub use environment::{Environment, Inherit};
pub use error::ExecutorError;
pub use execution::{Execution, Exit, Leftovers, Usage, of_shell};
pub use fake::FakeExecutor;
pub use local::LocalExecutor;
pub use log::{Follower, Tail, TailLimits, last_line, tail};
pub use redact::redacted;

/// Something that runs commands: child processes of this machine ([`LocalExecutor`]), none at all ([`FakeExecutor`]), or
/// whatever a program has for it.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use assetctl::{Cancel, CommandLine, Execution, Executor, LocalExecutor, MaterializeRequest};
///
/// /// Counts what runs.
/// #[derive(Default)]
/// struct Counting(AtomicU32);
///
/// impl Executor for Counting {
///     fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         LocalExecutor.execute(command, cancel)
///     }
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
///
/// let counting = Arc::new(Counting::default());
/// let executor: Arc<dyn Executor> = counting.clone();
/// let project = assetctl::Project::load(folder.path())?.with_executor(executor);
/// assetctl::materialize_to_memory(&project, MaterializeRequest::new())?;
/// assert_eq!(counting.0.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub trait Executor: Send + Sync {
    /// Runs a command to its end, blocking the calling thread. After an interrupt nothing is started any more and the
    /// exit is [`Exit::Canceled`].
    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution;

    /// Whether the [`Watcher`] of a command is told when it has started, with its process. Where it is not, a step counts as started
    /// once it is executed, and its `step_started` has no `pid`. Whoever runs commands by another executor answers as that one does.
    fn tells_starts(&self) -> bool {
        false
    }
}
