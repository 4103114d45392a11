//! `doctor`: what would not work.

use crate::answer::Health;
use crate::app::doctor;
use crate::app::tests::sandbox::Sandbox;

/// The findings that are not good: subject, health, message.
fn wrong(sandbox: &Sandbox) -> Vec<(&'static str, Health, String)> {
    let findings = doctor(&sandbox.surroundings()).findings;
    let wrong = findings.into_iter().filter(|it| it.health > Health::Good);
    wrong
        .map(|it| (it.subject, it.health, it.message))
        .collect()
}

#[test]
fn a_project_where_everything_works() {
    let sandbox = Sandbox::chain();
    assert_eq!(wrong(&sandbox), []);
    sandbox.materialize(&["all"]);
    let report = doctor(&sandbox.surroundings());
    assert_eq!(wrong(&sandbox), []);
    let subjects: Vec<_> = report.findings.iter().map(|it| it.subject).collect();
    let expected = [
        "assetctl", "limits", "clock", "git", "project", "instance", "programs",
    ];
    assert_eq!(subjects, expected);
    assert!(
        report.findings[4]
            .message
            .ends_with(": assets: 2, sources: 1")
    );
}

#[test]
fn each_thing_that_would_not_work_is_named() {
    let mut sandbox = Sandbox::chain();
    sandbox.environment.push(("PATH", "/nowhere"));
    let found = wrong(&sandbox);
    assert_eq!(found[0].0, "git");
    let shell = "`bash` of `clean` was not found".to_owned();
    assert_eq!(found[1..], [("programs", Health::Error, shell)]);

    sandbox.environment = vec![("HOME", "/proc/nowhere"), ("TMPDIR", "/proc/nowhere")];
    let subjects: Vec<_> = wrong(&sandbox).iter().map(|it| (it.0, it.1)).collect();
    let expected = [
        ("temporary files", Health::Error),
        ("caches", Health::Warning),
    ];
    assert_eq!(subjects, expected);

    sandbox.environment.clear();
    sandbox.materialize(&["all"]);
    sandbox.write(
        ".assetctl/instance.db",
        "no database at all, but long enough to be looked at",
    );
    assert_eq!(wrong(&sandbox)[0].0, "instance");

    sandbox.remove(".assetctl");
    sandbox.write("Assets.toml", "[asset.a]\nnonsense = 1\n");
    let [("project", Health::Error, _)] = &*wrong(&sandbox) else {
        panic!("{:?}", wrong(&sandbox));
    };
}

#[test]
fn a_lock_file_that_git_ignores() {
    let sandbox = Sandbox::chain();
    let git = std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(sandbox.root())
        .status();
    assert!(git.expect("git").success());
    sandbox.write("Assets.lock", "");
    assert_eq!(wrong(&sandbox), []);
    sandbox.write(".gitignore", "*.lock\n");
    let [("git", Health::Warning, message)] = &*wrong(&sandbox) else {
        panic!("{:?}", wrong(&sandbox));
    };
    assert!(message.starts_with("git ignores Assets.lock"));
}
