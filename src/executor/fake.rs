//! An executor for tests: it runs nothing, records what it was asked to run, and does what a closure says.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::executor::Executor;
use crate::executor::cancel::Cancel;
use crate::executor::command_line::{CommandLine, StdoutTo};
use crate::executor::execution::{Execution, Exit};
use crate::executor::streams::{Collected, close_log, open_to_append};

/// What a command of a [`FakeExecutor`] does: it may write files, a log too, and says how it ended and what it printed.
type Behaviour = dyn Fn(&CommandLine) -> (Exit, Vec<u8>) + Send + Sync;

/// Records the commands, in the order in which they began, and lets a closure stand for all programs.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.report]
/// # command = ["report"]
/// # stdout = true
/// # outputs = "report.txt"
/// # "#)?;
/// use std::sync::Arc;
/// use assetctl::{Executor, Exit, FakeExecutor, MaterializeRequest, Project, materialize_to_memory};
///
/// let fake = Arc::new(FakeExecutor::printing(|_| (Exit::Code(0), b"3 orders\n".to_vec())));
/// let executor: Arc<dyn Executor> = fake.clone();
/// let project = Project::load(folder.path())?.with_executor(executor);
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// assert_eq!(&*result.output("report", None, None)?.bytes()?, b"3 orders\n");
/// assert_eq!(fake.take_ran()[0].program, "report");
/// # Ok(())
/// # }
/// ```
pub struct FakeExecutor {
    behaviour: Box<Behaviour>,
    ran: Mutex<Vec<CommandLine>>,
}

impl FakeExecutor {
    /// An executor whose commands do this and print nothing by themselves.
    #[must_use]
    pub fn new(behaviour: impl Fn(&CommandLine) -> Exit + Send + Sync + 'static) -> Self {
        Self::printing(move |command| (behaviour(command), Vec::new()))
    }

    /// An executor whose commands do this and write these bytes to standard output, which go where the command line says.
    /// Bytes on standard input are in [`CommandLine::stdin`].
    #[must_use]
    pub fn printing(
        behaviour: impl Fn(&CommandLine) -> (Exit, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
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
        let (exit, printed) = (self.behaviour)(command);
        let collected = print(command, printed);
        let mut execution = Execution {
            log: close_log(command),
            ..Execution::bare(exit)
        };
        execution.add_output(collected);
        execution
    }
}

/// Brings bytes to where a command's standard output goes. A file is left alone where there are none: the behaviour may
/// have written it itself.
fn print(command: &CommandLine, bytes: Vec<u8>) -> io::Result<Collected> {
    match &command.stdout {
        StdoutTo::Memory { limit } if bytes.len() as u64 > *limit => {
            return Ok(Collected::PastLimit(*limit));
        }
        StdoutTo::Memory { .. } => return Ok(Collected::Whole(bytes)),
        StdoutTo::Log | StdoutTo::File(_) if bytes.is_empty() => {}
        StdoutTo::Log => open_to_append(&command.log)?.write_all(&bytes)?,
        StdoutTo::File(path) => std::fs::write(path, &bytes)?,
    }
    Ok(Collected::Nothing)
}

impl fmt::Debug for FakeExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeExecutor")
            .field("ran", &self.ran)
            .finish_non_exhaustive()
    }
}
