//! Manifests that commands print: when they are printed, and that nobody else runs them.

use serde_json::Value;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
include = [{ command = "sh gen.sh", inputs = "tables.txt", to = "gen/Assets.toml" }]

[asset.all]
deps = [{ asset = "one" }]
command = "cat {{input}} > {{output}}"
outputs = "all.txt"
"#;

/// Prints an asset for each line of a file.
const GENERATOR: &str = r#"
echo ran >> ran.log
echo "printing" >&2
while read -r name; do
  echo "[asset.$name]"
  echo "command = 'echo $name > {{output}}'"
  echo "outputs = '../out/$name.txt'"
done < tables.txt
"#;

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("gen.sh", GENERATOR)
        .with_file("tables.txt", "one\n")
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    std::fs::read_to_string(sandbox.project().join(path)).unwrap_or_default()
}

/// How often the command ran since the last time.
fn runs(sandbox: &Sandbox) -> usize {
    let runs = read(sandbox, "ran.log").lines().count();
    if runs > 0 {
        sandbox.remove("ran.log");
    }
    runs
}

fn checked(sandbox: &Sandbox, code: i32) -> Value {
    let outcome = sandbox.run(&["check", "--format", "json"]).exits(code);
    serde_json::from_str(outcome.stdout()).expect("it is JSON")
}

fn reason(sandbox: &Sandbox) -> String {
    let report = checked(sandbox, 1);
    assert_eq!(report["stale_manifests"][0]["path"], "gen/Assets.toml");
    let reason = report["stale_manifests"][0]["reason"].as_str();
    reason.expect("a reason").to_owned()
}

#[test]
fn it_is_printed_where_it_is_stale_and_only_by_a_run() {
    let sandbox = project();
    // The project cannot be read without the file: a run prints it first.
    let plan = sandbox.run(&["plan"]).success();
    assert!(plan.stdout().contains("one"), "{}", plan.stdout());
    assert!(read(&sandbox, "gen/Assets.toml").is_empty());
    sandbox.run(&["status"]).exits(2);
    assert_eq!(runs(&sandbox), 1);
    let run = sandbox.materialize(&[]).success();
    assert!(
        run.stderr()
            .contains("printed gen/Assets.toml again: it is missing"),
        "{}",
        run.stderr()
    );
    run.ran(&["one", "all"]);
    assert_eq!(runs(&sandbox), 1);
    let lock = read(&sandbox, "Assets.lock");
    assert!(
        lock.contains("\nformat 2 rule") && lock.contains("\n% gen/Assets.toml i="),
        "{lock}"
    );

    // Nothing runs it again.
    sandbox.materialize(&[]).success().ran_nothing();
    for verb in ["plan", "status", "check", "list", "validate"] {
        let said = sandbox.run(&[verb]).success();
        assert!(!said.said().contains("stale:"), "{}", said.said());
    }
    assert_eq!(runs(&sandbox), 0);
    assert_eq!(checked(&sandbox, 0)["stale_manifests"], Value::Null);

    // Another input: a plan knows the new asset, and all else goes by the file.
    sandbox.write("tables.txt", "one\ntwo\n");
    assert_eq!(reason(&sandbox), "outdated");
    for verb in ["status", "list", "validate"] {
        let said = sandbox.run(&[verb]).success();
        let told = "gen/Assets.toml is stale: its command, code or inputs have changed";
        assert!(said.said().contains(told), "{verb}: {}", said.said());
        assert!(!said.stdout().contains("two"), "{}", said.stdout());
    }
    for format in ["github", "gitlab", "junit", "sarif"] {
        let said = sandbox.run(&["check", "--format", format]).exits(1);
        assert!(
            said.stdout().contains("gen/Assets.toml"),
            "{}",
            said.stdout()
        );
    }
    assert_eq!(runs(&sandbox), 0);
    let plan = sandbox.run(&["plan"]).success();
    assert!(plan.stdout().contains("two"), "{}", plan.stdout());
    sandbox.materialize(&[]).success().ran(&["two"]);
    sandbox.run(&["check"]).success();
    assert_eq!(runs(&sandbox), 2);

    // Another command.
    sandbox.write("gen.sh", format!("{GENERATOR}\n# more\n"));
    assert_eq!(reason(&sandbox), "outdated");
    sandbox.materialize(&[]).success().ran_nothing();
    sandbox.run(&["check"]).success();

    // An edit by hand is set aside.
    let edited = read(&sandbox, "gen/Assets.toml") + "[asset.three]\ncommand = 'true'\n";
    sandbox.write("gen/Assets.toml", &edited);
    assert_eq!(reason(&sandbox), "altered");
    let run = sandbox.run(&["materialize"]).success();
    assert!(
        run.stderr().contains("it was edited by hand"),
        "{}",
        run.stderr()
    );
    let kept = ".assetctl/set-aside/manifests/gen/Assets.toml";
    assert!(run.stderr().contains(kept), "{}", run.stderr());
    assert_eq!(read(&sandbox, kept), edited);
    sandbox.run(&["check"]).success();

    // A clone has the file and its line.
    sandbox.remove(".assetctl");
    let _ = runs(&sandbox);
    sandbox.run(&["check"]).success();
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(runs(&sandbox), 0);

    // Without the command there is no line.
    sandbox.write(
        "Assets.toml",
        MANIFEST.replace(
            "{ command = \"sh gen.sh\", inputs = \"tables.txt\", to = \"gen/Assets.toml\" }",
            "\"gen/Assets.toml\"",
        ),
    );
    sandbox.run(&["lock", "prune"]).success();
    let lock = read(&sandbox, "Assets.lock");
    assert!(
        lock.contains("\nformat 1 rule") && !lock.contains('%'),
        "{lock}"
    );
}

#[test]
fn a_command_that_fails_writes_nothing_and_the_old_text_is_not_taken() {
    let sandbox = project();
    sandbox.run(&["materialize"]).success();
    let (lock, text) = (
        read(&sandbox, "Assets.lock"),
        read(&sandbox, "gen/Assets.toml"),
    );
    let refused = |script: &str, code: &str, told: &str| {
        sandbox.write("gen.sh", script);
        for words in [&["materialize"][..], &["plan"], &["validate", "--generate"]] {
            let said = sandbox.run(words).exits(2);
            assert!(said.said().contains(code), "{words:?}: {}", said.said());
            assert!(said.said().contains(told), "{words:?}: {}", said.said());
            assert_eq!(read(&sandbox, "Assets.lock"), lock);
            assert_eq!(read(&sandbox, "gen/Assets.toml"), text);
        }
        // What reads the file alone goes on.
        sandbox.run(&["status"]).success();
    };
    refused(
        "echo 'no such table' >&2; exit 3",
        "generator_failed",
        "no such table",
    );
    refused("kill -9 $$", "generator_failed", "SIGKILL");
    for told in ["gen/Assets.toml:", "this command printed it"] {
        refused("echo '[asset.one'", "manifest::syntax", told);
        refused(
            "echo '[asset.one]'; echo 'comand = 1'",
            "manifest::unknown_key",
            told,
        );
    }
    refused(
        "echo '[asset.other]'; echo 'command = \"x\"'",
        "manifest::unknown_dep",
        "one",
    );
    refused("printf '\\377'", "generator_failed", "not UTF-8");
}

#[test]
fn inputs_that_are_not_there_are_named() {
    let sandbox = project();
    sandbox.run(&["materialize"]).success();
    for (inputs, missing) in [
        ("[\"tables.txt\", \"views.txt\"]", "views.txt"),
        ("[\"tables.txt\", \"sql/*.sql\"]", "sql/*.sql"),
        ("\"sql/\"", "sql"),
    ] {
        sandbox.write("Assets.toml", MANIFEST.replace("\"tables.txt\"", inputs));
        for verb in ["materialize", "check", "status", "validate"] {
            let said = sandbox.run(&[verb]).exits(2).said();
            assert!(
                said.contains("assetctl::engine::missing_input"),
                "{verb}: {said}"
            );
            assert!(
                said.contains(&format!("there is no file `{missing}`")),
                "{verb}: {said}"
            );
            assert!(said.contains("Assets.toml:3:"), "{verb}: {said}");
        }
    }
    sandbox.write("views.txt", "");
    let both = "[\"tables.txt\", \"views.txt\"]";
    sandbox.write("Assets.toml", MANIFEST.replace("\"tables.txt\"", both));
    sandbox.run(&["materialize"]).success();
}

#[test]
fn a_dep_that_is_not_printed_yet_says_who_prints_it() {
    let sandbox = project();
    for verb in ["status", "validate", "list"] {
        let said = sandbox.run(&[verb]).exits(2).said();
        let help = "gen/Assets.toml may declare it and is not there: `assetctl materialize` or `assetctl validate --generate` prints it";
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        assert!(joined(&said).contains(&joined(help)), "{verb}: {said}");
    }
    sandbox.run(&["validate", "--generate"]).success();
    sandbox.write("Assets.toml", MANIFEST.replace("\"one\"", "\"none\""));
    let said = sandbox.run(&["status"]).exits(2).said();
    assert!(!said.contains("is not there"), "{said}");
}

#[test]
fn the_declaration_of_a_generated_asset_is_named() {
    let sandbox = project();
    let list = "\n[each.size]\nvalues = [\"small\", \"large\"]\n\n[asset.\"of/{{each.name}}\"]\neach = \"size\"\ncommand = \"echo {{each.name}} > {{output}}\"\noutputs = \"of/{{each.name}}\"\n";
    sandbox.write("Assets.toml", format!("{MANIFEST}{list}"));
    sandbox.run(&["materialize"]).success();
    let json = |words: &[&str]| -> Value {
        let said = sandbox.run(&[words, &["--json"]].concat()).success();
        serde_json::from_str(said.stdout()).expect("JSON")
    };
    let place = |file: &str, line: u32| serde_json::json!({"file": file, "line": line});
    for (asset, expected, words) in [
        (
            "one",
            serde_json::json!({"file": "gen/Assets.toml", "line": 1, "printed_by": place("Assets.toml", 3)}),
            "gen/Assets.toml:1, printed by the command at Assets.toml:3",
        ),
        (
            "of/large",
            serde_json::json!({"file": "Assets.toml", "line": 13, "each": "of/{{each.name}}"}),
            "Assets.toml:13 as of/{{each.name}}",
        ),
        ("all", place("Assets.toml", 5), "Assets.toml:5"),
    ] {
        assert_eq!(json(&["explain", asset])["declared_in"], expected);
        assert_eq!(json(&["show", asset])["asset"]["declared_in"], expected);
        let shown = sandbox.run(&["show", asset]).success();
        assert!(shown.stdout().contains(words), "{}", shown.stdout());
        let explained = sandbox.run(&["explain", asset]).success();
        let is_told = explained.stdout().contains(words);
        assert_eq!(is_told, asset != "all", "{}", explained.stdout());
    }
}

#[test]
fn lines_of_a_later_version_are_told_once() {
    let sandbox = project();
    sandbox.run(&["materialize"]).success();
    let lock = read(&sandbox, "Assets.lock");
    sandbox.write("Assets.lock", format!("{lock}$ one verdict=1\n& two\n"));
    sandbox.write("tables.txt", "one\nthree\n");
    let said = sandbox.run(&["materialize"]).success();
    let told = "Assets.lock has 2 lines of a later version of assetctl";
    assert_eq!(said.stderr().matches(told).count(), 1, "{}", said.stderr());
    let lock = read(&sandbox, "Assets.lock");
    assert!(
        lock.contains("\n$ one verdict=1\n") && lock.contains("\n& two\n"),
        "{lock}"
    );
    let said = sandbox.run(&["materialize"]).success();
    assert!(!said.stderr().contains(told), "{}", said.stderr());
}

#[test]
fn a_text_that_changes_by_itself_is_refused() {
    let sandbox = project();
    let generate = &["validate", "--generate"][..];
    sandbox.run(generate).success();
    assert_eq!(runs(&sandbox), 2);
    sandbox.run(generate).success();
    assert_eq!(runs(&sandbox), 1);
    sandbox.run(&["check"]).exits(1);
    let varying = format!("{GENERATOR}\ndate +'# %s %N'\n");
    sandbox.write("gen.sh", &varying);
    let said = sandbox.run(generate).exits(2);
    assert!(said.said().contains("generator_varies"), "{}", said.said());
    assert!(said.said().contains("line 4 differs"), "{}", said.said());
    assert_eq!(read(&sandbox, "gen/Assets.toml").lines().count(), 3);
}

#[test]
fn what_lies_at_its_place_is_not_lost() {
    let sandbox = project().with_file("gen/Assets.toml", "[asset.one]\ncommand = 'mine'\n");
    let run = sandbox.run(&["materialize"]).success();
    assert!(
        run.stderr().contains("Assets.lock does not know it"),
        "{}",
        run.stderr()
    );
    assert!(read(&sandbox, ".assetctl/set-aside/manifests/gen/Assets.toml").contains("mine"));

    let linked = project();
    std::os::unix::fs::symlink("/tmp", linked.project().join("gen")).expect("a link");
    let said = linked.run(&["materialize"]).exits(2);
    assert!(said.said().contains("linked_manifest"), "{}", said.said());
}

#[test]
fn secrets_do_not_reach_its_log() {
    let sandbox = project()
        .with_env("TOKEN", "hunter22-and-more")
        .with_file("gen.sh", "echo \"$TOKEN\" >&2; exit 1");
    sandbox.write(
        "Assets.toml",
        MANIFEST.replace(
            "outputs = \"all.txt\"",
            "outputs = \"all.txt\"\nenv = { T = { secret_env = \"TOKEN\" } }",
        ),
    );
    sandbox.write(
        "gen/Assets.toml",
        "[asset.one]\ncommand = 'echo 1 > {{output}}'\n",
    );
    let said = sandbox.run(&["materialize"]).exits(2);
    assert!(said.said().contains("***"), "{}", said.said());
    assert!(!said.said().contains("hunter22"), "{}", said.said());
}
