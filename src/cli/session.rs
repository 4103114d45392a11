//! What one invocation knows of its surroundings: options of all verbs, and the terminal.

use std::cell::OnceCell;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::answer::{Document, ErrorsDocument, GivenConfiguration};
use crate::app::{FromLock, Notice, OpenProject, SelectionNotice, Surroundings};
use crate::cli::args::{ColorChoice, ConfigurationArgs, Globals};
use crate::cli::diagnostics;
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::next::{Next, as_typed};
use crate::cli::output;
use crate::cli::terminal::{Terminal, Variables};
use crate::cli::text::{Detail, Look};
use crate::cli::verb::Cli;
use crate::manifest;
use crate::model::{Configuration, LOCK_FILE, SuppliedInput};

/// What one invocation knows of its surroundings.
#[derive(Debug)]
pub struct Session {
    /// How answers are written.
    pub format: Format,
    /// How runs are shown.
    pub progress: ProgressStyle,
    /// The streams.
    pub terminal: Terminal,
    /// The time to judge by. What happens is noted by the clock.
    pub now: Timestamp,
    /// What may be typed next.
    pub next: Next,
    /// Options of all verbs, as they were typed.
    pub globals: Globals,
    /// What sets values; `None` for a verb that takes no such words.
    pub configuration: Option<ConfigurationArgs>,
    /// Whether other paths of sources are those of a run in memory.
    in_memory: bool,
    /// The lock file, once an environment with one of its own was found.
    lock: OnceCell<String>,
    detail: Detail,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How a run is shown while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressStyle {
    /// A live region.
    Live,
    /// Plain lines.
    Lines,
    /// Failures and the last line.
    Brief,
    /// JSON lines on standard output.
    Json,
}

/// An answer with the configuration that was given, if one was.
#[derive(Debug, Serialize)]
pub struct ConfiguredDocument<'r, R> {
    #[serde(flatten)]
    document: Document<'r, R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<GivenConfiguration>,
}

impl Session {
    /// The session of this process with a verb and the options of all verbs.
    pub fn new(cli: &Cli) -> Self {
        let Cli { globals, verb } = cli;
        let answers_in_json = verb.answers_in_json();
        let next = Next::new(globals, verb.goes_on());
        let terminal = terminal(globals.color);
        let in_lines = globals.no_progress
            || globals.verbose
            || terminal.lines_only
            || !terminal.stderr.is_terminal;
        let progress = match (globals.json, in_lines) {
            (true, _) => ProgressStyle::Json,
            (false, false) => ProgressStyle::Live,
            (false, true) if globals.quiet => ProgressStyle::Brief,
            (false, true) => ProgressStyle::Lines,
        };
        Self {
            format: if globals.json || answers_in_json {
                Format::Json
            } else {
                Format::Text
            },
            progress,
            terminal,
            now: globals.now.unwrap_or_else(Timestamp::now),
            next,
            globals: globals.clone(),
            configuration: verb.configuration(),
            in_memory: verb.is_in_memory(),
            lock: OnceCell::new(),
            detail: match (globals.quiet, globals.verbose) {
                (true, _) => Detail::Brief,
                (false, false) => Detail::Normal,
                (false, true) => Detail::Full,
            },
        }
    }

    /// The look of an answer on standard output.
    pub(super) fn look(&self) -> Look {
        let stdout = self.terminal.stdout;
        Look {
            glyphs: self.terminal.glyphs,
            width: stdout.width,
            height: stdout.height,
            now: Timestamp::now(),
            detail: self.detail,
            hints: stdout.is_terminal,
        }
    }

    /// The look of progress on standard error.
    pub(super) fn progress_look(&self) -> Look {
        Look {
            width: self.terminal.stderr.width,
            height: self.terminal.stderr.height,
            ..self.look()
        }
    }

    /// Tells an error, and how the process ends.
    pub fn fail(&self, error: &dyn miette::Diagnostic, exit: VerbExit) -> VerbExit {
        match self.format {
            Format::Json => fail(error, self.format, &self.terminal, &self.next.program),
            Format::Text => {
                let text = diagnostics::report(error, &self.terminal, &self.next.program);
                output::say(self.terminal.stderr, self.with_lock(text));
            }
        }
        exit
    }

    /// Where this invocation happens.
    pub fn surroundings(&self) -> Result<Surroundings, CliError> {
        let here = std::env::current_dir()?;
        let project = self.globals.project.as_ref();
        let directory = project.map_or_else(|| here.clone(), |it| here.join(it));
        if !directory.is_dir() {
            return Err(CliError::NoFolder { path: directory });
        }
        let env = self.globals.environment();
        let mut configuration = match &self.configuration {
            Some(words) => words.read(&here, env)?,
            None => Configuration {
                env: env.cloned(),
                ..Configuration::default()
            },
        };
        if self.in_memory {
            SuppliedInput::taken_in_memory(&mut configuration.inputs);
        }
        let home = |home: &PathBuf| here.join(home);
        let surroundings = Surroundings {
            resources: crate::look::GivenResources::default(),
            directory,
            dotenv: None,
            home: self.globals.home.as_ref().map(home),
            default_home: self.globals.default_home.as_ref().map(home),
            now: self.now,
            environment: std::env::vars_os().collect(),
            configuration,
        };
        if env.is_some() {
            // What is wrong with the project is told by what opens it.
            let root = manifest::find(&surroundings.directory);
            let lock = root
                .ok()
                .and_then(|root| surroundings.lock_place(&root.0).ok());
            lock.map(|lock| self.lock.set(lock.path().to_owned()));
        }
        Ok(surroundings)
    }

    /// The lock file of this invocation, relative to the project root.
    pub fn lock(&self) -> &str {
        self.lock.get().map_or(LOCK_FILE, String::as_str)
    }

    /// A text that names the lock file as this invocation has it: texts call it `Assets.lock`.
    pub fn with_lock(&self, text: String) -> String {
        match self.lock() {
            LOCK_FILE => text,
            lock => text.replace(LOCK_FILE, lock),
        }
    }

    /// The project that this invocation is about.
    pub fn project(&self) -> Result<OpenProject, VerbError> {
        let project = OpenProject::open(&self.surroundings()?)?;
        for stale in project.stale_manifests() {
            self.notice(&Notice::StaleManifest(stale.clone()));
        }
        Ok(project)
    }

    /// The document of an answer, with the configuration that was given.
    pub fn document<'r, R>(&self, report: &'r R) -> ConfiguredDocument<'r, R> {
        let words = self.configuration.clone().unwrap_or_default();
        ConfiguredDocument {
            document: Document::new(report),
            configuration: words.given(self.globals.environment()),
        }
    }

    /// Answers with a report, as JSON or as text.
    pub fn answer<R: Serialize>(
        &self,
        report: &R,
        text: impl FnOnce() -> String,
    ) -> Result<VerbExit, VerbError> {
        match self.format {
            Format::Json => output::answer_json(&self.document(report))?,
            Format::Text => output::answer(self.terminal.stdout, self.with_lock(text()))?,
        }
        Ok(VerbExit::Yes)
    }

    /// Shows notices, and answers unless they say all.
    pub fn answered<R: Serialize>(
        &self,
        notices: &[Notice],
        report: &R,
        text: impl FnOnce() -> String,
    ) -> Result<VerbExit, VerbError> {
        if self.tell(notices) {
            self.answer(report, text)?;
        }
        Ok(VerbExit::Yes)
    }

    /// Shows notices; whether an answer says more. A text does not where nothing is selected.
    pub fn tell(&self, notices: &[Notice]) -> bool {
        for notice in notices {
            self.notice(notice);
        }
        let nothing = Notice::Selection(SelectionNotice::Nothing);
        self.format == Format::Json || !notices.contains(&nothing)
    }

    /// Tells what the user should know, on standard error.
    pub fn notice(&self, notice: &Notice) {
        let program = &self.next.program;
        let text = match notice {
            Notice::Instance(warning) => diagnostics::report(warning, &self.terminal, program),
            Notice::Selection(_) | Notice::FromLock(FromLock::TakenOver(_))
                if self.detail == Detail::Brief =>
            {
                return;
            }
            _ => format!("{}\n", as_typed(&notice.to_string(), program)),
        };
        output::say(self.terminal.stderr, self.with_lock(text));
    }
}

/// The terminal of this process.
pub fn terminal(choice: ColorChoice) -> Terminal {
    Terminal::of_process(choice, &Variables::new(|name| std::env::var_os(name)))
}

/// Tells an error: as a report on standard error, or as a document on standard output. `program` is typed here to go on.
pub fn fail(error: &dyn miette::Diagnostic, format: Format, terminal: &Terminal, program: &str) {
    match format {
        Format::Text => output::say(
            terminal.stderr,
            diagnostics::report(error, terminal, program),
        ),
        Format::Json => {
            if let Err(error) = output::answer_json(&Document::new(&ErrorsDocument::new(error))) {
                output::say(
                    terminal.stderr,
                    format!("the answer cannot be written: {error}\n"),
                );
            }
        }
    }
}
