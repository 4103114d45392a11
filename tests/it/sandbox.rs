//! A project of its own for each test, and a run of the real binary that cannot go unjudged.
//!
//! A [`Sandbox`] is a folder with a project, a home and a place for temporary files in it; the binary sees nothing of the
//! environment of whoever runs the tests but where programs are found. [`Sandbox::run`] gives an [`Unjudged`] run,
//! which fails its test when it is dropped before its exit code was asserted; asserting it gives the [`outcome::Outcome`].
//!
//! What ran is read from the events of `--json`, so a test names the steps that ran and thereby those that did not.

mod outcome;
mod started;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Once};

use assetctl::app::Surroundings;
use assetctl::testkit::Folder;
use jiff::Timestamp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;

use crate::agree::agree;

pub use self::outcome::{Outcome, Unjudged};
pub use self::started::{Started, await_that};

/// A job in the background of a shell ignores interrupts, and so would all that it starts, as assetctl does for `nohup`.
static DEFAULT_SIGNALS: Once = Once::new();

/// Lets the runs that tests start have default dispositions: a program that is started does not inherit what handles a signal.
fn hear_signals() {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        let always = Arc::new(AtomicBool::new(true));
        register_conditional_default(signal, always).expect("the signal can be handled");
    }
}

/// A project in a folder of its own, whose files are those of a [`Folder`].
pub struct Sandbox {
    /// The project, the home of its user and its temporary files.
    all: Folder,
    project: Folder,
    environment: Vec<(OsString, OsString)>,
}

impl Deref for Sandbox {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.project
    }
}

impl Sandbox {
    /// An empty project in a temporary folder.
    pub fn new() -> Self {
        Self::lay_out(Folder::new())
    }

    /// An empty project in `folder`, which is emptied first and stays.
    pub fn kept_in(folder: &Path) -> Self {
        if folder.exists() {
            fs::remove_dir_all(folder).expect("the folder can be emptied");
        }
        Self::lay_out(Folder::kept_in(folder))
    }

    fn lay_out(all: Folder) -> Self {
        DEFAULT_SIGNALS.call_once(hear_signals);
        for part in ["project", "home", "tmp"] {
            all.folder(part);
        }
        let environment = vec![
            ("PATH".into(), SEARCH_PATH.clone()),
            ("HOME".into(), all.path("home").into()),
            ("TMPDIR".into(), all.path("tmp").into()),
            ("LANG".into(), "C".into()),
            ("NO_COLOR".into(), "1".into()),
            ("COLUMNS".into(), "120".into()),
        ];
        Self {
            project: Folder::kept_in(&all.path("project")),
            all,
            environment,
        }
    }

    /// The same project with a copy of a file or folder at `to`, modification times kept.
    pub fn with_copy(self, from: &Path, to: &str) -> Self {
        self.copy(from, to);
        self
    }

    /// The same project with a file that holds `text`.
    pub fn with_file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// The same project, for whose runs it is always `now` (RFC 3339).
    pub fn at(self, now: &str) -> Self {
        self.with_env("ASSETCTL_NOW", now)
    }

    /// The same project, whose runs see one more variable.
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.project.root().to_owned()
    }

    /// Writes a file, with the folders that lead to it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.project.write(path, content);
    }

    /// Removes a file or a folder.
    pub fn remove(&self, path: &str) {
        self.project.remove(path);
    }

    /// Runs `assetctl` with these arguments in the project's folder.
    pub fn run(&self, arguments: &[&str]) -> Unjudged {
        self.start(arguments).wait()
    }

    /// Runs any command in the project's folder.
    pub fn run_command(&self, words: &[&str]) -> Unjudged {
        self.start_command(words).wait()
    }

    /// Starts `assetctl` with these arguments and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Started {
        let mut command = self.command(env!("CARGO_BIN_EXE_assetctl"), arguments);
        command.stdout(Stdio::piped());
        Started::new(format!("assetctl {}", arguments.join(" ")), command)
    }

    /// Starts `assetctl` with these arguments, whose answer nobody reads.
    pub fn start_unheard(&self, arguments: &[&str]) -> Started {
        let (reader, writer) = std::io::pipe().expect("pipes can be made");
        drop(reader);
        let mut command = self.command(env!("CARGO_BIN_EXE_assetctl"), arguments);
        command.stdout(writer);
        Started::new(format!("assetctl {}", arguments.join(" ")), command)
    }

    /// Starts any command in the project's folder and leaves it running.
    pub fn start_command(&self, words: &[&str]) -> Started {
        let (program, arguments) = words.split_first().expect("a command has a program");
        let mut command = self.command(program, arguments);
        command.stdout(Stdio::piped());
        Started::new(words.join(" "), command)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .envs(self.environment.iter().cloned());
        command
    }

    /// What a run in the project's folder knows.
    pub fn surroundings(&self) -> Surroundings {
        let variable = |name: &str| {
            let mut all = self.environment.iter().rev();
            all.find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        let now = variable("ASSETCTL_NOW").map(|now| now.to_string_lossy().parse());
        Surroundings {
            resources: assetctl::look::GivenResources::default(),
            directory: self.project(),
            dotenv: None,
            home: variable("ASSETCTL_HOME").map(|home| self.project().join(home)),
            default_home: None,
            now: now.and_then(Result::ok).unwrap_or_else(Timestamp::now),
            environment: self.environment.clone(),
            configuration: assetctl::model::Configuration::default(),
        }
    }

    /// Runs `assetctl materialize --json` with more arguments: what ran can be asked of its outcome.
    pub fn materialize(&self, arguments: &[&str]) -> Unjudged {
        self.run(&[&["materialize", "--json"], arguments].concat())
    }

    /// Makes snapshots, until the guard is dropped, show names for what differs between runs: the project's folder, run
    /// ids, instants and durations.
    pub fn redact(&self) -> insta::internals::SettingsBindDropGuard {
        let mut settings = insta::Settings::clone_current();
        let root = self.all.root();
        let root = root.to_str().expect("temporary folders have plain names");
        settings.add_filter(&format!("{}/project", escaped(root)), "[PROJECT]");
        settings.add_filter(&escaped(root), "[SANDBOX]");
        settings.add_filter(
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "[RUN]",
        );
        settings.add_filter(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[INSTANT]");
        settings.add_filter(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "[INSTANT]");
        settings.add_filter(r"\(process \d+\)", "(process [NUMBER])");
        settings.add_filter(r#""([a-z_]+_ms)":\d+"#, r#""$1":"[DURATION]""#);
        settings.add_filter(r#""(seq|pid|peak_bytes)":\d+"#, r#""$1":"[NUMBER]""#);
        settings.add_filter(r"(?m) *\b\d+m \d\ds$| +\d+(\.\d+)?(ms|s)\b", " [DURATION]");
        settings.bind_to_scope()
    }
}

/// What a test leaves is told alike by all verbs.
impl Drop for Sandbox {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            agree(&self.surroundings());
        }
    }
}

/// Where programs are found. The interpreter itself stands first: a version manager's shim in its place would have to be
/// asked a thousand times which one it stands for, and would look for the answer in a home that the sandbox hides.
static SEARCH_PATH: LazyLock<OsString> = LazyLock::new(|| {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let asked = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let answer = asked.expect("the examples need python3").stdout;
    let interpreter = PathBuf::from(
        String::from_utf8(answer)
            .expect("interpreters have plain names")
            .trim(),
    );
    let first = interpreter
        .parent()
        .expect("an interpreter lies in a folder")
        .to_owned();
    env::join_paths(std::iter::once(first).chain(env::split_paths(&inherited)))
        .expect("each part came from a PATH")
});

/// A text as a regular expression that matches just it.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            (!c.is_alphanumeric() && c != '/')
                .then_some('\\')
                .into_iter()
                .chain([c])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::{Duration, SystemTime};

    use super::Sandbox;

    const EVENTS: &str = concat!(
        r#"{"schema":1,"type":"run_started","run":"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","time":"2024-01-05T12:00:00Z"}"#,
        "\n",
        r#"{"schema":1,"type":"step_finished","step":"clean@2013-07-04","outcome":"materialized","duration_ms":12}"#,
    );

    #[test]
    fn what_differs_between_runs_is_redacted() {
        let sandbox = Sandbox::new();
        let _redacted = sandbox.redact();
        let line = format!(
            "{}/build in {}\n        Done [ 1/14] clean@2013-07-04      2.1s  120,431 rows\n    Finished in 1m 02s\n",
            sandbox.project().display(),
            sandbox.all.root().display(),
        );
        insta::assert_snapshot!(format!("{line}{EVENTS}"), @r#"
        [PROJECT]/build in [SANDBOX]
                Done [ 1/14] clean@2013-07-04 [DURATION]  120,431 rows
            Finished in [DURATION]
        {"schema":1,"type":"run_started","run":"[RUN]","time":"[INSTANT]"}
        {"schema":1,"type":"step_finished","step":"clean@2013-07-04","outcome":"materialized","duration_ms":"[DURATION]"}
        "#);
    }

    #[test]
    fn a_copy_keeps_bytes_and_times_and_an_edit_must_meet_its_place() {
        let from = Sandbox::new()
            .with_file("a/one.txt", "1\n")
            .with_env("UNUSED", "1")
            .at("2024-01-05T12:00:00Z");
        let past = SystemTime::now() - Duration::from_hours(1);
        from.set_times("a/one.txt", past);
        let to = Sandbox::new().with_copy(&from.project(), "");
        let modified = |sandbox: &Sandbox| {
            sandbox
                .path("a/one.txt")
                .metadata()
                .and_then(|m| m.modified())
                .unwrap()
        };
        assert_eq!(modified(&to), modified(&from));

        to.touch("a");
        assert!(modified(&to) > modified(&from));
        assert_eq!(to.bytes("a/one.txt"), from.bytes("a/one.txt"));

        to.append("a/one.txt", "2\n");
        to.edit("a/one.txt", "1", "0");
        assert_eq!(to.read("a/one.txt"), "0\n2\n");
        assert!(catch_unwind(AssertUnwindSafe(|| to.edit("a/one.txt", "3", "4"))).is_err());
        to.remove("a");
        assert!(!to.path("a").exists());
    }
}
