//! Sources that a command observes: it prints their data version.
//!
//! `materialize`, `plan` and `observe` ask, once a run for each needed key; `status` and `explain` take the last
//! observation. A command without a placeholder about the partition answers for all keys, with `KEY VERSION` lines.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::digest::Kind;
use crate::executor::{
    Cancel, CommandLine, Environment, Inherit, StdoutTo, TailLimits, of_shell, quote, tail,
};
use crate::look::error::{EngineError, Problems};
use crate::look::gather::MissingSource;
use crate::look::own_path::step_folder;
use crate::look::workspace::Workspace;
use crate::model::{
    Answers, AssetId, Command, CommandPlaceholder, CommandTemplate, DataVersion, Observation,
    PartitionKey, PartitionRef, PartitionSlot, Piece, Place,
};
use crate::plan::{Cell, Known, Row, Scope};
use crate::store::Store;
use crate::sys::file::{create_parent, read_file, remove_tree};

/// Of what an `observe` command prints.
const LONGEST: u64 = 64_000_000;

/// Where the versions of observed sources come from.
#[derive(Clone, Copy)]
pub enum Observing<'a> {
    /// From the last observation.
    Last,
    /// From running their commands now.
    Now {
        /// The instant that observations are dated.
        time: Timestamp,
        /// Ends the commands.
        cancel: &'a Cancel,
    },
    /// From nowhere: no command runs, and each of them counts as observed once and for all.
    Never,
}

/// What observed sources answered.
#[derive(Debug, Default)]
pub struct Observations {
    /// The version at each cell.
    pub known: Vec<(Cell, Known)>,
    /// Cells without a version, and why.
    pub failed: HashMap<Cell, MissingSource>,
    /// What was observed just now.
    pub news: Vec<(PartitionSlot, Observation)>,
}

/// Finds the versions of the scope's observed sources.
pub fn observe_sources(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    store: &Store,
    observing: Observing<'_>,
) -> Result<Observations, Problems> {
    let mut all = Observations::default();
    for row in scope.rows() {
        let Some(source) = workspace.graph.source(row.asset) else {
            continue;
        };
        let Place::Observed {
            command,
            folder,
            answers,
        } = &source.place
        else {
            continue;
        };
        match observing {
            Observing::Last => all.take_last(scope, row, store)?,
            Observing::Never => {
                let version = DataVersion(Kind::Reported.digest(b""));
                let known = row.cells().map(|cell| (cell, Known::Version(version)));
                all.known.extend(known);
            }
            Observing::Now { time, cancel } => {
                let asking = Asking {
                    workspace,
                    scope,
                    row,
                    command,
                    folder,
                    time,
                    cancel,
                };
                match answers {
                    Answers::One => asking.each(&mut all)?,
                    Answers::All => asking.all(&mut all)?,
                }
            }
        }
    }
    Ok(all)
}

impl Observations {
    fn take_last(&mut self, scope: &Scope<'_>, row: &Row, store: &Store) -> Result<(), Problems> {
        let observations = store.observations(scope.graph().key(row.asset))?;
        let by_key: HashMap<_, _> = observations
            .into_iter()
            .map(|it| (it.partition, (it.version, it.text)))
            .collect();
        for cell in row.cells() {
            match by_key.get(&scope.partition(cell)) {
                Some((version, why)) if *version == DataVersion::unobserved() => {
                    self.fail(cell, MissingSource::ObserveFailed(why.clone()));
                }
                Some((version, _)) => self.known.push((cell, Known::Version(*version))),
                None => self.fail(cell, MissingSource::Unobserved),
            }
        }
        Ok(())
    }

    fn fail(&mut self, cell: Cell, why: MissingSource) {
        self.known.push((cell, Known::Absent));
        self.failed.insert(cell, why);
    }
}

/// One source whose command is run.
struct Asking<'a> {
    workspace: &'a Workspace<'a>,
    scope: &'a Scope<'a>,
    row: &'a Row,
    command: &'a Command,
    folder: &'a str,
    time: Timestamp,
    cancel: &'a Cancel,
}

impl Asking<'_> {
    fn each(&self, all: &mut Observations) -> Result<(), Problems> {
        for cell in self.row.cells() {
            match self.run(self.scope.at(cell).1)? {
                Ok(text) if text.trim().is_empty() => {
                    self.failed(cell, "printed nothing".to_owned(), all);
                }
                Ok(text) => self.observed(cell, text.trim(), all),
                Err(why) => self.failed(cell, why, all),
            }
        }
        Ok(())
    }

    fn all(&self, all: &mut Observations) -> Result<(), Problems> {
        let keys = self.scope.keys(self.row.asset);
        let partition = PartitionRef { keys, index: 0 };
        let text = match self.run(partition)? {
            Ok(text) => text,
            Err(why) => {
                for cell in self.row.cells() {
                    self.failed(cell, why.clone(), all);
                }
                return Ok(());
            }
        };
        let lines: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.trim().rsplit_once(char::is_whitespace))
            .map(|(key, version)| (key.trim_end(), version))
            .collect();
        for cell in self.row.cells() {
            let key = self.scope.partition(cell);
            let key = key.as_ref().map_or("", PartitionKey::as_str);
            if let Some(version) = lines.get(key) {
                self.observed(cell, version, all);
            } else {
                let why = format!("printed no line `{key} VERSION`");
                self.failed(cell, why, all);
            }
        }
        Ok(())
    }

    fn observed(&self, cell: Cell, text: &str, all: &mut Observations) {
        let version = DataVersion(Kind::Reported.digest(text.as_bytes()));
        all.known.push((cell, Known::Version(version)));
        self.tell(cell, (text.to_owned(), version), all);
    }

    /// A failure is the last observation, too: until another one succeeds, nobody knows the version.
    fn failed(&self, cell: Cell, why: String, all: &mut Observations) {
        if self.cancel.severity().is_none() {
            self.tell(cell, (why.clone(), DataVersion::unobserved()), all);
        }
        all.fail(cell, MissingSource::ObserveFailed(why));
    }

    fn tell(&self, cell: Cell, (text, version): (String, DataVersion), all: &mut Observations) {
        let partition = self.scope.at(cell).1;
        let observation = Observation {
            source: self.key(self.row.asset),
            partition: self.scope.partition(cell),
            text,
            version,
            time: self.time,
        };
        all.news
            .push((partition.keys.slot(partition.index), observation));
    }

    fn key(&self, id: AssetId) -> crate::model::AssetKey {
        self.workspace.graph.key(id).clone()
    }

    /// What the command prints, or why it printed nothing that counts.
    fn run(&self, partition: PartitionRef<'_>) -> Result<Result<String, String>, EngineError> {
        let key = self.key(self.row.asset);
        let folder = step_folder(
            self.workspace.own,
            "observe",
            &key,
            partition.keys.key(partition.index).as_ref(),
        );
        let folder = self.workspace.resolve(&folder);
        let printed = folder.join("version");
        create_parent(&printed).map_err(|source| EngineError::Unwritable {
            path: folder.clone(),
            source,
        })?;
        let line = self.command_line(partition, &printed, folder.join("log"));
        let execution = self.workspace.executor.execute(&line, self.cancel);
        let result = if execution.exit.is_success() {
            read_file(&printed, LONGEST)
                .map_err(|error| error.to_string())
                .and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()))
        } else {
            let last = execution.log.and_then(|log| tail(&log, LAST_LINE).ok());
            let last = last.and_then(|tail| tail.lines().last().cloned());
            let shell = self.command.shell();
            let help = shell.and_then(|it| of_shell(it, &execution.exit, last.is_none()));
            let exit = execution.exit.describe();
            let why = match last {
                Some(line) => format!("ended with {exit}: {line}"),
                None => exit,
            };
            Err(help.map_or_else(|| why.clone(), |help| format!("{why}; {help}")))
        };
        // What stays is overwritten by the next observation.
        let _ = remove_tree(&folder);
        Ok(result)
    }

    fn command_line(
        &self,
        partition: PartitionRef<'_>,
        printed: &std::path::Path,
        log: PathBuf,
    ) -> CommandLine {
        let argv = self.argv(partition);
        let program = argv.first().cloned().unwrap_or_default();
        let mut line = CommandLine::new(program, self.workspace.resolve(self.folder), log);
        line.args = argv.into_iter().skip(1).map(Into::into).collect();
        let mut ours = vec![(
            "ASSETCTL_ASSET".into(),
            self.key(self.row.asset).as_str().into(),
        )];
        if let Some(key) = partition.keys.key(partition.index) {
            ours.push(("ASSETCTL_PARTITION".into(), key.as_str().into()));
        }
        line.env = Environment {
            caller: self.workspace.environment,
            inherit: &Inherit::All,
            declared: &[],
            ours: &ours,
        }
        .build();
        line.stdout = StdoutTo::File(printed.to_owned());
        line
    }

    fn argv(&self, partition: PartitionRef<'_>) -> Vec<String> {
        match self.command {
            Command::Shell { shell, text, .. } => {
                let mut argv = shell.clone();
                argv.push(self.fill(text, partition, |value| quote(value).into_owned()));
                argv
            }
            Command::Direct { arguments, .. } => arguments
                .iter()
                .map(|argument| self.fill(argument, partition, str::to_owned))
                .collect(),
        }
    }

    fn fill(
        &self,
        template: &CommandTemplate,
        partition: PartitionRef<'_>,
        quoted: impl Fn(&str) -> String,
    ) -> String {
        let piece = |piece: &Piece<CommandPlaceholder>| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(CommandPlaceholder::Partition(placeholder)) => {
                quoted(&placeholder.value(partition))
            }
            Piece::Placeholder(CommandPlaceholder::Asset) => {
                quoted(self.key(self.row.asset).as_str())
            }
            Piece::Placeholder(CommandPlaceholder::Project) => quoted(
                self.workspace
                    .graph
                    .settings()
                    .name
                    .as_deref()
                    .unwrap_or_default(),
            ),
            Piece::Placeholder(_) => String::new(),
        };
        template.pieces().iter().map(piece).collect()
    }
}

const LAST_LINE: TailLimits = TailLimits {
    lines: 1,
    bytes: 4096,
};
