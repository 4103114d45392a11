//! Partition keys that try to leave the project or to be executed.

use std::fs;

use super::Said;
use crate::sandbox::Sandbox;

const KEYS: &[&str] = &[
    "../escaped",
    "../../escaped",
    "..",
    ".",
    "/tmp/escaped",
    "'; touch ../escaped; '",
    "\"; touch ../escaped; \"",
    "$(touch ../escaped)",
    "`touch ../escaped`",
    "two\nlines; touch ../escaped",
    "a b",
    "*",
    "-rf",
    "~",
    "a;touch ../escaped",
    "{{output}}",
    "%2e%2e",
    "ключ",
];

#[test]
fn a_key_cannot_leave_the_project_or_be_executed() {
    let keys: Vec<String> = KEYS.iter().map(|key| format!("{key:?}")).collect();
    let manifest = format!(
        r#"
[partitions.hostile]
type = "static"
keys = [{}]

[asset.first]
partitions = "hostile"
command = "printf %s {{{{partition}}}} > {{{{output}}}}"
outputs = "build/{{{{partition}}}}.txt"

[asset.in_a_folder]
partitions = "hostile"
deps = "first"
command = ["sh", "-c", 'printf %s "$1" > "$2"', "sh", "{{{{partition}}}}", "{{{{output}}}}"]
outputs = "build/of/{{{{partition}}}}/x.txt"

[asset.by_variable]
partitions = "hostile"
deps = "first"
command = 'printf %s "$ASSETCTL_PARTITION" > "$ASSETCTL_OUTPUT"; cmp "$ASSETCTL_OUTPUT" "$ASSETCTL_INPUT_FIRST"'
outputs = "build/{{{{partition}}}}.variable/"
"#,
        keys.join(", ")
    )
    .replace("variable/\"", "variable\"");
    let sandbox = Sandbox::new().with_file("Assets.toml", &manifest);
    // A key with a line break cannot be told apart in lists of keys, so the file is refused as a whole.
    let mut said = Said::default();
    said.of("a line break", &sandbox, &["materialize"], 2);
    said.compare("hostile_keys");
    sandbox.edit("Assets.toml", r#""two\nlines; touch ../escaped", "#, "");
    sandbox.run(&["materialize"]).success();
    let outside: Vec<_> = fs::read_dir(sandbox.path(".."))
        .expect("the folder of the sandbox")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert_eq!(outside.len(), 3, "home, project and tmp: {outside:?}");
    assert!(!sandbox.path("../../escaped").exists());
    let list = sandbox.run(&["status", "--json", "--keys"]).success();
    assert_eq!(
        list.stdout().matches(r#""status":"fresh""#).count(),
        3 * (KEYS.len() - 1)
    );
    sandbox.materialize(&[]).success().ran_nothing();
    for key in KEYS.iter().filter(|key| !key.contains('\n')) {
        sandbox.run(&["logs", &format!("first@{key}")]).exits(2);
        sandbox.run(&["explain", &format!("first@{key}")]).success();
    }
}
