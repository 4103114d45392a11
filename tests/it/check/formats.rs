//! What continuous integration reads, held against the public schemas in `fixtures/schemas`.

use serde_json::Value;
use uppsala::{XsdValidator, parse};

use crate::check::{built, cloned, git};
use crate::sandbox::Sandbox;

/// A clone in which something is stale, missing, pending and unverifiable, its texts full of what needs escaping.
fn broken() -> Sandbox {
    let clone = cloned(&built());
    clone.append("data/2024-01-02.csv", "more\n");
    clone.edit(
        "Assets.toml",
        "[\"eu\", \"us\"]",
        "[\"a<&>\\\"'%\", \"eu\", \"us\"]",
    );
    clone.write("cities/a<&>\"'%.txt", "Tokyo\n");
    git(
        &clone,
        &[
            "sparse-checkout",
            "set",
            "--no-cone",
            "/*",
            "!/cities/eu.txt",
        ],
    );
    clone
}

/// A project whose locked outputs do not come out the same again: one reads what it does not declare, one writes the time.
fn otherwise() -> Sandbox {
    let manifest = r#"
[project]
name = "otherwise"
[partitions.letter]
type = "static"
keys = ["a", "b"]
[asset.hidden]
partitions = "letter"
command = "cat secret > {{output}}"
outputs = "build/{{partition}}"
[asset.clock]
command = "date +%s%N > {{output}}"
outputs = "build/clock"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("secret", "x\n");
    sandbox.materialize(&[]).success();
    sandbox
}

fn rebuilt(format: &str) -> String {
    let words = ["check", "--rebuild", "9", "--format", format];
    otherwise().run(&words).exits(1).stdout().to_owned()
}

#[test]
fn what_came_out_otherwise_is_no_matter_of_freshness() {
    let said = rebuilt("github");
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0]
            .contains("title=hidden%3A 2 of 2 partitions came out different::b fails in scratch"),
        "{said}"
    );
    assert!(
        lines[1].contains("title=clock came out different::makes another"),
        "{said}"
    );
    assert_eq!(
        lines[2..],
        [
            "Everything is fresh: 3 asset partitions of 2 assets.",
            "Rebuilt 3 asset partitions in scratch: 0 came out the same."
        ]
    );
}

fn answer(project: &Sandbox, format: &str, code: i32) -> String {
    let outcome = project.run(&["check", "--format", format]).exits(code);
    outcome.stdout().to_owned()
}

#[test]
fn junit_follows_its_schema() {
    let schema = parse(include_str!("../../../fixtures/schemas/junit-10.xsd")).expect("XML");
    let validator = XsdValidator::from_schema(&schema).expect("a schema");
    let problems = |text: &str| {
        let document = parse(text).expect("XML");
        validator.validate(&document)
    };
    let broken = answer(&broken(), "junit", 1);
    assert!(
        problems(&broken).is_empty(),
        "{:?}\n{broken}",
        problems(&broken)
    );
    assert!(
        broken.contains("<failure") && broken.contains("a&lt;&amp;&gt;"),
        "{broken}"
    );
    let otherwise = rebuilt("junit");
    assert!(
        problems(&otherwise).is_empty() && otherwise.contains("failures=\"2\""),
        "{:?}\n{otherwise}",
        problems(&otherwise)
    );
    let fresh = answer(&cloned(&built()), "junit", 0);
    assert!(
        problems(&fresh).is_empty(),
        "{:?}\n{fresh}",
        problems(&fresh)
    );
    let wrong = broken
        .replace("<failure", "<fault")
        .replace("</failure", "</fault");
    assert!(!problems(&wrong).is_empty());
}

#[test]
fn sarif_follows_its_schema() {
    let schema = include_str!("../../../fixtures/schemas/sarif-2.1.0.json");
    // A bracket that closes nothing, in a pattern for a property that is not written: JavaScript takes it for itself.
    let schema = schema.replace("{2}]?$", r"{2}\\]?$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let broken = answer(&broken(), "sarif", 1);
    let mut log: Value = serde_json::from_str(&broken).expect("JSON");
    let problems: Vec<_> = validator
        .iter_errors(&log)
        .map(|it| it.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("a list");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number") as usize;
        assert_eq!(result["ruleId"], rules[index]["id"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "Assets.toml");
    }
    let line = results[0]["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
    let manifest = super::MANIFEST
        .lines()
        .position(|line| line == "[asset.clean]");
    assert_eq!(line, manifest.map(|at| at as u64 + 1));
    let otherwise: Value = serde_json::from_str(&rebuilt("sarif")).expect("JSON");
    assert!(validator.is_valid(&otherwise));
    assert_eq!(
        otherwise["runs"][0]["results"][1]["ruleId"],
        "assetctl/rebuilt"
    );
    let fresh: Value = serde_json::from_str(&answer(&cloned(&built()), "sarif", 0)).expect("JSON");
    assert!(validator.is_valid(&fresh));
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&log));
}

#[test]
fn annotations_name_the_manifest_within_its_repository() {
    let clone = Sandbox::new().at("2024-01-04T12:00:00Z");
    let original = built();
    let clone = clone.with_copy(&original.project(), "pipelines/daily");
    clone.remove("pipelines/daily/.git");
    git(&clone, &["init", "-q"]);
    clone.append("pipelines/daily/data/2024-01-02.csv", "more\n");
    let outcome = clone
        .run(&["check", "-C", "pipelines/daily", "--format", "github"])
        .exits(1);
    let first = outcome.stdout().lines().next().unwrap_or_default();
    assert!(
        first.starts_with("::error file=pipelines/daily/Assets.toml,line="),
        "{first}"
    );
    assert!(
        first.contains("title=clean%3A 1 of 3 partitions is not fresh::"),
        "{first}"
    );
}

#[test]
fn gitlab_gets_a_list_of_distinct_findings() {
    let report: Value = serde_json::from_str(&answer(&broken(), "gitlab", 1)).expect("JSON");
    let violations = report.as_array().expect("a list");
    let mut fingerprints: Vec<_> = violations
        .iter()
        .map(|it| it["fingerprint"].as_str().expect("a text"))
        .collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), violations.len());
    assert!(
        violations
            .iter()
            .all(|it| it["location"]["path"] == "Assets.toml")
    );
}

#[test]
fn a_finding_of_gitlab_stays_the_same_one_for_other_keys() {
    let clone = cloned(&built());
    let fingerprints = |day: &str| -> Vec<Value> {
        let file = format!("data/2024-01-{day}.csv");
        clone.append(&file, "more\n");
        let report: Value = serde_json::from_str(&answer(&clone, "gitlab", 1)).expect("JSON");
        git(&clone, &["checkout", "-q", &file]);
        let violations = report.as_array().expect("a list").iter();
        violations.map(|it| it["fingerprint"].clone()).collect()
    };
    assert_eq!(fingerprints("01"), fingerprints("02"));
}
