//! Commits and merges in real repositories, guarded by the real `pre-commit` program with the hooks that this repository
//! offers.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::sandbox::Sandbox;

/// The `pre-commit` program that the variable `PRE_COMMIT` names, an absolute path. These tests install nothing: without the
/// variable they are skipped, and say so past the test runner, which hides the output of tests that pass.
static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let program = env::var_os("PRE_COMMIT").map(PathBuf::from);
    if program.is_none() {
        let _ = io::stderr().write_all(
            b"SKIPPED: the tests of the hooks need `pre-commit`; set PRE_COMMIT to its path\n",
        );
    }
    program
});

/// A project in a repository that is guarded by the hooks.
struct Guarded(Sandbox);

impl Guarded {
    /// With these files; everything is materialized and committed. `None` without `pre-commit`.
    fn new(manifest: &str, files: &[(&str, &str)]) -> Option<Self> {
        let program = PROGRAM.as_deref()?;
        let binary = Path::new(env!("CARGO_BIN_EXE_assetctl"));
        let folders = [binary, program].map(|it| it.parent().expect("a folder").to_owned());
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(folders.into_iter().chain(env::split_paths(&inherited)));
        let path = path.expect("folders of programs have plain names");
        let mut sandbox = Sandbox::new()
            .with_env("PATH", path.to_str().expect("a plain name"))
            .with_env("GIT_CONFIG_NOSYSTEM", "1")
            .at("2024-01-05T12:00:00Z");
        for role in ["AUTHOR", "COMMITTER"] {
            sandbox = sandbox
                .with_env(&format!("GIT_{role}_NAME"), "Somebody")
                .with_env(&format!("GIT_{role}_EMAIL"), "somebody@example.org");
        }
        let hooks = sandbox.project().with_file_name("hooks");
        fs::create_dir(&hooks).expect("it is new");
        let offered = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
        fs::copy(offered, hooks.join(".pre-commit-hooks.yaml")).expect("copied");
        let guarded = Self(sandbox);
        let at = hooks.to_str().expect("a plain name");
        guarded.git(&["init", "-q", "-b", "main", at]);
        guarded.git(&["-C", at, "add", "--all"]);
        guarded.git(&["-C", at, "commit", "-q", "-m", "hooks"]);
        guarded.git(&["-C", at, "tag", "v0.1.0"]);
        let config = format!(
            "default_install_hook_types: [pre-commit, pre-merge-commit]\nrepos:\n- repo: {at}\n  rev: v0.1.0\n  hooks:\n  - id: assetctl-check\n  - id: assetctl-validate\n"
        );
        let sandbox = &guarded.0;
        sandbox.write(".pre-commit-config.yaml", &config);
        sandbox.write(
            ".gitattributes",
            "Assets.lock merge=union linguist-generated\n",
        );
        sandbox.write(".gitignore", "/.assetctl/\n/build/\n*.seed\n");
        sandbox.write("Assets.toml", manifest);
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox.materialize(&[]).success();
        guarded.git(&["init", "-q", "-b", "main"]);
        let program = program.to_str().expect("a plain name");
        sandbox.run_command(&[program, "install"]).success();
        guarded.commit("begin");
        Some(guarded)
    }

    fn git(&self, words: &[&str]) {
        self.0.run_command(&[&["git"], words].concat()).success();
    }

    /// Commits everything.
    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// What a commit of what is staged says that is refused.
    fn refused(&self) -> String {
        let words = ["git", "commit", "-q", "-m", "refused"];
        let outcome = self.0.run_command(&words).exits(1);
        self.shown(outcome.stderr())
    }

    fn shown(&self, text: &str) -> String {
        let root = self.0.project().with_file_name("");
        let root = root.to_str().expect("a plain name");
        let lines = text.lines().filter(|line| !line.starts_with("[INFO]"));
        let lines: Vec<String> = lines.map(|line| line.replace(root, "[SANDBOX]/")).collect();
        lines.join("\n")
    }

    /// Goes to a new branch that begins at `main`.
    fn branch(&self, name: &str) {
        self.git(&["checkout", "-q", "-b", name, "main"]);
    }

    /// Merges two branches into the main one, whose commits `change` makes, without help, and gives what `check` says then.
    fn merged(&self, change: impl Fn(&Sandbox, &str)) -> String {
        for name in ["one", "two"] {
            self.branch(name);
            // Each branch is worked on in a clone of its own.
            for made in [".assetctl", "build"] {
                if self.0.path(made).exists() {
                    self.0.remove(made);
                }
            }
            change(&self.0, name);
            self.0.materialize(&[]).success();
            self.commit(name);
        }
        self.git(&["checkout", "-q", "main"]);
        self.git(&["merge", "-q", "one"]);
        self.git(&["merge", "-q", "--no-edit", "two"]);
        let outcome = self.0.run(&["check", "--staged"]).success();
        let staged = outcome.stdout().to_owned();
        // The outputs on disk are those of the branch that was worked on last.
        self.0.run(&["check"]).success();
        staged
    }
}

const DAYS: &str = r#"
[project]
name = "days"

[partitions.day]
type = "files"
pattern = "raw/{{partition}}.csv"

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
code = ["clean.sh"]
command = "sh clean.sh {{input}} {{output}}"
outputs = "build/{{partition}}.csv"
"#;

fn days() -> Option<Guarded> {
    let files = [
        ("raw/d1.csv", "1\n"),
        ("raw/d2.csv", "2\n"),
        ("clean.sh", "sort $1 > $2\n"),
    ];
    Guarded::new(DAYS, &files)
}

#[test]
fn a_commit_that_makes_something_stale_is_refused() {
    let Some(guarded) = days() else { return };
    let sandbox = &guarded.0;
    sandbox.write("raw/d2.csv", "3\n");
    sandbox.append("clean.sh", "# another version\n");
    guarded.git(&["add", "raw/d2.csv"]);
    insta::assert_snapshot!("refused", guarded.refused());
    // What is not staged would not be committed: neither the script, nor a lock file that fits it.
    sandbox.materialize(&[]).success();
    guarded.git(&["add", "Assets.lock"]);
    guarded.refused();
    guarded.git(&["add", "clean.sh"]);
    guarded.git(&["commit", "-q", "-m", "good"]);

    // Of a new file that git does not know yet, nothing is said.
    sandbox.write("raw/d3.csv", "3\n");
    sandbox.write("notes.txt", "1\n");
    guarded.git(&["add", "notes.txt"]);
    guarded.git(&["commit", "-q", "-m", "beside it"]);
    guarded.git(&["add", "raw/d3.csv"]);
    let missing = guarded.refused();
    assert!(missing.contains("missing"), "{missing}");
    sandbox.materialize(&[]).success();
    guarded.commit("with its line");

    // `git commit -a` and `git commit PATH` commit another index than the one that lies there.
    sandbox.write("raw/d1.csv", "4\n");
    let all = ["git", "commit", "-q", "-a", "-m", "refused"];
    sandbox.run_command(&all).exits(1);
    sandbox.materialize(&[]).success();
    let one = ["git", "commit", "-q", "-m", "refused", "--", "raw/d1.csv"];
    sandbox.run_command(&one).exits(1);
    sandbox.run_command(&all).success();
}

#[test]
fn a_manifest_that_is_wrong_is_refused() {
    let Some(guarded) = days() else { return };
    guarded
        .0
        .edit("Assets.toml", "deps = \"raw\"", "deps = \"rwa\"");
    guarded.git(&["add", "--all"]);
    let refused = guarded.refused();
    assert!(refused.contains("did you mean `raw`"), "{refused}");
}

#[test]
fn a_repository_without_a_project_is_left_alone() {
    let Some(guarded) = days() else { return };
    for path in ["Assets.toml", "Assets.lock"] {
        guarded.git(&["rm", "-q", "--cached", path]);
    }
    guarded.git(&["commit", "-q", "-m", "not in git any more"]);
    guarded.0.remove("Assets.toml");
    guarded.0.remove("Assets.lock");
    guarded.0.write("notes.txt", "1\n");
    guarded.commit("no project at all");
    let said = guarded.0.run(&["check", "--staged"]).exits(2);
    assert!(
        said.stderr().contains("no Assets.toml"),
        "{}",
        said.stderr()
    );
}

#[test]
fn branches_that_each_add_partitions_merge() {
    let Some(guarded) = days() else { return };
    let said = guarded.merged(|sandbox, name| {
        for number in 0..3 {
            sandbox.write(&format!("raw/{name}{number}.csv"), "1\n");
        }
    });
    assert_eq!(
        said,
        "Everything is fresh: 8 asset partitions of 1 asset.\n"
    );
}

#[test]
fn branches_that_rerun_one_key_with_different_bytes_merge() {
    let manifest = r#"
[project]
name = "x"
[asset.model]
deps = { path = "raw.csv", as = "raw" }
command = "cat {{input}} > {{output}}; cat {{project}}.seed >> {{output}}"
outputs = "build/model.csv"
[asset.report]
deps = "model"
command = "sort {{input}} > {{output}}"
outputs = "build/report.csv"
"#;
    let Some(guarded) = Guarded::new(manifest, &[("raw.csv", "1\n"), ("x.seed", "0\n")]) else {
        return;
    };
    let said = guarded.merged(|sandbox, name| {
        sandbox.write("raw.csv", "2\n");
        // It is read and not declared, and git ignores it.
        sandbox.write("x.seed", name);
    });
    assert!(
        said.contains("Locked twice with different outputs"),
        "{said}"
    );
    assert!(said.contains("model"), "{said}");
}

#[test]
fn branches_that_each_add_dynamic_keys_merge() {
    let manifest = r#"
[project]
name = "x"
[partitions.customer]
type = "dynamic"
[asset.page]
partitions = "customer"
command = "echo {{partition}} > {{output}}"
outputs = "build/{{partition}}.html"
"#;
    let Some(guarded) = Guarded::new(manifest, &[]) else {
        return;
    };
    let said = guarded.merged(|sandbox, name| {
        for number in 0..3 {
            let key = format!("{name}{number}");
            let words = ["partitions", "add", "customer", &key];
            sandbox.run(&words).success();
        }
    });
    assert!(said.starts_with("Everything is fresh"), "{said}");
}

#[test]
fn branches_of_an_asset_with_folded_lines_merge() {
    let manifest = r#"
[project]
name = "x"
[partitions.hour]
type = "hourly"
start = "2022-11-13T00:00:00"
[asset.hours]
partitions = "hour"
batch = { max = 1000 }
command = "for file in {{output}}; do echo 1 > $file; done"
outputs = "build/{{partition}}.csv"
"#;
    let few = manifest.replace("2022-11-13", "2024-01-05");
    let Some(guarded) = Guarded::new(&few, &[]) else {
        return;
    };
    guarded.0.write("Assets.toml", manifest);
    let keys = guarded.0.run(&["partitions", "list", "hour", "--keys"]);
    let keys = keys.success();
    for key in keys.stdout().lines() {
        guarded.0.write(&format!("build/{key}.csv"), "1\n");
    }
    guarded.0.run(&["accept", "hours"]).success();
    guarded.commit("many");
    let blocks = |guarded: &Guarded| {
        let text = guarded.0.read("Assets.lock");
        text.lines().filter(|line| line.contains("...")).count()
    };
    let folded = blocks(&guarded);
    assert!(folded > 20, "{folded}");
    for (name, now) in [
        ("one", "2024-01-08T12:00:00Z"),
        ("two", "2024-01-20T12:00:00Z"),
    ] {
        guarded.branch(name);
        let words = ["materialize", "-q", "--now", now];
        guarded.0.run(&words).success();
        guarded.commit(name);
    }
    assert!(blocks(&guarded) > folded, "more is folded on one of them");
    guarded.git(&["checkout", "-q", "main"]);
    guarded.git(&["merge", "-q", "one"]);
    guarded.git(&["merge", "-q", "--no-edit", "two"]);
    let words = [
        "check",
        "--staged",
        "--due",
        "--now",
        "2024-01-20T12:00:00Z",
    ];
    let said = guarded.0.run(&words).success();
    assert!(
        said.stdout().starts_with("Everything is fresh"),
        "{}",
        said.stdout()
    );
}
