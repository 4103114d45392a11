//! What stands in Assets.lock after what was done, from outside: its bytes depend on what was made and on nothing else,
//! nobody's lines are lost, and what cannot be understood is never overwritten.

mod changing;
mod diff;
mod folding;
mod knowing;
mod switching;
mod writing;

use crate::sandbox::Sandbox;

/// Three days of a source, a chain of them, and one of several outputs.
const CHAIN: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2", "d3"]

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
command = "sort {{input}} > {{output}}"
outputs = "build/{{partition}}.csv"

[asset.all]
deps = "clean"
command = "cat {{input}} > {{output}}"
outputs = "build/all.csv"

[asset.report]
deps = ["all"]
command = "cp {{input}} {{output.text}}; wc -l < {{input}} > {{output.count}}"
outputs = { text = "build/report.txt", count = "build/count" }
"#;

/// A project of [`CHAIN`] with its sources.
fn chain() -> Sandbox {
    ["d1", "d2", "d3"].into_iter().fold(
        Sandbox::new().with_file("Assets.toml", CHAIN),
        |sandbox, day| sandbox.with_file(&format!("raw/{day}.csv"), &format!("b {day}\na\n")),
    )
}

/// The same in a repository, with everything committed that git is to track.
fn repository(sandbox: Sandbox, ignored: &str) -> Sandbox {
    let above = sandbox.project();
    let above = above.parent().expect("the project lies in the sandbox");
    let above = above.to_str().expect("temporary folders have plain names");
    let sandbox = sandbox
        .with_env("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_env("GIT_CONFIG_NOSYSTEM", "1")
        .with_env("GIT_CEILING_DIRECTORIES", above)
        .with_file(".gitignore", &format!(".assetctl/\nbuild/\n{ignored}"));
    git(&sandbox, &["init", "-q", "-b", "main"]);
    git(&sandbox, &["config", "user.email", "somebody@example.org"]);
    git(&sandbox, &["config", "user.name", "Somebody"]);
    commit(&sandbox);
    sandbox
}

fn git(sandbox: &Sandbox, words: &[&str]) {
    sandbox.run_command(&[&["git"], words].concat()).success();
}

fn commit(sandbox: &Sandbox) {
    git(sandbox, &["add", "--all"]);
    git(
        sandbox,
        &["commit", "-q", "--allow-empty", "-m", "a commit"],
    );
}

/// The text of the lock file; empty where there is none.
fn lock(sandbox: &Sandbox) -> String {
    if sandbox.path("Assets.lock").exists() {
        sandbox.read("Assets.lock")
    } else {
        String::new()
    }
}

/// What the lines of the lock file are about, without what they say: `clean d1`.
fn lines(sandbox: &Sandbox) -> Vec<String> {
    let text = lock(sandbox);
    let about = |line: &str| {
        let words = line.split(' ').take_while(|word| !word.contains('='));
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().skip(2).map(about).collect()
}

/// The line about this.
#[track_caller]
fn line(sandbox: &Sandbox, about: &str) -> String {
    let text = lock(sandbox);
    let start = format!("{about} ");
    let mut found = text.lines().filter(|line| line.starts_with(&start));
    let line = found.next();
    assert!(found.next().is_none(), "two lines of {about}:\n{text}");
    line.unwrap_or_else(|| panic!("no line of {about}:\n{text}"))
        .to_owned()
}

/// What the lines are about that are not in the text before.
fn changed(before: &str, after: &str) -> Vec<String> {
    let new = after.lines().filter(|line| !before.contains(line));
    let about = |line: &str| {
        let words: Vec<&str> = line.split(' ').take(2).collect();
        words.join(" ")
    };
    new.map(about).collect()
}
