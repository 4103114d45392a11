//! Standard input and output that go through pipes, and the limit of what is held.

use serde_json::Value;

use super::{in_memory, outputs};
use crate::sandbox::Sandbox;

const MARKER: &str = "a-text-that-is-nowhere-else";

/// Each command says whether the marker lies in the folder that the run works in, and how its input is called.
const LOOKING: &str = r#"
[source.raw]
path = "raw.txt"

[source.absent]
path = "absent.txt"
optional = true

[asset.up]
deps = "raw"
command = "echo {{output}} > $HOME/where; cp {{input}} {{output}}"
outputs = "build/up.txt"

[asset.piped]
deps = "up"
stdin = "up"
stdout = true
command = "cat > /dev/null; sh look.sh $ASSETCTL_INPUT_UP"
outputs = "build/piped.txt"

[asset.path]
deps = "up"
stdout = true
command = "sh look.sh $(test -s {{input}} && echo a path)"
outputs = "build/path.txt"

[asset.fed]
deps = ["raw", "up"]
stdin = "raw"
stdout = true
command = "cat; sh look.sh $ASSETCTL_INPUT_RAW; test -s {{input.up}}"
outputs = "build/fed.txt"

[asset.starved]
deps = "absent"
stdin = "absent"
stdout = true
command = "wc -c | tr -d ' '"
outputs = "build/starved.txt"

[asset.deaf]
deps = "up"
stdin = "up"
stdout = true
command = "echo deaf"
outputs = "build/deaf.txt"
"#;

const LOOK: &str = r#"folder=$(cat "$HOME/where")
folder=${folder%%/staging/*}
if grep -rq a-text-that-is-nowhere-else "$folder"; then echo "found, $*"; else echo "nowhere, $*"; fi
"#;

#[test]
fn what_is_piped_is_in_no_file() {
    let project = Sandbox::new()
        .with_file("Assets.toml", LOOKING)
        .with_file("look.sh", LOOK)
        .with_file("raw.txt", &format!("{MARKER}\n"));
    for (asset, printed) in [
        ("piped", "nowhere, /dev/stdin\n"),
        ("path", "found, a path\n"),
        ("fed", &format!("{MARKER}\nfound, raw.txt\n")),
        ("starved", "0\n"),
        ("deaf", "deaf\n"),
        ("up", &format!("{MARKER}\n")),
    ] {
        let ran = in_memory(&project, &["--print", asset, "-j1"]).success();
        assert_eq!(ran.stdout(), printed, "{asset}");
    }
}

const LARGE: &str = r#"
[asset.large]
stdout = true
command = "head -c 5000000 /dev/zero | tr '\\0' x"
outputs = "build/large.txt"

[asset.through]
deps = "large"
stdin = "large"
stdout = true
command = "tr x y"
outputs = "build/through.txt"

[asset.some]
deps = "large"
stdin = "large"
stdout = true
command = "head -c 3"
outputs = "build/some.txt"

[asset.endless]
stdout = true
command = "exec tr '\\0' x < /dev/zero"
outputs = "build/endless.txt"

[asset.file]
command = "head -c 600000 /dev/zero > {{output}}"
outputs = "build/file.txt"

[asset.tree]
command = "for f in 1 2 3; do head -c 200000 /dev/zero > {{output}}/$f; done"
outputs = "build/tree/"

[asset.copy]
deps = "file"
command = "cp {{input}} {{output}}"
outputs = "build/copy.txt"

[asset.after]
deps = ["endless", "file"]
command = "cat {{input.endless}} {{input.file}} > {{output}}"
outputs = "build/after.txt"
"#;

#[test]
fn five_megabytes_go_through() {
    let project = Sandbox::new().with_file("Assets.toml", LARGE);
    let printed = in_memory(&project, &["--print", "through"]).success();
    assert_eq!(printed.stdout().len(), 5_000_000);
    assert!(printed.stdout().bytes().all(|byte| byte == b'y'));
    let some = in_memory(&project, &["--print", "some"]).success();
    assert_eq!(some.stdout(), "xxx");
}

#[test]
fn past_the_limit_a_step_fails_and_says_so() {
    let project = Sandbox::new().with_file("Assets.toml", LARGE);
    for (asset, limit, message) in [
        (
            "endless",
            "1MB",
            "wrote more than 1000000 bytes to standard output",
        ),
        (
            "file",
            "500kB",
            "`build/file.txt` takes 600000 bytes of memory; 0 of at most 500000 are taken already",
        ),
        (
            "tree",
            "500kB",
            "`build/tree` takes 600000 bytes of memory; 0 of at most 500000 are taken already",
        ),
        // It is held, and its copy for the next command does not fit.
        (
            "copy",
            "1MB",
            "`build/file.txt` takes 600000 bytes of memory; 600000 of at most 1000000 are taken already",
        ),
        // The copy fits, and the next output does not.
        (
            "copy",
            "1.3MB",
            "`build/copy.txt` takes 600000 bytes of memory; 1200000 of at most 1300000 are taken already",
        ),
    ] {
        let arguments = ["--json", "--memory-limit", limit, asset];
        let ran = in_memory(&project, &arguments).exits(1);
        let failures: Vec<Value> = ran
            .stdout()
            .lines()
            .map(|line| serde_json::from_str(line).expect("a document"))
            .filter(|line: &Value| line["outcome"] == "failed" && line["type"] == "step_finished")
            .collect();
        let [failure] = failures.as_slice() else {
            panic!("one step fails: {}", ran.stdout());
        };
        assert_eq!(failure["step"], asset);
        assert_eq!(
            failure["code"], "assetctl::io_manager::memory_limit",
            "{failure}"
        );
        assert_eq!(failure["message"], message);
        let path = format!("build/{asset}");
        let listed = outputs(ran.stdout());
        assert!(!listed.keys().any(|it| it.starts_with(&path)), "{asset}");
    }
    let fits = ["--memory-limit", "1.8MB", "copy"];
    let _ = in_memory(&project, &fits).success();
    let blocked = in_memory(&project, &["--memory-limit", "1MB", "after"]).exits(1);
    for words in ["endless failed", "raise `--memory-limit`"] {
        assert!(blocked.stderr().contains(words), "{}", blocked.stderr());
    }
}
