//! What a git change or a list of files can touch, exact to the key.

use serde_json::Value;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
name = "affected"
include = ["more/*.toml"]
ignore = ["*.tmp"]

[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-02-01"

[partitions.region]
type = "static"
keys = ["eu", "us a"]

[partitions.both]
type = "multi"
dimensions = { date = "day", region = "region" }

[partitions.inbox]
type = "files"
pattern = "inbox/{{partition}}.csv"

[partitions.seen]
type = "daily"
start = "2024-01-01"
end = "2024-02-01"
exists = "seen/{{partition}}"

[source.daily]
partitions = "day"
path = "daily/{{window.start:%Y%m%d}}.csv"

[source.both]
partitions = "both"
path = "both/{{partition.region}}_{{partition.date}}.csv"

[source.inbox]
partitions = "inbox"
path = "inbox/{{partition}}.csv"

[source.globbed]
partitions = "day"
path = "globbed/{{partition}}/**/*.csv"

[source.folder]
path = "folder"

[source.shared]
path = "../common/x.csv"

[source.rate]
path = "params.toml"
key = "rate"

[source.depth]
path = "params.toml"
key = "depth"

[asset.clean]
partitions = "day"
deps = ["daily"]
command = "python3 steps/clean.py {{input}} > {{output}}"
outputs = "build/clean/{{partition}}.csv"

[asset.rolling]
partitions = "day"
deps = [{ asset = "clean", mapping = "time_window", start_offset = -1 }]
command = "cat {{input}} > {{output}}"
outputs = "build/rolling/{{partition}}.csv"

[asset.total]
deps = "rolling"
command = "cat {{input}} > {{output}}"
outputs = "build/total.csv"

[asset.late]
after = ["total"]
command = "echo late > {{output}}"
outputs = "build/late.csv"

[asset.sales]
partitions = "both"
deps = "both"
command = "cat {{input}} > {{output}}"
outputs = "build/sales/{{partition}}.csv"

[asset.taken]
partitions = "inbox"
deps = "inbox"
command = "cat {{input}} > {{output}}"
outputs = "build/taken/{{partition}}.csv"

[asset.merged]
deps = "taken"
command = "cat {{input}} > {{output}}"
outputs = "build/merged.csv"

[asset.marked]
partitions = "seen"
code = "lib/**/*.py"
command = "echo {{partition}} > {{output}}"
outputs = "build/marked/{{partition}}/"

[asset.found]
partitions = "day"
deps = "globbed"
command = "cat {{input}} > {{output}}"
outputs = "build/found/{{partition}}.csv"

[asset.tree]
deps = "folder"
command = "cat {{input}}/* > {{output}}"
outputs = "build/tree.csv"

[asset.outside]
deps = "shared"
command = "cat {{input}} > {{output}}"
outputs = "build/outside.csv"

[asset.rated]
deps = "rate"
command = "echo {{value.rate}} > {{output}}"
outputs = "build/rated"

[asset.deep]
deps = "depth"
command = "echo {{value.depth}} > {{output}}"
outputs = "build/deep"
"#;

const MORE: &str = r#"
[asset.extra]
description = "One more"
command = "echo extra > {{output}}"
outputs = "../build/extra.csv"
"#;

/// A project in a folder of a repository that has one commit, tagged `start`.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new()
        .at("2024-01-04T12:00:00Z")
        .with_env("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_env("GIT_CONFIG_NOSYSTEM", "1")
        .with_file("work/Assets.toml", MANIFEST)
        .with_file("work/more/extra.toml", MORE)
        .with_file("work/steps/clean.py", "")
        .with_file("work/lib/deep/tool.py", "")
        .with_file("work/inbox/a.csv", "1\n")
        .with_file("work/inbox/b c.csv", "1\n")
        .with_file("work/seen/2024-01-01", "")
        .with_file("work/seen/2024-01-02", "")
        .with_file("work/folder/one.csv", "1\n")
        .with_file("work/params.toml", "rate = 1\ndepth = 2\n")
        .with_file("work/build/total.csv", "1\n")
        .with_file("common/x.csv", "1\n")
        .with_file(".gitignore", ".assetctl\n");
    for day in ["01", "02", "03"] {
        sandbox.write(&format!("work/daily/202401{day}.csv"), "1\n");
        sandbox.write(&format!("work/both/eu_2024-01-{day}.csv"), "1\n");
        sandbox.write(&format!("work/both/us a_2024-01-{day}.csv"), "1\n");
        sandbox.write(&format!("work/globbed/2024-01-{day}/x/y.csv"), "1\n");
    }
    git(&sandbox, &["init", "-q", "-b", "main"]);
    git(&sandbox, &["config", "user.email", "somebody@example.org"]);
    git(&sandbox, &["config", "user.name", "Somebody"]);
    git(&sandbox, &["add", "--all"]);
    git(&sandbox, &["commit", "-q", "-m", "start"]);
    git(&sandbox, &["tag", "start"]);
    sandbox
}

fn git(sandbox: &Sandbox, words: &[&str]) {
    sandbox.run_command(&[&["git"], words].concat()).success();
}

/// The asset ranges of an answer as a selection would name them, what is only downstream in parentheses.
fn told(stdout: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(stdout).expect("one document");
    let range = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let (first, last) = (text("first"), text("last"));
        let name = match (first.is_empty(), first == last) {
            (true, _) => text("asset"),
            (false, true) => format!("{}@{first}", text("asset")),
            (false, false) => format!("{}@{first}...{last}", text("asset")),
        };
        if it["direct"] == true {
            name
        } else {
            format!("({name})")
        }
    };
    let assets = answer["assets"].as_array().expect("a list");
    assets.iter().map(range).collect()
}

fn since(sandbox: &Sandbox, revision: &str) -> Vec<String> {
    let words = ["affected", "-C", "work", "--since", revision, "--json"];
    told(sandbox.run(&words).success().stdout())
}

fn of_files(sandbox: &Sandbox, files: &[&str]) -> Vec<String> {
    let words = [&["affected", "-C", "work", "--json"], files].concat();
    told(sandbox.run(&words).success().stdout())
}

/// An edit, and what it can touch.
type Case = (&'static str, fn(&Sandbox), &'static [&'static str]);

const DATA: &[Case] = &[
    ("nothing", |_| (), &[]),
    ("only touched", |it| it.touch("work/daily"), &[]),
    (
        "a window by another format",
        |it| it.append("work/daily/20240102.csv", "2\n"),
        &[
            "clean@2024-01-02",
            "(rolling@2024-01-02...2024-01-03)",
            "(total)",
        ],
    ),
    (
        "a window that is gone",
        |it| it.remove("work/daily/20240103.csv"),
        &["clean@2024-01-03", "(rolling@2024-01-03)", "(total)"],
    ),
    (
        "two dimensions in one name",
        |it| it.append("work/both/us a_2024-01-02.csv", "2\n"),
        &["sales@2024-01-02|us a"],
    ),
    (
        "a name that no key is written with",
        |it| it.write("work/both/us%20a_2024-01-02.csv", "2\n"),
        &[],
    ),
    (
        "a new key",
        |it| it.write("work/inbox/zä.csv", "2\n"),
        &["taken@zä", "(merged)"],
    ),
    (
        "a key that is gone",
        |it| it.remove("work/inbox/a.csv"),
        &["(merged)"],
    ),
    (
        "a key whose file changed",
        |it| it.append("work/inbox/b c.csv", "2\n"),
        &["taken@b c", "(merged)"],
    ),
    (
        "a window that exists now",
        |it| it.write("work/seen/2024-01-03", ""),
        &["marked@2024-01-03"],
    ),
    (
        "a window whose file only changed",
        |it| it.write("work/seen/2024-01-02", "2"),
        &[],
    ),
    (
        "below a glob, with quotes and spaces",
        |it| it.write("work/globbed/2024-01-02/a \"b\" 'c'/é \n.csv", "2\n"),
        &["found@2024-01-02"],
    ),
    (
        "beside a glob",
        |it| it.write("work/globbed/2024-01-02/x/y.txt", "2\n"),
        &[],
    ),
    (
        "below a directory",
        |it| it.write("work/folder/deep/two.csv", "2\n"),
        &["tree"],
    ),
    (
        "ignored below a directory",
        |it| it.write("work/folder/deep/two.tmp", "2\n"),
        &[],
    ),
    (
        "beside the project",
        |it| it.append("common/x.csv", "2\n"),
        &["outside"],
    ),
    (
        "a script that the command names",
        |it| it.append("work/steps/clean.py", "pass\n"),
        &[
            "clean@2024-01-01...2024-01-03",
            "(rolling@2024-01-01...2024-01-03)",
            "(total)",
        ],
    ),
    (
        "a code glob",
        |it| it.write("work/lib/other.py", ""),
        &["marked@2024-01-01...2024-01-02"],
    ),
    (
        "an output",
        |it| it.write("work/build/rolling/2024-01-02.csv", "by hand\n"),
        &["rolling@2024-01-02", "(total)"],
    ),
    (
        "what others only run after",
        |it| it.append("work/build/total.csv", "2\n"),
        &["total"],
    ),
    (
        "one value of a file",
        |it| it.edit("work/params.toml", "depth = 2", "depth = 3"),
        &["deep"],
    ),
    (
        "a file of values written otherwise",
        |it| it.write("work/params.toml", "# order\ndepth = 2\nrate = 1\n"),
        &[],
    ),
    (
        "a file of values that is gone",
        |it| it.remove("work/params.toml"),
        &["rated", "deep"],
    ),
    (
        "a renamed file",
        |it| {
            it.write("work/inbox/d.csv", it.read("work/inbox/a.csv"));
            it.remove("work/inbox/a.csv");
        },
        &["taken@d", "(merged)"],
    ),
];

#[test]
fn a_change_of_data_or_code_touches_what_its_path_tells() {
    let sandbox = repository();
    for (case, edit, expected) in DATA {
        edit(&sandbox);
        assert_eq!(since(&sandbox, "start"), *expected, "{case}");
        git(&sandbox, &["add", "--all"]);
        assert_eq!(since(&sandbox, "start"), *expected, "{case}, staged");
        git(&sandbox, &["commit", "-q", "--allow-empty", "-m", "edit"]);
        assert_eq!(since(&sandbox, "main~1"), *expected, "{case}, committed");
        git(&sandbox, &["reset", "-q", "--hard", "start"]);
    }
}

#[test]
fn a_repository_within_this_one_counts_with_all_that_it_holds() {
    let sandbox = repository();
    let inner = |words: &[&str]| {
        let folder = ["-C", "work/globbed/2024-01-02/in"];
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        git(&sandbox, &[&folder[..], &identity, words].concat());
    };
    let commit = ["commit", "-q", "--allow-empty", "-m", "edit"];
    sandbox.write("work/globbed/2024-01-02/in/deep/y.csv", "1\n");
    inner(&["init", "-q"]);
    inner(&["add", "--all"]);
    inner(&commit);
    assert_eq!(since(&sandbox, "start"), ["found@2024-01-02"], "unknown");
    git(
        &sandbox,
        &["-c", "advice.addEmbeddedRepo=false", "add", "--all"],
    );
    git(&sandbox, &commit);
    assert_eq!(since(&sandbox, "start"), ["found@2024-01-02"], "known");
    assert_eq!(since(&sandbox, "main"), [""; 0], "as it is");
    sandbox.append("work/globbed/2024-01-02/in/deep/y.csv", "2\n");
    assert_eq!(since(&sandbox, "main"), ["found@2024-01-02"], "changed");
}

const DECLARATIONS: &[Case] = &[
    (
        "words for people, comments and order",
        |it| {
            it.edit("work/more/extra.toml", "One more", "Another");
            it.edit(
                "work/Assets.toml",
                "[asset.total]",
                "# Sum\n\n[asset.total]",
            );
        },
        &[],
    ),
    (
        "a command",
        |it| it.edit("work/more/extra.toml", "echo extra", "echo Extra"),
        &["extra"],
    ),
    (
        "a new asset that reads another",
        |it| {
            let new = "\n[asset.new]\ndeps = \"total\"\ncommand = \"cp {{input}} {{output}}\"\noutputs = \"build/new\"\n";
            it.append("work/Assets.toml", new);
        },
        &["new"],
    ),
    (
        "a mapping",
        |it| it.edit("work/Assets.toml", "start_offset = -1", "start_offset = -2"),
        &["rolling@2024-01-01...2024-01-03", "(total)"],
    ),
    (
        "one more name",
        |it| it.edit("work/Assets.toml", "\"us a\"]", "\"us a\", \"asia\"]"),
        &[
            "sales@2024-01-01|asia",
            "sales@2024-01-02|asia",
            "sales@2024-01-03|asia",
        ],
    ),
    (
        "an earlier start",
        |it| {
            let old = "[partitions.day]\ntype = \"daily\"\nstart = \"2024-01-01\"";
            it.edit(
                "work/Assets.toml",
                old,
                &old.replace("2024-01-01", "2023-12-31"),
            );
        },
        &[
            "clean@2023-12-31",
            "rolling@2023-12-31...2024-01-01",
            "(total)",
            "sales@2023-12-31|eu...2023-12-31|us a",
            "found@2023-12-31",
        ],
    ),
    (
        "a name less",
        |it| it.edit("work/Assets.toml", "\"eu\", \"us a\"", "\"eu\""),
        &["sales@2024-01-01|eu...2024-01-03|eu"],
    ),
    (
        "an include, of which another file is new",
        |it| {
            let text = it.read("work/more/extra.toml");
            it.write("work/more/second.toml", text.replace("extra", "second"));
        },
        &["second"],
    ),
];

#[test]
fn a_change_of_declarations_touches_what_is_declared_otherwise() {
    let sandbox = repository();
    for (case, edit, expected) in DECLARATIONS {
        edit(&sandbox);
        assert_eq!(since(&sandbox, "start"), *expected, "{case}");
        git(&sandbox, &["add", "--all"]);
        git(&sandbox, &["reset", "-q", "--hard", "start"]);
    }
}

#[test]
fn a_revision_without_declarations_that_can_be_read_touches_everything() {
    let sandbox = repository();
    let text = sandbox.read("work/Assets.toml");
    sandbox.write("work/Assets.toml", "[asset.x\n");
    git(&sandbox, &["commit", "-q", "-a", "-m", "broken"]);
    sandbox.write("work/Assets.toml", &text);
    let everything = since(&sandbox, "HEAD");
    for part in ["clean@2024-01-01...2024-01-03", "late", "extra"] {
        assert!(everything.iter().any(|it| it == part), "{everything:?}");
    }
}

#[test]
fn files_are_named_from_where_one_is() {
    let sandbox = repository();
    std::os::unix::fs::symlink("../common", sandbox.path("work/linked")).expect("a link");
    let absolute = sandbox.path("work/daily/20240103.csv");
    let absolute = absolute.to_str().expect("plain names");
    let table: &[(&[&str], &[&str])] = &[
        (
            &["work/daily/20240102.csv"],
            &[
                "clean@2024-01-02",
                "(rolling@2024-01-02...2024-01-03)",
                "(total)",
            ],
        ),
        (
            &[absolute],
            &["clean@2024-01-03", "(rolling@2024-01-03)", "(total)"],
        ),
        (&["work/nothing/here.csv", "/etc/passwd"], &[]),
        (&["./work/../common"], &["outside"]),
        (&["work/linked/x.csv"], &["outside"]),
        (&["work/more/extra.toml"], &["extra"]),
        (&["work/inbox"], &["taken@a...b c", "(merged)"]),
        (&["work/inbox/gone.csv"], &["(merged)"]),
        (
            &["work/both/eu_2024-01-01.csv", "work/both/eu_2024-01-02.csv"],
            &["sales@2024-01-01|eu", "sales@2024-01-02|eu"],
        ),
    ];
    for (files, expected) in table {
        assert_eq!(of_files(&sandbox, files), *expected, "{files:?}");
    }
    let direct = of_files(&sandbox, &["work/daily/20240102.csv", "--direct"]);
    assert_eq!(direct, ["clean@2024-01-02"]);
    let nothing = ["affected", "-C", "work", "work/nothing"];
    assert_eq!(
        sandbox.run(&nothing).success().stdout(),
        "This affects no asset.\n"
    );
}

#[test]
fn neither_configuration_nor_a_hook_changes_the_answer() {
    let sandbox = repository();
    for (name, value) in [
        ("diff.relative", "true"),
        ("diff.external", "false"),
        ("diff.noprefix", "true"),
        ("diff.renames", "copies"),
        ("core.quotePath", "true"),
        ("core.fsmonitor", "false-is-no-program"),
        ("status.showUntrackedFiles", "no"),
    ] {
        git(&sandbox, &["config", name, value]);
    }
    let sandbox = sandbox
        .with_env("GIT_DIR", "/nowhere")
        .with_env("GIT_INDEX_FILE", "/nowhere/index");
    sandbox.write("work/inbox/é.csv", "1\n");
    sandbox.remove("work/inbox/a.csv");
    let index = sandbox.bytes(".git/index");
    sandbox.touch("work/daily");
    assert_eq!(since(&sandbox, "start"), ["taken@é", "(merged)"]);
    assert!(
        sandbox.bytes(".git/index") == index,
        "the index was written"
    );
}
