//! What others have named, written or printed never reaches a terminal as more than text.

use crate::sandbox::Sandbox;

/// A title, a cleared screen, a hidden text, a C1 control, text that is turned around.
const HOSTILE: &str = "a\u{1b}]0;t\u{7}b\u{1b}[2Jc\u{1b}[8md\u{9b}2Je\u{202e}f\u{2066}g";

/// A name of a file without anything that makes a glob of it.
const NAME: &str = "a\u{1b}]0;t\u{7}b\u{9b}2Je\u{202e}f\u{2066}g";

const MANIFEST: &str = r#"
[source.raw]
description = "of DESCRIPTION"
path = "raw/**"

[source.named]
path = "NAME.csv"

[partitions.key]
type = "static"
keys = ["KEY"]

[asset.all]
deps = "raw"
command = "cat raw/* > {{output}}; printf '\\033]0;title\\007\\302\\2332J\\342\\200\\256x\\n'"
outputs = "all.txt"

[asset.each]
partitions = "key"
command = "printf '\\033[2J\\033[31mred\\033[0m\\302\\233x\\n'; exit 3; : {{output}}"
outputs = "each/{{partition}}"

[asset.of_name]
description = "of DESCRIPTION"
deps = "named"
tags = { tier = "DESCRIPTION" }
command = "cp {{input}} {{output}}"
outputs = "copy.csv"
"#;

fn project() -> Sandbox {
    // Manifests may hold what turns text around as it is, and everything else as an escape.
    let escaped = |text: &str| text.chars().map(escape).collect::<String>();
    let manifest = MANIFEST
        .replace("DESCRIPTION", &escaped(HOSTILE))
        .replace("NAME", &escaped(NAME))
        .replace("KEY", "k\u{202e}y");
    let sandbox = Sandbox::new().with_file("Assets.toml", &manifest);
    sandbox.write(&format!("raw/{HOSTILE}.txt"), "1\n");
    sandbox.write(&format!("{NAME}.csv"), "1\n");
    sandbox
}

fn escape(character: char) -> String {
    match character {
        it if it.is_control() => format!("\\u{:04x}", u32::from(it)),
        it => it.to_string(),
    }
}

/// Whether a text may go to a terminal: colours of ours may, and nothing else that is not seen as text.
fn is_harmless(text: &str) -> bool {
    let is_color = |parameter: &str| {
        let known = ["0", "1", "2", "4", "31", "32", "33", "35", "36"];
        known.contains(&parameter)
    };
    let mut parts = text.split("\u{1b}[");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((color, shown)) if color.split(';').all(is_color) => rest.push_str(shown),
            _ => return false,
        }
    }
    let bad = |it: char| {
        it.is_control() && it != '\n' && it != '\t'
            || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !rest.contains(bad)
}

#[test]
fn controls_of_others_are_shown_and_not_sent() {
    let sandbox = project();
    let verbs: [(&[&str], i32); 17] = [
        (&["plan"], 0),
        (&["materialize", "-v"], 1),
        (&["status", "-v"], 0),
        (&["list"], 0),
        (&["list", "-v"], 0),
        (&["show", "of_name"], 0),
        (&["explain", "of_name", "-v"], 0),
        (&["explain", "raw"], 0),
        (&["explain", "all", "-v"], 0),
        (&["explain", "each@k\u{202e}y"], 0),
        (&["history", "all"], 0),
        (&["check"], 1),
        (&["graph"], 0),
        (&["partitions", "list", "key", "--keys"], 0),
        (&["explain", "\u{1b}]0;t\u{7}"], 2),
        (&["sta\u{1b}[2Jtus"], 2),
        (&["status", "--no\u{9b}2Jsuch"], 2),
    ];
    for (words, code) in verbs {
        for color in [&["--color", "always"][..], &["--json"], &[]] {
            let words: Vec<&str> = words.iter().chain(color).copied().collect();
            let outcome = sandbox.run(&words).exits(code);
            for text in [outcome.stdout(), outcome.stderr()] {
                assert!(is_harmless(text), "{words:?}: {text:?}");
            }
        }
    }
}

#[test]
fn a_broken_manifest_is_shown_without_its_controls() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        &format!("[asset.x]\ncommand = \"{HOSTILE}\"\n"),
    );
    let outcome = sandbox.run(&["status", "--color", "always"]).exits(2);
    assert!(is_harmless(outcome.stderr()), "{:?}", outcome.stderr());
}
