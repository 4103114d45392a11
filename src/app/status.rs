//! `status`: what is fresh and what is not.

use std::collections::HashMap;
use std::ops;
use std::rc::Rc;

use crate::answer::{
    AssetStatus, DeclarationKind, PartitionRun, RunningPartition, StatusCounts, StatusReport,
};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::neighbours::{alike, common, neighbours};
use crate::app::notice::Notice;
use crate::app::plan::{about, of_several};
use crate::app::project::OpenProject;
use crate::app::running::running;
use crate::app::selection::{Goals, Range, is_without_keys, select};
use crate::app::snapshot::{
    FinishedLook, JudgedByInstance, KeptLock, LockLines, LookBasis, ProjectLook, SettledRecords,
};
use crate::executor::LocalExecutor;
use crate::look::{Observing, StoreRecords};
use crate::model::{
    AssetGraph, AssetId, Cause, CodeVersion, CurrentColumns, CurrentRef, Evidence, Grouping,
    LastAttempt, MaterializationId, PartitionSet, Provenance, Status, StatusOptions,
};
use crate::plan::{Cell, Evaluation, Known, Purpose, Row, Scope, Upstream};
use crate::store::Store;

/// The status of what was selected, and what the user should know of the instance.
pub fn status(
    project: &OpenProject,
    request: &StatusOptions,
) -> Result<(StatusReport, Vec<Notice>), AppError> {
    let range = if request.sources {
        Range::All
    } else {
        Range::AssetsAndNamed
    };
    let selection = select(project, &request.selection, range)?;
    if selection.is_empty() {
        // Hooks ask on each commit, also where there is nothing to ask about.
        return Ok((
            StatusReport::of_nothing(project.now(), request.evidence),
            selection.into_notices(),
        ));
    }
    let mut instance = InstanceAccess::open(project)?;
    let selected: Vec<AssetId> = selection.assets().collect();
    let is_silent = selection.is_plain();
    let goals = selection.narrowed(project, &mut instance)?;
    let mut assets = match request.evidence {
        Evidence::Recorded => recorded(project, request, &goals, &instance)?,
        Evidence::Files | Evidence::Inputs => {
            judged(project, request, (&goals, is_silent), &mut instance)?
        }
    };
    for id in selected {
        if is_without_keys(project, id) {
            let counts = StatusCounts::default();
            assets.push(asset_status(project.graph(), id, counts, Vec::new(), None));
        }
    }
    let mut running_of: HashMap<AssetId, Vec<RunningPartition>> = HashMap::new();
    for ((id, index), partition) in running(project, &mut instance)? {
        let mut goals = goals.iter();
        if goals.any(|(goal, set)| *goal == id && set.contains(index)) {
            running_of.entry(id).or_default().push(partition);
        }
    }
    if !running_of.is_empty() {
        for asset in &mut assets {
            let id = project.graph().find(asset.key.as_str());
            let running = id.and_then(|id| running_of.remove(&id));
            asset.running = running.unwrap_or_default();
        }
    }
    let place = |asset: &AssetStatus| project.graph().find(asset.key.as_str());
    let order: HashMap<AssetId, usize> = project.graph().order().iter().copied().zip(0..).collect();
    assets.sort_by_cached_key(|asset| place(asset).and_then(|id| order.get(&id)).copied());
    project.keep_what_was_learnt();
    let mut summary = StatusCounts::default();
    for asset in assets
        .iter()
        .filter(|asset| asset.kind == DeclarationKind::Asset)
    {
        for status in STATUSES {
            summary.add(status, asset.counts.of(status));
        }
    }
    let report = StatusReport {
        now: project.now(),
        assets,
        summary,
        evidence: request.evidence,
    };
    Ok((report, instance.notices))
}

/// The status by records alone. Nothing is recorded of sources: they are looked at.
fn recorded(
    project: &OpenProject,
    request: &StatusOptions,
    goals: &Goals,
    instance: &InstanceAccess,
) -> Result<Vec<AssetStatus>, AppError> {
    let scope = Scope::new(project.graph(), project.keys(), goals, Upstream::Given);
    let rows = scope
        .asset_rows()
        .filter(|(row, _)| !row.selected.is_empty());
    let status = |row| recorded_status(&scope, row, &instance.store, request.grouping);
    rows.map(|(row, _)| status(row)).collect()
}

/// The status by what is found now, and by records.
fn judged(
    project: &OpenProject,
    request: &StatusOptions,
    (goals, is_silent): (&Goals, bool),
    instance: &mut InstanceAccess,
) -> Result<Vec<AssetStatus>, AppError> {
    let mut look = if request.evidence == Evidence::Files {
        let basis = LookBasis::Instance(&instance.store);
        ProjectLook::begin(project, goals, basis, LockLines::Ignored)
    } else {
        ProjectLook::without()
    };
    let versions = look.versions(project)?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let scope = look.scope(project, goals);
    let settled = look.settled_goals(project, goals);
    let records = SettledRecords::read(project, &instance.store, &settled)?;
    let mut evaluation = instance.evaluate_with_lock(
        project,
        &workspace,
        &scope,
        Purpose::Status,
        (Observing::Last, &look.take_own_lines()),
    )?;
    if request.evidence == Evidence::Inputs {
        evaluation.ignore_outputs(&StoreRecords(&instance.store));
    }
    let mut assets = Vec::with_capacity(goals.len());
    for (id, set) in goals.iter().filter(|(_, set)| !set.is_empty()) {
        let of_settled = records.of(*id).map(|at| time(records.columns(), at)).max();
        let asked = (*id, set, of_settled.flatten());
        let store = &instance.store;
        assets.push(judged_status(
            &mut evaluation,
            asked,
            store,
            request.grouping,
        ));
    }
    let finished = FinishedLook {
        project,
        workspace: &workspace,
        scope: &scope,
        judgement: &JudgedByInstance(&evaluation),
        mark: project.mark().cloned(),
        changes: None,
        lock: KeptLock::Unknown,
        other_lines: Vec::new(),
        is_silent,
    };
    look.keep(&finished);
    Ok(assets)
}

/// Causes that several partitions may share.
type Causes = Rc<[Cause]>;

const STATUSES: [Status; 8] = [
    Status::Fresh,
    Status::Stale,
    Status::Missing,
    Status::Locked,
    Status::Unverifiable,
    Status::Pending,
    Status::Failed,
    Status::Blocked,
];

/// The status of selected partitions of an asset or source. Those that have no cell, or are read as they are, are settled; of
/// these the newest materialization is given.
fn judged_status(
    evaluation: &mut Evaluation<'_>,
    (id, set, of_settled): (AssetId, &PartitionSet, Option<jiff::Timestamp>),
    store: &Store,
    grouping: Grouping,
) -> AssetStatus {
    let scope = evaluation.scope();
    let is_source = scope.graph().is_source(id);
    let row = scope.row(id);
    let mut last = of_settled;
    let none = Causes::default();
    // A change of code mostly concerns all partitions alike: then it is told without a look at each one's record.
    let mut of_code: Vec<(CodeVersion, Causes)> = Vec::new();
    let told = |index: u32| {
        let judged = row.and_then(|row| Some((row, row.cell(index)?)));
        let Some((row, cell)) = judged.filter(|(row, cell)| !row.is_settled(*cell)) else {
            return (Status::Fresh, Rc::clone(&none), None);
        };
        let status = if is_source {
            source_status(evaluation, row, cell)
        } else {
            last = last.max(time(&evaluation.facts().recorded, cell.index()));
            evaluation.status(cell)
        };
        let blocked = (status == Status::Blocked).then(|| evaluation.why_blocked(cell));
        if is_source || is_without_cause(status) {
            return (status, Rc::clone(&none), blocked);
        }
        let recorded = evaluation.recorded(cell);
        let code = recorded.map(|last| last.code_version);
        let code = code.filter(|_| status == Status::Stale);
        let code = code.filter(|_| evaluation.judge_mut().differs_only_in_code(cell));
        let known = code.and_then(|code| of_code.iter().find(|(known, _)| *known == code));
        if let Some((_, causes)) = known {
            return (status, Rc::clone(causes), blocked);
        }
        let causes = Causes::from(evaluation.causes(&StoreRecords(store), cell));
        of_code.extend(code.map(|code| (code, Rc::clone(&causes))));
        (status, causes, blocked)
    };
    let (counts, mut runs) = partition_runs(scope, id, set, grouping, told);
    if let Some(row) = row {
        for (range, run) in &mut runs {
            name_recording_run(&mut run.causes, range, row, evaluation, store);
        }
    }
    let partitions = runs.into_iter().map(|(_, run)| run).collect();
    asset_status(scope.graph(), id, counts, partitions, last)
}

/// Names the run that recorded the old values of some neighbours, where that is one run for all of them: their causes are
/// those of one of them.
fn name_recording_run(
    causes: &mut [Cause],
    range: &ops::Range<u32>,
    row: &Row,
    evaluation: &Evaluation<'_>,
    store: &Store,
) {
    let is_named = |cause: &&mut Cause| match cause {
        Cause::Code(change) => change.recorded_by.is_some(),
        _ => false,
    };
    let mut named = causes.iter_mut().filter(is_named).peekable();
    if named.peek().is_none() {
        return;
    }
    let cells = range.clone().filter_map(|index| row.cell(index));
    let ids: Option<Vec<MaterializationId>> = cells
        .map(|cell| evaluation.provenance(cell)?.recorded())
        .collect();
    let ids = ids.unwrap_or_default();
    let bounds = ids.iter().min().zip(ids.iter().max());
    let run = bounds.and_then(|(first, last)| store.recording_run(*first..=*last).ok()?);
    for cause in named {
        if let Cause::Code(change) = cause {
            change.recorded_by.clone_from(&run);
        }
    }
}

fn is_without_cause(status: Status) -> bool {
    let without = [
        Status::Fresh,
        Status::Missing,
        Status::Locked,
        Status::Unverifiable,
    ];
    without.contains(&status)
}

/// A source is fresh where its data is there, blocked where that cannot be read, else missing.
fn source_status(evaluation: &Evaluation<'_>, row: &Row, cell: Cell) -> Status {
    match evaluation.facts().versions[row.versions_of(cell)][0] {
        Known::Version(_) => Status::Fresh,
        Known::Unreadable => Status::Blocked,
        Known::Absent | Known::Unknown => Status::Missing,
    }
}

/// The status by records alone: whether there is a materialization, and whether the last attempt failed.
fn recorded_status(
    scope: &Scope<'_>,
    row: &Row,
    store: &Store,
    grouping: Grouping,
) -> Result<AssetStatus, AppError> {
    let (key, keys) = (scope.graph().key(row.asset), scope.keys(row.asset));
    let recorded = store.current_of(key, keys, &row.selected)?;
    let (none, failed): (Causes, Causes) = (Rc::default(), Rc::new([Cause::FailedBefore]));
    let mut cells = 0..recorded.len();
    let mut last = None;
    let told = |_| {
        let cell = cells.next().expect("each partition of the set has a cell");
        last = last.max(time(&recorded, cell));
        let status = match recorded.get(cell) {
            Some(CurrentRef {
                attempt: LastAttempt::Failed,
                ..
            }) => Status::Failed,
            Some(CurrentRef {
                materialized: Some(_),
                ..
            }) => Status::Fresh,
            _ => Status::Missing,
        };
        let is_failed = status == Status::Failed;
        let causes = Rc::clone(if is_failed { &failed } else { &none });
        (status, causes, None)
    };
    let (counts, runs) = partition_runs(scope, row.asset, &row.selected, grouping, told);
    let partitions = runs.into_iter().map(|(_, run)| run).collect();
    Ok(asset_status(
        scope.graph(),
        row.asset,
        counts,
        partitions,
        last,
    ))
}

/// When a cell was last materialized; of what only the lock file knows, nobody can say.
fn time(recorded: &CurrentColumns, at: usize) -> Option<jiff::Timestamp> {
    let last = recorded.materialized(at);
    let last = last.filter(|last| last.provenance != Provenance::Locked)?;
    Some(last.time)
}

fn asset_status(
    graph: &AssetGraph,
    asset: AssetId,
    counts: StatusCounts,
    partitions: Vec<PartitionRun>,
    last: Option<jiff::Timestamp>,
) -> AssetStatus {
    let kind = if graph.is_source(asset) {
        DeclarationKind::Source
    } else {
        DeclarationKind::Asset
    };
    AssetStatus {
        key: graph.key(asset).clone(),
        kind,
        counts,
        partitions,
        last,
        running: Vec::new(),
    }
}

/// Neighbours of equal status and like causes as one, with how many partitions have which status.
fn partition_runs(
    scope: &Scope<'_>,
    asset: AssetId,
    set: &PartitionSet,
    grouping: Grouping,
    mut told: impl FnMut(u32) -> (Status, Causes, Option<String>),
) -> (StatusCounts, Vec<(ops::Range<u32>, PartitionRun)>) {
    let keys = scope.keys(asset);
    let mut counts = StatusCounts::default();
    let each = set.iter().map(|index| (index, told(index)));
    let each = each.inspect(|(_, (status, ..))| counts.add(*status, 1));
    let runs = neighbours(each, |(status, causes, blocked), next| {
        let is_same = Rc::ptr_eq(causes, &next.1);
        let joins = grouping == Grouping::Ranges
            && *status == next.0
            && (is_same || alike(causes, &next.1))
            && blocked.as_deref().map(about) == next.2.as_deref().map(about);
        if joins && !is_same && *causes != next.1 {
            *causes = common(causes, &next.1).into();
        }
        joins
    });
    let run =
        |(range, (status, causes, blocked)): (ops::Range<u32>, (_, Causes, Option<String>))| {
            let count = range.end - range.start;
            let run = PartitionRun {
                first: keys.key(range.start),
                last: keys.key(range.end - 1),
                count,
                status,
                causes: causes.to_vec(),
                blocked: blocked.map(|reason| of_several(reason, count)),
            };
            (range, run)
        };
    let runs = runs.into_iter().map(run).collect();
    (counts, runs)
}
