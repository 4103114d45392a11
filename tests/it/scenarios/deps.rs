//! Dependencies: a change of one is a cause of its own, never also of code.

use crate::scenario::Scenario;

const READER: &str = r#"
[asset.a]
command = "echo a > {{output}}"
outputs = "a.txt"

[asset.b]
command = "echo b > {{output}}"
outputs = "b.txt"

[asset.reader]
deps = ["a"]
command = "cat ${ASSETCTL_INPUT_A-} ${ASSETCTL_INPUT_B-} > {{output}}"
outputs = "reader.txt"
"#;

#[test]
fn a_dep_that_comes_and_goes_is_one_cause() {
    let project = Scenario::new(READER);
    let _ = project.runs(&["a", "b", "reader"]);
    let steps = [
        (
            "deps = [\"a\"]",
            "deps = [\"a\", \"b\"]",
            "dependency b added",
            "a\nb\n",
        ),
        (
            "deps = [\"a\", \"b\"]",
            "deps = [\"b\", \"a\"]",
            "dependency b remapped",
            "a\nb\n",
        ),
        (
            "deps = [\"b\", \"a\"]",
            "deps = [\"b\"]",
            "dependency a removed",
            "b\n",
        ),
        (
            "deps = [\"b\"]",
            "deps = [{ asset = \"a\", as = \"b\" }]",
            "dependency b remapped",
            "a\n",
        ),
    ];
    for (from, to, cause, text) in steps {
        project.edit(from, to);
        assert_eq!(
            project.status()[2],
            format!("reader stale ({cause})"),
            "{to}"
        );
        let ran = project.runs(&["reader"]);
        assert_eq!(ran.causes("reader"), [cause], "{to}");
        assert_eq!(project.read("reader.txt"), text);
    }
}

#[test]
fn an_added_dep_that_was_never_made_is_a_cause_that_stands() {
    let project = Scenario::new(READER);
    let _ = project.runs(&["a", "b", "reader"]);
    project.edit("deps = [\"a\"]", "deps = [\"a\", \"c\"]");
    let declared = "\n[asset.c]\ncommand = \"echo c > {{output}}\"\noutputs = \"c.txt\"\n";
    project.manifest(&(project.read("Assets.toml") + declared));
    assert_eq!(project.status()[3], "reader stale (dependency c added)");
    assert_eq!(
        project.runs(&["c", "reader"]).causes("reader"),
        ["dependency c added"]
    );
}

#[test]
fn another_output_of_the_same_upstream_is_another_dependency() {
    let project = Scenario::new(
        r#"
[asset.pair]
command = "echo same | tee {{output.x}} > {{output.y}}"
outputs = { x = "x.txt", y = "y.txt" }

[asset.reader]
deps = "pair.x"
command = "echo {{input}} > {{output}}"
outputs = "reader.txt"
"#,
    );
    let _ = project.runs(&["pair", "reader"]);
    project.edit("pair.x", "pair.y");
    assert_eq!(
        project.runs(&["reader"]).causes("reader"),
        ["dependency pair remapped"]
    );
    assert_eq!(project.read("reader.txt"), "y.txt\n");
}

#[test]
fn an_asset_that_becomes_a_source_of_the_same_file_disturbs_nobody() {
    let project = Scenario::new(READER);
    let _ = project.runs(&["a", "b", "reader"]);
    project.edit(
        "[asset.a]\ncommand = \"echo a > {{output}}\"\noutputs = \"a.txt\"",
        "[source.a]\npath = \"a.txt\"",
    );
    let _ = project.runs(&[]);
}

#[test]
fn after_is_order_without_data() {
    let manifest = r#"
[asset.second]
after = "first"
command = "test -e first.txt && echo 2 > {{output}}"
outputs = "second.txt"

[asset.first]
deps = "./raw.txt"
command = "cp {{input}} {{output}}"
outputs = "first.txt"
"#;
    let project = Scenario::new(manifest).with(&[("raw.txt", "1\n")]);
    let ran = project.runs(&["first", "second"]);
    assert_eq!(ran.order(), ["first", "second"]);
    project.write("raw.txt", "2\n");
    assert_eq!(project.status(), ["first stale (data raw)", "second fresh"]);
    let _ = project.runs(&["first"]);
    project.edit("after = \"first\"\n", "");
    let _ = project.runs(&[]);
}

#[test]
fn a_renamed_asset_is_missing_and_made_anew() {
    let project = Scenario::new(READER);
    let _ = project.runs(&["a", "b", "reader"]);
    project.edit("[asset.b]", "[asset.c]");
    assert_eq!(project.runs(&["c"]).causes("c"), Vec::<String>::new());
}
