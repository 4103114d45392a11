//! One build of one asset partition in scratch.
//!
//! What is there is judged in the project itself, where the lock file stands in for the instance; then the one step runs
//! in scratch.

use std::sync::Arc;

use jiff::Timestamp;

use crate::answer::{Event, EventKind, RunCounts, RunOutcome, StepOutcome};
use crate::app::check::rebuild::scratch::Scratch;
use crate::app::check::rebuild::{Locked, Rebuilding};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::app::running::new_run_id;
use crate::engine::{Finished, ResourcePool, RunDoors, RunOptions, run};
use crate::hash::{StatCache, Versions};
use crate::io_manager::FilesystemIoManager;
use crate::look::{Observing, Workspace, evaluate};
use crate::model::{
    Asset, CodeVersion, DataVersion, Force, LockLine, Materialization, MaterializeOptions, Origin,
    Outcome, OutputRecord, PartitionRef, RULE, ResourceUsage, RunDetails, RunId, RunStatus,
};
use crate::plan::{
    Cell, CellDecision, Evaluation, Known, Purpose, Role, Scope, UsualDurations, costs,
};
use crate::store::{NewRun, Recording, RunEnd, Store, Success};
use crate::sys::chance::chance;

/// What came of a build.
pub(super) enum Built {
    /// It was not begun, as something is missing, or was interrupted.
    Not,
    /// It failed.
    Failed {
        /// What went wrong, in words.
        message: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// The data versions of its outputs, in declared order.
    Made(Vec<DataVersion>),
}

/// A build to be done, as often as needed.
pub(super) struct Build<'a, 'l> {
    pub project: &'a OpenProject,
    pub versions: &'a Versions<'a>,
    /// The one selected cell, and what it reads.
    pub scope: &'a Scope<'a>,
    pub locked: Locked<'l>,
    pub doors: Rebuilding<'a>,
}

impl Build<'_, '_> {
    /// Builds in a scratch folder of its own, which is removed then.
    pub fn run(&self) -> Result<Built, AppError> {
        let mut store = Store::ephemeral()?;
        self.record_given(&mut store)?;
        let workspace = self.project.workspace(self.versions, self.doors.executor);
        let evaluation = evaluate(
            &workspace,
            self.scope,
            &store,
            Purpose::Force,
            Observing::Last,
        )?;
        let Some(cell) = self.cell_to_build(&evaluation) else {
            return Ok(Built::Not);
        };
        let scratch = Scratch::with_inputs(self.project, self.scope, evaluation.sources())?;
        let cache = StatCache::open(&scratch.own_folder().join("stat.cache"), None);
        let versions = Versions::new(scratch.root(), &cache, self.project.ignore())?;
        let home = scratch.own_folder();
        let io_manager = FilesystemIoManager::new(scratch.root());
        let workspace = Workspace {
            root: scratch.root(),
            home: &home,
            versions: &versions,
            io_manager: &io_manager,
            ..workspace
        };
        let costs = costs(
            evaluation.judge(),
            &evaluation.decisions().of,
            &UsualDurations::new(),
        );
        let mut events: Vec<Event> = Vec::new();
        let options = self.options();
        let resources = ResourcePool::new(&workspace, options.run);
        let doors = RunDoors {
            workspace: &workspace,
            ignore: self.project.ignore(),
            hooks: &[],
            resources: &resources,
            store: &mut store,
            cancel: self.doors.cancel,
            clock: self.doors.clock,
            sink: &mut events,
        };
        let Finished { result, evaluation } = run(doors, evaluation, &costs, &options)?;
        Ok(match result.outcome {
            RunOutcome::Canceled => Built::Not,
            RunOutcome::Failed => failure(events),
            RunOutcome::Success => match evaluation.recorded(cell) {
                Some(made) => Built::Made(made.outputs.to_vec()),
                None => Built::Not,
            },
        })
    }

    /// The selected cell, if all that it reads is there as it is locked.
    fn cell_to_build(&self, evaluation: &Evaluation<'_>) -> Option<Cell> {
        let facts = evaluation.facts();
        let mut selected = None;
        for row in self.scope.rows() {
            let is_asset = !self.scope.graph().is_source(row.asset);
            for cell in row.cells() {
                if self.scope.role(cell) == Role::Selected {
                    selected = Some(cell);
                    continue;
                }
                let is_there = if is_asset {
                    facts.recorded.materialized(cell.index()).is_some()
                        && !facts.changed_outputs.contains_key(&cell)
                } else {
                    let known = &facts.versions[row.versions_of(cell)];
                    known.iter().all(|it| matches!(it, Known::Version(_)))
                };
                if !is_there {
                    return None;
                }
            }
        }
        selected.filter(|cell| evaluation.decision(*cell) == CellDecision::Run)
    }

    /// Records what is read of other assets as the lock file has it.
    fn record_given(&self, store: &mut Store) -> Result<(), AppError> {
        let time = self.doors.clock.now();
        let new = NewRun {
            id: new_run_id(time),
            selection: String::new(),
            partitions: String::new(),
            manifest: self.project.manifest_digest(),
            time,
            pid: None,
            details: RunDetails::default(),
            steps: Vec::new(),
            events: Vec::new(),
        };
        let mut given = Vec::new();
        for (row, asset) in self.scope.asset_rows() {
            for (cell, index) in row.cells().zip(row.set.iter()) {
                if self.scope.role(cell) == Role::Given
                    && let Some(line) = (self.locked.line)(row.asset, index)
                {
                    let success = self.locked_success(cell, asset, line, (new.id, time));
                    given.push(Recording::Succeeded(Box::new(success)));
                }
            }
        }
        let begun = store.begin_run(&new)?;
        store.record(&given)?;
        let end = RunEnd {
            status: RunStatus::Success,
            counts: RunCounts::default(),
            time,
            events: Vec::new(),
        };
        Ok(store.finish_run(begun.guard, &end)?)
    }

    /// A line as it would be recorded; what nothing asks for here is left out.
    fn locked_success(
        &self,
        cell: Cell,
        asset: &Asset,
        line: &LockLine,
        (run, time): (RunId, Timestamp),
    ) -> Success {
        let (_, partition) = self.scope.at(cell);
        let PartitionRef { keys, index } = partition;
        let outputs = asset.outputs.iter().enumerate();
        let outputs = outputs.filter_map(|(number, output)| {
            Some(OutputRecord {
                label: asset.output_label(number),
                path: output.path.path(partition).into_owned(),
                version: line.version(number)?,
                bytes: 0,
            })
        });
        let materialization = Materialization {
            asset: asset.key.clone(),
            partition: self.scope.partition(cell),
            run: Some(run),
            time,
            duration_ms: 0,
            usage: ResourceUsage::default(),
            rule: RULE,
            fingerprint: line.fingerprint,
            code_version: CodeVersion(line.fingerprint.0),
            data_version: DataVersion(line.fingerprint.0),
            outputs: outputs.collect(),
            inputs: Vec::new(),
            config: Vec::new(),
            outcome: Outcome::Materialized,
            origin: Origin::Accepted,
        };
        Success {
            slot: keys.slot(index),
            materialization,
            code: Arc::default(),
            blocks: Vec::new(),
            events: Vec::new(),
        }
    }

    fn options(&self) -> RunOptions {
        RunOptions {
            run: new_run_id(self.doors.clock.now()),
            jobs: 1,
            // What is built again is to be made as it was.
            retries: true,
            job_retries: None,
            chance,
            request: MaterializeOptions {
                force: Force::FullRefresh,
                no_wait: true,
                ..MaterializeOptions::default()
            },
            manifest: self.project.manifest_digest(),
            selection: String::new(),
            planned: Arc::default(),
            configuration: None,
            details: RunDetails::default(),
            config_digest: None,
            steps: Vec::new(),
            hooks: false,
        }
    }
}

/// What went wrong, as the run has told it.
fn failure(events: Vec<Event>) -> Built {
    let failed = events.into_iter().find_map(|event| match event.kind {
        EventKind::StepFinished {
            outcome: StepOutcome::Failed(failure),
            ..
        } => Some(Built::Failed {
            message: failure.message,
            tail: failure.tail,
        }),
        // It ended well, so what it is warned of are inputs that it changed.
        EventKind::StepFinished { warnings, .. } if !warnings.is_empty() => Some(Built::Failed {
            message: warnings.join("; "),
            tail: Vec::new(),
        }),
        _ => None,
    });
    failed.unwrap_or(Built::Not)
}
