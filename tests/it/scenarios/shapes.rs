//! What a command is given: words, variables, folders, lists.

use crate::scenario::Scenario;

#[test]
fn a_command_is_told_everything_relative_to_its_folder() {
    let project = Scenario::new("[project]\nname = \"p\"\ninclude = [\"sub/Assets.toml\"]\n").with(&[
        (
            "sub/Assets.toml",
            r#"
[asset.made]
deps = ["./raw.txt", { asset = "up", as = "other-name" }]
command = "echo {{asset}} {{project}} $ASSETCTL_ASSET $ASSETCTL_ATTEMPT $ASSETCTL_OUTPUT $ASSETCTL_INPUT_RAW $ASSETCTL_INPUT_OTHER_NAME > {{output}}"
outputs = "made.txt"

[asset.up]
command = "echo > {{output}}"
outputs = "../up.txt"
"#,
        ),
        ("sub/raw.txt", ""),
    ]);
    let _ = project.runs(&["up", "made"]);
    assert_eq!(
        project.read("sub/made.txt"),
        "made p made 0 ../.assetctl/staging/made/sub/made.txt raw.txt ../up.txt\n"
    );
}

#[test]
fn the_callers_own_variables_are_dropped_and_the_rest_narrowed() {
    let mut project = Scenario::new(
        "[asset.made]\ncommand = \"echo ${ASSETCTL_X-gone} ${DAGSTER_PIPES_CONTEXT-gone} ${KEPT-gone} ${LEFT-gone} > {{output}}\"\n\
         outputs = \"made.txt\"\n",
    );
    for name in ["ASSETCTL_X", "DAGSTER_PIPES_CONTEXT", "KEPT", "LEFT"] {
        project.set(name, Some("there"));
    }
    let _ = project.runs(&["made"]);
    let first = project.read("made.txt");
    assert!(
        first.starts_with("gone ") && first.ends_with("there there\n"),
        "{first}"
    );
    project.edit(
        "outputs =",
        "inherit_env = [\"KEPT\"]\nenv = { A = \"1\" }\noutputs =",
    );
    let _ = project.runs(&["made"]);
    assert!(
        project.read("made.txt").ends_with("there gone\n"),
        "{}",
        project.read("made.txt")
    );
}

#[test]
fn inputs_of_any_size_come_as_a_list() {
    let project = Scenario::new(
        "[source.many]\npath = \"many/*\"\n[asset.made]\ndeps = \"many\"\n\
         command = \"wc -l < {{input_list.many}} | tr -d ' ' > {{output}}\"\noutputs = \"made.txt\"\n\
         [asset.words]\ndeps = \"many\"\ncommand = [\"sh\", \"-c\", \"echo $# > $0\", \"{{output}}\", \"{{input}}\"]\n\
         outputs = \"words.txt\"\n\
         [asset.long]\ndeps = \"many\"\ncommand = \"echo {{input}} > {{output}}\"\noutputs = \"long.txt\"\n",
    );
    let name = "n".repeat(200);
    for number in 0..700 {
        project.write(&format!("many/{number}{name}"), "");
    }
    let ran = project.attempt();
    ran.ran(&["made", "words"]).failed(&[]).blocked(&["long"]);
    assert_eq!(project.read("made.txt"), "700\n");
    assert_eq!(project.read("words.txt"), "700\n");
}

#[test]
fn paths_with_spaces_and_signs_are_words() {
    let project = Scenario::new(
        "[asset.made]\ndeps = \"./it's $(here) & there.txt\"\ncommand = \"cat {{input}} > {{output}}\"\n\
         outputs = \"out put/made's.txt\"\n",
    )
    .with(&[("it's $(here) & there.txt", "1\n")]);
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("out put/made's.txt"), "1\n");
}

#[test]
fn windows_are_told_as_instants() {
    let project = Scenario::new(
        "[partitions.d]\ntype = \"daily\"\nstart = \"2020-01-01\"\nend = \"2020-01-02\"\ntimezone = \"Europe/Berlin\"\n\
         [asset.made]\npartitions = \"d\"\n\
         command = \"echo $ASSETCTL_PARTITION $ASSETCTL_WINDOW_START $ASSETCTL_WINDOW_END {{partition:%Y/%m}} > {{output}}\"\n\
         outputs = \"made/{{partition:%Y/%m/%d}}.txt\"\n",
    );
    let _ = project.runs(&["made@2020-01-01"]);
    assert_eq!(
        project.read("made/2020/01/01.txt"),
        "2020-01-01 2020-01-01T00:00:00+01:00 2020-01-02T00:00:00+01:00 2020/01\n"
    );
}
