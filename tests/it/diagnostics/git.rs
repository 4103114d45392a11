//! What is said where git has no answer.

use super::{Said, project};
use crate::sandbox::Sandbox;

fn git(sandbox: &Sandbox, words: &[&str]) {
    sandbox.run_command(&[&["git"], words].concat()).success();
}

#[test]
fn git_has_no_answer() {
    let mut said = Said::default();
    let sandbox = project()
        .with_env("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_env("GIT_CONFIG_NOSYSTEM", "1");
    let root = sandbox.project();
    // Whatever the temporary folder lies in is not asked.
    let above = root.parent().expect("the project lies in the sandbox");
    let sandbox = sandbox.with_env(
        "GIT_CEILING_DIRECTORIES",
        above.to_str().expect("temporary folders have plain names"),
    );
    let since = |revision| ["affected", "--since", revision];
    said.of("no repository", &sandbox, &since("main"), 2);
    let staged = ["check", "--staged"];
    said.of("nothing staged", &sandbox, &staged, 2);
    git(&sandbox, &["init", "-q", "-b", "main"]);
    git(&sandbox, &["config", "user.email", "somebody@example.org"]);
    git(&sandbox, &["config", "user.name", "Somebody"]);
    said.of("no commit", &sandbox, &since("main"), 2);
    said.of("not staged", &sandbox, &staged, 2);
    git(&sandbox, &["add", "--all"]);
    git(&sandbox, &["commit", "-q", "-m", "one"]);
    said.of("misspelt", &sandbox, &since("mian"), 2);
    said.of("no such commit", &sandbox, &since("HEAD~3"), 2);
    said.of("a range", &sandbox, &since("HEAD..main"), 2);
    said.of("a flag", &sandbox, &["affected", "--since=--all"], 2);
    said.of("empty", &sandbox, &since(""), 2);
    said.of(
        "in JSON",
        &sandbox,
        &["affected", "--since", "mian", "--json"],
        2,
    );
    said.of("neither", &sandbox, &["affected"], 2);
    said.of(
        "both",
        &sandbox,
        &["affected", "--since", "main", "raw.csv"],
        2,
    );
    for (branch, text) in [("other", "2\n"), ("main", "3\n")] {
        git(&sandbox, &["checkout", "-q", "-B", branch, "HEAD"]);
        sandbox.write("raw.csv", text);
        git(&sandbox, &["commit", "-q", "-a", "-m", branch]);
        if branch == "other" {
            git(&sandbox, &["checkout", "-q", "HEAD~1"]);
        }
    }
    sandbox
        .run_command(&["git", "merge", "-q", "other"])
        .exits(1);
    said.of("unmerged", &sandbox, &staged, 2);
    git(&sandbox, &["config", "core.repositoryFormatVersion", "99"]);
    said.of("git refuses", &sandbox, &since("main"), 3);
    let sandbox = sandbox.with_env("PATH", "/nowhere");
    said.of("no git", &sandbox, &since("main"), 3);
    said.of("and none is needed", &sandbox, &["affected", "raw.csv"], 0);
    said.compare("git");
}
