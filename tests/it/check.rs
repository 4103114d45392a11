//! `check`: freshness from a checkout alone.
//!
//! A small project is built once, committed with its lock file and cloned. Each change is made in the clone, which has
//! neither instance nor outputs, and in the original, which has both: the answer must be the same.

mod absent;
mod asking;
mod formats;
mod ignored;
mod left_out;
mod outputs;
mod snapshots;

use serde_json::Value;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
name = "check"

[partitions.day]
type = "daily"
start = "2024-01-01"

[partitions.region]
type = "static"
keys = ["eu", "us"]

[partitions.tenant]
type = "dynamic"

[source.raw]
partitions = "day"
path = "data/{{partition}}.csv"

[source.names]
path = "names.txt"

[source.cities]
partitions = "region"
path = "cities/{{partition}}.txt"

[asset.clean]
partitions = "day"
deps = "raw"
env = { LIMIT = "3" }
command = "sh steps/clean.sh {{input}} {{output}}"
outputs = "build/clean/{{partition}}.csv"

[asset.window]
partitions = "day"
deps = [{ asset = "clean", mapping = "time_window", start_offset = -1 }]
command = "cat {{input}} > {{output}}"
outputs = "build/window/{{partition}}.csv"

[asset.report]
deps = ["clean", "names"]
command = "cat {{input.clean}} > {{output.text}}; wc -l {{input.clean}} > {{output.lines}}"
outputs = { text = "build/report.txt", lines = "build/lines.txt" }

[asset.world]
partitions = "region"
deps = "cities"
command = "cp {{input}} {{output}}"
outputs = "build/world/{{partition}}.txt"

[asset.invoice]
partitions = "tenant"
deps = "names"
command = "cp {{input}} {{output}}"
outputs = "build/invoice/{{partition}}.txt"

[asset.other]
deps = "names"
command = "cp {{input}} {{output}}"
outputs = "build/other.txt"
"#;

/// A built and committed project.
fn built() -> Sandbox {
    let mut project = Sandbox::new()
        .at("2024-01-04T12:00:00Z")
        .with_file("Assets.toml", MANIFEST)
        .with_file("names.txt", "ann\nbob\n")
        .with_file("steps/clean.sh", "sort \"$1\" > \"$2\"\n")
        .with_file("cities/eu.txt", "Rome\n")
        .with_file("cities/us.txt", "Boston\n")
        .with_file("cities/asia.txt", "Tokyo\n")
        .with_file(".gitignore", "/build/\n/.assetctl/\n");
    for day in ["01", "02", "03"] {
        project = project.with_file(&format!("data/2024-01-{day}.csv"), &format!("row {day}\n"));
    }
    git(&project, &["init", "-q"]);
    git(&project, &["add", "-A"]);
    project
        .run(&["partitions", "add", "tenant", "acme", "zoo"])
        .success();
    project.materialize(&[]).success();
    commit(&project);
    project
}

/// A clone of a committed project: no instance, no outputs.
fn cloned(original: &Sandbox) -> Sandbox {
    let clone = Sandbox::new().at("2024-01-04T12:00:00Z");
    let from = original.project();
    let from = from.to_str().expect("temporary folders have plain names");
    git(&clone, &["clone", "-q", from, "."]);
    clone
}

fn commit(project: &Sandbox) {
    git(project, &["add", "-A"]);
    let words = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "commit",
        "-q",
        "-m",
        "a",
    ];
    git(project, &words);
}

fn git(project: &Sandbox, words: &[&str]) {
    project.run_command(&[&["git"], words].concat()).success();
}

/// What `check --json` says, as exit code and document.
fn document(project: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let outcome = project
        .run(&[&["check", "--json"], arguments].concat())
        .exits(code);
    serde_json::from_str(outcome.stdout()).expect("the answer is JSON")
}

/// What is stale, missing or pending: `clean@2024-01-01...2024-01-02 stale code`, in the order of the report.
fn unfresh(document: &Value) -> Vec<String> {
    let lists = ["stale", "pending"].map(|list| document[list].as_array().expect("a list"));
    let told = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let keys = match (text("first"), text("last")) {
            (first, _) if first.is_empty() => String::new(),
            (first, last) if first == last => format!("@{first}"),
            (first, last) => format!("@{first}...{last}"),
        };
        let causes = entry["causes"].as_array().expect("a list").iter();
        let mut kinds: Vec<_> = causes
            .map(|it| it["kind"].as_str().unwrap_or("?"))
            .collect();
        kinds.dedup();
        format!(
            "{}{keys} {} {}",
            text("asset"),
            text("status"),
            kinds.join("+")
        )
        .trim_end()
        .to_owned()
    };
    lists.into_iter().flatten().map(told).collect()
}

/// A change and what it makes unfresh.
type Change = (&'static str, fn(&Sandbox), &'static [&'static str]);

const CHANGES: &[Change] = &[
    ("nothing", |_| {}, &[]),
    (
        "a source",
        |project| project.append("data/2024-01-02.csv", "more\n"),
        &[
            "clean@2024-01-02 stale data",
            "window@2024-01-02...2024-01-03 pending data",
            "report pending data",
        ],
    ),
    (
        "a source that is gone",
        |project| project.remove("cities/us.txt"),
        &["world@us stale data"],
    ),
    (
        "two sources of which one is gone",
        |project| {
            project.append("data/2024-01-02.csv", "more\n");
            project.remove("names.txt");
        },
        &[
            "clean@2024-01-02 stale data",
            "invoice@acme...zoo stale data",
            "other stale data",
            "report stale data",
            "window@2024-01-02...2024-01-03 pending data",
        ],
    ),
    (
        "a code file",
        |project| project.append("steps/clean.sh", "# more\n"),
        &[
            "clean@2024-01-01...2024-01-03 stale code",
            "window@2024-01-01...2024-01-03 pending data",
            "report pending data",
        ],
    ),
    (
        "a command",
        |project| {
            project.edit(
                "Assets.toml",
                "wc -l {{input.clean}}",
                "wc -c {{input.clean}}",
            );
        },
        &["report stale code"],
    ),
    (
        "the environment",
        |project| project.edit("Assets.toml", "LIMIT = \"3\"", "LIMIT = \"4\""),
        &[
            "clean@2024-01-01...2024-01-03 stale code",
            "window@2024-01-01...2024-01-03 pending data",
            "report pending data",
        ],
    ),
    (
        "a new dependency",
        |project| {
            project.edit(
                "Assets.toml",
                "[asset.other]\ndeps = \"names\"\ncommand = \"cp {{input}} {{output}}\"",
                "[asset.other]\ndeps = [\"names\", { asset = \"cities\", mapping = \"all\" }]\ncommand = \"cp {{input.names}} {{output}}\"",
            );
        },
        &["other stale dependency"],
    ),
    (
        "a dependency less",
        |project| {
            project.edit(
                "Assets.toml",
                "deps = [\"clean\", \"names\"]",
                "deps = [\"clean\"]",
            );
        },
        &["report stale dependency"],
    ),
    (
        "a mapping",
        |project| project.edit("Assets.toml", "start_offset = -1", "start_offset = -2"),
        &[
            "window@2024-01-01...2024-01-02 stale code",
            "window@2024-01-03 stale code+data",
        ],
    ),
    (
        "dependencies in another order",
        |project| {
            project.edit(
                "Assets.toml",
                "deps = [\"clean\", \"names\"]",
                "deps = [\"names\", \"clean\"]",
            );
        },
        &["report stale code+data"],
    ),
    (
        "another name",
        |project| project.edit("Assets.toml", "[asset.other]", "[asset.another]"),
        &["another missing"],
    ),
    (
        "a dynamic key more",
        |project| {
            project.edit(
                "Assets.lock",
                "+ tenant acme\n",
                "+ tenant acme\n+ tenant bolt\n",
            );
        },
        &["invoice@bolt missing"],
    ),
    (
        "a dynamic key less",
        |project| project.edit("Assets.lock", "+ tenant acme\n", ""),
        &[],
    ),
    (
        "an asset less",
        |project| {
            let text = project.read("Assets.toml");
            let (kept, _) = text
                .split_once("[asset.other]")
                .expect("it is the last one");
            project.write("Assets.toml", kept);
        },
        &[],
    ),
    (
        "a new key",
        |project| {
            project.edit(
                "Assets.toml",
                "[\"eu\", \"us\"]",
                "[\"asia\", \"eu\", \"us\"]",
            );
        },
        &["world@asia missing"],
    ),
    (
        "a conflict",
        |project| {
            let line = line_of(project, "clean 2024-01-02 ");
            let both = format!("<<<<<<< ours\n{line}\n=======\n{line}\n>>>>>>> theirs");
            project.edit("Assets.lock", &line, &both);
        },
        &[],
    ),
    (
        "two lines of which one is right",
        |project| {
            let line = line_of(project, "clean 2024-01-02 ");
            let other = with_other(&line, " i=");
            project.edit("Assets.lock", &line, &format!("{other}\n{line}"));
        },
        &[],
    ),
    (
        "two lines of which none is right",
        |project| {
            let line = line_of(project, "other - ");
            let (one, two) = (with_other(&line, " i="), with_other(&line, " d="));
            project.edit("Assets.lock", &line, &format!("{one}\n{two}"));
        },
        &["other stale code"],
    ),
    (
        "what a dependency contributed, edited",
        |project| {
            let line = line_of(project, "other - ");
            project.edit("Assets.lock", &line, &with_other(&line, " d="));
        },
        &["other stale data"],
    ),
    (
        "an edited code version",
        |project| {
            let line = line_of(project, "other - ");
            project.edit("Assets.lock", &line, &with_other(&line, " c="));
        },
        &["other stale code"],
    ),
    (
        "an edited key",
        |project| {
            let line = line_of(project, "clean 2024-01-02 ");
            project.edit(
                "Assets.lock",
                &line,
                &line.replace("2024-01-02", "2024-02-02"),
            );
        },
        &[
            "clean@2024-01-02 missing",
            "window@2024-01-02...2024-01-03 pending data",
            "report pending data",
        ],
    ),
    (
        "an edited line",
        |project| {
            let line = line_of(project, "other - ");
            project.edit("Assets.lock", &line, &with_other(&line, " i="));
        },
        &["other stale code"],
    ),
    (
        "an output less in a line",
        |project| {
            let line = line_of(project, "report - ");
            let without: Vec<&str> = line
                .split(' ')
                .filter(|it| !it.starts_with("o.text="))
                .collect();
            project.edit("Assets.lock", &line, &without.join(" "));
        },
        &["report stale code"],
    ),
    (
        "a line less",
        |project| {
            let line = line_of(project, "clean 2024-01-02 ");
            project.edit("Assets.lock", &format!("{line}\n"), "");
        },
        &[
            "clean@2024-01-02 missing",
            "window@2024-01-02...2024-01-03 pending data",
            "report pending data",
        ],
    ),
];

/// The line of the lock file that begins so.
fn line_of(project: &Sandbox, beginning: &str) -> String {
    let text = project.read("Assets.lock");
    let mut lines = text.lines().filter(|line| line.starts_with(beginning));
    lines.next().expect("there is such a line").to_owned()
}

/// A line with another first digit in the field that begins so.
fn with_other(line: &str, field: &str) -> String {
    let at = line.find(field).expect("the field is there") + field.len();
    let digit = if line[at..].starts_with('0') {
        "1"
    } else {
        "0"
    };
    format!("{}{digit}{}", &line[..at], &line[at + 1..])
}

#[test]
fn each_change_is_found_exactly_with_an_instance_and_without() {
    let project = built();
    for (name, change, expected) in CHANGES {
        let clone = cloned(&project);
        let original = Sandbox::new()
            .at("2024-01-04T12:00:00Z")
            .with_copy(&project.project(), "");
        for (place, sandbox) in [("clone", &clone), ("original", &original)] {
            change(sandbox);
            let code = i32::from(!expected.is_empty());
            let document = document(sandbox, &[], code);
            assert_eq!(unfresh(&document), *expected, "{name}, in the {place}");
            assert_eq!(document["basis"], "lock");
        }
        assert!(
            !clone.path(".assetctl").exists(),
            "{name}: a folder was made"
        );
    }
}

#[test]
fn a_clock_alone_makes_nothing_stale() {
    let clone = cloned(&built());
    let later = ["--now", "2024-01-06T12:00:00Z"];
    let apart = document(&clone, &later, 0);
    assert_eq!(apart["counts"]["due"], 4);
    assert_eq!(apart["due"][0]["first"], "2024-01-04");
    let counted = document(&clone, &[&later[..], &["--due"]].concat(), 1);
    assert_eq!(
        unfresh(&counted),
        [
            "clean@2024-01-04...2024-01-05 missing",
            "window@2024-01-04...2024-01-05 missing"
        ]
    );
}

#[test]
fn only_what_a_change_touches_is_asked_about() {
    let project = built();
    project.append("steps/clean.sh", "# more\n");
    commit(&project);
    project.write("cities/eu.txt", "Paris\n");
    let all = [
        "clean@2024-01-01...2024-01-03 stale code",
        "world@eu stale data",
    ];
    let found = unfresh(&document(&project, &[], 1));
    assert!(
        all.iter().all(|it| found.iter().any(|found| found == it)),
        "{found:?}"
    );
    let since = document(&project, &["--since", "HEAD"], 1);
    assert_eq!(unfresh(&since), ["world@eu stale data"]);
    assert_eq!(since["counts"]["all"], 1);
}

#[test]
fn lines_that_a_change_touches_are_asked_about() {
    let project = built();
    let line = line_of(&project, "other - ");
    project.edit("Assets.lock", &line, &with_other(&line, " i="));
    let since = document(&project, &["--since", "HEAD"], 1);
    assert_eq!(unfresh(&since), ["other stale code"]);
}

#[test]
fn orphans_are_told_and_fail_nothing() {
    let clone = cloned(&built());
    let text = clone.read("Assets.toml");
    let (kept, _) = text
        .split_once("[asset.other]")
        .expect("it is the last one");
    clone.write("Assets.toml", kept);
    let outcome = clone.run(&["check"]).success();
    assert!(
        outcome
            .stdout()
            .contains("1 line without a declaration: other")
    );
    let quiet = clone.run(&["check", "-q"]).success();
    assert_eq!(quiet.said(), "exit 0");
}

#[test]
fn without_a_project_or_a_lock_file() {
    let empty = Sandbox::new();
    let outcome = empty.run(&["check", "--if-present"]).success();
    assert!(
        outcome.stderr().contains("no Assets.toml"),
        "{}",
        outcome.said()
    );
    empty.run(&["check"]).exits(2);
    let project = built();
    project.remove("Assets.lock");
    let document = document(&project, &[], 0);
    assert_eq!(document["basis"], "instance");
    let text = project.run(&["check"]).success();
    assert!(
        text.stdout().contains("There is no Assets.lock"),
        "{}",
        text.said()
    );
}

#[test]
fn a_source_that_is_elsewhere_cannot_be_judged() {
    let clone = cloned(&built());
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n";
    clone.write("cities/eu.txt", pointer);
    git(
        &clone,
        &[
            "sparse-checkout",
            "set",
            "--no-cone",
            "/*",
            "!/data/2024-01-02.csv",
        ],
    );
    assert!(!clone.path("data/2024-01-02.csv").exists());
    let lenient = document(&clone, &[], 0);
    let told = |at: usize| {
        let entry = &lenient["unverifiable"][at];
        let text = |field: &str| entry[field].as_str().expect("a text").to_owned();
        [text("asset"), text("first"), text("why"), text("path")]
    };
    let first = [
        "clean",
        "2024-01-02",
        "not_checked_out",
        "data/2024-01-02.csv",
    ];
    assert_eq!(told(0), first);
    assert_eq!(told(1), ["world", "eu", "lfs_pointer", "cities/eu.txt"]);
    assert_eq!(lenient["counts"]["unverifiable"], 2);
    document(&clone, &["--strict"], 1);
}

#[test]
fn a_source_that_git_does_not_have_is_taken_from_the_lock_file() {
    let original = built();
    original.write(".gitignore", "/build/\n/.assetctl/\n/names.txt\n");
    git(&original, &["rm", "-q", "--cached", "names.txt"]);
    original.append("names.txt", "cid\n");
    original.materialize(&[]).success();
    commit(&original);
    let clone = cloned(&original);
    assert!(!clone.path("names.txt").exists());
    let document = document(&clone, &[], 0);
    assert_eq!(document["locked_sources"][0]["asset"], "names");
}
