//! All that an executor is told about one command.
//!
//! It is complete: whatever is not in here does not reach the command. Values of variables may be secret, so neither
//! they nor the secrets appear in `Debug` output; of an input in memory only its length does.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL, Encoding};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// How long a command that was asked to end may take before it is killed, unless something else is asked for.
///
/// ```
/// assert_eq!(assetctl::DEFAULT_GRACE.as_secs(), 10);
/// ```
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// One command, with its surroundings.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, LocalExecutor};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "echo $GREETING"].map(Into::into).to_vec(),
///     env: vec![("GREETING".into(), "hello".into())],
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert!(execution.exit.is_success());
/// assert_eq!(std::fs::read_to_string(&command.log).expect("the log"), "hello\n");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// A name that is looked up in the `PATH` of `env`, or a path (with a slash) relative to `folder`.
    pub program: OsString,
    /// The arguments after the program's name.
    pub args: Vec<OsString>,
    /// The folder that the command runs in.
    pub folder: PathBuf,
    /// The complete environment. Of a name that occurs twice, the last value counts.
    pub env: Vec<(OsString, OsString)>,
    /// What the command reads on standard input.
    pub stdin: StdinFrom,
    /// Where its standard output goes. Standard error always goes to the log.
    pub stdout: StdoutTo,
    /// The log file, which is appended to. Its folder is created.
    pub log: PathBuf,
    /// What becomes of a log that nothing was written to.
    pub empty_log: EmptyLog,
    /// The time after which it is asked to end.
    pub timeout: Option<Duration>,
    /// The time between being asked to end and being killed.
    pub grace: Duration,
    /// Files and folders that it writes. On Linux a command that succeeds is not over, up to its timeout, while a process of
    /// its group has one of them, or a file in one, open for writing.
    pub outputs: Vec<PathBuf>,
    /// What becomes of processes that it leaves behind.
    pub background: Background,
    /// Who is told of the command while it runs.
    pub watcher: Watcher,
    /// What must not appear in the log. Nothing in a [`StdoutTo::File`] or [`StdoutTo::Memory`] is replaced: that is an
    /// output.
    pub secrets: Vec<Secret>,
}

/// What becomes of processes that a command leaves behind.
///
/// ```
/// use assetctl::{Background, Cancel, CommandLine, Executor, Leftovers, LocalExecutor};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "sleep 2 &"].map(Into::into).to_vec(),
///     background: Background::Kept,
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert_eq!(execution.leftovers, Leftovers::None, "it goes on, and nobody waits for it");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// They get a moment to end by themselves, and are ended then.
    #[default]
    Ended,
    /// They go on where the command has succeeded: it has started a server, or opened a tunnel.
    Kept,
}

/// Who is told of a command while it runs. Two are equal if they are clones of each other.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, LocalExecutor, Moment, Watcher};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let command = CommandLine {
///     watcher: Watcher::new(move |moment| {
///         if let Moment::Started { process } = moment {
///             let _ = sender.send(process);
///         }
///     }),
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// assert!(LocalExecutor.execute(&command, &Cancel::new()).exit.is_success());
/// assert!(receiver.recv().expect("a number") > 1);
/// ```
#[derive(Clone, Default)]
pub struct Watcher(Option<Arc<Watch>>);

type Watch = dyn Fn(Moment<'_>) + Send + Sync;

/// Something that happens while a command runs.
///
/// ```
/// use std::path::Path;
/// use assetctl::Moment;
///
/// let path = Path::new("/project/.assetctl/staging/a/out.csv");
/// let moment = Moment::StillWriting { process: "`sort` (process 12)", path };
/// assert!(matches!(moment, Moment::StillWriting { .. }));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Moment<'a> {
    /// It was started.
    Started {
        /// The number of its process, which is that of its process group, too.
        process: u32,
    },
    /// It has ended with success, but is not over.
    StillWriting {
        /// A process that it left behind, in words.
        process: &'a str,
        /// The output, or the file in one, that this has open for writing.
        path: &'a Path,
    },
}

impl Watcher {
    /// A watcher that is called on the thread that executes the command.
    #[must_use]
    pub fn new(watch: impl Fn(Moment<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    /// Tells of a moment. An executor that calls this with [`Moment::Started`] says so by
    /// [`Executor::tells_starts`](crate::executor::Executor::tells_starts): then the event of the start has the number of the process.
    pub fn tell(&self, moment: Moment<'_>) {
        if let Some(watch) = &self.0 {
            watch(moment);
        }
    }
}

impl PartialEq for Watcher {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl Eq for Watcher {}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Watcher(…)"
        } else {
            "Watcher(nobody)"
        })
    }
}

/// What a command reads on standard input.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, LocalExecutor, StdinFrom, StdoutTo};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "cat"].map(Into::into).to_vec(),
///     stdin: StdinFrom::Bytes(b"hello"[..].into()),
///     stdout: StdoutTo::Memory { limit: 1_000 },
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert_eq!(execution.stdout.as_deref(), Some(&b"hello"[..]));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum StdinFrom {
    /// Nothing.
    Null,
    /// The bytes of this file.
    File(PathBuf),
    /// These bytes, through a pipe. A command need not read them all, nor any.
    Bytes(Arc<[u8]>),
}

/// What becomes of a log that nothing was written to.
///
/// ```
/// use assetctl::{Cancel, CommandLine, EmptyLog, Executor, LocalExecutor};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "true"].map(Into::into).to_vec(),
///     empty_log: EmptyLog::Left,
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert!(execution.exit.is_success() && command.log.exists());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmptyLog {
    /// It is removed.
    Removed,
    /// It is left to the caller, who may make it another command's log.
    Left,
}

/// Where a command's standard output goes.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, Exit, LocalExecutor, StdoutTo};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "echo hello"].map(Into::into).to_vec(),
///     stdout: StdoutTo::Memory { limit: 3 },
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// assert!(matches!(execution.exit, Exit::TooMuchOutput { limit: 3 }));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StdoutTo {
    /// To the log, between the lines of standard error as they come.
    Log,
    /// To this file, which is created or emptied first.
    File(PathBuf),
    /// Through a pipe into [`Execution::stdout`](crate::executor::Execution::stdout).
    Memory {
        /// The most bytes that are kept. A command that writes more is asked to end as by a time limit, and its exit is
        /// [`Exit::TooMuchOutput`](crate::executor::Exit::TooMuchOutput).
        limit: u64,
    },
}

/// A literal value that must not be shown. `Debug` does not.
///
/// ```
/// use assetctl::{Cancel, CommandLine, Executor, LocalExecutor, Secret};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let command = CommandLine {
///     args: ["-c", "echo the key is hunter2"].map(Into::into).to_vec(),
///     secrets: vec![Secret::new("hunter2")],
///     ..CommandLine::new("/bin/sh", folder, folder.join("log.txt"))
/// };
/// let execution = LocalExecutor.execute(&command, &Cancel::new());
/// let log = std::fs::read_to_string(&command.log).expect("the log");
/// assert!(log.starts_with("the key is ") && !log.contains("hunter2"));
/// assert_eq!(format!("{:?}", command.secrets), "[Secret(***)]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Values shorter than this, in bytes, are not replaced: they would turn up in harmless words.
    pub const SHORTEST: usize = 4;

    /// Lines of a value that are shorter than this, in bytes, without the white space around them, are replaced only in the value.
    const SHORTEST_LINE: usize = 8;

    /// A secret value.
    #[must_use]
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(value.into())
    }

    /// What is replaced: the value, and each of its lines, which others may write between, as they are and as other programs
    /// write them: escaped for JSON, percent-encoded, in base64. What is too short is not.
    pub(super) fn replaceable(&self) -> Vec<Vec<u8>> {
        let whole = Some(&*self.0).filter(|it| it.len() >= Self::SHORTEST);
        let lines = self.0.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let lines = lines.filter(|it| it.len() >= Self::SHORTEST_LINE && it.len() < self.0.len());
        let mut all: Vec<Vec<u8>> = Vec::new();
        for value in whole.into_iter().chain(lines) {
            all.push(value.to_vec());
            all.extend(written_otherwise(value));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A value as other programs write it.
fn written_otherwise(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    if let Ok(text) = str::from_utf8(value) {
        let json = serde_json::Value::from(text).to_string();
        let inside = json[1..json.len() - 1].to_owned();
        // Some programs escape more than JSON asks for.
        forms.push(inside.replace('/', "\\/"));
        forms.push(ascii_json(&inside));
        forms.push(inside);
    }
    let percent = |set| percent_encode(value, set).to_string();
    for encoded in [
        percent(NON_ALPHANUMERIC),
        percent(UNRESERVED),
        percent(PATH),
    ] {
        forms.push(encoded.replace("%20", "+"));
        forms.push(encoded.clone());
        forms.push(lower_hex(&encoded));
    }
    for base64 in [&BASE64, &BASE64URL] {
        for before in 0..3 {
            forms.extend(inside_base64(value, before, base64));
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

/// What characters that a URL may hold are left as they are.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same, also where a path may hold them.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The same text of JSON with nothing in it but ASCII.
fn ascii_json(text: &str) -> String {
    let mut ascii = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// Percent-encoded text with small letters.
fn lower_hex(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        lower.push('%');
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push_str(&code.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

/// The characters of base64 that tell of nothing but the value, where so many bytes stand before it and any after it.
fn inside_base64(value: &[u8], before: usize, base64: &Encoding) -> Option<String> {
    /// Fewer characters would turn up in other words.
    const SHORTEST: usize = 5;
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value);
    let encoded = base64.encode(&bytes);
    let from = (before * 8).div_ceil(6);
    let to = bytes.len() * 8 / 6;
    let inside = encoded.get(from..to)?;
    (inside.len() >= SHORTEST).then(|| inside.to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl CommandLine {
    /// A command without arguments, environment, input or limit, whose output goes to the log.
    #[must_use]
    pub fn new(
        program: impl Into<OsString>,
        folder: impl Into<PathBuf>,
        log: impl Into<PathBuf>,
    ) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: folder.into(),
            env: Vec::new(),
            stdin: StdinFrom::Null,
            stdout: StdoutTo::Log,
            log: log.into(),
            empty_log: EmptyLog::Removed,
            timeout: None,
            grace: DEFAULT_GRACE,
            outputs: Vec::new(),
            background: Background::Ended,
            watcher: Watcher::default(),
            secrets: Vec::new(),
        }
    }
}

impl fmt::Debug for StdinFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("CommandLine")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("folder", &self.folder)
            .field("env", &names)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("log", &self.log)
            .field("empty_log", &self.empty_log)
            .field("timeout", &self.timeout)
            .field("grace", &self.grace)
            .field("outputs", &self.outputs)
            .field("background", &self.background)
            .field("watcher", &self.watcher)
            .field("secrets", &self.secrets.len())
            .finish()
    }
}
