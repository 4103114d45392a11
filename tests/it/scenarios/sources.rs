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
fn a_list_is_a_word_each_and_nothing_that_is_no_word_becomes_an_empty_one() {
    let manifest = |command: &str| {
        format!(
            "[source.cols]\npath = \"params.yaml\"\nkey = \"cols\"\n[asset.made]\ndeps = \"cols\"\n\
             command = {command}\noutputs = \"made.txt\"\n[asset.other]\ndeps = \"cols\"\n\
             command = \"cat {{{{input}}}} > {{{{output}}}}\"\noutputs = \"other.txt\"\n"
        )
    };
    let shell = r#""printf '%s\n' {{value.cols}} > {{output}}""#;
    let array = r#"["sh", "-c", 'out=$1; shift; printf "%s\n" "$@" > $out', "sh", "{{output}}", "{{value.cols}}"]"#;
    let glued = r#""printf '%s\n' --c={{value.cols}} > {{output}}""#;
    let glued_array = r#"["sh", "-c", 'echo "$2" > $1', "sh", "{{output}}", "--c={{value.cols}}"]"#;
    let json = r#""printf '%s\n' {{value.cols:json}} > {{output}}""#;
    let values = [
        (
            "[country, 'the year']",
            Some("country\nthe year\n"),
            r#"["country","the year"]"#,
        ),
        (
            "[1, true, 2.50, ~]",
            Some("1\ntrue\n2.5\nnull\n"),
            "[1,true,2.5,null]",
        ),
        ("year", Some("year\n"), r#""year""#),
        ("''", Some("\n"), r#""""#),
        ("[]", None, "[]"),
        ("{ b: 1, a: 2 }", None, r#"{"a":2,"b":1}"#),
        ("{}", None, "{}"),
        ("[[1]]", None, "[[1]]"),
    ];
    for (value, words, as_json) in values {
        for (command, is_glued) in [
            (shell, false),
            (array, false),
            (glued, true),
            (glued_array, true),
        ] {
            let project = Scenario::new(&manifest(command))
                .with(&[("params.yaml", &format!("cols: {value}\n"))]);
            let ran = project.attempt();
            match words {
                Some(text) if !is_glued => assert_eq!(project.read("made.txt"), text, "{value}"),
                Some(text) if !value.starts_with('[') => {
                    assert_eq!(project.read("made.txt"), format!("--c={text}"), "{value}");
                }
                _ => {
                    ran.ran(&["other"]).failed(&["made"]);
                    let failure = ran.failure("made");
                    assert_eq!(
                        failure.code, "assetctl::engine::unrenderable_value",
                        "{value}"
                    );
                    assert!(
                        failure.message.contains("`cols` of params.yaml"),
                        "{}",
                        failure.message
                    );
                }
            }
        }
        let project =
            Scenario::new(&manifest(json)).with(&[("params.yaml", &format!("cols: {value}\n"))]);
        let _ = project.runs(&["made", "other"]);
        assert_eq!(project.read("made.txt"), format!("{as_json}\n"), "{value}");
    }
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

#[test]
fn globs_have_exceptions_and_give_a_file_once() {
    let project = Scenario::new(
        "[source.raw]\npaths = [\"!in/gen/**\", \"in/**\", \"in/*.csv\", \"in/a.csv\", \"!in/old\"]\n\
         [asset.made]\ndeps = \"raw\"\ncode = [\"steps/**\", \"!steps/gen/**\"]\n\
         command = \"printf '%s ' {{input}} > {{output}}\"\noutputs = \"made.txt\"\n",
    )
    .with(&[
        ("in/a.csv", "1\n"),
        ("in/b.csv", "2\n"),
        ("in/gen/c.csv", "3\n"),
        ("in/old/d.csv", "4\n"),
        ("in/deep/e.csv", "5\n"),
        ("steps/x.py", "x\n"),
        ("steps/gen/y.py", "y\n"),
    ]);
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "in/a.csv in/b.csv in/deep/e.csv ");
    project.write("in/gen/c.csv", "changed\n");
    project.write("in/old/new.csv", "new\n");
    project.write("steps/gen/z.py", "new\n");
    let _ = project.runs(&[]);
    project.write("in/deep/f.csv", "6\n");
    let _ = project.runs(&["made"]);
    project.write("steps/z.py", "new\n");
    let _ = project.runs(&["made"]);
}

#[test]
fn an_output_that_no_glob_takes_in_is_no_conflict() {
    let manifest = |paths: &str| {
        format!(
            "[partitions.day]\ntype = \"daily\"\nstart = \"2024-01-01\"\nend = \"2024-01-02\"\n\
             [source.raw]\npaths = {paths}\n[asset.made]\npartitions = \"day\"\n\
             command = \"echo 1 > {{{{output}}}}\"\noutputs = \"data/out/made-{{{{partition}}}}.csv\"\n"
        )
    };
    for (paths, fits) in [
        (r#"["data/**"]"#, false),
        (r#"["data/**", "!data/out/**"]"#, true),
        (r#"["data/**", "!data/out"]"#, true),
        (r#"["data/**", "!data/out/*.json"]"#, false),
        (r#"["data/*/[!m]*.csv"]"#, true),
        (r#"["data/*/[!a]*.csv"]"#, false),
        (r#"["data/*/*.json"]"#, true),
    ] {
        let project = Scenario::new(&manifest(paths)).project();
        assert_eq!(project.is_ok(), fits, "{paths}");
    }
}
