//! Every code as people see it: `fixtures/invalid/CODE.toml`, and beside it what is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NarratableReportHandler};

use super::{project, write};
use crate::manifest::{ManifestErrors, find, load, typed_path};

/// Every code that is an error.
const CODES: &[&str] = &[
    "config_value",
    "conflicting_keys",
    "cycle",
    "duplicate_input",
    "duplicate_name",
    "each_key",
    "each_name",
    "each_values",
    "environment",
    "files_pattern",
    "foreign_shell",
    "glued_placeholder",
    "include",
    "invalid_glob",
    "invalid_name",
    "invalid_partition_key",
    "invalid_partitions",
    "invalid_path",
    "invalid_value",
    "job_cycle",
    "job_partitions",
    "job_selection",
    "made_by_command",
    "mapping",
    "misplaced_placeholder",
    "missing_key",
    "not_found",
    "overlapping_outputs",
    "partitions_share_path",
    "pattern_is_output",
    "quoted_placeholder",
    "self_dependency",
    "source_is_output",
    "syntax",
    "time_format",
    "unclosed_placeholder",
    "unknown_config",
    "unknown_dep",
    "unknown_dimension",
    "unknown_each",
    "unknown_input",
    "unknown_key",
    "unknown_output",
    "unknown_partition_key",
    "unknown_partitions",
    "unknown_placeholder",
    "unknown_resource",
    "unknown_source",
    "unlocked_dep",
    "unreadable",
    "variable_collision",
    "wrong_type",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/invalid")
}

fn render(diagnostic: &dyn Diagnostic) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    handler
        .render_report(&mut text, diagnostic)
        .expect("a String can be written");
    text
}

fn errors_of(code: &str) -> ManifestErrors {
    let text = fs::read(fixtures().join(format!("{code}.toml"))).expect("every code has a fixture");
    let root = project(&[]);
    write(root.path(), "Assets.toml", &text);
    load(root.path()).expect_err("fixtures of errors are wrong")
}

fn assert_rendered(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../../../fixtures/invalid/rendered",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn every_code_has_a_fixture_that_gives_it_first_and_a_message() {
    for code in CODES.iter().filter(|code| **code != "not_found") {
        let errors = errors_of(code);
        let full = format!("assetctl::manifest::{code}");
        let codes: BTreeSet<String> = errors
            .errors()
            .iter()
            .map(super::super::ManifestError::code)
            .collect();
        assert!(codes.contains(&full), "{code}: {codes:?}");
        let text: Vec<String> = errors.errors().iter().map(|error| render(error)).collect();
        assert_rendered(code, &text.join("\n"));
        for error in errors.errors() {
            let message = error.to_string();
            let first = message.chars().next().expect("a message is not empty");
            assert!(
                !first.is_uppercase() && !message.ends_with('.'),
                "{message}"
            );
            assert!(
                error.help().is_some_and(|help| !help.trim().is_empty()),
                "{message}"
            );
        }
    }
}

#[test]
fn every_code_is_documented_and_no_other() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md"))
        .expect("the errors are documented");
    let documented: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("### `assetctl::manifest::")?
                .strip_suffix('`')
        })
        .collect();
    let mut codes = CODES.iter().copied().collect::<BTreeSet<_>>();
    codes.extend(["unnamed_input", "mistaken_placeholder", "shell_syntax"]);
    // Of a call, not of a manifest: `tests/it/config.rs` has its messages.
    codes.insert("run_config");
    assert_eq!(documented, codes);
}

#[test]
fn names_in_two_files_are_shown_in_both() {
    let root = project(&[
        (
            "Assets.toml",
            "[project]\ninclude = \"*/Assets.toml\"\n\n[source.clean]\npath = \"x\"\n",
        ),
        ("a/Assets.toml", "[asset.clean]\ncommand = \"true\"\n"),
    ]);
    let errors = load(root.path()).expect_err("the name is declared twice");
    assert_rendered("duplicate_name-two_files", &render(&errors.errors()[0]));
    let places: Vec<(&str, u32, u32)> = errors.errors()[0]
        .places()
        .map(|place| (place.file, place.line, place.column))
        .collect();
    assert_eq!(places, [("a/Assets.toml", 1, 8), ("Assets.toml", 4, 9)]);
}

#[test]
fn a_folder_without_a_project() {
    let error = find(Path::new("/nowhere/at/all")).expect_err("there is nothing");
    assert_rendered("not_found", &render(&error.errors()[0]));
}

#[test]
fn a_typed_path() {
    let root = project(&[("Assets.toml", "[source.rate]\npath = \"rate.json\"\n")]);
    let graph = load(root.path()).expect("the manifest is right").graph;
    let rate = graph.find("rate").expect("it is declared");
    let errors = typed_path(&graph, rate, "rates/{{partition}}.json").expect_err("no partitions");
    assert_rendered("misplaced_placeholder-typed", &render(&errors[0]));
}

#[test]
fn a_warning() {
    let root = project(&[(
        "Assets.toml",
        "[asset.page]\ndeps = [\"./a.csv\", \"./b.csv\"]\ncommand = \"cat {{input.a}} > {{output}}\"\n",
    )]);
    let manifest = load(root.path()).expect("a warning is no error");
    assert_rendered("unnamed_input", &render(&manifest.warnings[0]));
    let inputs: Vec<String> = (0..8).map(|input| format!("\"./{input}.csv\"")).collect();
    let text = format!(
        "[asset.page]\ndeps = [{}]\ncommand = \"cat > {{{{output}}}}\"\n",
        inputs.join(", ")
    );
    let root = project(&[("Assets.toml", &text)]);
    let manifest = load(root.path()).expect("a warning is no error");
    assert_eq!(manifest.warnings.len(), 1);
    assert_rendered("unnamed_input-several", &render(&manifest.warnings[0]));
    let root = project(&[(
        "Assets.toml",
        "[asset.page]\ncommand = [\"cat\", \"{input}\", \">\", \"{{output}}\"]\n",
    )]);
    let manifest = load(root.path()).expect("a warning is no error");
    assert_rendered("mistaken_placeholder", &render(&manifest.warnings[0]));
    assert_rendered("shell_syntax", &render(&manifest.warnings[1]));
}

#[test]
fn narrated() {
    let mut text = String::new();
    NarratableReportHandler::new()
        .render_report(&mut text, &errors_of("unknown_key").errors()[0])
        .expect("a String can be written");
    assert_rendered("unknown_key-narrated", &text);
}
