//! An executor for tests: it runs nothing, records what it was asked to run, and does what a closure says.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Executor;
use super::cancel::Cancel;
use super::command_line::CommandLine;
use super::execution::Execution;
use super::exit::Exit;
use super::streams::close_log;

/// What a command of a [`FakeExecutor`] does: it may write files, a log too, and says how it ended.
type Behaviour = dyn Fn(&CommandLine) -> Exit + Send + Sync;

/// Records the commands, in the order in which they began, and lets a closure stand for all programs.
pub struct FakeExecutor {
    behaviour: Box<Behaviour>,
    ran: Mutex<Vec<CommandLine>>,
}

impl FakeExecutor {
    /// An executor whose commands do this.
    #[must_use]
    pub fn new(behaviour: impl Fn(&CommandLine) -> Exit + Send + Sync + 'static) -> Self {
        Self {
            behaviour: Box::new(behaviour),
            ran: Mutex::default(),
        }
    }

    /// The commands since the last call, or since the beginning.
    #[must_use]
    pub fn take_ran(&self) -> Vec<CommandLine> {
        std::mem::take(&mut *self.ran.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Executor for FakeExecutor {
    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
        if cancel.severity().is_some() {
            return Execution::bare(Exit::Canceled);
        }
        self.ran
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(command.clone());
        let exit = (self.behaviour)(command);
        Execution {
            log: close_log(command),
            ..Execution::bare(exit)
        }
    }
}

impl fmt::Debug for FakeExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeExecutor")
            .field("ran", &self.ran)
            .finish_non_exhaustive()
    }
}
