//! `observe`: the versions of sources, as they are now.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::answer::{ObserveReport, ObservedChange, ObservedSource};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::{LockFile, observed_changes};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::{new_run_id, resource_notices};
use crate::app::selection::{Range, select};
use crate::engine::{ResourcePool, observe_sources};
use crate::executor::{Cancel, LocalExecutor};
use crate::look::Observing;
use crate::model::{
    AssetKey, DataVersion, Observation, ObserveRequest, PartitionKey, PartitionSlot, Place,
};
use crate::plan::{Cell, Evaluation, Known, Purpose, Row, Scope, Upstream};
use crate::sys::clock::Clock;
use crate::sys::inherited::cores;

/// What came of observing.
#[derive(Debug)]
pub struct ObserveOutcome {
    /// The versions.
    pub report: ObserveReport,
    /// Why sources have none, in words: what is missing, how an `observe` command failed.
    pub problems: Vec<String>,
    /// What the user should know of the instance.
    pub notices: Vec<Notice>,
}

/// Looks at sources, runs their `observe` commands, and records what is new.
///
/// An observation is compared with the last one that was recorded, by this verb or, of sources that a command observes,
/// by a run. Where there was none, a version counts as changed. What is absent is not recorded.
pub fn observe(
    project: &OpenProject,
    request: &ObserveRequest,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Result<ObserveOutcome, AppError> {
    let lock = LockFile::read(project)?;
    let selection = select(project, &request.selection, Range::Sources)?;
    let mut instance = InstanceAccess::open(project)?;
    let goals = selection.narrowed(project, &mut instance)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Given);
    let time = clock.now();
    let resources = ResourcePool::new(&workspace, new_run_id(time));
    let doors = (&workspace, &resources);
    let answers = observe_sources(doors, &scope, cores(), time, cancel)?;
    resources.tear_down(cancel);
    instance.take_notices(resource_notices(&resources));
    let observing = Observing::Now(&answers);
    let evaluation = instance.evaluate(&workspace, &scope, Purpose::Status, observing)?;
    let mut report = ObserveReport::default();
    let mut problems = Vec::new();
    let mut news = evaluation.observations().to_vec();
    for row in scope.rows() {
        let last = last_versions(&mut instance, scope.graph().key(row.asset))?;
        for cell in row.cells() {
            let found = version(&evaluation, row, cell);
            if evaluation.sources().missing.contains_key(&cell) {
                problems.push(evaluation.obstacle(cell));
            }
            if let Some(version) = found.filter(|_| !is_asked(&scope, cell)) {
                news.push(observation(&scope, cell, version, time));
            }
            let observed = observed(&scope, cell, found, &last);
            report.observations.push(observed);
        }
    }
    if !news.is_empty() {
        instance.make_writable(project)?;
        instance.store.observe(&news)?;
    }
    let changes = observed_changes(&report.observations, lock.lock());
    instance.take_notices(lock.notices());
    lock.change(project, &versions, changes)?;
    project.keep_what_was_learnt();
    report
        .observations
        .sort_by_cached_key(|it| project.graph().find(it.source.as_str()));
    Ok(ObserveOutcome {
        report,
        problems,
        notices: instance.notices,
    })
}

type LastVersions = HashMap<Option<PartitionKey>, DataVersion>;

fn last_versions(
    instance: &mut InstanceAccess,
    source: &AssetKey,
) -> Result<LastVersions, AppError> {
    let observations = instance.read(|store| store.observations(source))?;
    let succeeded = |it: &Observation| it.version != DataVersion::unobserved();
    let versions = observations
        .into_iter()
        .filter(succeeded)
        .map(|it| (it.partition, it.version));
    Ok(versions.collect())
}

/// The version of a source; `None` where nothing is there.
fn version(evaluation: &Evaluation<'_>, row: &Row, cell: Cell) -> Option<DataVersion> {
    let slot = row.versions_of(cell).start;
    match evaluation.facts().versions[slot] {
        Known::Version(version) => Some(version).filter(|it| *it != DataVersion::absent()),
        Known::Absent | Known::Unreadable | Known::Unknown => None,
    }
}

fn observed(
    scope: &Scope<'_>,
    cell: Cell,
    found: Option<DataVersion>,
    last: &LastVersions,
) -> ObservedSource {
    let partition = scope.partition(cell);
    let last = last.get(&partition).copied();
    ObservedSource {
        source: scope.graph().key(scope.at(cell).0).clone(),
        partition,
        data_version: found,
        change: match last {
            _ if last == found => ObservedChange::Same,
            None => ObservedChange::First,
            Some(_) => ObservedChange::Changed,
        },
    }
}

/// Whether a command observes a source: then the engine tells what it answered.
fn is_asked(scope: &Scope<'_>, cell: Cell) -> bool {
    let source = scope.graph().source(scope.at(cell).0);
    source.is_some_and(|source| matches!(source.place, Place::Observed { .. }))
}

fn observation(
    scope: &Scope<'_>,
    cell: Cell,
    version: DataVersion,
    time: Timestamp,
) -> (PartitionSlot, Observation) {
    let (id, partition) = scope.at(cell);
    let observation = Observation {
        source: scope.graph().key(id).clone(),
        partition: scope.partition(cell),
        text: version.to_string(),
        version,
        time,
    };
    (partition.keys.slot(partition.index), observation)
}
