//! What expressions select: which steps run, what is left out, and what is said of it.

use crate::sandbox::Sandbox;

/// `raw → clean → core → out`, of which `clean` has days and `core` months; `lone` stands alone.
const MANIFEST: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2|x", "d(3)"]

[partitions.month]
type = "static"
keys = ["m1", "m2"]

[source.raw]
path = "raw.txt"

[asset.clean]
partitions = "day"
deps = "raw"
group = "stage"
command = "test ! -e broken && cat {{input}} > {{output}}"
outputs = "build/clean/{{partition}}"

[asset.core]
partitions = "month"
deps = [{ asset = "clean", mapping = "all" }]
group = "core"
tags = { tier = "one" }
command = "cat {{input}} > {{output}}"
outputs = "build/core/{{partition}}"

[asset.out]
deps = "core"
group = "core"
command = "cat {{input}} > {{output}}"
outputs = "build/out"

[asset.lone]
command = "echo > {{output}}"
outputs = "build/lone"
"#;

const CLEAN: [&str; 3] = ["clean@d1", "clean@d2|x", "clean@d(3)"];

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "1\n")
}

/// Runs `materialize` and names what ran.
fn runs(project: &Sandbox, words: &[&str], steps: &[&str]) {
    let words = [&["materialize", "--json"], words].concat();
    project.run(&words).success().ran(steps);
}

#[test]
fn expressions_select_what_is_made() {
    let project = project();
    runs(&project, &["clean@d1 or clean@d2|x"], &CLEAN[..2]);
    runs(&project, &["clean@\"d(3)\""], &CLEAN[2..]);
    runs(
        &project,
        &["group:core and not core"],
        &["core@m1", "core@m2", "out"],
    );
    runs(
        &project,
        &["raw+1", "lone", "--force", "--only"],
        &[&CLEAN[..], &["lone"]].concat(),
    );
    runs(
        &project,
        &["1+out", "--force", "--only"],
        &["core@m1", "core@m2", "out"],
    );
    runs(
        &project,
        &["tag:tier=*", "core@m1", "-B"],
        &["core@m1", "core@m2"],
    );
}

#[test]
fn what_an_expression_reaches_without_the_key_is_left_out_and_told() {
    let project = project();
    runs(
        &project,
        &[],
        &[&CLEAN[..], &["core@m1", "core@m2", "out", "lone"]].concat(),
    );
    let forced = ["materialize", "-B", "--only", "--partition", "m2"];
    for (selection, code, told) in [
        (
            "group:core",
            0,
            "`out` is left out: it has none of these partitions",
        ),
        (
            "*",
            0,
            "`clean` and 2 more are left out: they have none of these partitions",
        ),
        ("core+", 0, "`out` is left out"),
        ("core or clean", 2, "`clean` has no partition `m2`"),
        ("group:stage", 2, "no selected asset has the key `m2`"),
    ] {
        let words = [&forced[..], &[selection]].concat();
        let said = project.run(&words).exits(code).said();
        assert!(said.contains(told), "{selection}: {said}");
    }
}

#[test]
fn nothing_selected_is_said_in_one_line_and_is_no_error() {
    let project = project();
    for (verb, document) in [
        (&["list"][..], r#""assets":[]"#),
        (&["graph"], r#""assets":[]"#),
        (&["status"], r#""assets":[]"#),
        (&["status", "--exit-code"], r#""assets":[]"#),
        (&["plan"], r#""steps":[]"#),
        (&["materialize"], r#""run_finished""#),
        (&["observe"], r#""observations":[]"#),
        (&["accept"], r#""affected":[]"#),
        (&["wipe", "--yes"], r#""affected":[]"#),
    ] {
        let words = [verb, &["group:nope", "key:none*"]].concat();
        let outcome = project.run(&words).success();
        let said = (outcome.stdout(), outcome.stderr());
        assert_eq!(said, ("", "nothing is selected\n"), "{verb:?}");
        let outcome = project.run(&[&words[..], &["--json"]].concat()).success();
        assert!(
            outcome.stdout().contains(document),
            "{verb:?}: {}",
            outcome.stdout()
        );
    }
    assert!(
        !project.path(".assetctl/instance.db").exists(),
        "nothing ran"
    );
}

#[test]
fn a_verb_over_assets_takes_no_sources_that_are_only_reached() {
    let project = project();
    let named = |words: &[&str], list: &str| -> Vec<String> {
        let words = [words, &["--json"]].concat();
        let answer = project.run(&words).answer().expect("it is right");
        let all = answer[list].as_array().expect("a list").iter();
        let name = |it: &serde_json::Value| {
            let key = ["key", "asset", "source"].map(|name| it[name].as_str());
            key.into_iter().flatten().next().map(str::to_owned)
        };
        all.filter_map(name).collect()
    };
    for (words, list, expected) in [
        (
            &["status", "key:*"][..],
            "assets",
            &["lone", "clean", "core", "out"][..],
        ),
        (&["status", "raw+1"], "assets", &["raw", "clean"]),
        (
            &["list", "key:*", "key:raw"],
            "assets",
            &["raw", "clean", "core", "out", "lone"],
        ),
        (&["observe", "*", "is:external"], "observations", &["raw"]),
        (
            &["graph", "clean"],
            "assets",
            &["raw", "clean", "core", "out"],
        ),
        (&["graph", "clean+1"], "assets", &["clean", "core"]),
    ] {
        let mut found = named(words, list);
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{words:?}");
    }
    project.run(&["materialize", "raw or lone"]).exits(2);
    runs(&project, &["roots(key:*)"], &["lone"]);
}

#[test]
fn a_status_selects_as_status_judges() {
    let project = project();
    let listed = |status: &str| -> Vec<String> {
        let outcome = project.run(&["list", "-q", status]).success();
        outcome.stdout().lines().map(str::to_owned).collect()
    };
    assert_eq!(listed("status:missing"), ["clean", "core", "out", "lone"]);
    runs(&project, &["clean@d1", "lone"], &["clean@d1", "lone"]);
    assert_eq!(listed("status:fresh"), ["lone"]);
    project.write("broken", "");
    project.run(&["materialize", "clean"]).exits(1);
    assert_eq!(listed("status:failed"), ["clean"]);
    assert_eq!(
        listed("status:missing and status:failed"),
        Vec::<String>::new()
    );
    project.remove("broken");
    runs(&project, &["status:failed"], &CLEAN[1..]);
    runs(&project, &["status:failed"], &[]);
    project.write("raw.txt", "2\n");
    assert_eq!(listed("status:stale"), ["clean"]);
    runs(&project, &["status:stale"], &CLEAN);
    assert_eq!(listed("not status:fresh"), ["core", "out"]);
}

#[test]
fn a_revision_selects_what_has_changed_since() {
    let project = project();
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let ran = std::process::Command::new("git")
            .current_dir(project.project())
            .args(identity)
            .args(words)
            .output();
        assert!(ran.expect("git runs").status.success(), "{words:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "Assets.toml", "raw.txt"]);
    git(&["commit", "-q", "-m", "first"]);
    runs(&project, &["changed:HEAD"], &[]);
    project.edit("Assets.toml", "echo > {{output}}", "echo 2 > {{output}}");
    runs(&project, &["changed:HEAD"], &["lone"]);
    project.write("raw.txt", "2\n");
    runs(&project, &["changed:HEAD and not lone"], &CLEAN);
    let wrong = ["list", "lone or changed:nope", "coer", "changed:\"^HEAD\""];
    let said = project.run(&wrong).exits(2).said();
    for told in [
        "there is no revision `nope`",
        "there is no asset or source `coer`",
        "there is no revision `^HEAD`",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(said.matches("not a revision").count(), 2, "{said}");
}

#[test]
fn a_seal_stands_for_its_own_selection_only() {
    let project = project();
    let told = |words: &[&str]| {
        let words = [&["materialize"], words].concat();
        project.run(&words).success().said()
    };
    for words in [&["lone"][..], &["lone or out"], &["status:missing"]] {
        let _ = told(words);
    }
    for (words, expected) in [
        (&["lone"][..], "1 asset is fresh"),
        (&["lone or out"], "4 assets"),
        (&["status:missing"], "nothing is selected"),
    ] {
        let (first, second) = (told(words), told(words));
        assert!(
            first.contains(expected) && second.contains(expected),
            "{first}{second}"
        );
    }
    project.remove("build/lone");
    let _ = told(&["lone"]);
    project.run(&["wipe", "--yes", "lone"]).success();
    runs(&project, &["status:missing"], &["lone"]);
}
