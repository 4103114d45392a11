//! A project in a temporary folder, and runs of it in this process, in ten lines a scenario.
//!
//! [`Scenario::runs`] names exactly the steps that run and thereby those that do not: it fails where another step ran or
//! failed or was blocked, and then runs once more and fails unless that did nothing. [`Scenario::attempt`] is for what
//! ends otherwise. Causes are told as words, one difference one text, as `data raw` or `output b.txt altered`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assetctl::answer::{Decision, Event, EventKind, EventSink, StepFailure, StepOutcome};
use assetctl::app::{
    AppError, InMemory, Notice, OpenProject, Progress, RunContext, RunPlace, Surroundings,
    materialize, materialize_in_memory, plan, status,
};
use assetctl::engine::RunSummary;
use assetctl::executor::{Cancel, Executor, LocalExecutor};
use assetctl::look::EngineError;
use assetctl::model::{
    Cause, DependencyChange, Grouping, KeyChoice, KeyWord, MaterializeOptions, OutputChange,
    PartitionsSelection, PlanOptions, RunId, StatusOptions,
};
use assetctl::store::{Access, Store};
use assetctl::sys::clock::FixedClock;
use jiff::Timestamp;
use miette::Diagnostic;
use tempfile::TempDir;

use crate::agree::agree;

/// A project in a folder of its own, with the environment that its commands see.
pub struct Scenario {
    root: PathBuf,
    environment: Vec<(OsString, OsString)>,
    now: Timestamp,
    _temporary: TempDir,
}

/// What came of one run.
#[derive(Debug)]
#[must_use]
pub struct Ran {
    events: Vec<Event>,
    result: RunSummary,
    put_back: Vec<String>,
    notices: Vec<Notice>,
}

/// Words of a request: `a`, `a@2020-01-01`.
pub fn only(words: &[&str]) -> MaterializeOptions {
    MaterializeOptions {
        selection: words.iter().copied().collect(),
        ..MaterializeOptions::default()
    }
}

/// Keys and ranges of keys: `2020-01-01`, `a...c`.
pub fn keys(words: &[&str]) -> PartitionsSelection {
    let word = |text: &&str| KeyWord::range(text).or_else(|_| KeyWord::key(text));
    let words: Result<_, _> = words.iter().map(word).collect();
    PartitionsSelection {
        keys: KeyChoice::Named(words.expect("the test's keys are right")),
        ..PartitionsSelection::default()
    }
}

impl Scenario {
    /// A project with this manifest.
    pub fn new(manifest: &str) -> Self {
        let temporary = temporary_folder();
        let root = temporary
            .path()
            .canonicalize()
            .expect("the temporary folder is there");
        let kept = |name: &&str| std::env::var_os(name).is_some();
        let environment = ["PATH", "HOME"].iter().filter(|name| kept(name));
        let environment = environment.map(|name| {
            let value = std::env::var_os(name).expect("it was found just now");
            (OsString::from(name), value)
        });
        let scenario = Self {
            environment: environment.collect(),
            now: "2020-03-01T12:00:00Z".parse().expect("a valid instant"),
            root,
            _temporary: temporary,
        };
        scenario.manifest(manifest);
        scenario
    }

    /// The same project with files: path, text.
    pub fn with(self, files: &[(&str, &str)]) -> Self {
        for (path, text) in files {
            self.write(path, text);
        }
        self
    }

    /// The same project at another instant.
    pub fn at(mut self, now: &str) -> Self {
        self.now = now.parse().expect("a valid instant");
        self
    }

    /// Replaces the manifest.
    pub fn manifest(&self, text: &str) {
        self.write("Assets.toml", text);
    }

    /// Replaces a part of the manifest that occurs in it.
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.read("Assets.toml");
        assert!(text.contains(from), "the manifest holds no {from:?}");
        self.manifest(&text.replace(from, to));
    }

    /// Sets a variable of the caller's environment, or removes it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.environment.push((name.into(), value.into()));
        }
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file, with the folders above it. What is there is replaced.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("folders can be made");
        fs::write(path, text).expect("the file can be written");
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path))
            .unwrap_or_else(|error| panic!("{path} can be read: {error}"))
    }

    /// Whether something is at a path, be it a dangling link.
    pub fn holds(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Removes a file or a folder.
    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        let kind = path.symlink_metadata().expect("it is there");
        if kind.is_dir() {
            fs::remove_dir_all(path).expect("the folder can be removed");
        } else {
            fs::remove_file(path).expect("the file can be removed");
        }
    }

    /// Makes a symlink, in place of one that may be there.
    pub fn link(&self, to: &str, path: &str) {
        if self.holds(path) {
            self.remove(path);
        }
        symlink(to, self.path(path)).expect("the link can be made");
    }

    /// Gives a file another modification time and nothing else.
    pub fn touch(&self, path: &str) {
        let file = fs::File::options().append(true).open(self.path(path));
        let file = file.expect("the file is there");
        let times = fs::FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        file.set_times(times).expect("times can be set");
    }

    /// Runs everything and asserts that exactly these steps ran, that all ended well, and that a second run does nothing.
    #[track_caller]
    pub fn runs(&self, steps: &[&str]) -> Ran {
        self.runs_only(&MaterializeOptions::default(), steps)
    }

    /// The same of a request.
    #[track_caller]
    pub fn runs_only(&self, request: &MaterializeOptions, steps: &[&str]) -> Ran {
        let ran = self.ask(request);
        ran.ran(steps).failed(&[]).blocked(&[]);
        let forgiving = MaterializeOptions {
            force: assetctl::model::Force::WhenStale,
            ..request.clone()
        };
        let again = self.ask(&forgiving);
        if let Some(step) = again.started().first() {
            let causes = again.causes(step);
            panic!("a second run does nothing, and {step} ran: {causes:?}");
        }
        assert_eq!(
            again.result.run, None,
            "a run with nothing to do is not recorded"
        );
        ran
    }

    /// Runs everything, however it ends; all verbs agree about what it leaves.
    #[track_caller]
    pub fn attempt(&self) -> Ran {
        let ran = self.ask(&MaterializeOptions::default());
        self.agrees();
        ran
    }

    /// Fails where two verbs contradict each other about the project as it is.
    #[track_caller]
    pub fn agrees(&self) {
        agree(&self.surroundings());
    }

    /// Carries a request out, however it ends.
    #[track_caller]
    pub fn ask(&self, request: &MaterializeOptions) -> Ran {
        self.try_ask(request)
            .unwrap_or_else(|error| panic!("it can be planned: {}", told(&error)))
    }

    /// The diagnostic codes for which everything cannot be planned.
    #[track_caller]
    pub fn refused(&self) -> Vec<String> {
        self.refused_only(&MaterializeOptions::default())
    }

    /// The diagnostic codes for which a request cannot be planned.
    #[track_caller]
    pub fn refused_only(&self, request: &MaterializeOptions) -> Vec<String> {
        match self.try_ask(request) {
            Ok(ran) => panic!("it is refused: {ran:?}"),
            Err(error) => codes(&error),
        }
    }

    /// Carries a request out with the real executor, if it can be planned.
    pub fn try_ask(&self, request: &MaterializeOptions) -> Result<Ran, AppError> {
        self.ask_with(request, &LocalExecutor, &Cancel::new())
    }

    /// Carries a request out.
    pub fn ask_with(
        &self,
        request: &MaterializeOptions,
        executor: &dyn Executor,
        cancel: &Cancel,
    ) -> Result<Ran, AppError> {
        let mut journal = Journal::default();
        let clock = FixedClock(self.now);
        let doors = RunContext {
            hooks: &[],
            executor,
            cancel,
            clock: &clock,
            progress: &mut journal,
        };
        let result = materialize(&self.surroundings(), request, doors)?;
        let result = result.summary().clone();
        if let Some(run) = result.run {
            self.is_recorded(run, &journal.events);
        }
        let Journal {
            events,
            put_back,
            notices,
        } = journal;
        Ok(Ran {
            events,
            result,
            put_back,
            notices,
        })
    }

    /// The events of a run, as the instance holds them.
    pub fn recorded(&self, run: RunId) -> Vec<Event> {
        let opened = Store::open(&self.path(".assetctl"), Access::Read);
        opened
            .expect("an instance")
            .store
            .events(run)
            .expect("readable")
    }

    /// Fails unless the instance holds the events of a run as they were told, from its beginning to its end.
    #[track_caller]
    fn is_recorded(&self, run: RunId, told: &[Event]) {
        let lines = |events: &[Event]| -> Vec<String> {
            let line = |event: &Event| serde_json::to_string(event).expect("JSON");
            events.iter().map(line).collect()
        };
        assert_eq!(lines(&self.recorded(run)), lines(told));
        let numbers: Vec<_> = told.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (0..told.len() as u64).collect::<Vec<_>>());
        assert!(told.iter().all(|event| event.run == Some(run)));
        let words: Vec<_> = told.iter().map(|event| event.kind.word()).collect();
        assert_eq!(words[..2], ["run_started", "run_planned"]);
        assert_eq!(words.last(), Some(&"run_finished"));
        let mut started = BTreeSet::new();
        for (place, Event { kind, .. }) in told.iter().enumerate() {
            let step = kind.step().map(ToString::to_string).unwrap_or_default();
            match kind {
                EventKind::StepStarted { .. } => assert!(started.insert(step), "once"),
                EventKind::Materialization { .. } => {
                    let next = &told[place + 1].kind;
                    assert_eq!((next.word(), next.step()), ("step_finished", kind.step()));
                }
                EventKind::StepFinished { outcome, .. } => {
                    let is_made =
                        !matches!(outcome, StepOutcome::Failed(_) | StepOutcome::Canceled);
                    assert_eq!(words[place - 1] == "materialization", is_made, "{step}");
                    // One that is refused fails without a start.
                    assert!(started.contains(&step) || !is_made, "{step}");
                }
                _ => {}
            }
        }
    }

    /// Carries a request out in memory, however it ends.
    #[track_caller]
    pub fn in_memory(&self, request: &MaterializeOptions) -> InMemory {
        self.in_memory_with(request, &LocalExecutor)
    }

    /// The same with this executor.
    #[track_caller]
    pub fn in_memory_with(
        &self,
        request: &MaterializeOptions,
        executor: &dyn Executor,
    ) -> InMemory {
        let clock = FixedClock(self.now);
        let doors = RunContext {
            hooks: &[],
            executor,
            cancel: &Cancel::new(),
            clock: &clock,
            progress: &mut Journal::default(),
        };
        let left = materialize_in_memory(&self.surroundings(), request, doors);
        left.unwrap_or_else(|error| panic!("it can be planned: {}", told(&error)))
    }

    /// The steps that would run, whatever comes of others.
    #[track_caller]
    pub fn plan(&self, request: &MaterializeOptions) -> BTreeSet<String> {
        let request = PlanOptions {
            run: request.clone(),
            grouping: Grouping::Keys,
        };
        let report = self
            .project()
            .and_then(|project| plan(&project, &request, (&LocalExecutor, &Cancel::new())));
        let (report, _) = report.unwrap_or_else(|error| panic!("{}", told(&error)));
        let run = report.steps.iter();
        let run = run.filter(|step| step.decision == Decision::Run);
        run.map(|step| match &step.keys.first {
            Some(key) => format!("{}@{key}", step.keys.asset),
            None => step.keys.asset.to_string(),
        })
        .collect()
    }

    /// The status of everything, as `STEP STATUS` lines in order, with causes in brackets.
    #[track_caller]
    pub fn status(&self) -> Vec<String> {
        let request = StatusOptions {
            grouping: Grouping::Keys,
            ..StatusOptions::default()
        };
        let report = self
            .project()
            .and_then(|project| status(&project, &request));
        let (report, _) = report.unwrap_or_else(|error| panic!("{}", told(&error)));
        let mut lines = Vec::new();
        for asset in report.assets {
            for run in asset.partitions {
                let key = run.first.map_or_else(String::new, |key| format!("@{key}"));
                let causes: Vec<_> = run.causes.iter().map(words).collect();
                let causes = match causes.as_slice() {
                    [] => String::new(),
                    causes => format!(" ({})", causes.join(", ")),
                };
                lines.push(format!("{}{key} {}{causes}", asset.key, run.status.word()));
            }
        }
        lines
    }

    /// The project as it is declared now.
    pub fn project(&self) -> Result<OpenProject, AppError> {
        OpenProject::open(&self.surroundings())
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            resources: assetctl::look::GivenResources::default(),
            directory: self.root.clone(),
            dotenv: None,
            home: None,
            default_home: None,
            now: self.now,
            environment: self.environment.clone(),
            configuration: assetctl::model::Configuration::default(),
        }
    }

    /// All logs and the instance as bytes, with whatever else assetctl has written of its own.
    pub fn own_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        walk(&self.path(".assetctl"))
    }
}

/// What a scenario leaves is told alike by all verbs.
impl Drop for Scenario {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            agree(&self.surroundings());
        }
    }
}

impl Ran {
    /// The steps whose commands started.
    pub fn started(&self) -> BTreeSet<String> {
        self.names(|kind| match kind {
            EventKind::StepStarted { step, .. } => Some(step),
            _ => None,
        })
    }

    /// Asserts which steps' commands started, exactly.
    #[track_caller]
    pub fn ran(&self, steps: &[&str]) -> &Self {
        assert_eq!(self.started(), set(steps), "which steps ran");
        self
    }

    /// Asserts which steps failed, exactly.
    #[track_caller]
    pub fn failed(&self, steps: &[&str]) -> &Self {
        let failed: BTreeSet<_> = self.failures().map(|(step, _)| step).collect();
        assert_eq!(failed, set(steps), "which steps failed: {:#?}", self.events);
        self
    }

    /// Asserts which steps were blocked, exactly.
    #[track_caller]
    pub fn blocked(&self, steps: &[&str]) -> &Self {
        let blocked = self.names(|kind| match kind {
            EventKind::StepBlocked { step, .. } => Some(step),
            _ => None,
        });
        assert_eq!(blocked, set(steps), "which steps were blocked");
        self
    }

    /// The steps whose inputs changed while their commands ran, sorted.
    pub fn unsettled(&self) -> Vec<String> {
        let changed = |warning: &String| warning.contains("changed while the command ran");
        let steps = self.names(|kind| match kind {
            EventKind::StepFinished { step, warnings, .. } if warnings.iter().any(changed) => {
                Some(step)
            }
            _ => None,
        });
        assert_eq!(
            self.result.counts.stale as usize,
            steps.len(),
            "they are counted"
        );
        steps.into_iter().collect()
    }

    /// The causes for which a step ran, in words.
    #[track_caller]
    pub fn causes(&self, step: &str) -> Vec<String> {
        let found = self.events.iter().find_map(|event| match &event.kind {
            EventKind::StepStarted {
                step: name, causes, ..
            } if name.to_string() == step => Some(causes.iter().map(words).collect()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{step} ran"))
    }

    /// How a step failed.
    #[track_caller]
    pub fn failure(&self, step: &str) -> &StepFailure {
        let found = self.failures().find(|(name, _)| name == step);
        found
            .unwrap_or_else(|| panic!("{step} failed: {:#?}", self.events))
            .1
    }

    /// The reason for which a step was blocked.
    #[track_caller]
    pub fn obstacle(&self, step: &str) -> &str {
        let found = self.events.iter().find_map(|event| match &event.kind {
            EventKind::StepBlocked {
                step: name, reason, ..
            } if name.to_string() == step => Some(reason.as_str()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{step} was blocked"))
    }

    /// The warnings of a step.
    pub fn warnings(&self, step: &str) -> Vec<String> {
        let found = self.events.iter().find_map(|event| match &event.kind {
            EventKind::StepFinished {
                step: name,
                warnings,
                ..
            } if name.to_string() == step => Some(warnings.clone()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// Steps whose outputs came out as they were.
    pub fn unchanged(&self) -> BTreeSet<String> {
        self.names(|kind| match kind {
            EventKind::StepFinished {
                step,
                outcome: StepOutcome::Unchanged { .. },
                ..
            } => Some(step),
            _ => None,
        })
    }

    /// Steps that ended well.
    pub fn finished(&self) -> BTreeSet<String> {
        self.names(|kind| match kind {
            EventKind::StepFinished {
                step,
                outcome: StepOutcome::Unchanged { .. } | StepOutcome::Materialized { .. },
                ..
            } => Some(step),
            _ => None,
        })
    }

    /// The steps, in the order in which their commands started.
    pub fn order(&self) -> Vec<String> {
        let started = |event: &Event| match &event.kind {
            EventKind::StepStarted { step, .. } => Some(step.to_string()),
            _ => None,
        };
        self.events.iter().filter_map(started).collect()
    }

    /// All events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What came of it.
    pub fn result(&self) -> &RunSummary {
        &self.result
    }

    /// Paths that were put back after a crash.
    pub fn put_back(&self) -> &[String] {
        &self.put_back
    }

    /// What was said of how the selection was taken.
    pub fn said(&self) -> Vec<String> {
        let said = self.notices.iter().filter_map(|notice| match notice {
            Notice::Selection(notice) => Some(notice.to_string()),
            Notice::Instance(_)
            | Notice::KeysAdded(_)
            | Notice::DamagedLock(_)
            | Notice::UnreadLock(_)
            | Notice::FromLock(_)
            | Notice::LeftOutputs(_)
            | Notice::PutBack(_)
            | Notice::UnknownKeys(_)
            | Notice::ConfiguredLines(_)
            | Notice::OwnPlaces(_)
            | Notice::StaleManifest(_)
            | Notice::UnknownLines(_)
            | Notice::PrintedManifest(_)
            | Notice::Resource(_) => None,
        });
        said.collect()
    }

    fn failures(&self) -> impl Iterator<Item = (String, &StepFailure)> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StepFinished {
                step,
                outcome: StepOutcome::Failed(failure),
                ..
            } => Some((step.to_string(), &**failure)),
            _ => None,
        })
    }

    fn names<'a>(
        &'a self,
        of: impl Fn(&'a EventKind) -> Option<&'a assetctl::model::StepName>,
    ) -> BTreeSet<String> {
        let kinds = self.events.iter().map(|event| &event.kind);
        kinds.filter_map(of).map(ToString::to_string).collect()
    }
}

/// A folder in memory where the system has one: nothing here needs to survive.
fn temporary_folder() -> TempDir {
    TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .expect("a temporary folder can be made")
}

/// Takes what a run shows.
#[derive(Default)]
struct Journal {
    events: Vec<Event>,
    put_back: Vec<String>,
    notices: Vec<Notice>,
}

impl EventSink for Journal {
    fn emit(&mut self, event: &Event) {
        self.events.push(event.clone());
    }
}

impl Progress for Journal {
    fn begins(&mut self, _: &RunPlace<'_>) {}

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::PutBack(paths) => self.put_back.extend_from_slice(paths),
            notice => self.notices.push(notice.clone()),
        }
    }
}

/// A set of words.
pub fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A cause in words.
pub fn words(cause: &Cause) -> String {
    match cause {
        Cause::Code(change) => match &change.path {
            Some(path) => format!("code {path}"),
            None => format!("code {}", change.what),
        },
        Cause::Dependency { input, change } => match change {
            DependencyChange::Added => format!("dependency {input} added"),
            DependencyChange::Removed => format!("dependency {input} removed"),
            DependencyChange::Remapped { .. } => format!("dependency {input} remapped"),
        },
        Cause::DependencyRemoved => "dependency removed".to_owned(),
        Cause::Data(change) => {
            let key = change.partition.as_ref();
            let key = key.map_or_else(String::new, |key| format!("@{key}"));
            let root = match change.root.as_slice() {
                [] => String::new(),
                root => format!(
                    " < {}",
                    root.iter().map(words).collect::<Vec<_>>().join(" + ")
                ),
            };
            format!("data {}{key}{root}", change.input)
        }
        Cause::Output { path, change, .. } => {
            let path = path.as_deref().unwrap_or("of each");
            match change {
                OutputChange::Missing => format!("output {path} missing"),
                OutputChange::Altered { .. } => format!("output {path} altered"),
                OutputChange::Kind { .. } => format!("output {path} kind"),
                OutputChange::Unreadable => format!("output {path} unreadable"),
            }
        }
        Cause::Rule { .. } | Cause::Forced | Cause::Volatile | Cause::FailedBefore => {
            cause.kind().word().to_owned()
        }
    }
}

/// The steps that cannot be read as they are.
pub fn unreadable(error: &AppError) -> Vec<String> {
    let AppError::Plan(problems) = error else {
        panic!("it can be planned: {}", told(error));
    };
    let step = |problem: &EngineError| match problem {
        EngineError::UnreadableUpstream { step, .. } => step.to_string(),
        other => panic!("it can be planned: {other}"),
    };
    problems.list().iter().map(step).collect()
}

/// All diagnostic codes in an error.
pub fn codes(error: &dyn Diagnostic) -> Vec<String> {
    let mut codes: Vec<_> = error.code().iter().map(ToString::to_string).collect();
    for related in error.related().into_iter().flatten() {
        codes.extend(self::codes(related));
    }
    codes
}

/// An error with all that is related to it.
fn told(error: &dyn Diagnostic) -> String {
    let related = error.related().into_iter().flatten().map(told);
    let mut lines = vec![error.to_string()];
    lines.extend(related);
    lines.join("; ")
}

fn walk(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            files.push((path, bytes));
        }
    }
    files
}
