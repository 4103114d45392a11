//! `lock diff` in all its formats.

use std::fmt::Write as _;

use super::{chain, commit, git, repository};

#[test]
fn differences_are_told_by_ranges_of_keys() {
    let sandbox = repository(chain(), "raw/d3.csv\n");
    let mut told = String::new();
    let mut tell = |case: &str, words: &[&str]| {
        let said = sandbox.run(words).success();
        assert_eq!(said.stderr(), "", "{case}");
        let command = words.join(" ");
        writeln!(told, "━━━ {case}: {command}\n{}", said.stdout()).expect("a String");
    };
    sandbox.materialize(&[]).success();
    tell("new", &["lock", "diff", "HEAD"]);
    commit(&sandbox);
    tell("nothing", &["lock", "diff", "HEAD"]);
    sandbox.append("raw/d1.csv", "more\n");
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.append("raw/d3.csv", "more\n");
    sandbox.edit("Assets.toml", "wc -l <", "wc -c <");
    sandbox.materialize(&[]).success();
    tell("changed", &["lock", "diff", "HEAD"]);
    tell(
        "as a table",
        &["lock", "diff", "HEAD", "--format", "markdown"],
    );
    tell("in JSON", &["lock", "diff", "HEAD", "--json"]);
    commit(&sandbox);
    sandbox.edit(
        "Assets.toml",
        "deps = [\"all\"]",
        "deps = [\"all\", \"./Assets.md\"]",
    );
    sandbox.edit(
        "Assets.toml",
        "cp {{input}} {{output.text}}",
        "cp build/all.csv {{output.text}}",
    );
    sandbox.edit("Assets.toml", "wc -c < {{input}}", "wc -c < build/all.csv");
    sandbox.edit("Assets.toml", ", \"d3\"]", "]");
    sandbox.write("Assets.md", "");
    sandbox.materialize(&[]).success();
    sandbox.run(&["lock", "prune"]).success();
    commit(&sandbox);
    tell("between commits", &["lock", "diff", "HEAD~1", "HEAD"]);
    tell(
        "all of it",
        &["lock", "diff", "HEAD~2", "HEAD", "--format", "json"],
    );
    git(&sandbox, &["rm", "-q", "Assets.lock"]);
    tell("gone", &["lock", "diff", "HEAD"]);
    insta::assert_snapshot!(told);
    let unknown = sandbox.run(&["lock", "diff", "nowhere"]).exits(2);
    assert!(unknown.said().contains("nowhere"), "{}", unknown.said());
}

#[test]
fn a_table_for_a_pull_request_has_an_end() {
    let keys: Vec<String> = (0..120)
        .map(|number| format!("\"k{number:03}|\""))
        .collect();
    let manifest = format!(
        r#"
[partitions.each]
type = "static"
keys = [{}]

[asset.some]
partitions = "each"
command = "echo {{{{partition}}}} > {{{{output}}}}"
outputs = "build/{{{{partition}}}}"
"#,
        keys.join(", ")
    );
    let sandbox = repository(chain().with_file("Assets.toml", &manifest), "");
    let even: Vec<String> = (0..120)
        .step_by(2)
        .map(|number| format!("some@k{number:03}|"))
        .collect();
    let words: Vec<&str> = even.iter().map(String::as_str).collect();
    sandbox.materialize(&words).success();
    let said = sandbox
        .run(&["lock", "diff", "HEAD", "--format", "markdown"])
        .success();
    let rows = said
        .stdout()
        .lines()
        .filter(|line| line.starts_with("| some"));
    assert_eq!(rows.count(), 50, "{}", said.stdout());
    assert!(
        said.stdout().contains("| some | k000\\| | added |"),
        "{}",
        said.stdout()
    );
    assert!(
        said.stdout().trim_end().ends_with("and 10 more"),
        "{}",
        said.stdout()
    );
}
