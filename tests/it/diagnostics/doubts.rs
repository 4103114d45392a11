//! What is allowed and probably not meant, and what must not be told.

use crate::sandbox::Sandbox;

#[test]
fn validate_warns_of_what_would_not_do_what_it_says() {
    let sandbox = Sandbox::new()
        .at("2024-03-01T00:00:00Z")
        .with_file("raw.csv", "1\n")
        .with_file("steps/there.py", "")
        .with_file("sub/here.py", "")
        .with_file(
            "Assets.toml",
            r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
exists = "delivered/{{partition}}.csv"

[asset.scripts]
deps = "./raw.csv"
command = "python3 steps/there.py && python3 steps/gone.py {{input}} {{output}}"

[asset.elsewhere]
command = "cd sub && python3 here.py > ../{{output}}"

[asset.braces]
deps = "./raw.csv"
command = "sort {input} > {{output}}; cat {{input}}"

[asset.variable]
deps = "./raw.csv"
command = "sort $input > {{output}}; cat {{input}}"

[asset.array]
deps = "./raw.csv"
command = ["cat", "{{input}}", ">", "{{output}}"]

[asset.daily]
partitions = "day"
command = "echo {{partition}} > {{output}}"
"#,
        );
    let said = sandbox.run(&["validate"]).success();
    let text = said.said();
    for warning in [
        "the command of `scripts` names `steps/gone.py`",
        "`{input}` in the command of `braces`",
        "`$input` in the command of `variable`",
        "`>` in the command of `array`",
        "no file matches `exists = \"delivered/{{partition}}.csv\"`",
    ] {
        assert!(text.contains(warning), "{warning}: {text}");
    }
    assert!(!text.contains("here.py"), "{text}");
    assert!(!text.contains("there.py"), "{text}");
}

#[test]
fn a_path_that_is_secret_is_not_printed() {
    let sandbox = Sandbox::new().with_env("TOOLS", "/opt/very-secret/bin").with_file(
        "Assets.toml",
        "[asset.a]\ncommand = [\"no-such-program\", \"{{output}}\"]\nenv = { PATH = { secret_env = \"TOOLS\" } }\n",
    );
    let said = sandbox.run(&["materialize"]).exits(1);
    let text = said.said();
    assert!(text.contains("PATH, which is secret"), "{text}");
    assert!(!text.contains("very-secret"), "{text}");
}

#[test]
fn ranges_are_taken_as_they_are_printed() {
    let sandbox = Sandbox::new().at("2024-01-09T00:00:00Z").with_file(
        "Assets.toml",
        "[partitions.day]\ntype = \"daily\"\nstart = \"2024-01-01\"\n\
         [asset.clean]\npartitions = \"day\"\ncommand = \"echo {{partition}} > {{output}}\"\n",
    );
    sandbox
        .materialize(&["clean@2024-01-02...2024-01-03", "-j0"])
        .success()
        .ran(&["clean@2024-01-02", "clean@2024-01-03"]);
    sandbox
        .materialize(&["clean", "--steps", "clean@2024-01-03...2024-01-05"])
        .success()
        .ran(&["clean@2024-01-04", "clean@2024-01-05"]);
    let reversed = sandbox
        .run(&["plan", "clean@2024-01-05...2024-01-03"])
        .exits(2);
    assert!(
        reversed.said().contains("reversed_range"),
        "{}",
        reversed.said()
    );
    let absent = sandbox
        .run(&["plan", "clean@2024-01-05...2024-02-03"])
        .exits(2);
    assert!(
        absent.said().contains("unknown_partition"),
        "{}",
        absent.said()
    );
}

#[test]
fn a_test_tells_what_it_reads_from_its_own_place() {
    let manifest = |test: &str| {
        format!(
            "[source.a]\npath = \"a.txt\"\n[source.b]\npath = \"b.txt\"\n\
             [asset.both]\ndeps = [\"a\", \"b\"]\ncommand = \"cat {{{{input.a}}}} {{{{input.b}}}} > {{{{output}}}}\"\n{test}"
        )
    };
    let sandbox = Sandbox::new()
        .with_file("a.txt", "a\n")
        .with_file("b.txt", "b\n")
        .with_file("tests/a.txt", "test\n")
        .with_file("Assets.toml", &manifest(""));
    let words = ["materialize", "--in-memory", "--test-sources"];
    let said = sandbox.run(&words).success();
    assert!(
        said.stderr().contains("from their own places: a, b;"),
        "{}",
        said.said()
    );
    sandbox.write(
        "Assets.toml",
        manifest("[project.test.sources]\na = \"tests/a.txt\"\n"),
    );
    let said = sandbox.run(&words).success();
    assert!(
        said.stderr().contains("from their own places: b;"),
        "{}",
        said.said()
    );
    let said = sandbox.run(&["materialize", "--in-memory"]).success();
    assert!(!said.stderr().contains("own places"), "{}", said.said());
}
