//! Looks at a scope and judges it: what `status`, `plan`, `explain` and `materialize` have in common.
//!
//! Sources that a command observes: it prints their data version.
//!
//! `materialize`, `plan` and `observe` ask, once a run for each needed key; `status` and `explain` take the last
//! observation.

use std::collections::{HashMap, HashSet};
use std::thread;

use crate::digest::{Digest, Field, Kind};
use crate::hash::Found;
use crate::look::code::{observe_code, row_configs};
use crate::look::error::{EngineError, Problems};
use crate::look::gather::{find_changed_outputs, find_sources};
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, BlockEntry, CodeRecord, CodeVersion, Current, CurrentColumns, DataVersion, Fingerprint,
    InputRecord, MaterializationId, Observation, OutputKind, PartitionSlot, Place, RecordingRun,
    SourceContent,
};
use crate::plan::{
    Cell, Evaluation, Facts, Findings, FoundSources, Judge, Known, MissingSource, Purpose, Records,
    Role, Row, Scope,
};
use crate::store::{Store, StoreError, Wanted};
use crate::sys::parallel;

/// How many cells are worth another thread.
const WORTH_A_THREAD: u32 = 8_192;

/// Looks at a scope and judges it.
///
/// # Errors
///
/// All problems at once: code files and variables that are missing, files that cannot be hashed.
pub fn evaluate<'a>(
    workspace: &Workspace<'_>,
    scope: &'a Scope<'a>,
    store: &Store,
    purpose: Purpose,
    observing: Observing<'_>,
) -> Result<Evaluation<'a>, Problems> {
    let (code, codes) = observe_code(workspace, scope)?;
    let (found, recorded) = find_sources_and_records(workspace, scope, store);
    let (mut versions, mut sources) = found?;
    let Observations {
        known,
        failed,
        news: observations,
    } = observed_versions(scope, store, observing)?;
    for (cell, version) in known {
        let row = scope.row_of_cell(cell);
        versions[row.versions_of(cell)].fill(version);
    }
    sources.missing.extend(failed);
    let recorded = recorded?;
    let changed_outputs = find_changed_outputs(workspace, scope, &recorded)?;
    let facts = Facts {
        code,
        configs: row_configs(scope, &codes),
        versions,
        recorded,
        changed_outputs,
        lacking_keys: scope.lacking_keys(),
        too_long: HashSet::new(),
    };
    let judge = Judge::new(scope, facts, purpose);
    let findings = Findings {
        codes,
        sources,
        observations,
    };
    let records = StoreRecords(store);
    Ok(Evaluation::new(judge, findings, &records, parallel::share))
}

/// Looks at sources while the instance is read, where there is much of both.
fn find_sources_and_records(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    store: &Store,
) -> (SourcesFound, Result<CurrentColumns, StoreError>) {
    if scope.cells() < WORTH_A_THREAD {
        return (find_sources(workspace, scope), recorded(store, scope));
    }
    thread::scope(|threads| {
        let sources = threads.spawn(|| find_sources(workspace, scope));
        let recorded = recorded(store, scope);
        let sources = sources.join();
        let sources = sources.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sources, recorded)
    })
}

type SourcesFound = Result<(Vec<Known>, FoundSources), Problems>;

impl Evaluation<'_> {
    /// Takes what lies on disk for each value that is read as it is, and judges anew by that.
    ///
    /// # Errors
    ///
    /// All values that are not there, with a step that reads each, and all that cannot be hashed.
    pub fn take_found(&mut self, workspace: &Workspace<'_>, store: &Store) -> Result<(), Problems> {
        let scope = self.scope();
        let mut problems = Problems::default();
        let mut any = false;
        for (row, asset) in scope.asset_rows() {
            for cell in row.cells().filter(|cell| scope.role(*cell) == Role::Given) {
                any = true;
                match self.found_outputs(workspace, asset, cell) {
                    Ok(outputs) => {
                        let current = as_recorded(outputs);
                        self.judge_mut().replace(cell, Some(&current), Vec::new());
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        problems.into_result(())?;
        if any {
            self.judge_all(&StoreRecords(store));
            self.decide();
        }
        Ok(())
    }

    /// The versions of a cell's outputs on disk.
    fn found_outputs(
        &self,
        workspace: &Workspace<'_>,
        asset: &Asset,
        cell: Cell,
    ) -> Result<Vec<DataVersion>, EngineError> {
        let (_, partition) = self.scope().at(cell);
        if asset.outputs.is_empty() {
            let why = "no path is declared for it".to_owned();
            return Err(self.unsupplied(asset, cell, why));
        }
        let mut versions = Vec::with_capacity(asset.outputs.len());
        for output in &asset.outputs {
            let path = output.path.path(partition);
            let (kind, version) = match workspace.versions.of_path(&path)? {
                Found::Absent => {
                    let why = format!("{path} does not exist");
                    return Err(self.unsupplied(asset, cell, why));
                }
                Found::File { version, .. } => (OutputKind::File, version),
                Found::Directory { version, .. } => (OutputKind::Directory, version),
            };
            if kind != output.kind {
                return Err(EngineError::UpstreamKind {
                    upstream: self.step_name(cell),
                    path: path.into_owned(),
                    found: in_words(kind),
                    expected: in_words(output.kind),
                });
            }
            versions.push(version);
        }
        Ok(versions)
    }

    fn unsupplied(&self, asset: &Asset, cell: Cell, why: String) -> EngineError {
        let upstream = self.step_name(cell);
        let mut reader = None;
        self.scope().downstream_cells(cell, |down| {
            reader.get_or_insert(down);
        });
        let help = if asset.recipe.is_none() {
            format!("supply it: `--input {}=PATH`", asset.key)
        } else {
            format!(
                "materialize it first, `assetctl materialize {upstream}`, or leave out `--only` and `--steps`"
            )
        };
        EngineError::UnsuppliedUpstream {
            reader: self.step_name(reader.unwrap_or(cell)),
            upstream,
            why,
            help,
        }
    }
}

const fn in_words(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::File => "a file",
        OutputKind::Directory => "a directory",
    }
}

/// Outputs as if somebody had recorded them. Of what is read as it is, nothing but the versions is ever asked for.
fn as_recorded(outputs: Vec<DataVersion>) -> Current {
    let nothing = DataVersion::absent().0;
    Current::of_lock(Fingerprint(nothing), CodeVersion(nothing), outputs)
}

/// Where the versions of observed sources come from.
#[derive(Clone, Copy)]
pub enum Observing<'a> {
    /// From the last observation.
    Last,
    /// From what their commands answered just now.
    Now(&'a Observations),
    /// From nowhere: no command runs, and each of them counts as observed once and for all.
    Never,
}

/// What observed sources answered.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The version at each cell.
    pub known: Vec<(Cell, Known)>,
    /// Cells without a version, and why.
    pub failed: HashMap<Cell, MissingSource>,
    /// What was observed just now.
    pub news: Vec<(PartitionSlot, Observation)>,
}

/// Finds the versions of the scope's observed sources.
fn observed_versions(
    scope: &Scope<'_>,
    store: &Store,
    observing: Observing<'_>,
) -> Result<Observations, Problems> {
    if let Observing::Now(answers) = observing {
        return Ok(answers.clone());
    }
    let mut all = Observations::default();
    for (row, source) in scope.source_rows() {
        if !matches!(source.place, Place::Observed { .. }) {
            continue;
        }
        if let Observing::Last = observing {
            all.take_last(scope, row, store)?;
        } else {
            let version = DataVersion(Kind::Reported.digest(b""));
            let known = row.cells().map(|cell| (cell, Known::Version(version)));
            all.known.extend(known);
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

    /// Takes that the version at a cell is unknown, and why.
    pub fn fail(&mut self, cell: Cell, why: MissingSource) {
        self.known.push((cell, Known::Absent));
        self.failed.insert(cell, why);
    }
}

/// An instance as the memory that explanations are made from: what cannot be read is not remembered.
pub struct StoreRecords<'a>(pub &'a Store);

impl Records for StoreRecords<'_> {
    fn inputs(&self, id: MaterializationId) -> Option<Vec<InputRecord>> {
        Some(self.0.materialization(id).ok()??.inputs)
    }

    fn config(&self, id: MaterializationId) -> Option<Vec<Field>> {
        Some(self.0.materialization(id).ok()??.config)
    }

    fn run(&self, id: MaterializationId) -> Option<RecordingRun> {
        self.0.recording_run(id..=id).ok()?
    }

    fn code(&self, version: CodeVersion) -> Option<CodeRecord> {
        self.0.code_record(version).ok()?
    }

    fn block(&self, digest: Digest) -> Option<Vec<BlockEntry>> {
        self.0.block(digest).ok()?
    }

    fn source_content(&self, version: DataVersion) -> Option<SourceContent> {
        self.0.source_content(version).ok()?
    }
}

/// What is recorded of each cell of a scope; nothing of sources.
pub fn recorded(store: &Store, scope: &Scope<'_>) -> Result<CurrentColumns, StoreError> {
    let graph = scope.graph();
    let assets = scope
        .rows()
        .iter()
        .filter(|row| !graph.is_source(row.asset));
    let wanted: Vec<Wanted<'_>> = assets
        .filter_map(|row| {
            Some(Wanted {
                asset: graph.key(row.asset),
                keys: scope.keys(row.asset),
                set: &row.set,
                first: row.cells().next()?.index(),
            })
        })
        .collect();
    store.currents(&wanted, scope.cells() as usize)
}
