//! What is known of a run before its first step, and what it is asked to be like.

use std::borrow::Cow;
use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;

use crate::answer::{KeyPlaces, KeyRange, PlanCounts, Planned};
use crate::app::plan::{blocked_ranges, expected_duration};
use crate::app::project::OpenProject;
use crate::app::ranges::key_ranges;
use crate::app::run_id::new_run_id;
use crate::engine::RunOptions;
use crate::model::{MaterializeOptions, PartitionSet, SelectionText};
use crate::plan::{Cell, Costs, Decision, Evaluation, Role, Row, Scope};
use crate::sys::inherited::cores;

/// What is to be done.
pub fn planned(
    evaluation: &Evaluation<'_>,
    costs: &Costs,
    jobs: usize,
    elapsed: Duration,
) -> Planned {
    let (scope, decisions) = (evaluation.scope(), evaluation.decisions());
    let is_asset = |row: &&Row| scope.graph().asset(row.asset).is_some();
    let assets: Vec<&Row> = scope.rows().iter().filter(is_asset).collect();
    let fresh = assets
        .iter()
        .flat_map(|row| fresh_ranges(scope, row, &decisions.of));
    Planned {
        counts: PlanCounts {
            run: decisions.run,
            may_run: decisions.may_run,
            fresh: decisions.fresh,
            blocked: decisions.blocked,
        },
        assets: assets.len() as u32,
        partitions: assets.iter().map(|row| row.set.len()).sum(),
        jobs,
        elapsed,
        expected: expected_duration(decisions, costs, jobs),
        fresh: fresh.collect(),
        blocked: blocked_ranges(evaluation),
    }
}

/// What is fresh of an asset.
fn fresh_ranges(scope: &Scope<'_>, row: &Row, decisions: &[Decision]) -> Vec<KeyRange> {
    let is_fresh =
        |cell: Cell| decisions[cell.index()] == Decision::Keep && scope.role(cell) != Role::Given;
    let cells = row.cells().zip(row.set.iter());
    let fresh = cells.filter(|(cell, _)| is_fresh(*cell));
    let fresh: PartitionSet = fresh.map(|(_, index)| index).collect();
    key_ranges(scope, row.asset, &fresh)
}

/// The keys of all assets of which something is to be told.
pub fn places(evaluation: &Evaluation<'_>) -> KeyPlaces {
    let (scope, decisions) = (evaluation.scope(), &evaluation.decisions().of);
    let told = |row: &&Row| {
        let mut cells = row.cells();
        scope.keys(row.asset).is_partitioned()
            && cells.any(|cell| decisions[cell.index()] != Decision::Keep)
    };
    let rows = scope.rows().iter().filter(told);
    rows.map(|row| {
        let key = scope.graph().key(row.asset);
        (key.clone(), scope.keys(row.asset).clone())
    })
    .collect()
}

/// How many commands run at once where nothing was asked for.
pub fn jobs(request: &MaterializeOptions) -> usize {
    request.jobs.map_or_else(cores, NonZero::get)
}

/// What a run is asked to be like.
pub fn options(
    project: &OpenProject,
    request: &MaterializeOptions,
    (planned, time): (Planned, Timestamp),
) -> RunOptions {
    RunOptions {
        run: new_run_id(time),
        jobs: planned.jobs,
        request: request.clone(),
        manifest: project.manifest_digest(),
        selection: typed(&request.selection.assets),
        planned: Box::new(planned),
    }
}

/// Arguments as they can be typed in a shell.
pub fn typed(arguments: &[SelectionText]) -> String {
    let quoted = arguments.iter().map(|argument| {
        let text = argument.as_str();
        shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::answer::{Event, EventKind, Planned};
    use crate::app::materialize::planned::fresh_ranges;
    use crate::digest::Digest;
    use crate::model::RunId;
    use crate::plan::tests::World;
    use crate::plan::{Decision, Scope, Upstream};
    use crate::store::{NewRun, Store};
    use crate::testkit::time;

    #[test]
    fn a_million_fresh_partitions_are_one_row() {
        let world = World::new(
            "[partitions.hour]\ntype = \"hourly\"\nstart = \"1900-01-01T00\"\nend = \"2020-01-01T00\"\n\
             [asset.many]\npartitions = \"hour\"\ncommand = \"many\"\n",
        );
        let goals = world.goals(&[]);
        let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
        let mut decisions = vec![Decision::Keep; scope.cells() as usize];
        assert!(decisions.len() > 1_000_000);
        decisions[500_000] = Decision::Run;
        let fresh = fresh_ranges(&scope, &scope.rows()[0], &decisions);
        let counts: Vec<_> = fresh.iter().map(|range| range.count).collect();
        assert_eq!(counts, [500_000, decisions.len() as u32 - 500_001]);
        let run = RunId(uuid::Uuid::nil());
        let now = time("2024-01-01T00:00:00Z");
        let planned = EventKind::RunPlanned(Box::new(Planned {
            fresh,
            ..Planned::default()
        }));
        let new = NewRun {
            id: run,
            selection: String::new(),
            partitions: String::new(),
            manifest: Digest::from_hex(&"00".repeat(16)).expect("a digest"),
            time: now,
            pid: None,
            events: vec![Event {
                run: Some(run),
                seq: 0,
                time: now,
                kind: planned,
            }],
        };
        let mut store = Store::ephemeral().expect("an instance");
        let _begun = store.begin_run(&new).expect("it begins");
        assert_eq!(store.events(run).expect("readable"), new.events);
    }
}
