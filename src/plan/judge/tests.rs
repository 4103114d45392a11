//! Statuses, as tables.

use crate::model::{DataVersion, Fingerprint, OutputChange};
use crate::plan::tests::{ALL, Asked, World, version};
use crate::plan::{Purpose, Upstream};

const CHAIN: &str = r#"
[asset.a]
deps = "./raw"
command = "a"

[asset.b]
deps = "a"
command = "b"

[asset.c]
deps = "b"
command = "c"
"#;

/// A change to a world, and what has become of the chain.
type Case = (&'static str, fn(&mut World), [&'static str; 3]);

#[test]
fn one_difference_makes_its_own_asset_stale_and_those_below_pending() {
    let table: [Case; 10] = [
        ("nothing", |_| {}, ["a fresh", "b fresh", "c fresh"]),
        (
            "data",
            |it| it.set("./raw", Some("new")),
            ["a stale", "b pending", "c pending"],
        ),
        (
            "missing data",
            |it| it.set("./raw", None),
            ["a stale", "b pending", "c pending"],
        ),
        (
            "code at the top",
            |it| it.declare(&CHAIN.replace("\"a\"\n\n", "\"a2\"\n\n")),
            ["a stale", "b pending", "c pending"],
        ),
        (
            "code below",
            |it| it.declare(&CHAIN.replace("command = \"c\"", "command = \"c2\"")),
            ["a fresh", "b fresh", "c stale"],
        ),
        (
            "code below pending data",
            |it| {
                it.set("./raw", Some("new"));
                it.declare(&CHAIN.replace("command = \"c\"", "command = \"c2\""));
            },
            ["a stale", "b pending", "c stale"],
        ),
        (
            "an altered output",
            |it| {
                it.changed
                    .insert("b".into(), vec![(0, OutputChange::Missing)]);
            },
            ["a fresh", "b stale", "c pending"],
        ),
        (
            "a failure without a change",
            |it| it.fail("a"),
            ["a fresh", "b fresh", "c fresh"],
        ),
        (
            "a failure with one",
            |it| {
                it.set("./raw", Some("new"));
                it.fail("a");
            },
            ["a failed", "b pending", "c pending"],
        ),
        (
            "another rule",
            |it| it.record("b").rule = 0,
            ["a fresh", "b stale", "c pending"],
        ),
    ];
    for (name, change, statuses) in table {
        let mut world = World::new(CHAIN);
        assert_eq!(
            world.statuses(&ALL),
            ["a missing", "b missing", "c missing"]
        );
        world.run();
        change(&mut world);
        assert_eq!(world.statuses(&ALL), statuses, "{name}");
    }
}

#[test]
fn a_first_failure_is_failed_and_not_missing() {
    let mut world = World::new(CHAIN);
    world.fail("a");
    assert_eq!(world.statuses(&ALL), ["a failed", "b missing", "c missing"]);
}

#[test]
fn a_run_that_makes_the_same_leaves_what_is_below_fresh() {
    let mut world = World::new(CHAIN);
    world.constant.insert("a");
    world.run();
    world.set("./raw", Some("new"));
    let b = world.record("b").provenance;
    world.run();
    assert_eq!(world.statuses(&ALL), ["a fresh", "b fresh", "c fresh"]);
    assert_eq!(world.record("b").provenance, b);
}

#[test]
fn a_recorded_fingerprint_decides_alone() {
    let mut world = World::new(CHAIN);
    world.run();
    world.record("c").fingerprint = Fingerprint(version("another").0);
    assert_eq!(world.statuses(&ALL), ["a fresh", "b fresh", "c stale"]);
    let mut world = World::new(CHAIN);
    world.run();
    world.record("a").outputs = vec![version("another")];
    assert_eq!(world.statuses(&ALL), ["a fresh", "b stale", "c pending"]);
}

#[test]
fn a_dep_that_stands_whatever_becomes_makes_stale_and_not_pending() {
    let edits = [
        ("deps = \"b\"", "deps = [\"b\", \"a\"]"),
        ("deps = \"b\"", "deps = []"),
        ("deps = \"b\"", "deps = { asset = \"b\", as = \"renamed\" }"),
    ];
    for (from, to) in edits {
        let mut world = World::new(CHAIN);
        world.run();
        world.set("./raw", Some("new"));
        world.declare(&CHAIN.replace(from, to));
        let mut statuses = world.statuses(&ALL);
        statuses.sort_unstable();
        assert_eq!(statuses, ["a stale", "b pending", "c stale"], "{to}");
    }
}

const OUTPUTS: &str = r#"
[asset.pair]
deps = "./raw"
command = "pair"
outputs = { x = "x", y = "y" }

[asset.one]
deps = "pair.x"
command = "one"

[asset.both]
deps = "pair"
command = "both"
"#;

#[test]
fn a_dep_on_one_output_looks_at_that_one() {
    let mut world = World::new(OUTPUTS);
    world.run();
    let outputs: Vec<DataVersion> = world.record("pair").outputs.clone();
    world.record("pair").outputs = vec![outputs[0], version("another")];
    assert_eq!(
        world.statuses(&ALL),
        ["pair fresh", "one fresh", "both stale"]
    );
    world.record("pair").outputs = vec![version("another"), outputs[1]];
    assert_eq!(
        world.statuses(&ALL),
        ["pair fresh", "one stale", "both stale"]
    );
}

#[test]
fn the_output_that_a_dep_names_counts_even_if_both_are_the_same() {
    let mut world = World::new(OUTPUTS);
    world.run();
    let first = world.record("pair").outputs[0];
    world.record("pair").outputs = vec![first, first];
    world.declare(&OUTPUTS.replace("pair.x", "pair.y"));
    assert_eq!(world.statuses(&ALL)[1], "one stale");
    world.set("./raw", Some("new"));
    assert_eq!(
        world.statuses(&ALL)[1],
        "one stale",
        "while its upstream is open, too"
    );
}

const DAYS: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-04"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.clean]
deps = "raw"
partitions = "day"
command = "clean"

[asset.week]
deps = [{ asset = "clean", mapping = "time_window", start_offset = -1 }]
partitions = "day"
command = "week"

[asset.all]
deps = "clean"
command = "all"
"#;

#[test]
fn a_changed_partition_concerns_what_maps_to_it() {
    let mut world = World::new(DAYS);
    world.run();
    world.set("raw@2020-01-02", Some("new"));
    assert_eq!(
        world.statuses(&ALL),
        [
            "clean@2020-01-01 fresh",
            "clean@2020-01-02 stale",
            "clean@2020-01-03 fresh",
            "week@2020-01-01 fresh",
            "week@2020-01-02 pending",
            "week@2020-01-03 pending",
            "all pending",
        ]
    );
}

#[test]
fn a_purpose_adds_demands_and_changes_no_status() {
    let manifest = CHAIN.replace("command = \"b\"", "command = \"b\"\nvolatile = true");
    let mut world = World::new(&manifest);
    world.run();
    let asked = |purpose, words: &'static [&'static str]| Asked {
        words,
        purpose,
        upstream: Upstream::Close,
    };
    let table: [(Purpose, &[&str], [&str; 3]); 4] = [
        (Purpose::Status, &[], ["a fresh", "b fresh", "c fresh"]),
        (
            Purpose::Run,
            &[],
            ["a fresh", "b fresh volatile", "c pending"],
        ),
        (
            Purpose::Force,
            &["c"],
            ["a fresh", "b fresh volatile", "c pending forced"],
        ),
        (
            Purpose::Force,
            &["a", "c"],
            ["a fresh forced", "b pending volatile", "c pending forced"],
        ),
    ];
    for (purpose, words, statuses) in table {
        assert_eq!(
            world.statuses(&asked(purpose, words)),
            statuses,
            "{purpose:?} {words:?}"
        );
    }
}

#[test]
fn what_is_given_is_taken_as_it_is() {
    let mut world = World::new(CHAIN);
    world.run();
    world.set("./raw", Some("new"));
    let asked = Asked {
        words: &["b"],
        purpose: Purpose::Run,
        upstream: Upstream::Given,
    };
    assert_eq!(world.statuses(&asked), ["a fresh", "b fresh"]);
}

const EXTERNAL: &str = r#"
[asset.elsewhere]
outputs = "elsewhere"

[asset.reader]
deps = "elsewhere"
command = "reader"
"#;

#[test]
fn an_external_asset_that_was_altered_is_not_read_as_what_was_recorded() {
    let mut world = World::new(EXTERNAL);
    world.run();
    assert_eq!(world.statuses(&ALL), ["elsewhere fresh", "reader fresh"]);
    world
        .changed
        .insert("elsewhere".into(), vec![(0, OutputChange::Missing)]);
    assert_eq!(world.statuses(&ALL), ["elsewhere stale", "reader pending"]);
}
