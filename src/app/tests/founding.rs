//! `init` and `validate`: how a project begins, and whether it is right.

use crate::answer::{BoxedDiagnostic, FileChange, InitReport, ValidateReport};
use crate::app::tests::sandbox::Sandbox;
use crate::app::{OpenProject, init, validate};
use crate::model::{InitRequest, InitTemplate};

fn begun(sandbox: &Sandbox, template: InitTemplate) -> InitReport {
    init(sandbox.root(), InitRequest { template }).expect("a project")
}

fn changes(report: &InitReport) -> Vec<(&str, FileChange)> {
    report
        .files
        .iter()
        .map(|it| (it.path.as_str(), it.change))
        .collect()
}

fn validated(sandbox: &Sandbox) -> ValidateReport {
    validate(&sandbox.surroundings(), None).expect("a report").0
}

fn codes(problems: &[BoxedDiagnostic]) -> Vec<String> {
    let code = |it: &BoxedDiagnostic| it.code().expect("a code").to_string();
    problems.iter().map(code).collect()
}

#[test]
fn a_new_project_runs_as_it_is() {
    let sandbox = Sandbox::empty();
    let report = begun(&sandbox, InitTemplate::Example);
    let created = |path| (path, FileChange::Created);
    assert_eq!(
        changes(&report),
        [
            "data/raw.csv",
            "Assets.toml",
            ".gitattributes",
            ".gitignore"
        ]
        .map(created)
    );
    let valid = validated(&sandbox);
    assert_eq!((valid.assets, valid.sources), (2, 1));
    assert!(
        valid.errors.is_empty() && valid.warnings.is_empty(),
        "{valid:?}"
    );
    assert_eq!(sandbox.materialize(&[]), ["report", "totals"]);
    assert_eq!(
        sandbox.read("build/totals.csv"),
        "apple,17\npear,7\nplum,7\n"
    );
    assert_eq!(
        sandbox.read("build/report.txt").lines().next(),
        Some("17 crates of apple")
    );
    assert_eq!(sandbox.materialize(&[]), [""; 0]);
}

#[test]
fn what_exists_is_kept() {
    let sandbox = Sandbox::empty();
    sandbox.write(".gitignore", "*.tmp");
    sandbox.write(
        ".gitattributes",
        "Assets.lock merge=union linguist-generated\n",
    );
    sandbox.write("data/raw.csv", "mine\n");
    sandbox.write("Makefile", "all:\n\ttrue\n");
    let report = begun(&sandbox, InitTemplate::Example);
    assert_eq!(
        changes(&report),
        [
            ("data/raw.csv", FileChange::Kept),
            ("Assets.toml", FileChange::Created),
            (".gitattributes", FileChange::Kept),
            (".gitignore", FileChange::Extended),
        ]
    );
    assert_eq!(sandbox.read(".gitignore"), "*.tmp\n/.assetctl/\n");
    assert_eq!(sandbox.read("data/raw.csv"), "mine\n");
    assert_eq!(report.hints.len(), 2);
    assert!(report.hints[1].starts_with("Makefile does not change"));
    let before = sandbox.read("Assets.toml");
    sandbox.write(".gitignore", "*.tmp\n");
    let again = begun(&sandbox, InitTemplate::Example);
    assert_eq!(
        changes(&again),
        [
            ("Assets.toml", FileChange::Kept),
            (".gitattributes", FileChange::Kept),
            (".gitignore", FileChange::Extended),
        ]
    );
    assert_eq!(sandbox.read(".gitignore"), "*.tmp\n/.assetctl/\n");
    assert_eq!(sandbox.read("Assets.toml"), before);
}

#[test]
fn an_empty_project_has_its_folders_name() {
    let sandbox = Sandbox::empty();
    let directory = sandbox.path("new/a \"b\"");
    let template = InitTemplate::Empty;
    std::fs::create_dir_all(&directory).expect("made");
    init(&directory, InitRequest { template }).expect("a project");
    let mut surroundings = sandbox.surroundings();
    surroundings.directory = directory;
    let project = OpenProject::open(&surroundings).expect("a project");
    assert_eq!(project.graph().settings().name.as_deref(), Some("a \"b\""));
}

#[test]
fn errors_of_the_manifest_are_an_answer() {
    let sandbox = Sandbox::new("[asset.a]\ncomand = \"true\"\ndeps = \"none\"\noutputs = \"a\"\n");
    let report = validated(&sandbox);
    assert_eq!(
        (report.assets, report.sources, report.warnings.len()),
        (0, 0, 0)
    );
    let codes = codes(&report.errors);
    assert!(
        codes.contains(&"assetctl::manifest::unknown_key".to_owned()),
        "{codes:?}"
    );
    assert!(
        codes.contains(&"assetctl::manifest::unknown_dep".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn what_is_not_there_is_a_warning() {
    let sandbox = Sandbox::chain();
    std::fs::remove_file(sandbox.path("raw/d1.csv")).expect("removed");
    std::fs::remove_file(sandbox.path("raw/d3.csv")).expect("removed");
    sandbox.edit(
        "Assets.toml",
        "deps = \"raw\"",
        "deps = \"raw\"\ncode = [\"none.py\"]",
    );
    let report = validated(&sandbox);
    assert_eq!(
        (report.assets, report.sources, report.errors.len()),
        (2, 1, 0)
    );
    assert_eq!(
        codes(&report.warnings),
        [
            "assetctl::app::missing_source",
            "assetctl::engine::missing_code"
        ]
    );
    for warning in &report.warnings {
        assert_eq!(warning.severity(), Some(miette::Severity::Warning));
        assert_eq!(warning.labels().map(Iterator::count), Some(1));
    }
    assert_eq!(
        report.warnings[0].to_string(),
        "the source `raw` does not exist: raw/d1.csv and one more are missing"
    );
    sandbox.edit(
        "Assets.toml",
        "partitions = \"day\"\n\n[asset.clean]",
        "partitions = \"day\"\noptional = true\n\n[asset.clean]",
    );
    assert_eq!(
        codes(&validated(&sandbox).warnings),
        ["assetctl::engine::missing_code"]
    );
}

#[test]
fn without_a_project_there_is_nothing_to_validate() {
    let error = validate(&Sandbox::empty().surroundings(), None).expect_err("no project");
    assert!(
        error.to_string().starts_with("no Assets.toml in"),
        "{error}"
    );
}
