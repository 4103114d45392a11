//! Decisions, costs and the longest chain.

use crate::model::OutputChange;
use crate::plan::tests::{ALL, Asked, World, step_name};
use crate::plan::{
    Cell, CellDecision, Purpose, Upstream, UsualDurations, costs, critical_path, obstacles,
};

const DIAMOND: &str = r#"
[asset.top]
deps = "./raw"
command = "top"

[asset.left]
deps = "top"
command = "left"

[asset.right]
deps = ["top", "./side"]
command = "right"

[asset.bottom]
deps = ["left", "right"]
command = "bottom"
"#;

const RUN: Asked<'static> = Asked {
    words: &[],
    purpose: Purpose::Run,
    upstream: Upstream::Close,
};

/// A change to a world, and what is decided: by step, and run, may run, fresh, blocked.
type Case = (fn(&mut World), [&'static str; 4], [u32; 4]);

#[test]
fn decisions_follow_from_verdicts() {
    use CellDecision::{Blocked, Keep, MayRun, Run};
    let _ = (Blocked, Keep, MayRun, Run);
    let table: [Case; 5] = [
        (
            |_| {},
            ["top Keep", "left Keep", "right Keep", "bottom Keep"],
            [0, 0, 4, 0],
        ),
        (
            |it| it.set("./raw", Some("new")),
            ["top Run", "left MayRun", "right MayRun", "bottom MayRun"],
            [1, 3, 0, 0],
        ),
        (
            |it| it.set("./side", None),
            ["top Keep", "left Keep", "right Blocked", "bottom Blocked"],
            [0, 0, 2, 2],
        ),
        (
            |it| {
                it.set("./raw", Some("new"));
                it.set("./side", None);
            },
            ["top Run", "left MayRun", "right Blocked", "bottom Blocked"],
            [1, 1, 0, 2],
        ),
        (
            |it| {
                it.set("./raw", Some("new"));
                it.changed
                    .insert("left".into(), vec![(0, OutputChange::Missing)]);
                it.fail("right");
            },
            ["top Run", "left Run", "right Run", "bottom MayRun"],
            [3, 1, 0, 0],
        ),
    ];
    for (number, (change, lines, counts)) in table.into_iter().enumerate() {
        let mut world = World::new(DIAMOND);
        world.run();
        change(&mut world);
        let (told, decisions) = world.decisions(&RUN);
        assert_eq!(told, lines, "row {number}");
        let counted = [
            decisions.run,
            decisions.may_run,
            decisions.fresh,
            decisions.blocked,
        ];
        assert_eq!(counted, counts, "row {number}");
    }
}

#[test]
fn obstacles_are_what_is_missing_or_blocked_just_above() {
    let mut world = World::new(DIAMOND);
    world.set("./side", None);
    let (_, decisions) = world.decisions(&RUN);
    world.judged(&RUN, |judge, _| {
        let scope = judge.scope();
        let of = |step: &str| -> Vec<String> {
            let mut cells = (0..scope.cells()).map(Cell);
            let cell = cells
                .find(|cell| step_name(scope, *cell) == step)
                .expect("a cell");
            let found = obstacles(judge, &decisions.of, cell);
            found
                .into_iter()
                .map(|cell| step_name(scope, cell))
                .collect()
        };
        assert_eq!(of("top"), [""; 0]);
        assert_eq!(of("right"), ["./side"]);
        assert_eq!(of("bottom"), ["right"]);
    });
}

#[test]
fn the_cost_of_a_step_is_the_longest_chain_from_it() {
    let mut world = World::new(DIAMOND);
    world.run();
    for (step, duration) in [("top", 5), ("left", 100), ("right", 30), ("bottom", 7)] {
        world.record(step).duration_ms = duration;
    }
    world.set("./raw", Some("new"));
    let (_, decisions) = world.decisions(&RUN);
    world.judged(&RUN, |judge, _| {
        let scope = judge.scope();
        let costs = costs(judge, &decisions.of, &UsualDurations::new());
        let cells = crate::plan::tests::asset_cells(scope);
        let to_sink: Vec<_> = cells
            .iter()
            .map(|cell| (step_name(scope, *cell), costs.to_sink[cell.index()]))
            .collect();
        let expected = [("top", 112), ("left", 107), ("right", 37), ("bottom", 7)];
        assert_eq!(
            to_sink,
            expected.map(|(step, cost)| (step.to_owned(), cost))
        );
        let path = critical_path(scope, &decisions.of, &costs);
        let path: Vec<_> = path
            .into_iter()
            .map(|cell| step_name(scope, cell))
            .collect();
        assert_eq!(path, ["top", "left", "bottom"]);
    });
}

#[test]
fn what_never_ran_costs_what_its_asset_usually_does() {
    let manifest = "[partitions.p]\ntype = \"static\"\nkeys = [\"x\", \"y\", \"z\"]\n\
                    [asset.a]\npartitions = \"p\"\ncommand = \"a\"\n[asset.b]\ncommand = \"b\"\n";
    let mut world = World::new(
        &manifest
            .replace(", \"z\"", "")
            .replace("[asset.b]\ncommand = \"b\"\n", ""),
    );
    world.run();
    world.record("a@x").duration_ms = 10;
    world.record("a@y").duration_ms = 30;
    world.declare(manifest);
    let (_, decisions) = world.decisions(&RUN);
    world.judged(&RUN, |judge, _| {
        let costs = costs(judge, &decisions.of, &UsualDurations::new());
        assert_eq!(costs.own, [Some(10), Some(30), Some(20), None]);
        assert_eq!(costs.to_sink, [0, 0, 20, 1_000]);
    });
}

#[test]
fn an_external_asset_that_is_not_fresh_is_awaited_by_all_that_read_it() {
    let manifest = "[asset.elsewhere]\noutputs = \"e\"\n[asset.reader]\ndeps = \"elsewhere\"\ncommand = \"r\"\n";
    let mut world = World::new(manifest);
    assert_eq!(
        world.decisions(&RUN).0,
        ["elsewhere AwaitsExternal", "reader AwaitsExternal"]
    );
    world.run();
    assert_eq!(world.decisions(&RUN).0, ["elsewhere Keep", "reader Keep"]);
    world
        .changed
        .insert("elsewhere".into(), vec![(0, OutputChange::Missing)]);
    assert_eq!(
        world.decisions(&RUN).0,
        ["elsewhere AwaitsExternal", "reader AwaitsExternal"]
    );
}

#[test]
fn a_status_decides_nothing_of_volatile_assets() {
    let mut world =
        World::new(&DIAMOND.replace("command = \"top\"", "command = \"top\"\nvolatile = true"));
    world.run();
    assert_eq!(world.decisions(&ALL).1.fresh, 4);
    let (told, _) = world.decisions(&RUN);
    assert_eq!(
        told,
        ["top Run", "left MayRun", "right MayRun", "bottom MayRun"]
    );
}
