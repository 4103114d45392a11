//! `[env.NAME]` and `--env`, from outside.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::agree::agree;
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
name = "shop"

[partitions.site]
type = "dynamic"

[source.raw]
path = "raw.txt"

[asset.clean]
deps = "raw"
command = "{ echo {{config.limit}} {{config.mode}} $HOST; cat {{input}}; } > {{output}}; echo made"
outputs = "clean.txt"
config = { limit = 10, mode = "fast" }
env = { HOST = "dev1" }

[asset.report]
deps = "clean"
command = "wc -l < {{input}} > {{output}}"
outputs = "report.txt"

[asset.site]
partitions = "site"
command = "echo {{partition}} > {{output}}"
outputs = "site/{{partition}}.txt"

[env.prod]
description = "The warehouse"
lock = "locks/Assets.prod.lock"
home = ".assetctl-prod"
env = { HOST = "prod1" }

[env.prod.config.clean]
limit = 1000

[env.sample.config.clean]
limit = 1
"#;

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "a\n")
}

/// A command with `--env prod`, and without it.
fn in_prod<'w>(words: &[&'w str]) -> Vec<&'w str> {
    [words, &["--env", "prod"]].concat()
}

fn json(project: &Sandbox, words: &[&str]) -> Value {
    let answered = project.run(words).success();
    serde_json::from_str(answered.stdout()).expect("JSON")
}

#[test]
fn environments_keep_their_records_apart() {
    let project = project();
    project.materialize(&[]).success().ran(&["clean", "report"]);
    assert_eq!(project.read("clean.txt"), "10 fast dev1\na\n");
    let dev = project.read("Assets.lock");
    project
        .materialize(&["--env", "prod"])
        .success()
        .ran(&["clean", "report"]);
    assert_eq!(project.read("clean.txt"), "1000 fast prod1\na\n");
    assert_eq!(project.read("Assets.lock"), dev);
    let prod = project.read("locks/Assets.prod.lock");
    assert_ne!(prod, dev);
    assert!(project.exists(".assetctl-prod/instance.db"));
    assert!(project.exists(".assetctl-prod/.gitignore"));
    // By either lock file everything is fresh. What lies on disk is of the last run.
    for outputs in ["ignore", "matching", "required"] {
        project
            .run(&in_prod(&[
                "check",
                "clean",
                "report",
                "--outputs",
                outputs,
            ]))
            .success();
    }
    project
        .run(&["check", "clean", "report", "--outputs", "ignore"])
        .success();
    let altered = project.run(&["check", "clean"]).exits(1);
    assert!(altered.said().contains("was altered"), "{}", altered.said());
    project
        .materialize(&["--env", "prod"])
        .success()
        .ran_nothing();
    // Going back makes what the other environment has replaced, and writes the lock file of none.
    let back = project.materialize(&[]).success();
    // The report has the same bytes in both.
    back.ran(&["clean"]);
    assert_eq!(project.read("clean.txt"), "10 fast dev1\na\n");
    assert_eq!(project.read("Assets.lock"), dev);
    assert_eq!(project.read("locks/Assets.prod.lock"), prod);
    let mut surroundings = project.surroundings();
    surroundings.configuration.env = Some(assetctl::testkit::name("prod"));
    agree(&surroundings);
    // In a clone neither outputs nor instances are there.
    for gone in [".assetctl", ".assetctl-prod", "clean.txt", "report.txt"] {
        project.remove(gone);
    }
    for words in [
        vec!["check", "clean", "report"],
        in_prod(&["check", "clean", "report"]),
    ] {
        project.run(&words).success();
    }
    project.write("raw.txt", "b\n");
    let stale = project.run(&in_prod(&["check"])).exits(1);
    assert!(
        stale
            .stdout()
            .contains("`assetctl --env prod materialize` and commit locks/Assets.prod.lock"),
        "{}",
        stale.stdout()
    );
}

/// Asserts that a command succeeds and says this.
#[track_caller]
fn says(project: &Sandbox, words: &[&str], part: &str) {
    let said = project.run(words).success().said();
    assert!(said.contains(part), "{words:?}: {said}");
}

#[test]
fn all_verbs_judge_by_the_environment() {
    let project = project();
    project.materialize(&["clean"]).success();
    let in_sample = |words: &[&'static str]| [words, &["clean", "--env", "sample"]].concat();
    let changed = "… → 1 (--env)";
    says(&project, &in_sample(&["status"]), changed);
    says(&project, &in_sample(&["explain"]), changed);
    says(&project, &in_sample(&["plan"]), "1 to run");
    let explained = json(&project, &in_sample(&["explain", "--json"]));
    assert_eq!(explained["causes"][0]["what"], "config.limit");
    assert_eq!(
        explained["configuration"],
        serde_json::json!({ "job": null, "env": "sample", "set": [], "files": [], "inputs": [] })
    );
    project.run(&["check", "clean"]).success();
    project.run(&in_sample(&["check"])).exits(1);
    // Without a lock file of its own an environment writes the lines of the project.
    let line = "1 line of Assets.lock is of this configuration, not of the declared one: \
                `assetctl --env sample check` calls it fresh";
    says(&project, &in_sample(&["materialize"]), line);
    project.run(&in_sample(&["check"])).success();
    project.run(&["check", "clean"]).exits(1);
    let status = in_prod(&["status", "clean", "--home", ".assetctl"]);
    let variable = "variable HOST changed from \"dev1\" to \"prod1\" (--env)";
    says(&project, &status, variable);
    let limit = "[asset.clean.config]\nlimit = 1000\n";
    says(&project, &in_prod(&["config", "check"]), limit);
    let limit = "# limit = 1000  # integer";
    says(&project, &in_prod(&["config", "scaffold"]), limit);
}

#[test]
fn lines_of_its_own_are_compared_with_what_the_environment_declares() {
    let project = project();
    let ran = project.run(&in_prod(&["materialize", "clean"])).success();
    assert!(
        !ran.said().contains("of this configuration"),
        "{}",
        ran.said()
    );
    let set = ["--set", "clean.limit=5"];
    let line = "1 line of locks/Assets.prod.lock is of this configuration, not of the one of `prod`: \
                `assetctl --env prod check --set 'clean.limit=5'` calls it fresh";
    let materialize = [&in_prod(&["materialize", "clean"])[..], &set].concat();
    says(&project, &materialize, line);
    let check = [&in_prod(&["check", "clean"])[..], &set].concat();
    project.run(&check).success();
    project.run(&in_prod(&["check", "clean"])).exits(1);
    let changed = "… → 1000 (--env)";
    says(&project, &in_prod(&["explain", "clean"]), changed);
    // The declared value of a variable is as much of the code as another one.
    let explain = ["explain", "clean", "--home", ".assetctl-prod"];
    says(&project, &explain, "HOST");
}

#[test]
fn lines_are_written_and_outputs_accepted_in_the_environment() {
    let project = project();
    project
        .run(&in_prod(&["materialize", "clean", "report"]))
        .success();
    let prod = project.read("locks/Assets.prod.lock");
    assert!(!project.exists("Assets.lock"));
    project.remove("locks/Assets.prod.lock");
    let dry = project.run(&in_prod(&["lock", "--dry-run"])).success();
    assert!(
        dry.stdout().contains("locks/Assets.prod.lock"),
        "{}",
        dry.stdout()
    );
    let written = json(&project, &in_prod(&["lock", "--json"]));
    assert_eq!(written["file"], "locks/Assets.prod.lock");
    assert_eq!(project.read("locks/Assets.prod.lock"), prod);
    assert!(!project.exists("Assets.lock"));
    project.write("clean.txt", "by hand\n");
    project.run(&in_prod(&["check", "clean"])).exits(1);
    project.run(&in_prod(&["accept", "clean"])).success();
    project.run(&in_prod(&["check", "clean"])).success();
    assert_ne!(project.read("locks/Assets.prod.lock"), prod);
    assert!(
        !project.exists("Assets.lock"),
        "only its own file is written"
    );
    let manifest = project.read("Assets.toml");
    let without = manifest.replace("[asset.report]", "[asset.other]");
    project.write("Assets.toml", without);
    let pruned = project.run(&in_prod(&["lock", "prune"])).success();
    assert!(pruned.stdout().contains("report"), "{}", pruned.stdout());
    assert!(!project.read("locks/Assets.prod.lock").contains("report"));
}

#[test]
fn verbs_that_do_not_judge_use_the_records_of_the_environment() {
    let project = project();
    project.run(&in_prod(&["materialize", "clean"])).success();
    let count = |words: &[&str]| {
        let history = json(&project, &[&["history", "clean", "--json"], words].concat());
        history["materializations"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!((count(&["--env", "prod"]), count(&[])), (1, 0));
    let logs = project.run(&in_prod(&["logs", "clean"])).success();
    assert!(logs.said().contains("clean"), "{}", logs.said());
    project
        .run(&in_prod(&["partitions", "add", "site", "north"]))
        .success();
    let keys = |words: &[&str]| {
        let listed = json(
            &project,
            &[&["partitions", "list", "site", "--json"], words].concat(),
        );
        listed["count"].as_u64()
    };
    assert_eq!((keys(&["--env", "prod"]), keys(&[])), (Some(1), Some(0)));
    assert!(project.read("locks/Assets.prod.lock").contains("north"));
    let doctor = project.run(&in_prod(&["doctor"])).success();
    assert!(
        doctor.stdout().contains("/.assetctl-prod on "),
        "{}",
        doctor.stdout()
    );
    let wiped = |words: &[&str]| {
        let answered = json(
            &project,
            &[&["wipe", "clean", "--yes", "--json"], words].concat(),
        );
        answered["affected"].as_array().expect("a list").len()
    };
    assert_eq!((wiped(&[]), wiped(&["--env", "prod"])), (0, 1));
    for words in [
        &["init"][..],
        &["list"],
        &["graph"],
        &["validate"],
        &["observe"],
    ] {
        if words != ["init"] {
            project.run(&[words, &["--env", "prod"]].concat()).success();
            let said = project.run(&[words, &["--env", "prd"]].concat()).exits(2);
            assert!(
                said.stderr().contains("did you mean `prod`?"),
                "{words:?}: {}",
                said.stderr()
            );
        }
    }
}

#[test]
fn the_word_wins_over_the_variable() {
    let project = project().with_env("ASSETCTL_ENV", "prod");
    project.run(&["materialize", "clean"]).success();
    assert_eq!(project.read("clean.txt"), "1000 fast prod1\na\n");
    project.run(&["check", "clean"]).success();
    project
        .run(&["materialize", "clean", "--env", "sample"])
        .success();
    assert_eq!(project.read("clean.txt"), "1 fast dev1\na\n");
    // An empty word is no environment.
    project
        .run(&["materialize", "clean", "--env", ""])
        .success();
    assert_eq!(project.read("clean.txt"), "10 fast dev1\na\n");
    let empty = self::project().with_env("ASSETCTL_ENV", "");
    empty.run(&["materialize", "clean"]).success();
    assert_eq!(empty.read("clean.txt"), "10 fast dev1\na\n");
    let unknown = self::project().with_env("ASSETCTL_ENV", "pord");
    let said = unknown.run(&["status"]).exits(2);
    assert!(
        said.stderr().contains("there is no environment `pord`"),
        "{}",
        said.stderr()
    );
    let none = Sandbox::new().with_file("Assets.toml", "[project]\n");
    let said = none.run(&["status", "--env", "prod"]).exits(2);
    assert!(
        said.stderr().contains("declare it: `[env.NAME]`"),
        "{}",
        said.stderr()
    );
    let said = none.run(&["status", "--env", "a b"]).exits(2);
    assert!(said.stderr().contains("[env.NAME]"), "{}", said.stderr());
    // The file of variables is for those that declarations name.
    let dotenv = MANIFEST.replace("name = \"shop\"", "dotenv = true");
    let project = Sandbox::new()
        .with_file("Assets.toml", &dotenv)
        .with_file("raw.txt", "a\n")
        .with_file(".env", "ASSETCTL_ENV=prod\n");
    project.run(&["materialize", "clean"]).success();
    assert_eq!(project.read("clean.txt"), "10 fast dev1\na\n");
}

#[test]
fn the_home_of_an_environment_wins_over_the_variable_and_not_over_the_word() {
    let project = project().with_env("ASSETCTL_HOME", "elsewhere");
    for (words, home) in [
        (&["materialize", "clean"][..], "elsewhere"),
        (&["materialize", "clean", "--env", "sample"], "elsewhere"),
        (&["materialize", "clean", "--env", "prod"], ".assetctl-prod"),
        (
            &["materialize", "clean", "--env", "prod", "--home", "typed"],
            "typed",
        ),
    ] {
        project.run(words).success();
        let homes = ["elsewhere", ".assetctl-prod", "typed"];
        let made: Vec<&str> = homes
            .into_iter()
            .filter(|home| project.exists(format!("{home}/instance.db")))
            .collect();
        assert_eq!(made, [home], "{words:?}");
        for home in homes {
            if project.exists(home) {
                project.remove(home);
            }
        }
    }
}

#[test]
fn a_step_does_not_hand_its_environment_on() {
    let inner = "[project]\n[asset.a]\ncommand = 'echo a > {{output}}'\noutputs = 'a'\n";
    let outer = format!(
        "[project]\n[asset.outer]\ncode = []\ncommand = '{} -C inner status > {{{{output}}}}'\noutputs = 'outer'\n[env.prod]\n",
        env!("CARGO_BIN_EXE_assetctl")
    );
    let project = Sandbox::new()
        .with_file("Assets.toml", &outer)
        .with_file("inner/Assets.toml", inner)
        .with_env("ASSETCTL_ENV", "prod");
    project.run(&["materialize"]).success();
    assert!(
        project.read("outer").contains("missing"),
        "{}",
        project.read("outer")
    );
}

#[test]
fn other_values_of_variables_may_be_secrets_or_of_the_caller() {
    let manifest = MANIFEST
        .replace("env = { HOST = \"prod1\" }", "env = { HOST = { secret_env = \"PROD_HOST\", required = true } }")
        .replace("[env.sample.config.clean]", "[env.sample]\nenv = { HOST = { from_env = \"SAMPLE_HOST\" } }\n[env.sample.config.clean]");
    let start = || {
        Sandbox::new()
            .with_file("Assets.toml", &manifest)
            .with_file("raw.txt", "a\n")
    };
    let unset = start();
    let said = unset.run(&in_prod(&["materialize", "clean"])).exits(2);
    assert!(said.stderr().contains("PROD_HOST"), "{}", said.stderr());
    let project = start()
        .with_env("PROD_HOST", "hidden-host")
        .with_env("SAMPLE_HOST", "open-host");
    let ran = project
        .run(&in_prod(&["materialize", "clean", "-v"]))
        .success();
    assert_eq!(project.read("clean.txt"), "1000 fast hidden-host\na\n");
    assert!(!ran.said().contains("hidden-host"), "{}", ran.said());
    assert!(
        !project
            .read("locks/Assets.prod.lock")
            .contains("hidden-host")
    );
    for file in walkdir::WalkDir::new(project.path(".assetctl-prod")) {
        let file = file.expect("readable");
        if file.file_type().is_file() {
            let bytes = fs::read(file.path()).expect("readable");
            let found = bytes.windows(11).any(|part| part == b"hidden-host");
            assert!(!found, "{}", file.path().display());
        }
    }
    project
        .run(&["materialize", "clean", "--env", "sample"])
        .success();
    assert_eq!(project.read("clean.txt"), "1 fast open-host\na\n");
    let explained = project.run(&["explain", "clean"]).success();
    assert!(
        explained.stdout().contains("open-host"),
        "{}",
        explained.stdout()
    );
}

#[test]
fn a_run_in_memory_has_the_values_of_the_environment() {
    let project = project();
    let printed = project
        .run(&in_prod(&[
            "materialize",
            "--in-memory",
            "--print",
            "clean",
        ]))
        .success();
    assert_eq!(printed.stdout(), "1000 fast prod1\na\n");
    assert!(!project.exists(".assetctl-prod") && !project.exists("locks"));
}

#[test]
fn a_job_wins_over_the_environment() {
    let job = "\n[job.nightly]\nselection = 'clean'\nconfig.clean.mode = 'slow'\n";
    let project = Sandbox::new()
        .with_file("Assets.toml", &format!("{MANIFEST}{job}"))
        .with_file("raw.txt", "a\n");
    project.run(&in_prod(&["job", "run", "nightly"])).success();
    assert_eq!(project.read("clean.txt"), "1000 slow prod1\na\n");
    project
        .run(&in_prod(&[
            "job",
            "run",
            "nightly",
            "--set",
            "clean.limit=7",
        ]))
        .success();
    assert_eq!(project.read("clean.txt"), "7 slow prod1\na\n");
    let checked = in_prod(&["check", "--job", "nightly", "--set", "clean.limit=7"]);
    project.run(&checked).success();
}

#[test]
fn placeholders_and_variables_may_be_in_values() {
    let manifest = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-01-03"

[asset.day]
partitions = "day"
command = "echo {{config.label}} {{config.who}} > {{output}}"
outputs = "day/{{partition}}"
config = { label = "x", who = "nobody" }
partition_config."2024-01-02" = { label = "own" }

[env.prod.config.day]
label = "{{partition:%j}}"
who = { from_env = "WHO" }
"#;
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_env("WHO", "me");
    project.materialize(&["--env", "prod"]).success();
    assert_eq!(project.read("day/2024-01-01"), "001 me\n");
    // What an environment sets goes before `partition_config` of the asset.
    assert_eq!(project.read("day/2024-01-02"), "002 me\n");
    project.materialize(&[]).success();
    assert_eq!(project.read("day/2024-01-02"), "own nobody\n");
}

#[test]
fn staged_files_are_checked_in_the_environment() {
    let project = project();
    let git = |words: &[&str]| {
        let words = [&["git", "-c", "user.name=a", "-c", "user.email=a@b"], words].concat();
        project.run_command(&words).success();
    };
    git(&["init", "-q"]);
    project
        .run(&in_prod(&["materialize", "clean", "report"]))
        .success();
    git(&["add", "Assets.toml", "raw.txt"]);
    let said = project.run(&in_prod(&["check", "--staged"])).exits(1);
    assert!(
        said.stdout().contains(
            "Only locks/Assets.prod.lock is not staged: `git add locks/Assets.prod.lock`"
        ),
        "{}",
        said.stdout()
    );
    git(&["add", "locks"]);
    project.run(&in_prod(&["check", "--staged"])).success();
    git(&["commit", "-q", "-m", "one"]);
    project.write("raw.txt", "b\n");
    project
        .run(&in_prod(&["materialize", "clean", "report"]))
        .success();
    let diff = project.run(&in_prod(&["lock", "diff", "HEAD"])).success();
    assert!(diff.stdout().contains("clean"), "{}", diff.stdout());
    project
        .run(&in_prod(&["check", "--since", "HEAD"]))
        .success();
    project.write(".gitignore", "locks\n");
    git(&["rm", "-q", "-r", "--cached", "locks"]);
    let doctor = project.run(&in_prod(&["doctor"])).success();
    assert!(
        doctor
            .stdout()
            .contains("git ignores locks/Assets.prod.lock"),
        "{}",
        doctor.stdout()
    );
}

#[test]
fn stale_manifests_are_printed_for_an_environment_that_configures_their_assets() {
    let manifest = r#"
[project]
include = [{ command = ["cat", "template.toml"], code = "template.toml", to = "generated.toml" }]

[env.prod]
lock = "Assets.prod.lock"

[env.prod.config.made]
limit = 2
"#;
    let made = "[asset.made]\ncommand = 'echo {{config.limit}} > {{output}}'\noutputs = 'made'\nconfig = { limit = 1 }\n";
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("template.toml", made);
    // Before the first run there is no asset that the environment could configure.
    let said = project.run(&["validate"]).exits(2);
    assert!(
        said.stderr().contains("no asset `made`"),
        "{}",
        said.stderr()
    );
    for words in [&[][..], &["--set", "made.limit=3"]] {
        let words = [&in_prod(&["materialize"])[..], words].concat();
        project.run(&words).success();
        project.remove("generated.toml");
    }
    assert_eq!(project.read("made"), "3\n");
    project.run(&in_prod(&["materialize"])).success();
    assert_eq!(project.read("made"), "2\n");
    project.run(&in_prod(&["check"])).success();
    // The lock file of the project does not know the text.
    let stale = project.run(&["check"]).exits(1);
    assert!(stale.said().contains("generated.toml"), "{}", stale.said());
}

#[test]
fn nothing_is_kept_through_links() {
    let project = project();
    project.folder("real");
    project.link("locks", "real");
    let said = project.run(&in_prod(&["materialize", "clean"])).exits(3);
    assert!(
        said.stderr().contains("locks is a link"),
        "{}",
        said.stderr()
    );
    project.remove("locks");
    project.link(".assetctl-prod", "real");
    let said = project.run(&in_prod(&["status"])).exits(3);
    assert!(
        said.stderr().contains(".assetctl-prod is a link"),
        "{}",
        said.stderr()
    );
    project.run(&["status"]).success();
}

/// What is wrong with environments, each with the message that people see.
#[test]
fn wrong_environments_are_refused_at_their_places() {
    let all = [
        (
            "an asset that is not declared",
            "[env.prod.config.claen]\nlimit = 1",
        ),
        ("a source", "[env.prod.config.raw]\nlimit = 1"),
        (
            "a key that the schema does not know",
            "[env.prod.config.clean]\nlimt = 1",
        ),
        (
            "an asset without a configuration",
            "[env.prod.config.report]\nlimit = 1",
        ),
        ("another type", "[env.prod.config.clean]\nlimit = \"ten\""),
        (
            "a placeholder without partitions",
            "[env.prod.config.clean]\nmode = \"{{partition}}\"",
        ),
        ("no table", "[env.prod]\nconfig.clean = 1"),
        (
            "a variable that nothing declares",
            "[env.prod]\nenv = { HOTS = \"x\" }",
        ),
        (
            "a variable of assetctl",
            "[env.prod]\nenv = { ASSETCTL_HOME = \"x\" }",
        ),
        (
            "a secret in a configuration",
            "[env.prod]\nenv = { HOST = { secret_env = \"PW\" } }\n[env.prod.config.clean]\nmode = { from_env = \"PW\" }",
        ),
        ("a key that comes later", "[env.prod]\nio_managers = {}"),
        (
            "a key with a typo",
            "[env.prod]\nlok = \"Assets.prod.lock\"",
        ),
        ("an empty name", "[env.\"\"]\nhome = \"h\""),
        ("a name with a space", "[env.\"a b\"]\nhome = \"h\""),
        ("no text", "[env.prod]\nlock = 1\nhome = [\"h\"]"),
        ("empty paths", "[env.prod]\nlock = \"\"\nhome = \"\""),
        ("outside", "[env.prod]\nlock = \"../Assets.prod.lock\""),
        ("absolute", "[env.prod]\nlock = \"/tmp/Assets.prod.lock\""),
        ("a folder", "[env.prod]\nlock = \"locks/\""),
        (
            "a placeholder",
            "[env.prod]\nlock = \"Assets.{{env}}.lock\"\nhome = \"{{partition}}\"",
        ),
        (
            "the lock file of others",
            "[env.prod]\nlock = \"./Assets.lock\"",
        ),
        ("the manifest", "[env.prod]\nlock = \"Assets.toml\""),
        (
            "below git",
            "[env.prod]\nlock = \".git/lock\"\nhome = \".git/home\"",
        ),
        (
            "below assetctl's own",
            "[env.prod]\nlock = \".assetctl/lock\"\nhome = \".assetctl/prod\"",
        ),
        (
            "an output",
            "[env.prod]\nlock = \"report.txt\"\nhome = \"clean.txt\"",
        ),
        (
            "below an output",
            "[env.prod]\nlock = \"tree/Assets.prod.lock\"\nhome = \"tree/home\"",
        ),
        ("what holds an output", "[env.prod]\nhome = \"site\""),
        ("a source's file", "[env.prod]\nlock = \"raw.txt\""),
        (
            "a source's folder",
            "[env.prod]\nlock = \"folder/Assets.prod.lock\"\nhome = \"folder/home\"",
        ),
        (
            "a source's glob",
            "[env.prod]\nlock = \"data/Assets.prod.lock\"",
        ),
        ("code", "[env.prod]\nlock = \"lib/x.lock\""),
        (
            "the lock file of another one",
            "[env.prod]\nlock = \"Assets.x.lock\"\n[env.test]\nlock = \"./Assets.x.lock\"",
        ),
        (
            "in the home of another one",
            "[env.prod]\nhome = \"h\"\n[env.test]\nlock = \"h/Assets.test.lock\"",
        ),
        ("the project", "[env.prod]\nhome = \".\""),
        ("the root", "[env.prod]\nhome = \"/\""),
        ("the user's home", "[env.prod]\nhome = \"~/records\""),
    ];
    let start = MANIFEST.find("[env.prod]").expect("environments come last");
    let more = "[source.folder]\npath = 'folder/'\n[source.globbed]\npath = 'data/**/*.lock'\n\
                [asset.tree]\ndeps = ['folder', 'globbed']\ncode = 'lib/*'\ncommand = 'mkdir {{output}}'\noutputs = 'tree/'\n";
    let base = format!("{}{more}", &MANIFEST[..start]);
    let project = Sandbox::new()
        .with_file("Assets.toml", &base)
        .with_file("lib/x.sh", "");
    project.run(&["validate"]).success();
    let mut said = String::new();
    for (case, text) in all {
        project.write("Assets.toml", format!("{base}\n{text}\n"));
        let refused = project.run(&["validate"]).exits(2);
        let text = refused.said();
        writeln!(said, "━━━ {case}\n{}", text.trim_end()).expect("a String takes everything");
    }
    project.write("more.toml", "[env.prod]\nhome = 'other'\n");
    let text = base.replace("name = \"shop\"", "include = 'more.toml'");
    project.write("Assets.toml", format!("{text}\n[env.prod]\nhome = 'one'\n"));
    let refused = project.run(&["validate"]).exits(2);
    let text = refused.said();
    writeln!(said, "━━━ declared twice\n{}", text.trim_end()).expect("a String takes everything");
    // What is allowed is not refused.
    let right = "[env.prod]\nlock = \"locks/a.lock\"\nhome = \"../records\"\n[env.test]\nlock = \"locks/b.lock\"\nhome = \"../records\"\n[env.none]\n";
    project.write("Assets.toml", format!("{base}\n{right}"));
    project.run(&["validate"]).success();
    let _redacted = project.redact();
    insta::assert_snapshot!("wrong_environments", said);
}
