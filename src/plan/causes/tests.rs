//! Causes, as tables: one difference gives one cause.

use crate::digest::Field;
use crate::model::{Cause, OutputChange};
use crate::plan::causes::code_changes;
use crate::plan::tests::{ALL, Asked, World, words};
use crate::plan::{Purpose, Upstream};

const MANIFEST: &str = r#"
[asset.a]
deps = "./raw"
command = "a"

[asset.other]
command = "other"

[asset.b]
deps = ["a", "./side"]
command = "b"
outputs = { x = "x", y = "y" }

[asset.c]
deps = "b.x"
command = "c"
env = { LIMIT = "1" }
"#;

fn told(world: &World, step: &str) -> Vec<String> {
    world.causes(&ALL, step).iter().map(words).collect()
}

/// A change to a world, a step, and the causes for which it is not fresh.
type Case = (fn(&mut World), &'static str, &'static [&'static str]);

const CASES: [Case; 18] = [
    (|_| {}, "b", &[]),
    (|it| it.set("./side", Some("new")), "b", &["data side"]),
    (|it| it.set("./side", None), "b", &["data side gone"]),
    (
        |it| it.set("./raw", Some("new")),
        "b",
        &["data a gone < data raw"],
    ),
    (
        |it| it.set("./raw", Some("new")),
        "c",
        &["data b gone < data a gone < data raw"],
    ),
    (
        |it| {
            it.know_from_lock("b");
            it.set("./raw", Some("new"));
        },
        "b",
        &["data a unknown < data raw"],
    ),
    (
        |it| edit(it, "command = \"b\"", "command = \"b2\""),
        "b",
        &["code command"],
    ),
    (
        |it| edit(it, "LIMIT = \"1\"", "LIMIT = \"2\""),
        "c",
        &["code env LIMIT"],
    ),
    (
        |it| edit(it, "LIMIT = \"1\"", "MOST = \"1\""),
        "c",
        &["code env LIMIT", "code env MOST"],
    ),
    (
        |it| edit(it, "x = \"x\"", "x = \"z\""),
        "b",
        &["code output x"],
    ),
    (
        |it| edit(it, "[\"a\", \"./side\"]", "[\"a\"]"),
        "b",
        &["dependency side removed"],
    ),
    (
        |it| edit(it, "[\"a\", \"./side\"]", "[\"a\", \"./side\", \"other\"]"),
        "b",
        &["dependency other added"],
    ),
    (
        |it| edit(it, "[\"a\", \"./side\"]", "[\"./side\", \"a\"]"),
        "b",
        &["dependency side remapped a, side → side, a"],
    ),
    (
        |it| {
            edit(
                it,
                "[\"a\", \"./side\"]",
                "[{ asset = \"other\", as = \"a\" }, \"./side\"]",
            );
        },
        "b",
        &["dependency a remapped a → other"],
    ),
    (
        |it| edit(it, "b.x", "b.y"),
        "c",
        &["dependency b remapped b.x → b.y"],
    ),
    (
        |it| {
            let altered = vec![(0, OutputChange::Missing), (1, OutputChange::Missing)];
            it.changed.insert("b".into(), altered);
        },
        "b",
        &["output x", "output y"],
    ),
    (|it| it.record("b").rule = 0, "b", &["rule"]),
    (
        |it| {
            it.set("./side", Some("new"));
            it.set("./raw", Some("new"));
            edit(it, "command = \"b\"", "command = \"b2\"");
            it.fail("b");
        },
        "b",
        &["code command", "data side", "failed_before"],
    ),
];

#[test]
fn one_difference_gives_one_cause() {
    for (number, (change, step, causes)) in CASES.into_iter().enumerate() {
        let mut world = World::new(MANIFEST);
        assert_eq!(told(&world, step), [""; 0], "never made");
        world.run();
        change(&mut world);
        assert_eq!(told(&world, step), causes, "row {number}");
        world.changed.clear();
        world.run();
        if world.statuses(&ALL).contains(&format!("{step} fresh")) {
            assert_eq!(
                told(&world, step),
                [""; 0],
                "row {number}, once it was made"
            );
        }
    }
}

fn edit(world: &mut World, from: &str, to: &str) {
    assert!(MANIFEST.contains(from), "{from}");
    world.declare(&MANIFEST.replace(from, to));
}

#[test]
fn what_is_wanted_is_a_cause_too() {
    let mut world =
        World::new(&MANIFEST.replace("command = \"a\"", "command = \"a\"\nvolatile = true"));
    world.run();
    let told = |purpose| {
        let asked = Asked {
            words: &["a"],
            purpose,
            upstream: Upstream::Close,
        };
        world
            .causes(&asked, "a")
            .iter()
            .map(words)
            .collect::<Vec<_>>()
    };
    assert_eq!(told(Purpose::Run), ["volatile"]);
    assert_eq!(told(Purpose::Force), ["forced"]);
}

const FAN: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2021-06-01"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.all]
deps = "raw"
command = "all"
"#;

#[test]
fn a_large_fan_in_names_the_keys_that_changed() {
    let mut world = World::new(FAN);
    world.run();
    world.set("raw@2020-03-01", Some("new"));
    world.set("raw@2021-02-03", Some("new"));
    assert_eq!(
        told(&world, "all"),
        ["data raw@2020-03-01", "data raw@2021-02-03"]
    );
    let mut world = World::new(FAN);
    world.run();
    world.declare(&FAN.replace("start = \"2020-01-01\"", "start = \"2020-01-02\""));
    assert_eq!(told(&world, "all"), ["data raw@2020-01-01 gone"]);
    world.declare(&FAN.replace("2021-06-01", "2021-06-02"));
    assert_eq!(told(&world, "all"), ["data raw@2021-06-01 new"]);
}

#[test]
fn an_order_of_keys_is_a_cause_where_several_are_mapped() {
    let fan = |keys: &str| {
        format!(
            "[partitions.p]\ntype = \"static\"\nkeys = {keys}\n[source.raw]\npath = \"raw/{{{{partition}}}}\"\n\
             partitions = \"p\"\n[asset.all]\ndeps = \"raw\"\ncommand = \"all\"\n"
        )
    };
    let mut world = World::new(&fan("[\"x\", \"y\"]"));
    world.run();
    world.declare(&fan("[\"y\", \"x\"]"));
    assert_eq!(world.statuses(&ALL), ["all stale"]);
    assert_eq!(told(&world, "all"), ["dependency raw remapped x, y → y, x"]);
}

#[test]
fn a_mapping_is_a_dependency_and_not_code() {
    let manifest = FAN.replace("command", "partitions = \"day\"\ncommand");
    let mut world = World::new(&manifest);
    world.run();
    world.declare(&manifest.replace(
        "deps = \"raw\"",
        "deps = { asset = \"raw\", mapping = \"time_window\", start_offset = -1 }",
    ));
    assert_eq!(
        told(&world, "all@2020-01-05"),
        ["dependency raw remapped time_window(0, 0) → time_window(-1, 0)"]
    );
}

#[test]
fn fields_are_compared_by_name_and_a_code_version_stands_for_what_it_replaces() {
    let field = |name: &str, value: &str| Field {
        name: name.into(),
        value: value.into(),
    };
    let command = || {
        vec![
            field("code.shell", "sh"),
            field("code.command", "x"),
            field("code.file.f", "1"),
        ]
    };
    let version = vec![field("code.code_version", "1")];
    let table: [(Vec<Field>, Vec<Field>, &[&str]); 6] = [
        (command(), command(), &[]),
        (command(), version.clone(), &["code_version"]),
        (version, command(), &["code_version"]),
        (
            command(),
            vec![
                field("code.shell", "bash"),
                field("code.command", "y"),
                field("code.file.f", "1"),
            ],
            &["command"],
        ),
        (
            command(),
            vec![
                field("code.shell", "bash"),
                field("code.command", "x"),
                field("code.file.f", "1"),
            ],
            &["shell"],
        ),
        (
            command(),
            vec![field("code.shell", "sh"), field("code.command", "x")],
            &["file"],
        ),
    ];
    for (old, new, what) in table {
        let changes = code_changes(&old, &new);
        let told: Vec<_> = changes.iter().map(|change| change.what.as_str()).collect();
        assert_eq!(told, what, "{old:?} {new:?}");
    }
}

#[test]
fn causes_hold_both_values() {
    let mut world = World::new(MANIFEST);
    world.run();
    edit(&mut world, "LIMIT = \"1\"", "LIMIT = \"2\"");
    let causes = world.causes(&ALL, "c");
    let [Cause::Code(change)] = causes.as_slice() else {
        panic!("{causes:?}");
    };
    assert_eq!(
        (change.old.as_deref(), change.new.as_deref()),
        (Some("1"), Some("2"))
    );
}
