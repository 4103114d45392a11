//! A lock file against the instance that it was written from.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::digest::Digest;
use crate::lock::{FoldLimits, LockFacts, LockJudge, LockStatus, refold};
use crate::model::{
    Cause, CodePrefix, Lock, LockLine, LockedAsset, LockedOutput, OutputChange, PartitionKey,
};
use crate::plan::tests::{ALL, World, asset_cells, step_name};
use crate::plan::{Cell, Scope, Upstream};
use crate::testkit;

const SHOP: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-13"

[partitions.week]
type = "weekly"
start = "2020-01-05"
end = "2020-01-19"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.clean]
deps = ["raw", "./settings"]
partitions = "day"
command = "clean"
outputs = { good = "good/{{partition}}", bad = "bad/{{partition}}" }

[asset.total]
deps = ["clean.good", { asset = "total", as = "before", mapping = "time_window", start_offset = -1, end_offset = -1 }]
partitions = "day"
command = "total"

[asset.week]
deps = [{ asset = "clean", allow_missing = true }]
partitions = "week"
command = "week"

[asset.all]
deps = ["total", "clean.bad"]
command = "all"
"#;

/// What a lock file says, as `STEP STATUS`, upstream first.
fn said(world: &World, lock: &Lock) -> Vec<String> {
    world.with_everything(|scope, facts, changed| {
        let mut judge = LockJudge::new(scope, lock, facts);
        judge.judge_lines(&|_, _| false);
        let verdicts = judge.verdicts(changed);
        let word = |cell: Cell| match verdicts[cell.index()] {
            LockStatus::Fresh => "fresh",
            LockStatus::Stale => "stale",
            LockStatus::MaybeStale => "perhaps",
            LockStatus::Missing => "missing",
            LockStatus::Due => "due",
            LockStatus::Pending => "pending",
            LockStatus::Unverifiable => "unverifiable",
        };
        let cells = asset_cells(scope).into_iter();
        cells
            .map(|cell| format!("{} {}", step_name(scope, cell), word(cell)))
            .collect()
    })
}

/// What is not fresh.
fn unfresh(said: Vec<String>) -> Vec<String> {
    said.into_iter()
        .filter(|line| !line.ends_with(" fresh"))
        .collect()
}

/// The first few that are not fresh: there may be very many.
fn first_unfresh(world: &World, lock: &Lock) -> Vec<String> {
    let mut found = unfresh(said(world, lock));
    found.truncate(5);
    found
}

fn in_order(mut lock: Lock) -> Lock {
    for locked in &mut lock.assets {
        locked.lines.sort_by(|a, b| a.partition.cmp(&b.partition));
        locked.blocks.sort_by(|a, b| a.first.cmp(&b.first));
    }
    lock
}

fn made() -> World {
    let mut world = World::new(SHOP);
    world.run();
    world
}

fn line<'l>(lock: &'l mut Lock, asset: &str, key: &str) -> &'l mut LockLine {
    let is = |line: &&mut LockLine| line.partition.as_ref().map(PartitionKey::as_str) == Some(key);
    let locked = lock.assets.iter_mut().find(|it| it.asset.as_str() == asset);
    locked
        .expect("it is locked")
        .lines
        .iter_mut()
        .find(is)
        .expect("it has a line")
}

#[test]
fn each_change_is_found_where_it_is() {
    type Case = (
        &'static str,
        fn(&mut World, &mut Lock),
        &'static [&'static str],
    );
    let table: [Case; 8] = [
        ("nothing", |_, _| {}, &[]),
        (
            "a source of one key",
            |world, _| world.set("raw@2020-01-12", Some("new")),
            &[
                "clean@2020-01-12 stale",
                "total@2020-01-12 pending",
                "week@2020-01-12 pending",
                "all pending",
            ],
        ),
        (
            "the code of one asset",
            |world, _| {
                world.declare(&SHOP.replace("\"week\"\n\n[asset.all]", "\"week2\"\n\n[asset.all]"));
            },
            &["week@2020-01-05 stale", "week@2020-01-12 stale"],
        ),
        (
            "an altered output",
            |world, _| {
                let missing = vec![(0, OutputChange::Missing)];
                world.changed.insert("all".into(), missing);
            },
            &["all stale"],
        ),
        (
            "an edited fingerprint",
            |_, lock| line(lock, "total", "2020-01-12").fingerprint.0 = Digest::from_bytes([7; 16]),
            &["total@2020-01-12 stale", "all pending"],
        ),
        (
            "an edited output",
            |_, lock| line(lock, "total", "2020-01-12").outputs[0].version = None,
            &["all stale"],
        ),
        (
            "another rule",
            |_, lock| {
                lock.rule = 0;
                lock.assets.retain(|it| it.asset.as_str() == "all");
            },
            &[],
        ),
        (
            "a line that is gone",
            |_, lock| lock.assets.retain(|it| it.asset.as_str() != "week"),
            &["week@2020-01-05 missing", "week@2020-01-12 missing"],
        ),
    ];
    for (name, change, expected) in table {
        let mut world = made();
        let mut lock = world.lock();
        change(&mut world, &mut lock);
        let found = unfresh(said(&world, &lock));
        if name == "another rule" {
            assert!(
                found.contains(&"all pending".to_owned())
                    || found.contains(&"all stale".to_owned()),
                "{found:?}"
            );
            continue;
        }
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn windows_after_the_newest_line_are_due_and_read_by_nobody() {
    let world = made();
    let mut lock = world.lock();
    for locked in &mut lock.assets {
        locked.lines.retain(|line| {
            let key = line.partition.as_ref().map_or("", PartitionKey::as_str);
            key < "2020-01-11" || locked.asset.as_str() == "week"
        });
    }
    let found = unfresh(said(&world, &lock));
    let due: Vec<_> = found.iter().filter(|it| it.ends_with(" due")).collect();
    assert_eq!(due.len(), 4, "two days of two assets: {found:?}");
}

#[test]
fn of_two_lines_the_right_one_counts() {
    let mut world = made();
    let mut lock = world.lock();
    world.set("raw@2020-01-03", Some("other"));
    world.run();
    let other = world.lock();
    for (ours, theirs) in lock.assets.iter_mut().zip(other.assets) {
        for theirs in theirs.lines {
            if !ours.lines.contains(&theirs) {
                ours.lines.push(theirs);
            }
        }
    }
    assert_eq!(unfresh(said(&world, &lock)), [""; 0], "theirs");
    world.set("raw@2020-01-03", Some("raw@2020-01-03"));
    assert_eq!(unfresh(said(&world, &lock)), [""; 0], "ours");
    world.set("raw@2020-01-03", Some("neither"));
    assert!(said(&world, &lock).contains(&"clean@2020-01-03 stale".to_owned()));
}

#[test]
fn causes_follow_one_way_where_there_are_more_than_can_be_counted() {
    use std::fmt::Write;

    let mut ladder = "[source.raw]\npath = \"raw\"\n".to_owned();
    for rung in 0..60 {
        let deps = match rung {
            0 => "\"raw\"".to_owned(),
            _ => format!("\"a{0}\", \"b{0}\"", rung - 1),
        };
        for side in ["a", "b"] {
            write!(
                ladder,
                "[asset.{side}{rung}]\ndeps = [{deps}]\ncommand = \"{side}\"\n"
            )
            .expect("a String takes everything");
        }
    }
    let mut world = World::new(&ladder);
    world.run();
    let lock = world.lock();
    world.set("raw", Some("new"));
    let causes = world.with_everything(|scope, facts, changed| {
        let mut judge = LockJudge::new(scope, &lock, facts);
        judge.judge_lines(&|_, _| false);
        let verdicts = judge.verdicts(changed);
        let last = asset_cells(scope).pop().expect("there are assets");
        judge.causes(&verdicts, changed, &|_| None, last)
    });
    assert_eq!(causes.len(), 2, "both sides of the last rung but one");
    let mut depth = 0;
    let mut at = causes.as_slice();
    while let Some(Cause::Data(change)) = at.first() {
        assert!(at.len() == 1 || depth == 0, "one way");
        at = &change.root;
        depth += 1;
    }
    assert!(depth > 40, "{depth}");
}

/// What may happen to a project between two looks.
#[derive(Clone, Debug)]
enum Edit {
    Source(u32, Option<u8>),
    Settings(u8),
    Command(&'static str, u8),
    Output(u32),
    Run,
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..12_u32, proptest::option::weighted(0.9, 0..3_u8)).prop_map(|(day, to)| Edit::Source(day, to)),
        1 => (0..2_u8).prop_map(Edit::Settings),
        2 => (prop_oneof![Just("clean"), Just("total"), Just("week"), Just("all")], 0..2_u8)
            .prop_map(|(asset, to)| Edit::Command(asset, to)),
        1 => (0..12_u32).prop_map(Edit::Output),
        1 => Just(Edit::Run),
    ]
}

fn apply(world: &mut World, commands: &mut BTreeMap<&'static str, u8>, edit: &Edit) {
    match edit {
        Edit::Source(day, to) => {
            let source = format!("raw@2020-01-{:02}", day + 1);
            world.set(&source, to.map(|to| format!("{to}")).as_deref());
        }
        Edit::Settings(to) => world.set("./settings", Some(&to.to_string())),
        Edit::Command(asset, to) => {
            commands.insert(asset, *to);
            let mut manifest = SHOP.to_owned();
            for (asset, to) in commands {
                let command = format!("command = \"{asset}\"");
                manifest = manifest.replace(&command, &format!("command = \"{asset}{to}\""));
            }
            world.declare(&manifest);
        }
        Edit::Output(day) => {
            let step = format!("clean@2020-01-{:02}", day + 1);
            world.changed.insert(step, vec![(1, OutputChange::Missing)]);
        }
        Edit::Run => world.run(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// The lock of an instance says what the instance says.
    #[test]
    fn the_lock_says_what_the_instance_says(edits in proptest::collection::vec(any_edit(), 0..12)) {
        let mut world = made();
        let mut commands = BTreeMap::new();
        for edit in &edits {
            apply(&mut world, &mut commands, edit);
            prop_assert_eq!(said(&world, &world.lock()), world.statuses(&ALL), "{:?}", edit);
        }
    }

}

proptest! {
    // Each case makes some years of days.
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// A folded lock never takes for fresh what is not, and all for fresh right after it was written.
    #[test]
    fn a_folded_lock_is_cautious(edits in proptest::collection::vec(any_edit(), 0..6)) {
        let mut world = World::new(&years());
        world.run();
        let lock = folded(&world, world.lock());
        let blocks: usize = lock.assets.iter().map(|it| it.blocks.len()).sum();
        prop_assert!(blocks >= 4, "{} blocks", blocks);
        prop_assert_eq!(first_unfresh(&world, &lock), Vec::<String>::new());
        for edit in &edits {
            if !matches!(edit, Edit::Command(..) | Edit::Run) {
                apply(&mut world, &mut BTreeMap::new(), edit);
            }
        }
        let by_instance = world.statuses(&ALL);
        for (by_lock, by_instance) in said(&world, &lock).iter().zip(&by_instance) {
            if by_lock.ends_with(" fresh") {
                prop_assert_eq!(by_lock, by_instance);
            }
        }
    }
}

/// The shop over some years, whose days are several blocks.
fn years() -> String {
    SHOP.replace("end = \"2020-01-13\"", "end = \"2021-12-01\"")
        .replace("end = \"2020-01-19\"", "end = \"2021-11-28\"")
}

fn folded(world: &World, mut lock: Lock) -> Lock {
    let limits = FoldLimits {
        all_lines: 20,
        newest: 30,
    };
    world.with_everything(|scope, facts, _| {
        refold(&mut lock, scope, &facts, &|_, _| None, limits);
    });
    lock
}

#[test]
fn one_changed_key_of_a_block_makes_no_other_block_doubtful() {
    let mut world = World::new(&years());
    world.run();
    let lock = folded(&world, world.lock());
    world.set("raw@2020-03-01", Some("new"));
    let found = said(&world, &lock);
    let doubtful: Vec<_> = found
        .iter()
        .filter(|it| it.starts_with("clean@") && it.ends_with(" perhaps"))
        .collect();
    assert!(doubtful.iter().any(|it| it.starts_with("clean@2020-03-01")));
    assert!(doubtful.len() < 700, "{}", doubtful.len());
    assert!(found.contains(&"clean@2021-11-01 fresh".to_owned()));
}

#[test]
fn wrong_blocks_are_unfolded_where_their_lines_are_known() {
    let mut world = World::new(&years());
    world.run();
    let before = world.lock();
    let mut lock = folded(&world, before.clone());
    world.set("raw@2021-10-05", Some("new"));
    world.set("raw@2020-03-01", Some("new"));
    world.run();
    let known = world.lock();
    let limits = FoldLimits {
        all_lines: 20,
        newest: 30,
    };
    let (known, before) = (known.by_asset(), before.by_asset());
    world.with_everything(|scope: &Scope<'_>, facts: LockFacts, _| {
        let unfold = |id, range: std::ops::Range<u32>| {
            let asset = known.get(scope.graph().key(id))?;
            let keys = scope.keys(id);
            let is_in = |line: &&LockLine| {
                let index = keys.index_of(line.partition.as_ref().map_or("", PartitionKey::as_str));
                index.is_some_and(|index| range.contains(&index))
            };
            Some(asset.lines.iter().filter(is_in).cloned().collect())
        };
        // The run has brought the lines of all that it has made.
        for locked in &mut lock.assets {
            let (known, before) = (known[&locked.asset], before[&locked.asset]);
            for line in known
                .lines
                .iter()
                .filter(|line| !before.lines.contains(line))
            {
                locked.lines.retain(|old| old.partition != line.partition);
                locked.lines.push(line.clone());
            }
        }
        refold(&mut lock, scope, &facts, &unfold, limits);
    });
    assert_eq!(first_unfresh(&world, &lock), [""; 0]);
    let anew = folded(&world, world.lock());
    assert!(
        in_order(lock) == in_order(anew),
        "as if it had been written from the beginning"
    );
}

impl World {
    /// Everything, with what was found of it.
    fn with_everything<T>(
        &self,
        then: impl FnOnce(
            &Scope<'_>,
            LockFacts,
            &std::collections::HashMap<Cell, Vec<(usize, OutputChange)>>,
        ) -> T,
    ) -> T {
        let goals = self.goals(&[]);
        let scope = Scope::new(self.graph(), self.keys(), &goals, Upstream::Close);
        let facts = self.facts(&scope);
        let found = LockFacts {
            code: facts.code,
            configs: facts.configs,
            versions: facts.versions,
        };
        then(&scope, found, &facts.changed_outputs)
    }

    /// The lock file of all that was made.
    fn lock(&self) -> Lock {
        let mut assets: BTreeMap<String, LockedAsset> = BTreeMap::new();
        self.made(|step, asset, current, inputs| {
            let (name, key) = step.split_once('@').unzip();
            let name = name.unwrap_or(step);
            let outputs = current
                .outputs
                .iter()
                .enumerate()
                .map(|(at, version)| LockedOutput {
                    label: asset.output_label(at).map(String::into_boxed_str),
                    version: Some(*version),
                });
            let line = LockLine {
                partition: key.map(testkit::key),
                code: CodePrefix::from(current.code_version),
                fingerprint: current.fingerprint,
                outputs: outputs.collect(),
                contributions: inputs
                    .iter()
                    .map(|input| input.contribution.into())
                    .collect(),
                stand_in: None,
            };
            let locked = assets
                .entry(name.to_owned())
                .or_insert_with(|| LockedAsset {
                    asset: testkit::asset(name),
                    lines: Vec::new(),
                    blocks: Vec::new(),
                });
            locked.lines.push(line);
        });
        Lock {
            rule: crate::model::RULE,
            assets: assets.into_values().collect(),
            ..Lock::default()
        }
    }
}
