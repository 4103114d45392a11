//! Configuration of assets: what commands are told, what makes them stale, and what is wrong with it.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

fn json(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    let words: Vec<&str> = words.iter().chain(&["--json"]).copied().collect();
    let outcome = sandbox.run(&words).exits(code);
    serde_json::from_str(outcome.stdout()).expect("a document")
}

pub const WORDS: &str = r#"
[asset.words]
command = ["sh", "-c", 'printf "%s|" "$@" > "$ASSETCTL_OUTPUT"; env | grep ^ASSETCTL_.*CONFIG | sort >> "$ASSETCTL_OUTPUT"; cat "$ASSETCTL_RUN_CONFIG" >> "$ASSETCTL_OUTPUT"', "sh",
  "{{config.limit}}", "--rate={{config.tuning.rate}}", "{{config.paths}}", "{{config.absent}}", "{{config.tuning:json}}", "{{config.name}}"]
outputs = "words.txt"
config = { limit = 20, tuning = { deep = { x = true } }, name = "a 'b' $(c)" }

[asset.words.config_schema]
limit = { type = "integer", default = 100, min = 1 }
tuning = { type = "table", keys = { rate = { type = "float", default = 1 }, deep = "table" } }
paths = { type = "list", of = "string", default = ["p q", "r"] }
absent = { type = "string", required = false }
name = "string"
"#;

#[test]
fn a_command_is_told_its_configuration() {
    let sandbox = Sandbox::new().with_file("Assets.toml", WORDS);
    sandbox.run(&["materialize"]).success();
    let told = sandbox.read("words.txt");
    let config = r#"{"limit":20,"name":"a 'b' $(c)","paths":["p q","r"],"tuning":{"deep":{"x":true},"rate":1.0}}"#;
    let path = ".assetctl/lists/words/@config.json";
    let expected = format!(
        "20|--rate=1.0|p q|r||{{\"deep\":{{\"x\":true}},\"rate\":1.0}}|a 'b' $(c)|\
         ASSETCTL_CONFIG={config}\nASSETCTL_CONFIG_LIMIT=20\nASSETCTL_CONFIG_NAME=a 'b' $(c)\n\
         ASSETCTL_RUN_CONFIG={path}\n{config}\n"
    );
    assert_eq!(told, expected);
}

pub const DAYS: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2", "d3"]

[asset.clean]
partitions = "day"
command = "echo {{config.limit}} {{config.label}} >> {{output}}"
outputs = "clean/{{partition}}.txt"
config = { limit = 100, label = "of {{partition}}", mode = "fast" }

[asset.all]
deps = "clean"
command = "cat {{input}} > {{output}}"
outputs = "all.txt"
"#;

#[test]
fn a_value_of_one_partition_makes_that_one_stale() {
    let sandbox = Sandbox::new().with_file("Assets.toml", DAYS);
    assert_eq!(sandbox.materialize(&[]).success().steps().len(), 4);
    assert_eq!(sandbox.read("all.txt"), "100 of d1\n100 of d2\n100 of d3\n");
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
    sandbox.run(&["check"]).success();
    // A value of one key.
    let with_key = format!("{DAYS}\n[asset.clean.partition_config.d2]\nlimit = 7\n");
    sandbox.write("Assets.toml", &with_key);
    let explained = json(&sandbox, &["explain", "clean@d2"], 0);
    let cause = &explained["causes"][0];
    assert_eq!(
        (&cause["kind"], &cause["what"], &cause["old"], &cause["new"]),
        (
            &json!("code"),
            &json!("config.limit"),
            &Value::Null,
            &json!("7")
        ),
        "{explained}"
    );
    let record = explained["record"].as_array().expect("a list");
    let limit = record.iter().find(|it| it["field"] == "config.limit");
    let limit = limit.expect("it is compared");
    assert_eq!(
        (&limit["recorded"], &limit["now"]),
        (&json!("100"), &json!("7"))
    );
    assert_eq!(
        json(&sandbox, &["explain", "clean@d1"], 0)["status"],
        "fresh"
    );
    let checked = sandbox.run(&["check"]).exits(1);
    assert!(
        checked.stdout().contains("config.limit"),
        "{}",
        checked.stdout()
    );
    let ran = sandbox.materialize(&[]).success().steps();
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), ["all", "clean@d2"]);
    assert_eq!(sandbox.read("all.txt"), "100 of d1\n7 of d2\n100 of d3\n");
    // Without the instance the lock file alone decides.
    std::fs::remove_dir_all(sandbox.path(".assetctl")).expect("it is there");
    sandbox.run(&["check"]).success();
    sandbox.write("Assets.toml", with_key.replace("limit = 7", "limit = 8"));
    let checked = json(&sandbox, &["check"], 1);
    assert_eq!(checked["stale"][0]["asset"], "clean", "{checked}");
    assert_eq!(checked["stale"][0]["first"], "d2", "{checked}");
    assert_eq!(
        checked["stale"][0]["causes"][0]["what"], "config",
        "{checked}"
    );
    // A value of all of them.
    sandbox.write("Assets.toml", with_key.replace("\"fast\"", "\"exact\""));
    let ran = sandbox.materialize(&["clean"]).success().steps();
    assert_eq!(ran.len(), 3);
    let status = json(&sandbox, &["explain", "clean@d1"], 0);
    assert_eq!(status["status"], "fresh");
}

#[test]
fn what_no_value_is_changes_nothing() {
    let sandbox = Sandbox::new().with_file("Assets.toml", DAYS);
    sandbox.materialize(&[]).success();
    let schema = "\n[asset.clean.config_schema]\nlimit = { type = \"integer\", min = 1, description = \"rows\" }\nlabel = \"string\"\nmode = { type = \"string\", enum = [\"fast\"] }\n";
    sandbox.write("Assets.toml", format!("{DAYS}{schema}"));
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
    sandbox.run(&["check"]).success();
}

#[test]
fn a_variable_is_a_value_while_it_is_set() {
    let manifest = r#"
[asset.a]
command = "echo {{config.limit}} > {{output}}"
outputs = "a.txt"
config = { limit = { from_env = "LIMIT" } }
config_schema = { limit = { type = "integer", default = 5, max = 50 } }
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox.materialize(&[]).success();
    assert_eq!(sandbox.read("a.txt"), "5\n");
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
    let sandbox = sandbox.with_env("LIMIT", "6");
    assert_eq!(sandbox.materialize(&[]).success().steps().len(), 1);
    assert_eq!(sandbox.read("a.txt"), "6\n");
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
    for (value, said) in [
        (
            "ten",
            "asset.a.config.limit: wanted an integer, found \"ten\"",
        ),
        ("51", "asset.a.config.limit: wanted at most 50, found 51"),
    ] {
        let sandbox = Sandbox::new()
            .with_file("Assets.toml", manifest)
            .with_env("LIMIT", value);
        let said_now = sandbox.run(&["status"]).exits(2);
        assert!(said_now.stderr().contains(said), "{}", said_now.stderr());
    }
}

#[test]
fn a_required_value_is_missed_by_what_judges_its_asset() {
    let manifest = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2"]

[asset.a]
partitions = "day"
command = "echo {{config.limit}} > {{output}}"
outputs = "a/{{partition}}.txt"
config_schema = { limit = { type = "integer", min = 3 } }
partition_config = { d1 = { limit = 4 } }

[asset.b]
command = "echo b > {{output}}"
outputs = "b.txt"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox.run(&["validate"]).success();
    sandbox.run(&["materialize", "b"]).success();
    sandbox
        .run(&["materialize", "a", "--partition", "d1"])
        .success();
    let said = sandbox.run(&["materialize", "a"]).exits(2);
    let said = said.stderr();
    assert!(
        said.contains("asset.a.config.limit: a value is required"),
        "{said}"
    );
    assert!(said.contains("--set a.limit=3"), "{said}");
}

#[test]
fn a_batch_has_one_configuration() {
    let manifest = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2", "d3", "d4"]

[asset.a]
partitions = "day"
batch = { max = 1000 }
command = 'for out in $(cat $ASSETCTL_OUTPUT_LIST); do echo "$ASSETCTL_CONFIG_LIMIT" > "$out"; done; cat $ASSETCTL_PARTITIONS_LIST | tr "\n" " " >> log; echo >> log'
outputs = "a/{{partition}}.txt"
config = { limit = 1 }
partition_config = { d3 = { limit = 3 } }
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox.run(&["materialize", "-j1"]).success();
    assert_eq!(sandbox.read("log"), "d1 d2 \nd3 \nd4 \n");
    assert_eq!(sandbox.read("a/d3.txt"), "3\n");
    assert_eq!(sandbox.read("a/d4.txt"), "1\n");
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
}

#[test]
fn the_configuration_is_shown() {
    let with_key = format!("{DAYS}\n[asset.clean.partition_config.d2]\nlimit = 7\n");
    let sandbox = Sandbox::new().with_file("Assets.toml", &with_key);
    let shown = json(&sandbox, &["show", "clean"], 0);
    assert_eq!(
        shown["asset"]["config"],
        json!({"label": "of {{partition}}", "limit": 100, "mode": "fast"})
    );
    assert_eq!(
        shown["asset"]["partition_config"],
        json!({"d2": {"limit": 7}})
    );
    let shown = sandbox.run(&["show", "clean"]).success();
    assert!(
        shown.stdout().contains("limit = 100 (config)"),
        "{}",
        shown.stdout()
    );
}

#[test]
fn in_memory_too() {
    let sandbox = Sandbox::new().with_file("Assets.toml", DAYS);
    let said = sandbox
        .run(&["materialize", "--in-memory", "--print", "all"])
        .success();
    assert_eq!(said.stdout(), "100 of d1\n100 of d2\n100 of d3\n");
}

#[test]
fn folded_blocks_know_the_values_of_their_keys() {
    let manifest = r#"
[partitions.day]
type = "daily"
start = "1990-01-01"
end = "2019-01-01"

[asset.a]
partitions = "day"
command = 'echo made > {{output}}'
outputs = "a/{{partition}}"
config = { limit = 1, year = "{{partition:%Y}}" }
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let keys = sandbox
        .run(&["partitions", "list", "day", "--keys"])
        .success();
    for key in keys.stdout().lines() {
        sandbox.write(&format!("a/{key}"), "made\n");
    }
    sandbox.run(&["accept", "a"]).success();
    assert!(sandbox.read("Assets.lock").contains(" x="), "it has blocks");
    sandbox.run(&["check", "--outputs", "ignore"]).success();
    let other = "\n[asset.a.partition_config.\"1995-03-04\"]\nlimit = 2\n";
    sandbox.write("Assets.toml", format!("{manifest}{other}"));
    sandbox.run(&["check", "--outputs", "ignore"]).exits(1);
    let ran = sandbox.materialize(&[]).success().steps();
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), ["a@1995-03-04"]);
    sandbox.run(&["check", "--outputs", "ignore"]).success();
    assert!(sandbox.materialize(&[]).success().steps().is_empty());
}

#[test]
fn a_call_may_have_another_configuration() {
    let sandbox = Sandbox::new().with_file("Assets.toml", DAYS);
    sandbox.materialize(&[]).success();
    let set = ["--set", "clean.limit=20"];
    // It is judged by what is given, and nothing else has changed.
    let status = json(&sandbox, &["status", "clean", "--set", "clean.limit=20"], 0);
    assert_eq!(status["assets"][0]["counts"]["stale"], 3, "{status}");
    assert_eq!(
        status["configuration"],
        json!({"job": null, "env": null, "set": ["clean.limit=20"], "files": [], "inputs": []})
    );
    assert_eq!(
        json(&sandbox, &["status"], 0)["assets"][0]["counts"]["fresh"],
        3
    );
    sandbox.run(&["check"]).success();
    sandbox.run(&[&["check"][..], &set].concat()).exits(1);
    let ran = sandbox.materialize(&set).success();
    assert_eq!(ran.steps().len(), 4);
    assert_eq!(sandbox.read("clean/d1.txt"), "20 of d1\n");
    let said = sandbox
        .run(&["materialize", "--set", "clean.limit=20"])
        .success();
    assert!(
        said.stderr()
            .contains("3 lines of Assets.lock are of this configuration")
            && said
                .stderr()
                .contains("`assetctl check --set 'clean.limit=20'`"),
        "{}",
        said.stderr()
    );
    sandbox.run(&[&["check"][..], &set].concat()).success();
    sandbox.run(&["check"]).exits(1);
    let explained = json(&sandbox, &["explain", "clean@d1"], 0);
    let cause = &explained["causes"][0];
    assert_eq!(
        (
            &cause["what"],
            &cause["old"],
            &cause["new"],
            &cause["origin"]
        ),
        (
            &json!("config.limit"),
            &json!("20"),
            &json!("100"),
            &json!("config")
        )
    );
    for verb in [
        &["plan"][..],
        &["list"],
        &["graph", "--format", "json"],
        &["show", "clean"],
        &["affected", "Assets.toml"],
    ] {
        let told = json(&sandbox, &[verb, &set].concat(), 0);
        assert_eq!(
            told["configuration"]["set"],
            json!(["clean.limit=20"]),
            "{verb:?}"
        );
        assert_eq!(
            json(&sandbox, verb, 0)["configuration"],
            Value::Null,
            "{verb:?}"
        );
    }
    let shown = json(&sandbox, &["show", "clean", "--set", "clean.limit=20"], 0);
    assert_eq!(shown["asset"]["config"]["limit"], 20);
    assert_eq!(shown["asset"]["config_from"]["limit"], "--set");
    // Going back runs again, and accepting does not.
    sandbox.run(&["accept", "clean"]).success();
    assert!(sandbox.materialize(&["clean"]).success().steps().is_empty());
    sandbox
        .run(&[&["accept", "clean"][..], &set].concat())
        .success();
    sandbox
        .run(&[&["check", "clean"][..], &set].concat())
        .success();
}

#[test]
fn files_are_layers_below_the_words() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", DAYS)
        .with_file("a.toml", "[asset.clean.config]\nlimit = 1\nmode = \"a\"\n")
        .with_file("b.yaml", "asset:\n  clean:\n    config: {limit: 2}\n    partition_config:\n      d2: {limit: 22}\n")
        .with_file("c.json", r#"{"asset": {"clean": {"config": {"label": "x {{partition}}"}}}}"#);
    let shown = |words: &[&str]| {
        let words = [&["show", "clean"], words].concat();
        json(&sandbox, &words, 0)["asset"].clone()
    };
    let all = [
        "--config", "a.toml", "--config", "b.yaml", "--config", "c.json",
    ];
    let asset = shown(&all);
    assert_eq!(
        asset["config"],
        json!({"label": "x {{partition}}", "limit": 2, "mode": "a"})
    );
    assert_eq!(asset["partition_config"], json!({"d2": {"limit": 22}}));
    let other_way = shown(&["--config", "b.yaml", "--config", "a.toml"]);
    assert_eq!(other_way["config"]["limit"], 1);
    let set = [
        &all[..],
        &[
            "--set",
            "clean.limit=3",
            "--set",
            "asset.clean.config.limit=4",
        ],
    ]
    .concat();
    let asset = shown(&set);
    assert_eq!(asset["config"]["limit"], 4);
    assert_eq!(asset.get("partition_config"), None);
    // Values from outside are literal.
    let words = [&["materialize", "clean@d1"], &all[..]].concat();
    sandbox.run(&words).success();
    assert_eq!(sandbox.read("clean/d1.txt"), "2 x {{partition}}\n");
    // One file for all calls.
    let sandbox = sandbox.with_env("ASSETCTL_CONFIG_FILE", "a.toml");
    let asset = json(&sandbox, &["show", "clean"], 0);
    assert_eq!(asset["asset"]["config"]["limit"], 1);
    assert_eq!(asset["configuration"]["files"], json!(["a.toml"]));
}

#[test]
fn a_source_is_read_from_another_path() {
    let manifest = r#"
[source.raw]
path = "raw.csv"

[asset.copy]
deps = ["raw", "./side.csv"]
command = "cat {{input.raw}} {{input.side}} > {{output}}"
outputs = "copy.csv"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("raw.csv", "raw\n")
        .with_file("side.csv", "side\n")
        .with_file("other.csv", "other\n");
    sandbox.materialize(&[]).success();
    let given = ["--input", "raw=other.csv", "--input", "./side.csv=raw.csv"];
    assert_eq!(sandbox.materialize(&given).success().steps().len(), 1);
    assert_eq!(sandbox.read("copy.csv"), "other\nraw\n");
    sandbox.run(&[&["check"][..], &given].concat()).success();
    sandbox.run(&["check"]).exits(1);
    // The cause has both paths.
    let explained = json(&sandbox, &["explain", "copy"], 0);
    let cause = &explained["causes"][0];
    assert_eq!(
        (&cause["kind"], &cause["path"], &cause["old_path"]),
        (&json!("data"), &json!("raw.csv"), &json!("other.csv")),
        "{explained}"
    );
    sandbox.write(
        "run.toml",
        "[inputs]\nraw = \"other.csv\"\n[asset.copy.inputs]\nside = \"raw.csv\"\n",
    );
    sandbox.run(&["check", "--config", "run.toml"]).success();
    let said = sandbox.run(&["status", "--input", "copy=raw.csv"]).exits(2);
    assert!(
        said.stderr().contains("`copy` is not a source"),
        "{}",
        said.stderr()
    );
}

#[test]
fn what_is_wrong_with_a_configuration_is_told_at_once() {
    let sandbox = Sandbox::new().with_file("Assets.toml", DAYS).with_file(
        "bad.toml",
        "[asset.claen.config]\nlimit = 1\n\n[asset.clean.config]\nlimit = \"ten\"\nlmit = 1\n\n[asset.clean.partition_config.d1]\nlimit = true\n\n[execution]\nexecutor = [\"multiprocess\", \"in_process\"]\nmax_concurrent = -1\n\n[params]\nx = 1\n\n[asets]\n",
    );
    let _redaction = sandbox.redact();
    let said = sandbox
        .run(&[
            "status",
            "--config",
            "bad.toml",
            "--set",
            "clean.limit=ten",
            "--set",
            "clean.mode=1",
            "--set",
            "limit=1",
            "--set",
            "x",
        ])
        .exits(2);
    insta::assert_snapshot!("run_config", said.stderr());
    sandbox.write(
        "bad.json",
        r#"{"asset": {"clean": {"config": {"limit": null}}}}"#,
    );
    sandbox.write(
        "twice.json",
        "{\"asset\": {\"clean\": {\"config\": {\"limit\": 1,\n \"limit\": 2}}}}",
    );
    sandbox.write(
        "twice.yaml",
        "asset: {clean: {config: {limit: 1, limit: 2}}}\n",
    );
    sandbox.write("bad.ini", "x\n");
    let words = ["bad.json", "twice.json", "twice.yaml", "bad.ini"];
    let words: Vec<&str> = words.iter().flat_map(|it| ["--config", it]).collect();
    let said = sandbox.run(&[&["status"], &words[..]].concat()).exits(2);
    insta::assert_snapshot!("run_config_files", said.stderr());
    let said = sandbox.run(&["status", "--config", "none.toml"]).exits(2);
    assert!(said.stderr().contains("none.toml"), "{}", said.stderr());
}

/// Values of each kind, of which some differ between partitions.
pub const KINDS: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2"]

[source.raw]
path = "raw.csv"

[asset."stg/a"]
partitions = "day"
deps = "raw"
command = "true {{config.limit}} > {{output}}"
outputs = "a/{{partition}}.txt"
config = { limit = 100, rate = 1, label = "of {{partition}}", "odd key" = ["x", "y"] }

[asset."stg/a".config_schema]
limit = { type = "integer", min = 1, max = 1000, description = "rows that\na user may have" }
rate = { type = "float", default = 0.5 }
label = "string"
mode = { type = "string", enum = ["fast", "exact"], default = "fast" }
note = { type = "string", required = false }
"odd key" = { type = "list", of = "string", max = 3 }
tuning = { type = "table", keys = { depth = { type = "integer", default = 3 }, free = { type = "table", default = {} } } }
flag = { type = "boolean", default = false }
home = { type = "any", default = "nowhere" }

[asset."stg/a".partition_config.d2]
limit = 7
tuning = { depth = 4 }
"#;

#[test]
fn what_is_resolved_is_resolved_to_the_same() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", KINDS)
        .with_file("other.csv", "1\n");
    for words in [
        &[][..],
        &[
            "--set",
            "stg/a.limit=20",
            "--set",
            "stg/a.tuning.free={a.b=1}",
        ],
        &[
            "--set",
            "execution.executor=in_process",
            "--input",
            "raw=other.csv",
        ],
        &[
            "--set",
            "asset.stg/a.partition_config.d1.rate=2",
            "--set",
            "execution.max_concurrent=3",
        ],
    ] {
        let first = sandbox
            .run(&[&["config", "check"], words].concat())
            .success();
        sandbox.write("run.toml", first.stdout());
        let again = sandbox
            .run(&["config", "check", "--config", "run.toml"])
            .success();
        assert_eq!(again.stdout(), first.stdout(), "{words:?}");
        let document = json(&sandbox, &[&["config", "check"], words].concat(), 0);
        sandbox.write("run.json", document["config"].to_string());
        let again = sandbox
            .run(&["config", "check", "--config", "run.json"])
            .success();
        assert_eq!(again.stdout(), first.stdout(), "{words:?}");
    }
    let told = sandbox.run(&["config", "check"]).success();
    insta::assert_snapshot!("config_check", told.stdout());
    // What is required and has no value is told here, too.
    let without = KINDS.replace("limit = 100, ", "");
    sandbox.write("Assets.toml", &without);
    let said = sandbox.run(&["config", "check"]).exits(2);
    assert!(
        said.stderr()
            .contains("asset.stg/a.config.limit: a value is required"),
        "{}",
        said.stderr()
    );
    // A scaffold is a file that sets just that.
    let scaffold = sandbox.run(&["config", "scaffold"]).success();
    sandbox.write("run.toml", scaffold.stdout());
    sandbox
        .run(&["config", "check", "--config", "run.toml"])
        .success();
}

#[test]
fn a_scaffold_sets_what_it_shows() {
    let sandbox = Sandbox::new().with_file("Assets.toml", KINDS);
    let scaffold = sandbox.run(&["config", "scaffold"]).success();
    let _redaction = sandbox.redact();
    insta::assert_snapshot!("config_scaffold", scaffold.stdout());
    let all = scaffold.stdout().lines().skip(1);
    let all: Vec<&str> = all
        .filter(|line| !line.starts_with("##"))
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect();
    sandbox.write("run.toml", all.join("\n"));
    sandbox
        .run(&["config", "check", "--config", "run.toml"])
        .success();
}

#[test]
fn a_job_runs_by_the_configuration_of_the_call() {
    let job = "\n[job.nightly]\nselection = \"clean\"\n";
    let sandbox = Sandbox::new().with_file("Assets.toml", &format!("{DAYS}{job}"));
    sandbox
        .run(&["job", "run", "nightly", "--set", "clean.limit=5"])
        .success();
    assert_eq!(sandbox.read("clean/d1.txt"), "5 of d1\n");
    sandbox
        .run(&["check", "clean", "--set", "clean.limit=5"])
        .success();
    let said = sandbox
        .run(&[
            "job",
            "run",
            "nightly",
            "--in-process",
            "--set",
            "clean.limit=ten",
        ])
        .exits(2);
    assert!(
        said.stderr().contains("wanted an integer"),
        "{}",
        said.stderr()
    );
}

#[test]
fn a_value_that_its_partition_makes_wrong_fails_its_step() {
    let manifest = r#"
[partitions.size]
type = "static"
keys = ["small", "huge"]

[asset.a]
partitions = "size"
command = "echo {{config.size}} > {{output}}"
outputs = "a/{{partition}}.txt"
config = { size = "{{partition}}" }
config_schema = { size = { type = "string", enum = ["small", "large"] } }
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let said = sandbox.run(&["materialize"]).exits(1);
    assert!(
        said.stderr()
            .contains("wanted one of \"small\", \"large\", found \"huge\""),
        "{}",
        said.stderr()
    );
    assert_eq!(sandbox.read("a/small.txt"), "small\n");
}

#[test]
fn one_input_is_read_from_another_path() {
    let manifest = r#"
[source.raw]
path = "raw.csv"

[asset.copy]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = { data = "copy.csv", log = "copy.log" }

[asset.other]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "other.csv"

[asset.report]
deps = "copy.data"
command = "cat {{input}} > {{output}}"
outputs = "report.csv"
"#;
    let manifest = manifest.replace(
        "> {{output}}\"\noutputs = {",
        "| tee {{output.log}} > {{output.data}}\"\noutputs = {",
    );
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", &manifest)
        .with_file("raw.csv", "raw\n")
        .with_file("given.csv", "given\n");
    // What would be made is not made for this reader.
    let made = sandbox
        .materialize(&["report", "--input", "report.copy=given.csv"])
        .success();
    assert_eq!(made.steps().into_iter().collect::<Vec<_>>(), ["report"]);
    assert_eq!(sandbox.read("report.csv"), "given\n");
    let given = ["--input", "copy.raw=given.csv"];
    let made = sandbox.materialize(&given).success();
    assert_eq!(made.steps().len(), 3, "{:?}", made.steps());
    assert_eq!(sandbox.read("other.csv"), "raw\n");
    assert_eq!(sandbox.read("copy.csv"), "given\n");
    sandbox
        .run(&["check", "--set", "asset.copy.inputs.raw=given.csv"])
        .success();
    let explained = json(&sandbox, &["explain", "copy"], 0);
    let causes = explained["causes"].as_array().expect("a list");
    let cause = &causes[0];
    assert_eq!(
        (
            causes.len(),
            &cause["kind"],
            &cause["path"],
            &cause["old_path"]
        ),
        (1, &json!("data"), &json!("raw.csv"), &json!("given.csv")),
        "{explained}"
    );
    let first = sandbox
        .run(&[&["config", "check"][..], &given].concat())
        .success();
    assert!(
        first.stdout().contains("\"copy.raw\" = \"given.csv\""),
        "{}",
        first.stdout()
    );
    sandbox.write("run.toml", first.stdout());
    let again = sandbox
        .run(&["config", "check", "--config", "run.toml"])
        .success();
    assert_eq!(again.stdout(), first.stdout());
    let said = sandbox
        .run(&["status", "--input", "copy.rw=given.csv"])
        .exits(2);
    assert!(
        said.stderr().contains("did you mean `raw`?"),
        "{}",
        said.stderr()
    );
    let made = sandbox.run(&[
        "materialize",
        "--in-memory",
        "--print",
        "report",
        "--input",
        "report.copy=given.csv",
    ]);
    assert_eq!(made.success().stdout(), "given\n");
}
