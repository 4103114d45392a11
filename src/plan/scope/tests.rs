//! What a selection reaches.

use std::collections::HashSet;

use crate::plan::tests::{World, step_name};
use crate::plan::{Cell, Role, Scope, Upstream};

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-30"
end = "2020-02-03"

[partitions.month]
type = "monthly"
start = "2020-01-01"
end = "2020-04-01"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.clean]
deps = "raw"
partitions = "day"
command = "clean"

[asset.total]
deps = ["clean", { asset = "total", as = "before", mapping = "time_window", start_offset = -1, end_offset = -1 }]
partitions = "day"
command = "total"

[asset.month]
deps = [{ asset = "clean", allow_missing = true }]
partitions = "month"
command = "month"

[asset.first]
command = "first"

[asset.all]
deps = "month"
after = "first"
command = "all"
"#;

/// What words reach, as steps with their roles.
fn reached(words: &[&str], upstream: Upstream) -> Vec<String> {
    reached_in(MANIFEST, words, upstream)
}

fn reached_in(manifest: &str, words: &[&str], upstream: Upstream) -> Vec<String> {
    let world = World::new(manifest);
    let goals = world.goals(words);
    let scope = Scope::new(world.graph(), world.keys(), &goals, upstream);
    let cells = (0..scope.cells()).map(Cell);
    let line = |cell| {
        let role = match scope.role(cell) {
            Role::Selected => "!",
            Role::Needed => "",
            Role::Given => "?",
        };
        format!("{}{role}", step_name(&scope, cell))
    };
    cells.map(line).collect()
}

#[test]
fn a_selection_is_closed_upstream_through_mappings() {
    let table: [(&[&str], &[&str]); 4] = [
        (
            &["clean@2020-01-31"],
            &["raw@2020-01-31", "clean@2020-01-31!"],
        ),
        (
            &["month@2020-02-01"],
            &[
                "raw@2020-02-01",
                "raw@2020-02-02",
                "clean@2020-02-01",
                "clean@2020-02-02",
                "month@2020-02-01!",
            ],
        ),
        (&["first"], &["first!"]),
        (
            &["total@2020-01-31"],
            &[
                "raw@2020-01-30",
                "raw@2020-01-31",
                "clean@2020-01-30",
                "clean@2020-01-31",
                "total@2020-01-30",
                "total@2020-01-31!",
            ],
        ),
    ];
    for (words, steps) in table {
        assert_eq!(reached(words, Upstream::Close), steps, "{words:?}");
    }
    let all = reached(&["all"], Upstream::Close);
    assert_eq!(all.len(), 4 + 4 + 3 + 1 + 1);
    assert!(
        all.contains(&"first".to_owned()),
        "what runs before is reached"
    );
}

#[test]
fn deps_on_itself_lead_on_to_each_other() {
    let end = "end_offset = -1 }";
    let (before_last, three_back) = (
        "start_offset = -2, end_offset = -2 }",
        "start_offset = -3, end_offset = -3 }",
    );
    let two = format!(
        "{before_last}, {{ asset = \"total\", as = \"third\", mapping = \"time_window\", {three_back}"
    );
    let week = MANIFEST.replace("2020-02-03", "2020-02-06");
    for (offsets, days) in [
        (before_last, "2020-01-30 2020-02-01 2020-02-03 2020-02-05!"),
        (
            &two,
            "2020-01-30 2020-01-31 2020-02-01 2020-02-02 2020-02-03 2020-02-05!",
        ),
    ] {
        let manifest = week.replace(&format!("start_offset = -1, {end}"), offsets);
        let steps = reached_in(&manifest, &["total@2020-02-05"], Upstream::Close);
        let totals = steps.iter().filter_map(|step| step.strip_prefix("total@"));
        assert_eq!(totals.collect::<Vec<_>>().join(" "), days, "{offsets}");
    }
}

#[test]
fn only_direct_upstreams_are_given() {
    let table: [(&[&str], &[&str]); 3] = [
        (
            &["month@2020-02-01"],
            &[
                "clean@2020-02-01?",
                "clean@2020-02-02?",
                "month@2020-02-01!",
            ],
        ),
        (
            &["total@2020-01-31"],
            &[
                "clean@2020-01-31?",
                "total@2020-01-30?",
                "total@2020-01-31!",
            ],
        ),
        (
            &["clean@2020-01-31", "total@2020-01-31"],
            &[
                "raw@2020-01-31?",
                "clean@2020-01-31!",
                "total@2020-01-30?",
                "total@2020-01-31!",
            ],
        ),
    ];
    for (words, steps) in table {
        assert_eq!(reached(words, Upstream::Given), steps, "{words:?}");
    }
}

#[test]
fn upstream_and_downstream_cells_are_each_others_inverse() {
    let world = World::new(MANIFEST);
    let goals = world.goals(&[]);
    let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for cell in (0..scope.cells()).map(Cell) {
        scope.upstream_cells(cell, |it| up.push((it, cell)));
        scope.downstream_cells(cell, |it| down.push((cell, it)));
    }
    up.sort_unstable();
    down.sort_unstable();
    assert_eq!(up, down);
    assert!(up.len() > 15);
}

#[test]
fn keys_of_its_own_that_do_not_exist_are_found() {
    let world = World::new(&MANIFEST.replace(", allow_missing = true", ""));
    let found = |words: &[&str]| -> Vec<String> {
        let goals = world.goals(words);
        let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
        let mut cells: Vec<Cell> = scope.lacking_keys().into_iter().collect();
        cells.sort_unstable();
        let told = |cell: &Cell| {
            let partition = scope.partition(*cell).expect("partitioned");
            let found = scope.nonexistent_keys(*cell).expect("it lacks keys");
            format!("{partition}: {}", found.keys.len())
        };
        cells.iter().map(told).collect()
    };
    assert_eq!(
        found(&["month"]),
        ["2020-01-01: 29", "2020-02-01: 27", "2020-03-01: 31"]
    );
    assert_eq!(found(&["total"]), [""; 0], "offsets are clipped");
    assert_eq!(found(&["all"]).len(), 3);
    let goals = world.goals(&["all"]);
    let given = Scope::new(world.graph(), world.keys(), &goals, Upstream::Given);
    assert_eq!(
        given.lacking_keys(),
        HashSet::new(),
        "what is only read does not run"
    );
}

#[test]
fn a_cell_knows_its_row_partition_and_versions() {
    let world = World::new(
        "[asset.a]\ncommand = \"a\"\noutputs = [\"x\", \"y\"]\n[asset.b]\ncommand = \"b\"\n",
    );
    let goals = world.goals(&[]);
    let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
    let versions: Vec<_> = (0..2)
        .map(|cell| scope.row_of_cell(Cell(cell)).versions_of(Cell(cell)))
        .collect();
    assert_eq!(versions, [0..2, 2..3]);
    assert_eq!(scope.versions(), 3);
    assert_eq!(scope.cell(world.id("b"), 0), Some(Cell(1)));
    assert_eq!(scope.cell(world.id("b"), 1), None);
}
