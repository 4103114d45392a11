//! An asset of very many partitions stands in blocks, whichever way they came there.

use super::{chain, lines, lock};

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
        sandbox.write(&format!("build/{key}"), &format!("{key}\n"));
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
