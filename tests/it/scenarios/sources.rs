//! Sources: files, links, globs, values, several paths, absence.

use crate::scenario::Scenario;

/// One asset that lists and joins a source with these lines.
fn reading(source: &str) -> Scenario {
    Scenario::new(&format!(
        "[source.raw]\n{source}\n[asset.made]\ndeps = \"raw\"\n\
         command = \"echo $ASSETCTL_INPUT_RAW > {{{{output}}}}; cat /dev/null $ASSETCTL_INPUT_RAW >> {{{{output}}}}\"\n\
         outputs = \"made.txt\"\n"
    ))
}

#[test]
fn a_symlinked_source_counts_by_text_and_by_what_it_points_to() {
    let project = reading("path = \"link.txt\"").with(&[("one.txt", "1\n"), ("two.txt", "1\n")]);
    project.link("one.txt", "link.txt");
    let _ = project.runs(&["made"]);
    project.write("one.txt", "2\n");
    assert_eq!(project.runs(&["made"]).causes("made"), ["data raw"]);
    project.write("two.txt", "2\n");
    project.link("two.txt", "link.txt");
    let _ = project.runs(&["made"]);
    project.link("gone.txt", "link.txt");
    project.attempt().ran(&[]).blocked(&["made"]);
    project.link("two.txt", "link.txt");
    let _ = project.runs(&[]);
}

#[test]
fn a_symlinked_directory_counts_as_the_tree_it_points_to() {
    let project = Scenario::new(
        "[source.raw]\npath = \"link/\"\n[asset.made]\ndeps = \"raw\"\n\
         command = \"cat {{input}}/* > {{output}}\"\noutputs = \"made.txt\"\n",
    )
    .with(&[("real/a.txt", "1\n")]);
    project.link("real", "link");
    let _ = project.runs(&["made"]);
    project.write("real/b.txt", "2\n");
    assert_eq!(project.runs(&["made"]).causes("made"), ["data raw"]);
    assert_eq!(project.read("made.txt"), "1\n2\n");
    project.remove("real/a.txt");
    let _ = project.runs(&["made"]);
    project.write("real/.git/HEAD", "never part of it");
    let _ = project.runs(&[]);
}

#[test]
fn an_optional_source_comes_and_goes() {
    let project = reading("path = \"maybe.txt\"\noptional = true");
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "\n");
    project.write("maybe.txt", "");
    assert_eq!(
        project.runs(&["made"]).causes("made"),
        ["data raw"],
        "empty is not absent"
    );
    project.write("maybe.txt", "here\n");
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "maybe.txt\nhere\n");
    project.remove("maybe.txt");
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "\n");
    project.link("nowhere", "maybe.txt");
    let _ = project.runs(&[]);
}

#[test]
fn a_glob_counts_what_it_matches() {
    let project = reading("path = \"data/**/*.txt\"").with(&[("data/b.txt", "b\n")]);
    let _ = project.runs(&["made"]);
    project.write("data/sub/a.txt", "a\n");
    let _ = project.runs(&["made"]);
    assert_eq!(
        project.read("made.txt"),
        "data/b.txt data/sub/a.txt\nb\na\n"
    );
    project.write("data/c.csv", "unmatched\n");
    project.touch("data/b.txt");
    let _ = project.runs(&[]);
    std::fs::rename(project.path("data/b.txt"), project.path("data/c.txt")).expect("renamed");
    let _ = project.runs(&["made"]);
    project.remove("data/sub");
    let _ = project.runs(&["made"]);
    project.remove("data/c.txt");
    project.attempt().ran(&[]).blocked(&["made"]);
}

#[test]
fn several_paths_are_one_input() {
    let project = reading("paths = [\"one.txt\", \"more/*.txt\"]")
        .with(&[("one.txt", "1\n"), ("more/two.txt", "2\n")]);
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "one.txt more/two.txt\n1\n2\n");
    project.write("more/three.txt", "3\n");
    let _ = project.runs(&["made"]);
    project.remove("one.txt");
    project.attempt().ran(&[]).blocked(&["made"]);
    project.edit("paths =", "optional = true\npaths =");
    let _ = project.runs(&["made"]);
    assert_eq!(
        project.read("made.txt"),
        "more/three.txt more/two.txt\n3\n2\n"
    );
}

#[test]
fn a_directory_is_a_source_whole() {
    let project = Scenario::new(
        "[project]\nignore = [\"*.tmp\"]\n[source.raw]\npath = \"data\"\n[asset.made]\ndeps = \"raw\"\n\
         command = \"cat {{input}}/* > {{output}}\"\noutputs = \"made.txt\"\n",
    )
    .with(&[("data/a.txt", "a\n")]);
    let _ = project.runs(&["made"]);
    project.write("data/x.tmp", "ignored\n");
    let _ = project.runs(&[]);
    project.write("data/b.txt", "b\n");
    let _ = project.runs(&["made"]);
    // A folder that holds nothing is not in a clone.
    std::fs::create_dir(project.path("data/empty")).expect("made");
    let _ = project.runs(&[]);
}

#[test]
fn a_value_counts_alone() {
    let project = Scenario::new(
        "[source.rate]\npath = \"params.yaml\"\nkey = \"train.rate\"\n[asset.made]\ndeps = \"rate\"\n\
         command = \"echo {{value.rate}} > {{output}}\"\noutputs = \"made.txt\"\n",
    )
    .with(&[("params.yaml", "train: { rate: 0.5, other: 1 }\n")]);
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "0.5\n");
    project.write(
        "params.yaml",
        "# a comment\ntrain:\n  other: 2\n  rate: 0.5\n",
    );
    let _ = project.runs(&[]);
    project.write("params.yaml", "train: { rate: 0.6 }\n");
    assert_eq!(project.runs(&["made"]).causes("made"), ["data rate"]);
    project.write("params.yaml", "train: { other: 2 }\n");
    let ran = project.attempt();
    ran.ran(&[]).blocked(&["made"]);
    assert!(
        ran.obstacle("made").contains("train.rate"),
        "{}",
        ran.obstacle("made")
    );
    project.remove("params.yaml");
    assert!(project.attempt().obstacle("made").contains("params.yaml"));
}

#[test]
fn an_observed_source_has_the_version_that_its_command_prints() {
    let project = Scenario::new(
        "[source.db]\nobserve = \"cat version.txt\"\n[asset.made]\ndeps = \"db\"\n\
         command = \"cp version.txt {{output}}\"\noutputs = \"made.txt\"\n",
    )
    .with(&[("version.txt", "v1\n")]);
    assert_eq!(project.status(), ["made blocked"]);
    let _ = project.runs(&["made"]);
    project.write("version.txt", "v1\n\n");
    let _ = project.runs(&[]);
    project.write("version.txt", "v2\n");
    assert_eq!(
        project.status(),
        ["made fresh"],
        "a status takes the last observation"
    );
    assert_eq!(project.runs(&["made"]).causes("made"), ["data db"]);
    for nothing in ["", "\n"] {
        project.write("version.txt", nothing);
        project.attempt().ran(&[]).blocked(&["made"]);
    }
    project.remove("version.txt");
    let ran = project.attempt();
    ran.ran(&[]).blocked(&["made"]);
    assert!(
        ran.obstacle("made").contains("observe command"),
        "{}",
        ran.obstacle("made")
    );
    project.write("version.txt", "v2\n");
    let _ = project.runs(&[]);
}

#[test]
fn a_partitioned_observation_answers_for_each_key_or_for_all() {
    for command in ["cat v-{{partition}}", "cat versions"] {
        let project = Scenario::new(&format!(
            "[partitions.p]\ntype = \"static\"\nkeys = [\"x\", \"y z\"]\n\
             [source.db]\nobserve = \"{command}\"\npartitions = \"p\"\n[asset.made]\ndeps = \"db\"\npartitions = \"p\"\n\
             command = \"echo $ASSETCTL_PARTITION > {{{{output}}}}\"\noutputs = \"made/{{{{partition}}}}.txt\"\n"
        ));
        let tell = |x: &str, y: &str| {
            project.write("v-x", x);
            project.write("v-y z", y);
            project.write("versions", &format!("x {x}\ny z {y}\n"));
        };
        tell("1", "1");
        let _ = project.runs(&["made@x", "made@y z"]);
        tell("1", "2");
        assert_eq!(
            project.runs(&["made@y z"]).causes("made@y z"),
            ["data db@y z"]
        );
    }
}
