//! States of projects in which verbs have contradicted each other, asked through the binary: exit codes, text and JSON.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// How each verb answers about a project as it is: exit codes, and the documents of `--json`.
struct Answers {
    status: Value,
    plan: Value,
}

/// Asks all verbs through the binary, which end with these codes: `status --exit-code`, `plan`, `materialize --dry-run` and
/// `check`. In JSON they end so, too.
#[track_caller]
fn answers(sandbox: &Sandbox, [status, plan, check]: [i32; 3]) -> Answers {
    let ends = |words: &[&str], code: i32| {
        let text = sandbox.run(words).exits(code);
        let json = sandbox.run(&[words, &["--json"]].concat()).exits(code);
        drop(text);
        serde_json::from_str(json.stdout()).expect("a document")
    };
    let document = Answers {
        status: ends(&["status", "--exit-code"], status),
        plan: ends(&["plan"], plan),
    };
    let dry: Value = ends(&["materialize", "--dry-run"], plan);
    assert_eq!(dry, document.plan, "a dry run is the plan");
    let _: Value = ends(&["check"], check);
    document
}

impl Answers {
    /// `NAME STATUS` of each asset without partitions, by name.
    fn statuses(&self) -> Vec<String> {
        let assets = self.status["assets"].as_array().expect("a list");
        let partitions = assets.iter().flat_map(|asset| {
            let runs = asset["partitions"].as_array().expect("a list");
            runs.iter()
                .map(move |run| format!("{} {}", asset["key"], run["status"]))
        });
        let mut lines: Vec<_> = partitions.map(|line| line.replace('"', "")).collect();
        lines.sort();
        lines
    }

    /// `NAME DECISION` of each step of the plan.
    fn decisions(&self) -> Vec<String> {
        let steps = self.plan["steps"].as_array().expect("a list").iter();
        let steps = steps.map(|step| format!("{} {}", step["asset"], step["decision"]));
        steps.map(|line| line.replace('"', "")).collect()
    }
}

const EXTERNAL: &str = r#"
[source.raw]
path = "raw.txt"

[asset.elsewhere]
deps = "raw"
outputs = "elsewhere.txt"

[asset.reader]
deps = "elsewhere"
command = "cp {{input}} {{output}}"
outputs = "reader.txt"

[asset.apart]
command = "echo 1 > {{output}}"
outputs = "apart.txt"
"#;

#[test]
fn an_external_asset_that_is_not_fresh() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", EXTERNAL)
        .with_file("raw.txt", "1\n")
        .with_file("elsewhere.txt", "1\n");

    // Never accepted.
    sandbox.materialize(&[]).exits(1).ran(&["apart"]);
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere missing", "reader missing"]
    );
    assert_eq!(asked.decisions(), ["elsewhere blocked", "reader blocked"]);
    let said = sandbox.run(&["materialize", "elsewhere"]).exits(1);
    let words = "elsewhere is external and was never accepted, to be accepted or reported";
    assert!(said.said().contains(words), "{}", said.said());

    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran(&["reader"]);
    answers(&sandbox, [0, 0, 0]);

    // What it is made of changed.
    sandbox.write("raw.txt", "2\n");
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere stale", "reader pending"]
    );
    assert_eq!(asked.decisions(), ["elsewhere blocked", "reader blocked"]);
    sandbox.materialize(&[]).exits(1).ran_nothing();
    let said = sandbox.run(&["plan"]).exits(1);
    let words = "elsewhere is external and is stale, to be accepted or reported";
    assert!(said.said().contains(words), "{}", said.said());
    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran_nothing();
    answers(&sandbox, [0, 0, 0]);

    // It was altered.
    sandbox.write("elsewhere.txt", "2\n");
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere stale", "reader pending"]
    );
    sandbox.materialize(&["--force"]).exits(1).ran(&["apart"]);
    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran(&["reader"]);
}
