//! An asset of very many partitions stands in blocks, whichever way they came there.

use super::{chain, lines, lock};
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "1990-01-01"
end = "2020-01-01"

[asset.some]
partitions = "day"
command = "echo made > {{output}}"
outputs = "build/{{partition}}"

[asset.last]
deps = { asset = "some", mapping = "specific", keys = ["1990-01-05", "1990-01-06"] }
command = "cat {{input}} > {{output}}"
outputs = "made/last"

[asset.all]
deps = { asset = "some", mapping = "all" }
command = "echo all > {{output}}"
outputs = "made/all"
"#;

#[test]
fn blocks_do_not_depend_on_how_they_came_about() {
    let sandbox = chain()
        .with_file("Assets.toml", MANIFEST)
        .at("2024-01-01T00:00:00Z");
    let keys = sandbox
        .run(&["partitions", "list", "day", "--keys"])
        .success();
    let keys: Vec<&str> = keys.stdout().lines().collect();
    assert!(keys.len() > 10_000);
    for key in &keys {
        sandbox.write(&format!("build/{key}"), format!("{key}\n"));
    }
    sandbox.run(&["accept", "some"]).success();
    sandbox.materialize(&[]).success().ran(&["all", "last"]);
    let blocks = |sandbox: &_| {
        let lines = lines(sandbox).into_iter();
        lines.filter(|line| line.contains("...")).count()
    };
    let folded = lock(&sandbox);
    assert!(blocks(&sandbox) > 20, "{}", blocks(&sandbox));
    assert!(folded.lines().count() < 3_200, "{}", folded.lines().count());
    let last = folded.lines().find(|line| line.starts_with("last "));
    assert!(last.is_some_and(|line| line.contains(" x=")), "{last:?}");
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), folded);
    sandbox.run(&["check", "--outputs", "ignore"]).success();
    // A block's line that was edited speaks for none of its keys.
    let block = folded.lines().find(|line| line.contains("..."));
    let block = block.expect("there are blocks");
    let at = block.find(" x=").expect("each has one") + " x=".len();
    let digit = if block[at..].starts_with('0') {
        "1"
    } else {
        "0"
    };
    let edited = format!("{}{digit}{}", &block[..at], &block[at + 1..]);
    sandbox.edit("Assets.lock", block, &edited);
    let said = sandbox.run(&["check", "--outputs", "ignore"]).exits(1);
    assert!(said.stdout().contains("may be stale"), "{}", said.said());
    sandbox.edit("Assets.lock", &edited, block);
    // From nothing, the same comes out.
    sandbox.remove("Assets.lock");
    sandbox.run(&["lock"]).success();
    assert_eq!(lock(&sandbox), folded);
    // One key of a block is made anew: its block is another one, and what reads it has another line.
    sandbox
        .materialize(&["some@1990-01-05", "--force"])
        .success();
    let changed = lock(&sandbox);
    assert_eq!(
        blocks(&sandbox),
        folded.lines().filter(|line| line.contains("...")).count()
    );
    let other = changed
        .lines()
        .filter(|line| !folded.contains(line))
        .count();
    assert_eq!(other, 1, "its block alone");
    sandbox.remove("Assets.lock");
    sandbox.run(&["lock", "some"]).success();
    sandbox.materialize(&[]).success().ran(&["all", "last"]);
    let caught_up = lock(&sandbox);
    sandbox.remove("Assets.lock");
    sandbox.run(&["lock"]).success();
    assert_eq!(lock(&sandbox), caught_up);
    assert_eq!(lines(&sandbox).len(), folded.lines().count() - 2);
}

const COPIES: &str = r#"
[partitions.day]
type = "daily"
start = "1990-01-01"
end = "2017-12-01"

[asset.some]
partitions = "day"
command = "echo made > {{output}}"
outputs = "build/{{partition}}"

[asset.copy]
partitions = "day"
deps = "some"
command = "cp {{input}} {{output}}"
outputs = "copy/{{partition}}"
"#;

/// A project of [`COPIES`] with all outputs accepted, and how many keys each asset has.
fn accepted_copies() -> (Sandbox, u64) {
    let sandbox = chain()
        .with_file("Assets.toml", COPIES)
        .at("2024-01-01T00:00:00Z");
    let keys = sandbox
        .run(&["partitions", "list", "day", "--keys"])
        .success();
    let keys: Vec<&str> = keys.stdout().lines().collect();
    for key in &keys {
        sandbox.write(&format!("build/{key}"), format!("{key}\n"));
        sandbox.write(&format!("copy/{key}"), format!("{key}\n"));
    }
    sandbox.run(&["accept", "some", "copy"]).success();
    let all = keys.len() as u64;
    (sandbox, all)
}

#[test]
fn what_is_here_of_a_block_is_known_as_made_here() {
    let (sandbox, all) = accepted_copies();
    let locked = lock(&sandbox);
    assert!(locked.lines().any(|line| line.contains("...")));
    let counts = |asset: usize| {
        let said = sandbox.run(&["status", "--json"]).success();
        let said: serde_json::Value = serde_json::from_str(said.stdout()).expect("JSON");
        let counts = &said["assets"][asset]["counts"];
        let of = |status: &str| counts[status].as_u64().unwrap_or_default();
        (of("fresh"), of("locked"))
    };
    let both_fresh = [(all, 0), (all, 0)];

    // Without an instance all is known from the blocks, and recorded by the next run.
    sandbox.remove(".assetctl");
    assert_eq!([counts(0), counts(1)], both_fresh);
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), locked);
    sandbox.remove("Assets.lock");
    assert_eq!([counts(0), counts(1)], both_fresh);
    sandbox.write("Assets.lock", &locked);

    // Of a block in which one output is another, nobody knows which are as they were.
    sandbox.remove(".assetctl");
    sandbox.write("copy/1990-01-05", "other\n");
    let (fresh, elsewhere) = counts(1);
    assert!(elsewhere > 1 && elsewhere < 3_000, "{elsewhere}");
    assert_eq!(fresh + elsewhere, all);
    sandbox.write("copy/1990-01-05", "1990-01-05\n");

    // What was made here otherwise is not what the block's partitions were made of.
    sandbox.write("build/1990-01-05", "other\n");
    sandbox.run(&["accept", "some@1990-01-05"]).success();
    sandbox.write("Assets.lock", &locked);
    let said = sandbox
        .run(&["explain", "copy@1990-01-05", "--json"])
        .success();
    assert!(
        !said.stdout().contains(r#""status":"fresh""#),
        "{}",
        said.stdout()
    );
    let (fresh, _) = counts(1);
    assert!(fresh < all && fresh > all / 2, "{fresh}");
}

#[test]
fn what_is_wiped_of_a_block_is_forgotten_and_the_rest_is_not() {
    let (sandbox, _) = accepted_copies();
    let locked = lock(&sandbox);
    let unchecked = |step: &str| {
        let words = ["check", step, "--outputs", "ignore"];
        sandbox.run(&words).exits(1);
    };
    sandbox.run(&["wipe", "some@1990-01-05", "--yes"]).success();
    unchecked("some@1990-01-05");
    sandbox
        .run(&["check", "some@1990-01-06", "--outputs", "ignore"])
        .success();
    let again = sandbox.run(&["wipe", "some@1990-01-05", "--yes"]).success();
    assert!(
        again.said().contains("nothing to forget"),
        "{}",
        again.said()
    );
    sandbox.run(&["accept", "some@1990-01-05"]).success();
    assert_eq!(lock(&sandbox), locked, "the rest was kept");

    // All of it, and also where nothing is recorded here.
    for is_recorded in [true, false] {
        if !is_recorded {
            sandbox.remove(".assetctl");
        }
        sandbox.run(&["wipe", "copy", "--yes"]).success();
        let left = lines(&sandbox);
        assert!(
            !left.iter().any(|line| line.starts_with("copy ")),
            "recorded: {is_recorded}"
        );
        assert!(
            left.iter()
                .any(|line| line.starts_with("some 1990-01-01..."))
        );
        unchecked("copy@1990-01-06");
        sandbox.write("Assets.lock", &locked);
    }
}
