//! `plan`: what `materialize` would do. The same code path without execution.

use crate::look::{EngineError, Observing, Problems, StoreRecords};
use std::time::Duration;

use crate::answer::{BlockedRange, Decision, MadeElsewhere, PlanCounts, PlanReport, PlanStep};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::jobs::of_job;
use crate::app::materialize::carry_out::jobs;
use crate::app::neighbours::{alike, common, key_range, key_ranges, neighbours};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::{new_run_id, resource_notices};
use crate::app::selection::{Goals, Range, select};
use crate::app::snapshot::{
    FinishedLook, JudgedByInstance, KeptLock, LockLines, ProjectLook, RunDemand, SettledRecords,
};
use crate::app::steps::scope_of;
use crate::engine::{ResourcePool, block_too_long, observe_sources};
use crate::executor::{Cancel, Executor};
use crate::model::{AssetId, Force, Grouping, PartitionSet, PlanOptions, Status};
use crate::plan::{
    CellDecision, Costs, Decisions, Evaluation, Purpose, Role, Row, Upstream, UsualDurations,
    costs, critical_path, duration_of,
};
use crate::store::Store;

/// What `materialize` would do with the same words, and what the user should know of the instance.
pub fn plan(
    project: &OpenProject,
    request: &PlanOptions,
    (executor, cancel): (&dyn Executor, &Cancel),
) -> Result<(PlanReport, Vec<Notice>), AppError> {
    let run = &*of_job(project, &request.run)?;
    let selection = select(project, &run.selection, Range::Assets)?;
    let mut instance = InstanceAccess::open(project)?;
    let is_silent = selection.is_plain();
    let goals = selection.narrowed(project, &mut instance)?;
    let mut look = ProjectLook::of_run(
        (project, &instance.store),
        run,
        &goals,
        RunDemand {
            lock: LockLines::Ignored,
            sees_all: false,
            glanced: None,
        },
    );
    let scope = if look.is_of_all_upstream() {
        look.scope(project, &goals)
    } else {
        scope_of(project, &goals, upstream(run.only), &run.steps)?
    };
    let versions = look.versions(project)?;
    let workspace = project.workspace(&versions, executor);
    let jobs = jobs(project, run);
    let resources = ResourcePool::new(&workspace, new_run_id(project.now()));
    let doors = (&workspace, &resources);
    let answers = observe_sources(doors, &scope, jobs, project.now(), cancel)?;
    resources.tear_down(cancel);
    instance.take_notices(resource_notices(&resources));
    let observing = Observing::Now(&answers);
    let mut evaluation = instance.evaluate_with_lock(
        project,
        &workspace,
        &scope,
        purpose(run.force),
        (observing, &look.take_own_lines()),
    )?;
    refuse_unreadable(&evaluation)?;
    block_too_long(&mut evaluation, &workspace);
    let lock = || project.lock_place().read().ok().flatten();
    let lock = || lock().map(|parsed| parsed.lock);
    instance.look_at_places(&workspace, &mut evaluation, run.occupied, lock)?;
    let settled = look.settled_assets(project);
    let known = settled_durations(project, &instance.store, &settled, &evaluation)?;
    let costs = costs(evaluation.judge(), &evaluation.decisions().of, &known);
    let decisions = evaluation.decisions().clone();
    let path = critical_path(&scope, &decisions.of, &costs);
    let report = PlanReport {
        expected: expected_duration(&decisions, &costs, jobs),
        critical_path: path
            .into_iter()
            .map(|cell| evaluation.step_name(cell))
            .collect(),
        counts: PlanCounts {
            run: decisions.run,
            may_run: decisions.may_run,
            fresh: decisions.fresh + settled.iter().map(|(_, set)| set.len()).sum::<u32>(),
            blocked: decisions.blocked,
        },
        set_aside: evaluation.planned_asides(),
        steps: steps(&mut evaluation, &instance.store, &costs, request.grouping),
    };
    project.keep_what_was_learnt();
    look.keep(&FinishedLook {
        project,
        workspace: &workspace,
        scope: &scope,
        judgement: &JudgedByInstance(&evaluation),
        mark: project.mark().cloned(),
        changes: None,
        lock: KeptLock::Unknown,
        other_lines: Vec::new(),
        is_silent,
    });
    Ok((report, instance.notices))
}

/// How long the commands of settled partitions usually take, by asset and as the sum and number of them: of those assets of
/// which something runs and nothing is known.
pub(super) fn settled_durations(
    project: &OpenProject,
    store: &Store,
    settled: &Goals,
    evaluation: &Evaluation<'_>,
) -> Result<UsualDurations, AppError> {
    let scope = evaluation.scope();
    let is_asked = |id: AssetId| {
        let mut cells = scope.row(id).into_iter().flat_map(Row::cells);
        cells.any(|cell| evaluation.decision(cell).may_run())
    };
    let asked = settled.iter().filter(|(id, _)| is_asked(*id));
    let rest = asked.map(|(id, set)| {
        // Settled partitions that something reads have cells, and are known by them.
        let read = scope.row(*id).map(|row| &row.set);
        (
            *id,
            read.map_or_else(|| set.clone(), |read| set.difference(read)),
        )
    });
    let rest: Goals = rest.collect();
    let records = SettledRecords::read(project, store, &rest)?;
    let mut known = UsualDurations::new();
    for (id, _) in &rest {
        for at in records.of(*id) {
            if let Some(duration) = duration_of(records.columns(), at) {
                let (sum, count) = known.entry(*id).or_default();
                (*sum, *count) = (*sum + duration, *count + 1);
            }
        }
    }
    Ok(known)
}

/// How long all steps usually take with this number of jobs: no less than the longest chain, and no less than all of them
/// shared out; `None` where some step never ran.
pub(super) fn expected_duration(
    decisions: &Decisions,
    costs: &Costs,
    jobs: usize,
) -> Option<Duration> {
    let mut total = 0;
    let mut longest = 0;
    for (index, decision) in decisions.of.iter().enumerate() {
        if matches!(decision, CellDecision::Run | CellDecision::MayRun) {
            total += costs.own[index]?;
            longest = longest.max(costs.to_sink[index]);
        }
    }
    Some(Duration::from_millis(
        longest.max(total / jobs.max(1) as u64),
    ))
}

pub(super) fn upstream(only: bool) -> Upstream {
    if only {
        Upstream::Given
    } else {
        Upstream::Close
    }
}

pub(super) fn purpose(force: Force) -> Purpose {
    match force {
        Force::WhenStale => Purpose::Run,
        Force::Selected | Force::FullRefresh => Purpose::Force,
    }
}

/// With `--only`, everything that is read must be there as it was recorded.
pub(super) fn refuse_unreadable(evaluation: &Evaluation<'_>) -> Result<(), AppError> {
    let scope = evaluation.scope();
    let facts = evaluation.facts();
    let mut problems = Problems::default();
    for row in scope
        .rows()
        .iter()
        .filter(|row| !scope.graph().is_source(row.asset))
    {
        for cell in row.cells().filter(|cell| scope.role(*cell) == Role::Given) {
            let reason = match facts.recorded.materialized(cell.index()) {
                None if evaluation.locked().elsewhere.contains_key(&cell) => {
                    "it is in Assets.lock, but its outputs are not here"
                }
                None => "it was never materialized",
                Some(_) if facts.changed_outputs.contains_key(&cell) => {
                    "its outputs differ from the record"
                }
                Some(_) => continue,
            };
            let step = evaluation.step_name(cell);
            problems.push(EngineError::UnreadableUpstream {
                step,
                reason: reason.to_owned(),
            });
        }
    }
    Ok(problems.into_result(())?)
}

/// What cannot run.
pub(super) fn blocked_ranges(evaluation: &Evaluation<'_>) -> Vec<BlockedRange> {
    if evaluation.decisions().blocked == 0 {
        return Vec::new();
    }
    let scope = evaluation.scope();
    let mut ranges = Vec::new();
    for row in scope.rows() {
        let hindered = row.cells().zip(row.set.iter()).filter_map(|(cell, index)| {
            let decision = evaluation.decision(cell);
            let reason = || (index, evaluation.why_blocked(cell));
            decision.is_hindered().then(reason)
        });
        // Two are alike if they are about the same asset or source, whatever its key.
        for (range, reason) in neighbours(hindered, |one, other| about(one) == about(other)) {
            let keys = key_range(scope, row.asset, &range);
            let reason = of_several(reason, keys.count);
            ranges.push(BlockedRange { keys, reason });
        }
    }
    ranges
}

/// The asset or source that a reason for which something is blocked is about, whatever its key.
pub(super) fn about(reason: &str) -> &str {
    reason.split(['@', ':', ' ']).next().unwrap_or(reason)
}

/// A reason of the first of some partitions, told of all of them.
pub(super) fn of_several(mut reason: String, count: u32) -> String {
    if count > 1 {
        reason.push_str(", and so on");
    }
    reason
}

fn steps(
    evaluation: &mut Evaluation<'_>,
    store: &Store,
    costs: &Costs,
    grouping: Grouping,
) -> Vec<PlanStep> {
    let scope = evaluation.scope();
    let mut steps = Vec::new();
    for row in scope.rows() {
        let each = row.cells().zip(row.set.iter()).filter_map(|(cell, index)| {
            let decision = match evaluation.decision(cell) {
                CellDecision::Keep => return None,
                CellDecision::Run => Decision::Run,
                CellDecision::MayRun => Decision::MayRun,
                CellDecision::Blocked | CellDecision::AwaitsExternal => Decision::Blocked {
                    reason: evaluation.why_blocked(cell),
                },
            };
            let causes = evaluation.causes(&StoreRecords(store), cell);
            let elsewhere = match evaluation.status(cell) {
                Status::Locked if causes.is_empty() => MadeElsewhere::Locked,
                Status::Unverifiable if causes.is_empty() => MadeElsewhere::Unverifiable,
                _ => MadeElsewhere::No,
            };
            Some((index, (decision, elsewhere, causes)))
        });
        let groups = neighbours(each, |(decision, elsewhere, causes), next| {
            let joins = grouping == Grouping::Ranges
                && (&*decision, &*elsewhere) == (&next.0, &next.1)
                && alike(causes, &next.2);
            if joins && *causes != next.2 {
                *causes = common(causes, &next.2);
            }
            joins
        });
        for (range, (decision, elsewhere, causes)) in groups {
            let cells = range.clone().filter_map(|index| row.cell(index));
            let expected: Option<u64> = cells.map(|cell| costs.own[cell.index()]).sum();
            steps.push(PlanStep {
                keys: key_range(scope, row.asset, &range),
                decision,
                causes,
                elsewhere,
                expected: expected.map(Duration::from_millis),
                needs: needs(evaluation, row, &range),
            });
        }
    }
    steps
}

/// The upstream steps of the plan that partitions of one asset wait for.
fn needs(
    evaluation: &Evaluation<'_>,
    row: &Row,
    range: &std::ops::Range<u32>,
) -> Vec<crate::answer::KeyRange> {
    let scope = evaluation.scope();
    let decisions = &evaluation.decisions().of;
    let mut needs = Vec::new();
    let mut ups = scope.graph().upstream(row.asset).to_vec();
    ups.dedup();
    for up in ups {
        let Some(up_row) = scope.row(up) else {
            continue;
        };
        let mut set = PartitionSet::empty();
        for dep in scope
            .graph()
            .deps(row.asset)
            .iter()
            .filter(|dep| dep.asset == up)
        {
            let mapped =
                dep.mapping
                    .upstream_of(scope.keys(row.asset), scope.keys(up), range.clone());
            set = set.union(&mapped);
        }
        let runs: PartitionSet = set
            .iter()
            .filter(|index| {
                up_row
                    .cell(*index)
                    .is_some_and(|cell| decisions[cell.index()] != CellDecision::Keep)
            })
            .collect();
        needs.extend(key_ranges(scope, up, &runs));
    }
    needs
}
