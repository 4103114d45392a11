//! Why an attempt has made nothing, and how that is told.

use std::io;
use std::path::Path;

use crate::answer::StepFailure;
use crate::engine::step::{Attempt, NotMade};
use crate::executor::{Exit, TailLimits, of_shell, tail};
use crate::io_manager::{IoManagerError, StagedOutput};
use crate::look::OwnLife;
use crate::model::OutputKind;
use crate::sys::file::room_in;
use crate::sys::shell::{quote, quote_command};

/// How many lines of a failed command's output are shown.
const TAIL: TailLimits = TailLimits {
    lines: 20,
    bytes: 16 * 1024,
};

/// With fewer bytes than this left, a command or its log may lack room.
const LITTLE_ROOM: u64 = 64 * 1024;

/// Why an attempt ended early, before it is told with the command and the log.
pub(super) enum Stop {
    Exit(Exit),
    Problem(Box<StepFailure>),
}

impl Stop {
    pub(super) fn problem(code: &'static str, message: String) -> Self {
        Self::Problem(Box::new(StepFailure::new(code, message, None)))
    }

    pub(super) fn with_help(code: &'static str, message: String, help: &str) -> Self {
        Self::Problem(Box::new(StepFailure::new(code, message, Some(help))))
    }

    /// As the error itself tells it.
    pub(super) fn of(error: &IoManagerError) -> Self {
        use miette::Diagnostic;
        let help = error.help().map(|help| help.to_string());
        let (code, message) = (error.stable_code(), error.to_string());
        Self::Problem(Box::new(StepFailure::new(code, message, help.as_deref())))
    }
}

impl Attempt<'_> {
    pub(super) fn unwritable(&self, error: &io::Error) -> Stop {
        let folder = self
            .order
            .parts
            .first()
            .map_or("", |part| &part.staging_folder);
        let message = format!("cannot write to {folder}: {error}");
        let code = "assetctl::engine::unwritable";
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Stop::with_help(code, message, "make room on the disk")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Stop::with_help(code, message, "make the folder writable")
            }
            io::ErrorKind::FileTooLarge => {
                let help = "raise the limit of file sizes (`ulimit -f`)";
                Stop::with_help(code, message, help)
            }
            _ => Stop::problem(code, message),
        }
    }

    /// Why an output could not be stored.
    pub(super) fn unstored(&self, output: &StagedOutput, error: &IoManagerError) -> Stop {
        let path = &output.path;
        let IoManagerError::Io(error) = error else {
            return Stop::of(error);
        };
        if self.workspace.resolve(path).is_dir() && output.kind == OutputKind::File {
            return Stop::with_help(
                "assetctl::engine::output_in_the_way",
                format!("{path} is a directory, and the output is a file"),
                "move the directory away: assetctl does not replace it",
            );
        }
        Stop::problem(
            "assetctl::engine::unwritable",
            format!("cannot put {path} into place: {error}"),
        )
    }

    /// The failure as it is told: with the command, the exit and the last lines of the log.
    pub(super) fn finished(&self, stop: Stop, log: Option<&str>) -> NotMade {
        let mut failure = match stop {
            Stop::Exit(Exit::Canceled) => return NotMade::Canceled,
            Stop::Exit(exit) => Box::new(self.of_exit(&exit, log.is_none())),
            Stop::Problem(failure) => failure,
        };
        let log = log.map(|log| self.workspace.resolve(log));
        failure.command = self.shown_command();
        failure.tail = log.as_deref().map_or_else(Vec::new, last_lines);
        NotMade::Failed(failure)
    }

    fn of_exit(&self, exit: &Exit, silent: bool) -> StepFailure {
        let (code, help) = reason(exit);
        let shell = self.order.shell.as_deref();
        let of_shell = shell.and_then(|shell| of_shell(shell, exit, silent));
        let help = match exit {
            Exit::Code(_) => self.no_room().or(of_shell),
            _ => of_shell.or(help).or_else(|| self.no_room()),
        };
        with_exit(
            StepFailure::new(code, exit.describe(), help.as_deref()),
            exit,
        )
    }

    /// What to do where a command may have failed, and its log be empty, for want of room.
    fn no_room(&self) -> Option<String> {
        let own = self.workspace.resolve(self.workspace.own);
        (room_in(&own) < LITTLE_ROOM).then(|| {
            let how = match self.workspace.own_life {
                OwnLife::Kept => "make room on the disk",
                OwnLife::Gone => "make room there, or set TMPDIR to a folder that has more",
            };
            format!("{} is almost full: {how}", own.display())
        })
    }

    fn shown_command(&self) -> String {
        let command = quote_command(self.order.rendered.argv.iter().map(String::as_str));
        match self.order.folder.as_str() {
            "" => command,
            folder => format!("cd {} && {command}", quote(folder)),
        }
    }
}

/// The failure of a command by its exit alone.
pub(super) fn failure_of_exit(exit: &Exit) -> StepFailure {
    let (code, help) = reason(exit);
    with_exit(
        StepFailure::new(code, exit.describe(), help.as_deref()),
        exit,
    )
}

fn with_exit(mut failure: StepFailure, exit: &Exit) -> StepFailure {
    match exit {
        Exit::Code(number) => failure.exit = Some(*number),
        Exit::Signal { number, name } => {
            failure.signal = Some(name.map_or_else(|| number.to_string(), str::to_owned));
        }
        _ => {}
    }
    failure
}

/// The last lines of a log.
pub(super) fn last_lines(log: &Path) -> Vec<String> {
    tail(log, TAIL).map_or_else(|_| Vec::new(), |tail| tail.lines().to_vec())
}

/// The diagnostic code of an exit that is a failure, and what to do.
fn reason(exit: &Exit) -> (&'static str, Option<String>) {
    use miette::Diagnostic;
    match exit {
        Exit::TimedOut { .. } => (
            "assetctl::engine::timed_out",
            Some("raise `timeout`, or find out what it waits for".to_owned()),
        ),
        Exit::TooMuchOutput { .. } => (
            "assetctl::io_manager::memory_limit",
            Some("raise `--memory-limit`, or select fewer partitions".to_owned()),
        ),
        Exit::NotStarted(error) => (
            "assetctl::engine::not_started",
            error.help().map(|help| help.to_string()),
        ),
        _ => ("assetctl::engine::command_failed", None),
    }
}
