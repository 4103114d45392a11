//! `explain`: why an asset partition is fresh, or is not.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use jiff::Timestamp;

use crate::answer::{ComparedOutput, ExplainReport, FailedAttempt, KeyRange};
use crate::app::comparison::Comparison;
use crate::app::error::AppError;
use crate::app::history::{Entries, last_failure};
use crate::app::instance::InstanceAccess;
use crate::app::list::declared_in;
use crate::app::neighbours::key_ranges;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::select_one;
use crate::app::snapshot::OwnLines;
use crate::engine::{Made, command_of, materialized};
use crate::executor::LocalExecutor;
use crate::look::{Observing, StoreRecords, Workspace};
use crate::model::{
    Asset, Counted, DataVersion, DataVersionRule, Declaration, Dep, ExplainRequest, Grouping,
    Materialization, Origin, OutputChange, OutputKind, PartitionSet, Place, Provenance,
    ResourceUsage, SourceAsset, SourcePath, Status,
};
use crate::plan::{Cell, Evaluation, Known, Purpose, Scope, Upstream};
use crate::store::{Store, StoreError};

/// Why what is named is fresh, or is not, and what the user should know of the instance.
///
/// A source is fresh where its data is there; nothing made it, so it has neither a record nor a command.
pub fn explain(
    project: &OpenProject,
    request: &ExplainRequest,
) -> Result<(ExplainReport, Vec<Notice>), AppError> {
    let (id, index) = select_one(project, &request.selected)?;
    let goals = [(id, PartitionSet::single(index))];
    let mut instance = InstanceAccess::open(project)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Close);
    let evaluation = instance.evaluate_with_lock(
        project,
        &workspace,
        &scope,
        Purpose::Status,
        (Observing::Last, &OwnLines::default()),
    )?;
    let Some(cell) = scope.cell(id, index) else {
        unreachable!("a selected partition has a cell");
    };
    let mut explanation = Explanation {
        project,
        workspace: &workspace,
        store: &instance.store,
        evaluation,
        cell,
    };
    let report = match project.graph().get(id) {
        Declaration::Asset(asset) => explanation.of_asset(asset)?,
        Declaration::Source(source) => explanation.of_source(source)?,
    };
    project.keep_what_was_learnt();
    Ok((report, instance.notices))
}

/// How many newer files of a directory are named.
const NEWER: usize = 20;

/// When a file was last written, or got its name.
fn written(metadata: &Metadata) -> Option<Timestamp> {
    let changed = Timestamp::new(metadata.ctime(), metadata.ctime_nsec() as i32).ok();
    let modified = Timestamp::new(metadata.mtime(), metadata.mtime_nsec() as i32).ok();
    changed.max(modified)
}

struct Explanation<'a> {
    project: &'a OpenProject,
    workspace: &'a Workspace<'a>,
    store: &'a Store,
    evaluation: Evaluation<'a>,
    cell: Cell,
}

impl Explanation<'_> {
    fn of_asset(&mut self, asset: &Asset) -> Result<ExplainReport, AppError> {
        let materialization = self.materialization()?;
        let mut causes = self.evaluation.causes(&StoreRecords(self.store), self.cell);
        self.evaluation
            .name_files(self.workspace, self.store, &mut causes);
        let mut entries = Entries::new(self.project, self.store, Grouping::Ranges);
        let locked = self.locked(&mut entries);
        let comparison = Comparison {
            evaluation: &mut self.evaluation,
            store: self.store,
            cell: self.cell,
            recorded: materialization.as_ref().or(locked.as_ref()),
        };
        let record = comparison.fields(asset, &mut entries)?;
        let expected = self.expected(asset, materialization.as_ref())?;
        let outputs = self.outputs(asset);
        let (command, blocked) = match self.command(asset) {
            Ok(command) => (command, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let last = materialization.map(|it| entries.entry(it)).transpose()?;
        Ok(ExplainReport {
            step: self.evaluation.step_name(self.cell),
            declared_in: declared_in(self.project, self.evaluation.scope().at(self.cell).0),
            status: self.evaluation.status(self.cell),
            causes,
            blocked,
            record,
            outputs,
            command,
            expected,
            last,
            failed: self.failed()?,
            reads: self.reads(asset),
            feeds: self.feeds(),
        })
    }

    /// A source: where it is, with the version that was last observed and the one that is there now.
    fn of_source(&self, source: &SourceAsset) -> Result<ExplainReport, AppError> {
        let scope = self.evaluation.scope();
        let slots = scope.row_of_cell(self.cell).versions_of(self.cell);
        let now = self.evaluation.facts().versions[slots.start].version();
        let partition = scope.partition(self.cell);
        let observations = self.store.observations(&source.key)?;
        let observed = observations.iter().find(|it| it.partition == partition);
        let recorded = observed
            .map(|it| it.version)
            .filter(|it| *it != DataVersion::unobserved());
        let place = self.place(source).map(|path| ComparedOutput {
            name: None,
            path,
            recorded,
            now,
            equal: recorded.is_some() && recorded == now,
            newer: Vec::new(),
            more: 0,
        });
        Ok(ExplainReport {
            step: self.evaluation.step_name(self.cell),
            declared_in: declared_in(self.project, self.evaluation.scope().at(self.cell).0),
            status: match self.evaluation.facts().versions[slots.start] {
                Known::Version(_) => Status::Fresh,
                Known::Unreadable => Status::Blocked,
                Known::Absent | Known::Unknown => Status::Missing,
            },
            causes: Vec::new(),
            blocked: now
                .is_none()
                .then(|| self.evaluation.why_blocked(self.cell)),
            record: Vec::new(),
            outputs: place.into_iter().collect(),
            command: Vec::new(),
            expected: None,
            last: None,
            failed: None,
            reads: Vec::new(),
            feeds: self.feeds(),
        })
    }

    /// Where a source's data is; `None` where only a command knows.
    fn place(&self, source: &SourceAsset) -> Option<String> {
        let (_, partition) = self.evaluation.scope().at(self.cell);
        match &source.place {
            Place::Paths(paths) => {
                let path = |path: &SourcePath| path.template().path(partition).into_owned();
                let paths: Vec<String> = paths.iter().map(path).collect();
                Some(paths.join(", "))
            }
            Place::Value { path, .. } => Some(path.path(partition).into_owned()),
            Place::Observed { .. } => None,
        }
    }

    /// The last materialization, whole.
    fn materialization(&self) -> Result<Option<Materialization>, StoreError> {
        let last = self.evaluation.recorded(self.cell);
        let id = last.and_then(|last| last.provenance.recorded());
        id.map_or(Ok(None), |id| self.store.materialization(id))
    }

    /// The last attempt, where that failed, whatever stands recorded.
    fn failed(&self) -> Result<Option<FailedAttempt>, StoreError> {
        let (id, partition) = self.evaluation.scope().at(self.cell);
        let key = self.evaluation.scope().graph().key(id);
        last_failure(self.store, key, (partition.keys, partition.index))
    }

    /// What would be recorded of a cell that is fresh by the lock file alone.
    fn locked(&mut self, entries: &mut Entries<'_>) -> Option<Materialization> {
        let evaluation = &mut self.evaluation;
        let is_fresh = evaluation.is_fresh(self.cell);
        if !is_fresh || !evaluation.is_from_lock(self.cell) {
            return None;
        }
        let last = evaluation.recorded(self.cell)?;
        let made = Made {
            cell: self.cell,
            versions: last.outputs.to_vec(),
            bytes: vec![0; last.outputs.len()],
            run: None,
            time: last.time,
            duration: Duration::ZERO,
            usage: ResourceUsage::default(),
            origin: Origin::Locked,
        };
        let (materialization, blocks) = materialized(evaluation, &made);
        entries.know(blocks);
        Some(materialization)
    }

    fn is_blocked(&self) -> bool {
        self.evaluation.decision(self.cell).is_hindered()
    }

    /// What would run, nothing where no command is declared; or why nothing can.
    fn command(&self, asset: &Asset) -> Result<Vec<String>, String> {
        if self.is_blocked() {
            return Err(self.evaluation.why_blocked(self.cell));
        }
        if asset.recipe.is_none() {
            return Ok(Vec::new());
        }
        let command = command_of(self.workspace, &self.evaluation, self.cell);
        command.map_err(|why| format!("{}: {why}", self.evaluation.step_name(self.cell)))
    }

    /// As long as the command last took for this partition, or for any other.
    fn expected(
        &self,
        asset: &Asset,
        last: Option<&Materialization>,
    ) -> Result<Option<Duration>, StoreError> {
        let took = last.filter(|last| last.origin == Origin::Command);
        let duration = match took {
            Some(last) => Some(last.duration_ms),
            None => self.store.last_durations(&[&asset.key])?.pop().flatten(),
        };
        Ok(duration.map(Duration::from_millis))
    }

    fn outputs(&self, asset: &Asset) -> Vec<ComparedOutput> {
        let (_, partition) = self.evaluation.scope().at(self.cell);
        let changed = &self.evaluation.facts().changed_outputs;
        let changed = changed.get(&self.cell);
        let recorded = &self.evaluation.facts().recorded;
        let recorded = recorded.materialized(self.cell.index());
        let mut outputs = Vec::new();
        for (index, output) in asset.outputs.iter().enumerate() {
            let path = output.path.path(partition).into_owned();
            let version = recorded.and_then(|it| it.outputs.get(index).copied());
            let change = changed
                .into_iter()
                .flatten()
                .find(|(changed, _)| *changed == index);
            let change = change.map(|(_, change)| change);
            let mut newer = match (output.kind, change, recorded) {
                (OutputKind::Directory, Some(OutputChange::Altered { .. }), Some(last))
                    if last.provenance != Provenance::Locked =>
                {
                    self.newer_files(&path, last.time)
                }
                _ => Vec::new(),
            };
            let more = newer.len().saturating_sub(NEWER);
            newer.truncate(NEWER);
            let now = self.output_now(asset, &path, version, change);
            outputs.push(ComparedOutput {
                name: asset.output_label(index),
                path,
                recorded: version,
                now,
                equal: version.is_some() && version == now,
                newer,
                more: more as u64,
            });
        }
        outputs
    }

    /// The version of an output as it is; where its content is not what counts, the recorded one stands while it is
    /// there.
    fn output_now(
        &self,
        asset: &Asset,
        path: &str,
        recorded: Option<DataVersion>,
        change: Option<&OutputChange>,
    ) -> Option<DataVersion> {
        match (asset.data_version, change) {
            (DataVersionRule::Content, Some(OutputChange::Altered { new, .. })) => *new,
            (DataVersionRule::Content, Some(OutputChange::Kind { .. })) => self.on_disk(path),
            (_, Some(_)) => None,
            (DataVersionRule::Content, None) if recorded.is_none() => self.on_disk(path),
            (_, None) => recorded,
        }
    }

    /// The files in a directory that were written after a time, or came there since. What they were then is not known, so a time is all
    /// there is to tell them by; it decides nothing.
    fn newer_files(&self, path: &str, time: Timestamp) -> Vec<String> {
        let files = self.workspace.versions.files_below(path, Counted::Files);
        let is_newer = |path: &String| {
            let found = self.workspace.resolve(path).metadata();
            found.is_ok_and(|it| written(&it).is_some_and(|written| written > time))
        };
        let files = files.unwrap_or_default().into_iter().map(|(path, _)| path);
        files.filter(is_newer).collect()
    }

    /// The version of what is at a path; what cannot be read has none.
    fn on_disk(&self, path: &str) -> Option<DataVersion> {
        self.workspace.versions.of_path(path).ok()?.version()
    }

    fn reads(&self, asset: &Asset) -> Vec<KeyRange> {
        let scope = self.evaluation.scope();
        let (id, partition) = scope.at(self.cell);
        let read = |dep: &Dep| {
            let set = scope.mapped(id, dep, partition.index);
            key_ranges(scope, dep.asset, &set)
        };
        asset.deps.iter().flat_map(read).collect()
    }

    /// The partitions of the whole project that read this one.
    fn feeds(&self) -> Vec<KeyRange> {
        let scope = self.evaluation.scope();
        let (id, partition) = scope.at(self.cell);
        let range = partition.index..partition.index + 1;
        let readers = scope.graph().downstream(id).iter().copied();
        let mut feeds = Vec::new();
        for down in readers.chain([id]) {
            let deps = scope.graph().deps(down).iter();
            let set = deps
                .filter(|dep| dep.asset == id)
                .map(|dep| {
                    dep.mapping
                        .downstream_of(scope.keys(down), scope.keys(id), range.clone())
                })
                .fold(PartitionSet::empty(), |all, set| all.union(&set));
            feeds.extend(key_ranges(scope, down, &set));
        }
        feeds
    }
}
