//! `doctor`: what the surroundings of a project are, and what would not work there.
//!
//! It repairs nothing. It tries locks and clocks with temporary files, and makes the user's secret as any run does.

use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::answer::{DoctorReport, Finding, Health};
use crate::app::instance::InstanceAccess;
use crate::app::project::{OpenProject, Surroundings};
use crate::git::{GitError, Repository};
use crate::lockfile::LockPlace;
use crate::manifest;
use crate::model::{AssetGraph, Command, CommandTemplate, Piece, Place};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::file::{FileSystem, file_system_of, filesystem_now, mount_of, room_in};
use crate::sys::inherited::{
    cores, file_size_limit, most_bytes, open_files_limit, temporary_folder,
};
use crate::sys::lock::FileLock;
use crate::sys::secret;

/// From here on the clocks of the system and of a file system differ.
const SKEW: i64 = 2_000_000_000;

/// Below this a disk counts as nearly full, in bytes.
const LITTLE_ROOM: u64 = 1 << 30;

/// Fewer open files than this are too few for many jobs.
const FEW_FILES: u64 = 1_024;

/// Looks at the surroundings, and at the project if there is one.
pub fn doctor(surroundings: &Surroundings) -> DoctorReport {
    let mut all = Findings::default();
    all.good(
        "assetctl",
        format!("{} on {OS} {ARCH}", env!("CARGO_PKG_VERSION")),
    );
    limits(&mut all);
    let temporary = temporary_folder(&surroundings.environment);
    if let Err(error) = filesystem_now(&temporary) {
        all.error(
            "temporary files",
            format!("cannot write to {}: {error}", temporary.display()),
            "set TMPDIR to a folder that can be written",
        );
    }
    let root = match manifest::find(&surroundings.directory) {
        Ok(root) => root.0,
        Err(error) => {
            all.warning(
                "project",
                error.to_string(),
                "go to a project, or start one with `assetctl init`",
            );
            return all.report;
        }
    };
    clock(&root, &mut all);
    git(&root, surroundings, &mut all);
    user(&root, surroundings, &mut all);
    match OpenProject::open_unchanged(surroundings) {
        Ok(project) => of_project(&project, &mut all),
        Err(error) => all.error("project", error.to_string(), "run `assetctl validate`"),
    }
    all.report
}

#[derive(Default)]
struct Findings {
    report: DoctorReport,
}

impl Findings {
    fn add(&mut self, subject: &'static str, health: Health, message: String, help: Option<&str>) {
        self.report.findings.push(Finding {
            subject,
            health,
            message,
            help: help.map(str::to_owned),
        });
    }

    fn good(&mut self, subject: &'static str, message: impl Into<String>) {
        self.add(subject, Health::Good, message.into(), None);
    }

    fn warning(&mut self, subject: &'static str, message: impl Into<String>, help: &str) {
        self.add(subject, Health::Warning, message.into(), Some(help));
    }

    fn error(&mut self, subject: &'static str, message: impl Into<String>, help: &str) {
        self.add(subject, Health::Error, message.into(), Some(help));
    }
}

fn limits(all: &mut Findings) {
    let (cores, words) = (cores(), most_bytes() / 1024);
    let files = open_files_limit();
    let count = files.map_or_else(|| "any number of".to_owned(), |files| files.to_string());
    let message = format!("{cores} cores, {count} open files, commands of up to {words} KiB");
    match files {
        Some(few) if few < FEW_FILES => {
            all.warning("limits", message, "raise it with `ulimit -n 4096`");
        }
        _ => all.good("limits", message),
    }
    if let Some(bytes) = file_size_limit() {
        let message = format!("no file can grow beyond {bytes} bytes");
        all.warning(
            "limits",
            message,
            "remove the limit with `ulimit -f unlimited`",
        );
    }
}

/// Whether files get times that agree with the clock and with each other.
fn clock(root: &Path, all: &mut Findings) {
    let now = match filesystem_now(root) {
        Ok(now) => now,
        Err(error) => {
            let message = format!("cannot write to {}: {error}", root.display());
            return all.error(
                "clock",
                message,
                "make the project writable, or only read it",
            );
        }
    };
    let system = SystemClock.now().as_nanosecond();
    let apart = i64::try_from(system - i128::from(now.ns)).unwrap_or(i64::MAX);
    if apart.abs() > SKEW {
        let seconds = apart / 1_000_000_000;
        let message = format!(
            "files of the project get times that are {seconds} s behind the system's clock"
        );
        all.warning(
            "clock",
            message,
            "set the clocks of both machines by the same server",
        );
    } else if now.is_fine() {
        all.good(
            "clock",
            "times of files agree with the system's clock and have fractions of seconds",
        );
    } else {
        let message = "times of files have whole seconds: files are read again where their time is not old enough";
        all.warning(
            "clock",
            message,
            "keep the project on a file system with finer times",
        );
    }
}

fn git(root: &Path, surroundings: &Surroundings, all: &mut Findings) {
    match Repository::open(root, &surroundings.environment) {
        Ok(repository) => {
            all.good("git", format!("repository {}", repository.top().display()));
            let lock = surroundings.lock_place(root);
            let lock = lock.unwrap_or_else(|_| LockPlace::in_root(root));
            match repository.ignored_below(&[lock.path().to_owned()]) {
                Ok(ignored) if ignored.is_empty() => {}
                Ok(_) => all.warning(
                    "git",
                    format!(
                        "git ignores {}, so `check` has nothing to compare in a clone",
                        lock.path()
                    ),
                    "remove it from .gitignore and commit it",
                ),
                Err(error) => all.warning("git", error.to_string(), "run `git status`"),
            }
        }
        Err(GitError::NoRepository { .. }) => {
            all.good(
                "git",
                "the project is not in a repository: `affected` and `--since` have no answer",
            );
        }
        Err(error) => all.warning(
            "git",
            error.to_string(),
            "install git: `affected`, `--since` and `lock diff` use it",
        ),
    }
}

/// Whether the user's secret can be kept, which signs caches.
fn user(root: &Path, surroundings: &Surroundings, all: &mut Findings) {
    if secret::known_or_made(&surroundings.environment, root).is_none() {
        all.warning(
            "caches",
            "the folder of the user's caches cannot be written: every file is read again each time",
            "set HOME or XDG_CACHE_HOME to a folder that can be written",
        );
    }
}

fn of_project(project: &OpenProject, all: &mut Findings) {
    let graph = project.graph();
    let (mut assets, mut sources) = (0, 0);
    for id in graph.ids() {
        assets += usize::from(!graph.is_source(id));
        sources += usize::from(graph.is_source(id));
    }
    let root = project.root().display();
    all.good(
        "project",
        format!("{root}: assets: {assets}, sources: {sources}"),
    );
    instance(project, all);
    programs(project, all);
}

/// The file system of the instance, whether locks hold there, and the instance itself.
fn instance(project: &OpenProject, all: &mut Findings) {
    let home = project.home();
    let existing = home.ancestors().find(|path| path.is_dir()).unwrap_or(home);
    let system = file_system_of(existing);
    let name = system.map_or("an unknown file system", |system| system.name);
    let at = format!("{} on {name}", home.display());
    match system {
        Some(FileSystem {
            is_shared: true, ..
        }) => all.warning(
            "instance",
            format!("{at}: locks may not hold between machines"),
            "keep it on a disk of this machine with ASSETCTL_HOME, or run on one machine at a time",
        ),
        _ => all.good("instance", at),
    }
    if let Err(why) = try_locks(existing) {
        all.error(
            "instance",
            why,
            "keep it on another file system with ASSETCTL_HOME",
        );
    }
    if mount_of(existing) != mount_of(project.root()) {
        all.good(
            "instance",
            "it is on another file system than the project: outputs are staged beside their places",
        );
    }
    let room = room_in(existing);
    if room < LITTLE_ROOM {
        let message = format!("{} MB are left on its disk", room / 1_000_000);
        all.warning("instance", message, "make room before a long run");
    }
    let temporary = temporary_folder(project.environment());
    match InstanceAccess::untouched_at(project.place(&temporary)) {
        Ok(instance) => {
            for notice in &instance.notices {
                all.warning(
                    "instance",
                    notice.to_string(),
                    "the next `materialize` puts it right",
                );
            }
        }
        Err(error) => all.error(
            "instance",
            error.to_string(),
            "see docs/errors.md for its code",
        ),
    }
}

/// Whether a lock that one holder has is refused to another.
fn try_locks(folder: &Path) -> Result<(), String> {
    let failed =
        |error: std::io::Error| format!("cannot lock files in {}: {error}", folder.display());
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let first = FileLock::try_exclusive(file.path()).map_err(failed)?;
    let second = FileLock::try_exclusive(file.path()).map_err(failed)?;
    if first.is_some() && second.is_none() {
        return Ok(());
    }
    Err(format!(
        "locks in {} do not hold: two processes would run the same step",
        folder.display()
    ))
}

/// Whether the shells and programs of all commands are found.
fn programs(project: &OpenProject, all: &mut Findings) {
    let mut found = Vec::new();
    for (program, of) in programs_of(project.graph()) {
        match find(&program, project) {
            Some(path) => found.push(path.display().to_string()),
            None => all.error(
                "programs",
                format!("`{program}` of {of} was not found"),
                "install it, or add its folder to PATH",
            ),
        }
    }
    if !found.is_empty() {
        all.good("programs", found.join(", "));
    }
}

/// The programs that commands start, each with a declaration that does.
fn programs_of(graph: &AssetGraph) -> BTreeMap<String, String> {
    let mut programs = BTreeMap::new();
    for id in graph.ids() {
        let command = match (graph.asset(id), graph.source(id)) {
            (Some(asset), _) => asset.recipe.as_ref().map(|recipe| &recipe.command),
            (_, Some(source)) => match &source.place {
                Place::Observed { command, .. } => Some(command),
                Place::Paths(_) | Place::Value { .. } => None,
            },
            _ => None,
        };
        let program = match command {
            Some(Command::Shell { shell, .. }) => shell.first().cloned(),
            Some(Command::Direct { arguments, .. }) => {
                match arguments.first().map(CommandTemplate::pieces) {
                    Some([Piece::Text(text)]) => Some(text.clone()),
                    _ => None,
                }
            }
            None => None,
        };
        // A path is relative to the folder of its command, and may be made by another step.
        if let Some(program) = program.filter(|program| !program.contains('/')) {
            programs
                .entry(program)
                .or_insert_with(|| format!("`{}`", graph.key(id)));
        }
    }
    programs
}

fn find(program: &str, project: &OpenProject) -> Option<PathBuf> {
    let path: &OsString = project.variable("PATH")?;
    let places = std::env::split_paths(path).map(|folder| folder.join(program));
    let is_program = |path: &PathBuf| {
        let metadata = path.metadata();
        metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    { places }.find(is_program)
}
