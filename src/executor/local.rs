//! Runs commands as child processes of this one.
//!
//! Nothing here makes std fork: the program's path is resolved before, and the child needs no more than a folder, a
//! process group and its streams, all of which `posix_spawn` can do.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::executor::cancel::{Cancel, EndedBy, Limits};
use crate::executor::command_line::{Background, CommandLine, Moment, Secret, StdoutTo};
use crate::executor::error::ExecutorError;
use crate::executor::execution::{Execution, Exit, Usage};
use crate::executor::leftovers::Rest;
use crate::executor::redact::Pump;
use crate::executor::streams::{Pipes, Streams, Threads, close_log};
use crate::executor::{Executor, leftovers};
use crate::sys::process::{ProcessGroup, reap, wait_unreaped};

/// Runs commands on this machine, each in a process group of its own.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, LocalExecutor};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "exit 3"].map(Into::into).to_vec(),
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert_eq!(execution.exit.describe(), "exit code 3");
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct LocalExecutor;

impl Executor for LocalExecutor {
    fn tells_starts(&self) -> bool {
        true
    }

    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
        if cancel.severity().is_some() {
            return Execution::bare(Exit::Canceled);
        }
        let started = Instant::now();
        match start(command, cancel) {
            Ok((child, Threads { pump, pipes })) => {
                let mut execution = see_through(command, child, pipes.as_ref(), started, cancel);
                let stays = keeps_background(command, &execution.exit);
                let pump = match pump {
                    Some(pump) if stays => pump.detach(),
                    pump => pump,
                };
                if let Some(Err(fault)) = pump.map(Pump::finish) {
                    execution.log_fault = Some(fault);
                }
                if let Some(collected) = pipes.map(Pipes::finish) {
                    execution.add_output(collected);
                }
                execution.log = close_log(command);
                execution
            }
            Err(error) => Execution {
                log: close_log(command),
                ..Execution::bare(Exit::NotStarted(error))
            },
        }
    }
}

fn start(command: &CommandLine, cancel: &Cancel) -> Result<(Child, Threads), ExecutorError> {
    let program = resolve(command)?;
    if command.timeout.is_some() || matches!(command.stdout, StdoutTo::Memory { .. }) {
        cancel
            .ready_watchdog()
            .map_err(|source| ExecutorError::cannot_start(command, source))?;
    }
    let streams = Streams::open(command)?;
    // The builder holds the command's ends of the streams; it is dropped with this function, so that pipes can end.
    let mut builder = Command::new(&*program);
    builder
        .arg0(&command.program)
        .args(&command.args)
        .current_dir(&command.folder)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(streams.stdin)
        .stdout(streams.stdout)
        .stderr(streams.stderr);
    let child = spawn(&mut builder).map_err(|source| why_not_started(command, &program, source))?;
    command.watcher.tell(Moment::Started {
        process: child.id(),
    });
    Ok((child, streams.threads))
}

/// Spawns, patiently: a program that this process has just written counts as busy while a child that another thread is
/// starting has not reached its `exec`, because until then it holds all open files.
fn spawn(builder: &mut Command) -> io::Result<Child> {
    const LONGEST_PAUSE: Duration = Duration::from_millis(100);
    let mut pause = Duration::from_millis(1);
    loop {
        match builder.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && pause <= LONGEST_PAUSE =>
            {
                thread::sleep(pause);
                pause *= 2;
            }
            result => return result,
        }
    }
}

/// Whether what the command leaves behind goes on.
fn keeps_background(command: &CommandLine, exit: &Exit) -> bool {
    command.background == Background::Kept && exit.is_success()
}

/// From the running child to its end, and that of what it leaves behind.
fn see_through(
    command: &CommandLine,
    child: Child,
    pipes: Option<&Pipes>,
    started: Instant,
    cancel: &Cancel,
) -> Execution {
    let group = ProcessGroup::led_by(&child);
    let limits = Limits {
        timeout: command.timeout,
        grace: command.grace,
    };
    let watch = cancel.watch(group, limits);
    if let Some(pipes) = pipes {
        pipes.may_end(watch.ender());
    }
    let waited = wait_unreaped(&child);
    let ended = Instant::now();
    let watched = watch.finish();
    let (status, reaped) = match waited.and_then(|()| reap(child)) {
        Ok(reaped) => (Exit::from_status(reaped.status), Some(reaped)),
        Err(error) => (Exit::Lost(error), None),
    };
    let outputs = if status.is_success() {
        leftovers::Outputs::MayBeFinished
    } else {
        leftovers::Outputs::Dropped
    };
    let timeout_at = command.timeout.and_then(|after| started.checked_add(after));
    let rest = if keeps_background(command, &status) && watched.ended_by.is_none() {
        Rest::none()
    } else {
        leftovers::end(group, command, (watched, timeout_at), outputs, cancel)
    };
    let usage = Usage {
        duration: rest.worked_until.unwrap_or(ended) - started,
        cpu: reaped.map(|reaped| reaped.cpu),
        peak_memory: reaped.and_then(|reaped| reaped.peak_memory),
    };
    let exit = match (watched.ended_by.or(rest.ended_by), command.timeout) {
        (Some(EndedBy::Timeout), Some(after)) => Exit::TimedOut { after },
        (Some(EndedBy::Interrupt), _) => Exit::Canceled,
        (Some(EndedBy::Timeout | EndedBy::TooMuchOutput) | None, _) => status,
    };
    Execution {
        leftovers: rest.leftovers,
        usage,
        ..Execution::bare(exit)
    }
}

fn why_not_started(command: &CommandLine, program: &Path, source: io::Error) -> ExecutorError {
    let errno = Errno::from_io_error(&source);
    if errno == Some(Errno::TOOBIG) {
        return too_long(command);
    }
    if errno == Some(Errno::NOEXEC) || errno == Some(Errno::ACCESS) {
        return ExecutorError::NotExecutable {
            program: program.to_owned(),
        };
    }
    if !command.folder.is_dir() {
        return ExecutorError::NoFolder {
            folder: command.folder.clone(),
        };
    }
    if source.kind() == ErrorKind::NotFound
        && let Some(interpreter) = interpreter(&command.folder.join(program))
    {
        return ExecutorError::InterpreterNotFound {
            program: program.to_owned(),
            interpreter,
        };
    }
    ExecutorError::cannot_start(command, source)
}

/// Each string counts with the byte that ends it.
fn too_long(command: &CommandLine) -> ExecutorError {
    let program = ("the program's name".to_owned(), command.program.len() + 1);
    let args = command.args.iter().enumerate();
    let args = args.map(|(index, arg)| (format!("argument {}", index + 1), arg.len() + 1));
    let variables = command.env.iter().map(|(name, value)| {
        let words = format!("variable `{}`", name.to_string_lossy());
        (words, name.as_bytes().len() + value.as_bytes().len() + 2)
    });
    let mut total = 0;
    let mut longest = (String::new(), 0);
    for (name, length) in [program].into_iter().chain(args).chain(variables) {
        total += length;
        if length > longest.1 {
            longest = (name, length);
        }
    }
    ExecutorError::TooLong {
        total,
        longest: longest.1,
        longest_name: longest.0,
    }
}

/// Where programs are looked for if the environment has no `PATH`.
const FALLBACK_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The program's path with a slash in it, absolute or relative to the command's folder, as `execvp` would find it after changing
/// there. Left to the spawning, std would use this process's `PATH`, or fork.
///
/// A path is left as it was written, so that a script's `$0` does not tell where the project lies.
fn resolve(command: &CommandLine) -> Result<Cow<'_, Path>, ExecutorError> {
    let program = Path::new(&command.program);
    if command.program.as_bytes().contains(&b'/') {
        return match judge(&command.folder.join(program)) {
            Found::Program => Ok(Cow::Borrowed(program)),
            Found::File => Err(not_executable(program)),
            Found::Nothing => Err(not_found(command, &command.folder.to_string_lossy())),
        };
    }
    let path = search_path(&command.env);
    let mut unusable = None;
    for entry in path.as_bytes().split(|&byte| byte == b':') {
        let folder = if entry.is_empty() { b"." } else { entry };
        let candidate = Path::new(OsStr::from_bytes(folder)).join(program);
        match judge(&command.folder.join(&candidate)) {
            Found::Program if !command.program.is_empty() => return Ok(Cow::Owned(candidate)),
            Found::File => {
                unusable.get_or_insert(candidate);
            }
            Found::Program | Found::Nothing => {}
        }
    }
    Err(match unusable {
        Some(candidate) => not_executable(&candidate),
        None => not_found(command, &looked_in(command, &path)),
    })
}

/// The interpreter that a script's first line names, control characters escaped.
pub(super) fn interpreter(program: &Path) -> Option<String> {
    /// Linux reads no more of the line.
    const LINE: u64 = 256;
    let mut start = Vec::new();
    let file = std::fs::File::open(program).ok()?;
    file.take(LINE).read_to_end(&mut start).ok()?;
    let line = start
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    let name = line
        .trim_start_matches([' ', '\t'])
        .split([' ', '\t'])
        .next()?;
    Some(name.escape_debug().to_string())
}

enum Found {
    Program,
    File,
    Nothing,
}

fn judge(path: &Path) -> Found {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => match access(path, Access::EXEC_OK) {
            Ok(()) => Found::Program,
            Err(_) => Found::File,
        },
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Found::File,
        Ok(_) | Err(_) => Found::Nothing,
    }
}

fn search_path(env: &[(OsString, OsString)]) -> Cow<'_, OsStr> {
    let path = env.iter().rev().find(|(name, _)| name == "PATH");
    path.map_or(Cow::Borrowed(OsStr::new(FALLBACK_PATH)), |(_, value)| {
        Cow::Borrowed(value)
    })
}

/// Where a program was looked for; a `PATH` that is secret, or holds a secret, is not told.
fn looked_in(command: &CommandLine, path: &OsStr) -> String {
    let mut secrets = command.secrets.iter().flat_map(Secret::replaceable);
    if secrets.any(|secret| memchr::memmem::find(path.as_bytes(), &secret).is_some()) {
        return "PATH, which is secret".to_owned();
    }
    format!("PATH: {}", path.to_string_lossy())
}

fn not_executable(program: &Path) -> ExecutorError {
    ExecutorError::NotExecutable {
        program: program.to_owned(),
    }
}

/// A missing folder makes every relative program missing, and is then what should be said.
fn not_found(command: &CommandLine, looked_in: &str) -> ExecutorError {
    if !command.folder.is_dir() {
        return ExecutorError::NoFolder {
            folder: PathBuf::from(&command.folder),
        };
    }
    ExecutorError::NotFound {
        program: command.program.to_string_lossy().into_owned(),
        looked_in: looked_in.to_owned(),
    }
}
