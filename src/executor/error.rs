//! Why a command could not be started.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::executor::command_line::CommandLine;

/// Why a command could not be started.
#[derive(Debug, Error, Diagnostic)]
pub enum ExecutorError {
    /// No such program.
    #[error("program not found: `{program}`")]
    #[diagnostic(code(assetctl::executor::not_found), help("looked in {looked_in}"))]
    NotFound {
        /// The program as it was written.
        program: String,
        /// The `PATH` of the command, or the folder that the program's path is relative to.
        looked_in: String,
    },
    /// The program is there, but is no program.
    #[error("not executable: `{}`", program.display())]
    #[diagnostic(
        code(assetctl::executor::not_executable),
        help(
            "make it executable (`chmod +x`) and start a script with a `#!` line, or name its interpreter in the command"
        )
    )]
    NotExecutable {
        /// The file that was found.
        program: PathBuf,
    },
    /// The interpreter that a script's first line names is not there.
    #[error("`{}` needs the interpreter `{interpreter}`, which is not there", program.display())]
    #[diagnostic(
        code(assetctl::executor::interpreter_not_found),
        help(
            "correct the script's first line; a Windows line ending there counts as part of the name"
        )
    )]
    InterpreterNotFound {
        /// The script.
        program: PathBuf,
        /// What its first line names, control characters escaped.
        interpreter: String,
    },
    /// Arguments and environment are more than the system takes.
    #[error("command too long: {total} bytes, of which {longest} in {longest_name}")]
    #[diagnostic(
        code(assetctl::executor::too_long),
        help("pass a long list of paths in a file: `ASSETCTL_INPUT_<NAME>_LIST` names one")
    )]
    TooLong {
        /// Bytes of all arguments and variables together.
        total: usize,
        /// Bytes of the longest one.
        longest: usize,
        /// Which one that is: ``argument 2`` or ``variable `PATH` ``.
        longest_name: String,
    },
    /// The folder that the command should run in is not one.
    #[error("no such folder to run in: `{}`", folder.display())]
    #[diagnostic(code(assetctl::executor::no_folder))]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that the command should read from or write to could not be opened.
    #[error("cannot open `{}` as the command's {role}", path.display())]
    #[diagnostic(code(assetctl::executor::cannot_open))]
    CannotOpen {
        /// `standard input`, `standard output` or `log`.
        role: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no process, thread or pipe left, or another reason.
    #[error("cannot start `{program}`")]
    #[diagnostic(code(assetctl::executor::cannot_start))]
    CannotStart {
        /// The program as it was written.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl ExecutorError {
    pub(super) fn cannot_start(command: &CommandLine, source: io::Error) -> Self {
        Self::CannotStart {
            program: command.program.to_string_lossy().into_owned(),
            source,
        }
    }
}
