//! The scheduler, drained without threads.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::engine::scheduler::{Scheduler, State};
use crate::model::{RunId, StepOrdering};
use crate::plan::tests::{World, step_name};
use crate::plan::{Cell, CellDecision, Costs, Scope, Upstream};

/// Drains a scheduler of everything with so many commands at once, and tells how: `+STEP` started, `!STEP` failed.
fn drain(manifest: &str, costs: &[(&str, u64)], fails: &[&str], jobs: usize) -> Vec<String> {
    drain_by(StepOrdering::LongestFirst, (manifest, costs, fails, jobs))
}

fn drain_by(
    ordering: StepOrdering,
    (manifest, costs, fails, jobs): (&str, &[(&str, u64)], &[&str], usize),
) -> Vec<String> {
    let world = World::new(manifest);
    let goals = world.goals(&[]);
    let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
    let cells = scope.cells() as usize;
    let is_asset = |cell: &Cell| scope.graph().asset(scope.at(*cell).0).is_some();
    let decide = |cell: Cell| {
        if is_asset(&cell) {
            CellDecision::Run
        } else {
            CellDecision::Keep
        }
    };
    let decisions: Vec<_> = (0..cells as u32).map(|cell| decide(Cell(cell))).collect();
    let mut of = Costs {
        own: vec![None; cells],
        to_sink: vec![0; cells],
    };
    for cell in (0..cells as u32).map(Cell) {
        let name = step_name(&scope, cell);
        let cost = costs.iter().find(|(step, _)| *step == name);
        of.to_sink[cell.index()] = cost.map_or(0, |(_, cost)| *cost);
    }
    let mut scheduler = Scheduler::new(&scope, &decisions, &of, ordering);
    let mut story = Vec::new();
    let mut running = std::collections::VecDeque::new();
    loop {
        while running.len() < jobs {
            let Some(cell) = scheduler.pop() else { break };
            assert_eq!(scheduler.state(cell), State::Running);
            story.push(format!("+{}", step_name(&scope, cell)));
            running.push_back(cell);
        }
        let Some(cell) = running.pop_front() else {
            break;
        };
        if fails.contains(&step_name(&scope, cell).as_str()) {
            let blocked = scheduler.failed(cell);
            story.extend(blocked.into_iter().map(|(down, up)| {
                format!("!{} by {}", step_name(&scope, down), step_name(&scope, up))
            }));
        } else {
            scheduler.done(cell);
        }
    }
    assert_eq!(scheduler.open(), 0, "all is final");
    assert!(scheduler.unstarted().is_empty() && scheduler.is_idle());
    story
}

const FREE: &str = r#"
[asset.a]
command = "a"

[asset.b]
command = "b"

[asset.c]
command = "c"
"#;

#[test]
fn ready_steps_leave_by_priority_then_cost_then_declaration() {
    assert_eq!(drain(FREE, &[], &[], 1), ["+a", "+b", "+c"]);
    assert_eq!(
        drain(FREE, &[("b", 5), ("c", 9)], &[], 1),
        ["+c", "+b", "+a"]
    );
    let priority = FREE.replace("command = \"b\"", "command = \"b\"\npriority = 1");
    assert_eq!(drain(&priority, &[("c", 9)], &[], 1), ["+b", "+c", "+a"]);
    let negative = FREE.replace("command = \"a\"", "command = \"a\"\npriority = -1");
    assert_eq!(drain(&negative, &[("a", 9)], &[], 1), ["+b", "+c", "+a"]);
}

#[test]
fn steps_can_leave_as_they_are_declared_whatever_waits_for_them() {
    let costs: &[(&str, u64)] = &[("b", 5), ("c", 9)];
    let declared = |manifest: &str| drain_by(StepOrdering::Declared, (manifest, costs, &[], 1));
    assert_eq!(declared(FREE), ["+a", "+b", "+c"]);
    let priority = FREE.replace("command = \"b\"", "command = \"b\"\npriority = 1");
    assert_eq!(declared(&priority), ["+b", "+a", "+c"]);
}

#[test]
fn older_partitions_leave_first_across_assets() {
    let days = "[partitions.day]\ntype = \"daily\"\nstart = \"2020-01-01\"\nend = \"2020-01-03\"\n\
                [asset.a]\npartitions = \"day\"\ncommand = \"a\"\n[asset.b]\npartitions = \"day\"\ncommand = \"b\"\n";
    assert_eq!(
        drain(days, &[], &[], 1),
        [
            "+a@2020-01-01",
            "+b@2020-01-01",
            "+a@2020-01-02",
            "+b@2020-01-02"
        ]
    );
    assert_eq!(
        drain(days, &[("b@2020-01-02", 1)], &[], 1)[0],
        "+b@2020-01-02",
        "cost counts before age"
    );
}

const DIAMOND: &str = r#"
[asset.top]
deps = "./raw"
command = "top"

[asset.left]
deps = "top"
command = "left"

[asset.right]
deps = "top"
command = "right"

[asset.bottom]
deps = ["left", "right", { asset = "top", as = "again" }]
after = "left"
command = "bottom"

[asset.apart]
command = "apart"
"#;

#[test]
fn a_step_waits_for_each_of_its_upstreams_once_for_each_way() {
    for jobs in [1, 2, 8] {
        let story = drain(DIAMOND, &[("top", 9)], &[], jobs);
        let at = |step: &str| story.iter().position(|it| it == step).expect("it ran");
        assert!(at("+top") < at("+left") && at("+top") < at("+right"));
        assert_eq!(at("+bottom"), 4, "{story:?}");
        assert_eq!(
            story,
            drain(DIAMOND, &[("top", 9)], &[], jobs),
            "the same each time"
        );
    }
}

#[test]
fn a_failure_blocks_what_needs_it_once_and_nothing_else() {
    assert_eq!(
        drain(DIAMOND, &[("top", 9)], &["top"], 1),
        [
            "+top",
            "!left by top",
            "!right by top",
            "!bottom by top",
            "+apart"
        ]
    );
    let story = drain(DIAMOND, &[("top", 9)], &["left", "right"], 2);
    let blocked: Vec<_> = story.iter().filter(|it| it.starts_with('!')).collect();
    assert_eq!(
        blocked,
        ["!bottom by left"],
        "of two that fail the first blocks"
    );
}

#[test]
fn earlier_windows_of_an_asset_come_first() {
    let manifest = "[partitions.day]\ntype = \"daily\"\nstart = \"2020-01-01\"\nend = \"2020-01-04\"\n[asset.a]\n\
        partitions = \"day\"\ncommand = \"a\"\n\
        deps = [{ asset = \"a\", as = \"before\", mapping = \"time_window\", start_offset = -1, end_offset = -1 }]\n";
    assert_eq!(
        drain(manifest, &[("a@2020-01-03", 99)], &[], 4),
        ["+a@2020-01-01", "+a@2020-01-02", "+a@2020-01-03"]
    );
    assert_eq!(
        drain(manifest, &[], &["a@2020-01-01"], 4),
        [
            "+a@2020-01-01",
            "!a@2020-01-02 by a@2020-01-01",
            "!a@2020-01-03 by a@2020-01-02"
        ]
    );
}

#[test]
fn neighbours_of_a_batch_leave_in_order_and_can_be_taken_along() {
    let manifest = "[partitions.day]\ntype = \"daily\"\nstart = \"2020-01-01\"\nend = \"2020-01-06\"\n\
        [asset.up]\npartitions = \"day\"\ncommand = \"up\"\n\
        [asset.a]\npartitions = \"day\"\ndeps = \"up\"\nbatch = { max = 3 }\ncommand = \"a\"\n";
    let world = World::new(manifest);
    let goals = world.goals(&[]);
    let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
    let cells = scope.cells() as usize;
    let (up, a) = (|day: u32| Cell(day), |day: u32| Cell(5 + day));
    assert_eq!(step_name(&scope, a(0)), "a@2020-01-01");
    let mut decisions = vec![CellDecision::Keep; cells];
    decisions[up(2).index()] = CellDecision::Run;
    for day in [0, 1, 2, 3] {
        decisions[a(day).index()] = CellDecision::Run;
    }
    let mut costs = Costs {
        own: vec![None; cells],
        to_sink: vec![1; cells],
    };
    costs.to_sink[a(3).index()] = 99;
    costs.to_sink[up(2).index()] = 2;
    let mut scheduler = Scheduler::new(&scope, &decisions, &costs, StepOrdering::default());
    assert_eq!(
        scheduler.pop(),
        Some(up(2)),
        "more urgent than the least urgent"
    );
    assert_eq!(scheduler.pop(), Some(a(0)), "though another costs more");
    assert_eq!(scheduler.ready_neighbour(a(0)), Some(a(1)));
    scheduler.take(a(1));
    assert_eq!(scheduler.ready_neighbour(a(1)), None, "it waits");
    assert_eq!(scheduler.ready_neighbour(a(3)), None, "it is fresh");
    assert_eq!(scheduler.pop(), Some(a(3)));
    scheduler.done(up(2));
    assert_eq!(
        scheduler.pop(),
        Some(a(2)),
        "what was taken does not leave again"
    );
    assert_eq!(scheduler.ready_neighbour(a(2)), None, "it runs");
    assert_eq!(scheduler.pop(), None);
}

#[test]
fn delayed_and_held_steps_leave_when_their_instant_has_come() {
    let world = World::new(&FREE.replace("[asset.c]", "[asset.c]\ndeps = \"a\""));
    let goals = world.goals(&[]);
    let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
    let cells = scope.cells() as usize;
    let costs = Costs {
        own: vec![None; cells],
        to_sink: vec![0; cells],
    };
    let mut scheduler = Scheduler::new(
        &scope,
        &vec![CellDecision::Run; cells],
        &costs,
        StepOrdering::default(),
    );
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let [one, other] = [1, 2].map(|id| RunId(Uuid::from_u128(id)));
    let names = |cells: Vec<Cell>| -> Vec<String> {
        cells.iter().map(|cell| step_name(&scope, *cell)).collect()
    };

    let (a, b) = (scheduler.pop().expect("a"), scheduler.pop().expect("b"));
    scheduler.delay(a, start + 3 * second);
    assert!(scheduler.hold(b, one, start + second), "news");
    assert_eq!(
        [a, b].map(|cell| scheduler.state(cell)),
        [State::Delayed, State::Held]
    );
    assert_eq!(scheduler.wakes_at(), Some(start + second));
    assert!(!scheduler.is_idle() && scheduler.pop().is_none());
    assert_eq!(names(scheduler.unstarted()), ["a", "b", "c"]);

    scheduler.wake(start);
    assert_eq!(scheduler.pop(), None, "nothing is due");
    scheduler.wake(start + second);
    assert_eq!(scheduler.pop(), Some(b));
    assert!(!scheduler.hold(b, one, start + 2 * second), "no news");
    scheduler.wake(start + 2 * second);
    assert_eq!(scheduler.pop(), Some(b));
    assert!(scheduler.hold(b, other, start + 3 * second), "another run");

    scheduler.wake(start + 5 * second);
    assert_eq!(
        scheduler.pop(),
        Some(a),
        "in their order, once both are due"
    );
    assert_eq!([a, b].map(|cell| scheduler.attempt(cell)), [1, 0]);
    assert_eq!(scheduler.pop(), Some(b));
    assert_eq!((scheduler.wakes_at(), scheduler.pop()), (None, None));
    scheduler.done(b);
    assert_eq!(
        names(
            scheduler
                .failed(a)
                .into_iter()
                .map(|(down, _)| down)
                .collect()
        ),
        ["c"]
    );
    assert_eq!(scheduler.open(), 0);
}
