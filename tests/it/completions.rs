//! What shells are offered: the real binary, asked as the scripts ask it.

use crate::sandbox::Sandbox;

/// Names with a slash, values that need quotes, and partitions of each kind.
const MANIFEST: &str = r#"
[project]

[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-02-01"

[partitions.customers]
type = "dynamic"

[source.raw]
path = "raw.csv"

[asset."stg/orders"]
group = "core"
tags = { layer = "core", zone = "raw zone", pii = "" }
deps = "raw"
command = "cp {{input}} {{output}}; echo copied"
outputs = "build/orders.csv"

[asset."stg/users"]
group = "group two"
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "build/users.csv"

[asset.daily]
partitions = "day"
deps = "stg/orders"
command = "cp {{input}} {{output}}"
outputs = "build/daily/{{partition}}.csv"

[asset.of_customer]
partitions = "customers"
deps = "stg/users"
command = "cp {{input}} {{output}}"
outputs = "build/customer/{{partition}}.csv"
"#;

/// The project, in a repository with one commit, with two customers.
fn project() -> Sandbox {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.csv", "1\n")
        .at("2024-01-04T12:00:00Z");
    let keys = ["partitions", "add", "customers", "acme", "globex"];
    sandbox.run(&keys).success();
    sandbox
        .run_command(&["git", "init", "-q", "-b", "main"])
        .success();
    let commit = "git -c user.name=n -c user.email=e@x commit -q --allow-empty -m first";
    let words: Vec<&str> = commit.split(' ').collect();
    sandbox.run_command(&words).success();
    sandbox
}

/// What Fish is offered for these words, the last as it is typed; without explanations.
fn fish(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let asked = [
        &[
            "ASSETCTL_COMPLETE=fish",
            env!("CARGO_BIN_EXE_assetctl"),
            "--",
            "assetctl",
        ],
        words,
    ];
    answer(sandbox, &asked.concat(), |line| {
        let value = line.split('\t').next().unwrap_or(line);
        value.to_owned()
    })
}

/// What Zsh is offered for these words, the last without its quotes.
fn zsh(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let asked = [
        &[
            "ASSETCTL_COMPLETE=zsh",
            env!("CARGO_BIN_EXE_assetctl"),
            "--",
            "assetctl",
        ],
        words,
    ];
    answer(sandbox, &asked.concat(), str::to_owned)
}

/// What Bash is offered for a line, of which it replaces the end that is given.
fn bash(sandbox: &Sandbox, line: &str, replaced: &str) -> Vec<String> {
    let line = format!("_ASSETCTL_LINE={line}");
    let replaced = format!("_ASSETCTL_REPLACED={replaced}");
    let asked = [
        "ASSETCTL_COMPLETE=bash",
        &line,
        &replaced,
        env!("CARGO_BIN_EXE_assetctl"),
        "--",
        "assetctl",
    ];
    answer(sandbox, &asked, str::to_owned)
}

fn answer(sandbox: &Sandbox, asked: &[&str], of: impl Fn(&str) -> String) -> Vec<String> {
    let words = [&["env"], asked].concat();
    let outcome = sandbox.run_command(&words).success();
    outcome.stdout().lines().map(of).collect()
}

#[test]
fn every_argument_is_offered_what_it_takes() {
    let sandbox = project();
    sandbox.run(&["materialize", "-q", "stg/orders"]).success();
    let days = ["2024-01-03", "2024-01-02", "2024-01-01"];
    let names = ["daily", "of_customer", "raw", "stg/orders", "stg/users"];
    for (line, expected) in [
        ("mat", &["materialize"][..]),
        ("partitions ma", &["map"]),
        ("list --js", &["--json"]),
        ("show ", &names),
        ("explain s", &["stg/orders", "stg/users"]),
        (
            "explain daily@",
            &["daily@2024-01-03", "daily@2024-01-02", "daily@2024-01-01"],
        ),
        ("explain daily --partition ", &days),
        ("history daily --partition 2024-01-02", &["2024-01-02"]),
        ("plan --steps st", &["stg/orders", "stg/users"]),
        ("plan --steps *da", &["*daily"]),
        ("plan --steps +daily@2024-01-03", &["+daily@2024-01-03"]),
        (
            "plan --partition ",
            &["2024-01-03", "2024-01-02", "2024-01-01", "globex", "acme"],
        ),
        ("plan daily --partition ", &days),
        ("plan of_customer --partition ", &["globex", "acme"]),
        (
            "plan --partition customers=",
            &["customers=globex", "customers=acme"],
        ),
        ("plan --partition=a", &["--partition=acme"]),
        ("plan --partition-range 2024-01-03", &["2024-01-03..."]),
        (
            "plan daily --partition-range 2024-01-02...2024-01-03",
            &["2024-01-02...2024-01-03"],
        ),
        (
            "partitions list ",
            &["customers", "daily", "day", "of_customer"],
        ),
        ("partitions list day --partition ", &days),
        (
            "partitions list daily --partition-range 2024-01-01",
            &["2024-01-01..."],
        ),
        ("partitions show o", &["of_customer"]),
        ("partitions map d", &["daily"]),
        ("partitions map daily --dep ", &["stg/orders"]),
        ("partitions map daily --dep stg/orders --partition ", &days),
        (
            "partitions map x --dep daily --downstream --partition ",
            &days,
        ),
        ("partitions add ", &["customers"]),
        ("partitions remove customers g", &["globex"]),
        ("affected --since ", &["HEAD", "main"]),
        ("affected r", &["raw.csv"]),
        ("list changed:m", &["changed:main"]),
        ("help sel", &["selection"]),
        ("init --template ex", &["example"]),
        ("graph --format d", &["dot"]),
        (
            "--now 2024-01-02T12:00:00Z explain daily@",
            &["daily@2024-01-01"],
        ),
        ("show nothing", &[]),
        ("wipe daily@2023", &[]),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(fish(&sandbox, &words), expected, "{line}");
    }
    let runs = fish(&sandbox, &["logs", "stg/orders", "--run", ""]);
    let [last, last_failed, run] = runs.as_slice() else {
        panic!("{runs:?}");
    };
    assert_eq!([&**last, last_failed], ["last", "last-failed"]);
    sandbox.run(&["logs", "stg/orders", "--run", run]).success();
    for line in [
        "list ",
        "status ",
        "plan ",
        "materialize ",
        "wipe ",
        "observe ",
        "graph ",
        "accept ",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let offered = fish(&sandbox, &words);
        // Sources are not made.
        let is_made = |word: &str| word != "raw";
        let makes = ["plan ", "materialize ", "accept "].contains(&line);
        for word in names.iter().chain(&["group:", "status:", "not "]) {
            let is_offered = offered.contains(&(*word).to_owned());
            assert_eq!(is_offered, !makes || is_made(word), "{line}: {word}");
        }
        assert!(offered.iter().all(|it| !it.starts_with('-')), "{offered:?}");
    }
}

#[test]
fn selections_are_offered_in_the_quotes_of_each_shell() {
    let sandbox = project();
    let tags = ["layer=core", "pii", "zone=\"raw zone\"", "<null>"];
    let behind = |before: &str| tags.map(|tag| format!("{before}tag:{tag}"));
    assert_eq!(
        fish(&sandbox, &["list", "'group:x and ta"]),
        behind("group:x and ")
    );
    assert_eq!(
        fish(&sandbox, &["list", "group:x\\ and\\ ta"]),
        behind("group:x and ")
    );
    assert_eq!(
        bash(&sandbox, "assetctl list 'group:x and ta", "group:x and ta"),
        behind("group:x and ")
    );
    assert_eq!(
        zsh(&sandbox, &["list", "group:x and ta"]),
        tags.map(|tag| format!(" group\\:x and tag\\:{tag}"))
    );
    for (line, replaced, expected) in [
        ("assetctl list status:st", "st", &["stale"][..]),
        (
            "assetctl list group:",
            "",
            &["core", "\\\"group\\ two\\\"", "\\<null\\>"],
        ),
        ("assetctl list tag:layer=", "", &["core"]),
        ("assetctl list tag:la", "la", &["layer=core"]),
        (
            "assetctl list \"tag:z",
            "tag:z",
            &["tag:zone=\\\"raw zone\\\""],
        ),
        ("assetctl list 'tag:z", "tag:z", &["tag:zone=\"raw zone\""]),
        (
            "assetctl list 'not (key:stg/u",
            "not (key:stg/u",
            &["not (key:stg/users"],
        ),
        ("assetctl list +stg/o", "+stg/o", &["+stg/orders"]),
        (
            "assetctl plan daily@2024-01-03",
            "@2024-01-03",
            &["@2024-01-03"],
        ),
        (
            "assetctl plan 'raw or daily@2024-01-03",
            "raw or daily@2024-01-03",
            &["raw or daily@2024-01-03"],
        ),
        ("assetctl plan --steps \\*da", "\\*da", &["\\*daily"]),
        ("assetctl mat", "mat", &["materialize"]),
    ] {
        assert_eq!(bash(&sandbox, line, replaced), expected, "{line}");
    }
    for (typed, expected) in [
        ("status:st", &[" status\\:stale"][..]),
        ("chan", &[" changed\\:HEAD", " changed\\:main"]),
        ("stg/o", &[" stg/orders"]),
        (
            "raw+ o",
            &["+raw+ or ", "+raw+ owner\\:", " raw+ of_customer"],
        ),
    ] {
        let mut found = zsh(&sandbox, &["list", typed]);
        found.sort();
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        assert_eq!(found, expected, "{typed}");
    }
}

#[test]
fn the_project_is_found_from_elsewhere_and_a_broken_one_offers_nothing() {
    let sandbox = project();
    let root = sandbox.project().display().to_string();
    let elsewhere = Sandbox::new();
    assert_eq!(fish(&elsewhere, &["show", "da"]), [""; 0]);
    assert_eq!(fish(&elsewhere, &["-C", &root, "show", "da"]), ["daily"]);
    let line = format!("assetctl -C {root} show da");
    assert_eq!(bash(&elsewhere, &line, "da"), ["daily"]);
    assert_eq!(
        zsh(&elsewhere, &["show", "--project", &root, "da"]),
        [" daily"]
    );
    sandbox.append("Assets.toml", "[[[\n");
    assert_eq!(fish(&sandbox, &["show", "da"]), [""; 0]);
}

#[test]
fn no_script_asks_in_vain() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "fish", "zsh"] {
        let script = sandbox.run(&["completions", shell]).success();
        let asks = script
            .stdout()
            .contains(&format!("ASSETCTL_COMPLETE={shell} assetctl -- "));
        // Without a word behind `--` the answer would be the script.
        let with_words = [
            "assetctl -- assetctl",
            "assetctl -- (",
            "assetctl -- \"${before",
        ];
        assert!(asks, "{}", script.stdout());
        assert!(
            with_words.iter().any(|it| script.stdout().contains(it)),
            "{}",
            script.stdout()
        );
    }
}

#[test]
fn completions_know_the_keys_of_now() {
    let sandbox = Sandbox::new()
        .with_file(
            "Assets.toml",
            "[project]\ninclude = [\"parts/*.toml\"]\n\n[partitions.found]\ntype = \"files\"\npattern = \"in/{{partition}}.csv\"\n\n\
             [partitions.added]\ntype = \"dynamic\"\n\n\
             [asset.of_file]\npartitions = \"found\"\ncommand = \"echo > {{output}}\"\noutputs = \"out/{{partition}}.csv\"\n\n\
             [asset.of_key]\npartitions = \"added\"\ncommand = \"echo > {{output}}\"\noutputs = \"keys/{{partition}}.csv\"\n",
        )
        .with_file("parts/one.toml", "[source.of_part]\npath = \"part\"\n")
        .with_file("in/a.csv", "1\n")
        .with_file(".assetctl/.keep", "");
    let words = |word: &str| {
        let asked = [
            "env",
            "ASSETCTL_COMPLETE=fish",
            env!("CARGO_BIN_EXE_assetctl"),
            "--",
            "assetctl",
            "explain",
            word,
        ];
        sandbox.run_command(&asked).success().stdout().to_owned()
    };
    assert_eq!(words("of_file@"), "of_file@a\n");
    assert_eq!(words("of_key@"), "");
    sandbox.write("in/b.csv", "2\n");
    assert_eq!(words("of_file@"), "of_file@b\nof_file@a\n");
    sandbox.remove("in/a.csv");
    assert_eq!(words("of_file@"), "of_file@b\n");
    sandbox.run(&["partitions", "add", "added", "k"]).success();
    assert_eq!(words("of_key@"), "of_key@k\n");
    sandbox
        .run(&["partitions", "remove", "added", "k"])
        .success();
    assert_eq!(words("of_key@"), "");
    sandbox.edit("parts/one.toml", "of_part", "of_trap");
    assert_eq!(words("of_"), "of_file\nof_key\nof_trap\n");
    sandbox.edit(
        "Assets.toml",
        "partitions = \"found\"",
        "partitions = \"added\"",
    );
    sandbox.run(&["partitions", "add", "added", "z"]).success();
    assert_eq!(words("of_file@"), "of_file@z\n");
}

#[test]
fn environments_are_offered_and_their_keys_are_asked_for() {
    let environments = "\n[env.prod]\nhome = 'prod-home'\n[env.preview]\n[env.test]\n";
    let sandbox = project();
    sandbox.write("Assets.toml", format!("{MANIFEST}{environments}"));
    assert_eq!(
        fish(&sandbox, &["status", "--env", "pr"]),
        ["prod", "preview"]
    );
    let add = ["partitions", "add", "customers", "initech", "--env", "prod"];
    sandbox.run(&add).success();
    let keys = |words: &[&str]| {
        let words = [words, &["materialize", "of_customer", "--partition", ""]].concat();
        fish(&sandbox, &words)
    };
    assert_eq!(keys(&["--env", "prod"]), ["initech"]);
    assert_eq!(keys(&[]), ["globex", "acme"]);
}
