//! Finds the program of a command as `execvp` would after changing into the command's folder.
//!
//! It is done here, and not left to the spawning, because std would use this process's `PATH`, or fork; and because what
//! is wrong can then be told apart.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::command_line::{CommandLine, Secret};
use super::error::ExecutorError;

/// Where programs are looked for if the environment has no `PATH`.
const FALLBACK_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The program's path with a slash in it, absolute or relative to the command's folder.
///
/// A path is left as it was written, so that a script's `$0` does not tell where the project lies.
pub(super) fn resolve(command: &CommandLine) -> Result<Cow<'_, Path>, ExecutorError> {
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
    if secrets.any(|secret| memchr::memmem::find(path.as_bytes(), secret).is_some()) {
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
