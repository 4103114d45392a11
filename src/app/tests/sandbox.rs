//! A project in a folder of its own.

use std::num::NonZeroUsize;
use std::ops::Deref;

use crate::answer::{Event, EventKind, EventSink, StepOutcome};
use crate::app::{
    AppError, Notice, OpenProject, Progress, RunContext, RunPlace, Surroundings, change_keys,
    materialize, status,
};
use crate::executor::{Cancel, LocalExecutor};
use crate::model::{
    ChangeKeysRequest, Configuration, KeyChange, MaterializeOptions, Selected, SelectionRequest,
    Status, StatusOptions,
};
use crate::sys::clock::{Clock, FixedClock};
use crate::testkit::{Folder, keys, name, time};

/// Three days, a source of each, and a chain: `clean` of each day, `all` of all days.
pub const CHAIN: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2", "d3"]

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
command = "sort {{input}} > {{output}}; echo sorted {{partition}}"
outputs = "build/{{partition}}.csv"

[asset.all]
description = "All days"
group = "reports"
deps = "clean"
command = "cat {{input}} > {{output}}"
outputs = "build/all.csv"
"#;

/// A project in a folder of its own; the clock stands still.
pub struct Sandbox {
    folder: Folder,
    /// The home of its user.
    user: Folder,
    /// The caller's environment besides `PATH`.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Where the project lies in the folder, if it is not all of it.
    pub folder_within: Option<&'static str>,
}

#[derive(Default)]
struct Ran(Vec<Event>);

impl EventSink for Ran {
    fn emit(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

impl Progress for Ran {
    fn begins(&mut self, _: &RunPlace<'_>) {}
    fn notice(&mut self, _: &Notice) {}
}

impl Deref for Sandbox {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Sandbox {
    pub fn new(manifest: &str) -> Self {
        let sandbox = Self::empty();
        sandbox.write("Assets.toml", manifest);
        sandbox
    }

    pub fn empty() -> Self {
        Self {
            folder: Folder::new(),
            user: Folder::new(),
            environment: Vec::new(),
            folder_within: None,
        }
    }

    /// The project of [`CHAIN`] with its sources.
    pub fn chain() -> Self {
        let sandbox = Self::new(CHAIN);
        for day in ["d1", "d2", "d3"] {
            sandbox.write(format!("raw/{day}.csv"), format!("b {day}\na {day}\n"));
        }
        sandbox
    }

    /// Adds a key to a dynamic definition.
    pub fn add_key(&self, definition: &str, key: &str) {
        let project = OpenProject::open(&self.surroundings()).expect("a project");
        let request = ChangeKeysRequest {
            definition: name(definition),
            keys: keys(&[key]),
            change: KeyChange::Add,
        };
        change_keys(&project, &request).expect("added");
    }

    pub fn surroundings(&self) -> Surroundings {
        let path = std::env::var_os("PATH").expect("a PATH");
        let ours = self.environment.iter();
        let ours = ours.map(|(name, value)| ((*name).into(), (*value).into()));
        Surroundings {
            resources: crate::look::GivenResources::default(),
            directory: self.root().join(self.folder_within.unwrap_or_default()),
            dotenv: None,
            home: None,
            default_home: None,
            now: self.clock().now(),
            environment: [
                ("PATH".into(), path),
                ("HOME".into(), self.user.root().into()),
            ]
            .into_iter()
            .chain(ours)
            .collect(),
            configuration: Configuration::default(),
        }
    }

    pub fn project(&self) -> OpenProject {
        OpenProject::open(&self.surroundings()).expect("a project")
    }

    #[expect(
        clippy::unused_self,
        reason = "a sandbox has its clock as it has its files"
    )]
    pub fn clock(&self) -> FixedClock {
        FixedClock(time("2026-01-02T03:04:05Z"))
    }

    /// Materializes and gives the steps that ran, sorted; those that failed with a `!`.
    pub fn materialize(&self, words: &[&str]) -> Vec<String> {
        let request = MaterializeOptions {
            selection: select(words),
            jobs: NonZeroUsize::new(1),
            ..MaterializeOptions::default()
        };
        let mut ran = Ran::default();
        let running = RunContext {
            hooks: &[],
            executor: &LocalExecutor,
            cancel: &Cancel::default(),
            clock: &self.clock(),
            progress: &mut ran,
        };
        materialize(&self.surroundings(), &request, running).expect("a run");
        let finished = |event: Event| match event.kind {
            EventKind::StepFinished { step, outcome, .. } => match outcome {
                StepOutcome::Failed(_) => Some(format!("{step}!")),
                _ => Some(step.to_string()),
            },
            _ => None,
        };
        let mut steps: Vec<String> = ran.0.into_iter().filter_map(finished).collect();
        steps.sort();
        steps
    }

    /// The status of each partition of an asset, in order.
    pub fn status(&self, asset: &str) -> Vec<Status> {
        let request = StatusOptions {
            selection: select(&[asset]),
            ..StatusOptions::default()
        };
        let (report, _) = status(&self.project(), &request).expect("a status");
        let runs = report.assets[0].partitions.iter();
        runs.flat_map(|run| vec![run.status; run.count as usize])
            .collect()
    }
}

/// Arguments of a selection.
pub fn select(arguments: &[&str]) -> SelectionRequest {
    arguments.iter().copied().collect()
}

/// One asset partition.
pub fn one(word: &str) -> Selected {
    word.parse().expect("a word")
}

/// The code of an error, or of each where there are several, and their messages.
pub fn told(error: &AppError) -> Vec<String> {
    use miette::Diagnostic;
    let line = |error: &dyn Diagnostic| {
        let code = error.code().expect("a code").to_string();
        let code = code.rsplit("::").next().expect("a kind").to_owned();
        format!("{code}: {error}")
    };
    match error {
        AppError::Requests(all) => all.iter().map(|it| line(it)).collect(),
        AppError::Plan(problems) => problems.list().iter().map(|it| line(it)).collect(),
        error => vec![line(error)],
    }
}
