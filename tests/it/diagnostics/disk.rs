//! What is not on disk as it should be.

use super::Said;
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[source.raw]
path = "data/*.csv"

[source.one]
path = "one.csv"

[source.rate]
path = "params.toml"
key = "train.rate"

[asset.of_raw]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "build/of_raw"

[asset.of_one]
deps = ["one", "rate"]
command = "cat {{input.one}} > {{output}}; : {{value.rate}}"
outputs = "build/of_one"

[asset.of_both]
deps = ["of_raw", "of_one"]
command = "cat {{input.of_raw}} {{input.of_one}} > {{output}}"
outputs = "build/of_both"

[asset.alone]
command = "echo alone > {{output}}"
outputs = "build/alone"
"#;

#[test]
fn missing_sources_block_what_needs_them() {
    let sandbox = Sandbox::new().with_file("Assets.toml", MANIFEST);
    let mut said = Said::default();
    said.of("a run", &sandbox, &["materialize", "-j1"], 1);
    assert_eq!(sandbox.read("build/alone"), "alone\n");
    said.of("a plan", &sandbox, &["plan"], 1);
    said.of("status", &sandbox, &["status", "--sources"], 0);
    said.of("explained", &sandbox, &["explain", "of_both"], 0);
    said.of("validate", &sandbox, &["validate"], 0);
    said.of("observe", &sandbox, &["observe"], 1);
    sandbox.write("data/1.csv", "1\n");
    sandbox.write("one.csv", "2\n");
    sandbox.write("params.toml", "train = 1\n");
    said.of(
        "a value that is not there",
        &sandbox,
        &["materialize", "-j1"],
        1,
    );
    sandbox.write("params.toml", "train = \n");
    said.of(
        "a file that cannot be read",
        &sandbox,
        &["materialize", "-j1"],
        1,
    );
    sandbox.write("params.toml", "train.rate = 0.1\n");
    sandbox.run(&["materialize"]).success();
    said.compare("sources");
}

#[test]
fn missing_code() {
    let manifest = r#"
[asset.a]
code = ["steps/a.py", "lib/*.py"]
tools = ["frobnicate"]
command = "python3 steps/b.py {{output}}"
env = { TOKEN = { from_env = "TOKEN", required = true } }
outputs = "build/a"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let mut said = Said::default();
    said.of("all of it", &sandbox, &["materialize"], 2);
    said.of("in JSON", &sandbox, &["plan", "--json"], 2);
    said.compare("code");
}

#[test]
fn what_is_read_as_it_is_must_be_there() {
    let sandbox = Sandbox::new().with_file("Assets.toml", MANIFEST);
    for (path, text) in [
        ("data/1.csv", "1\n"),
        ("one.csv", "2\n"),
        ("params.toml", "train.rate = 1\n"),
    ] {
        sandbox.write(path, text);
    }
    let mut said = Said::default();
    said.of(
        "never made",
        &sandbox,
        &["materialize", "--only", "of_both"],
        2,
    );
    sandbox.run(&["materialize"]).success();
    sandbox.write("build/of_raw", "by hand\n");
    said.of(
        "altered",
        &sandbox,
        &["materialize", "--only", "of_both", "--force"],
        2,
    );
    said.of("kept", &sandbox, &["materialize", "--keep-altered"], 1);
    assert_eq!(sandbox.read("build/of_raw"), "by hand\n");
    said.compare("as_it_is");
}
