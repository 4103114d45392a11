//! Sources and external assets that lie elsewhere: by `[project.test]`, and as somebody types it.

use miette::Diagnostic;

use super::{key, project};
use crate::manifest::{TypedPathError, load, load_compiled, typed_path};
use crate::model::{AssetGraph, DataVersionRule, Declaration, OutputKind, Place, SourcePath};

const DECLARED: &str = r#"
[partitions.day]
type = "daily"
start = "2013-01-01"
end = "2014-01-01"

[source.flights]
path = "data/*/{{partition}}.csv"
partitions = "day"

[source.rate]
path = "params.yaml"
key = "train.rate"

[source.orders]
observe = "date"

[source.holidays]
paths = ["a.txt", "b.txt"]
optional = true

[asset.model]

[asset.tables]
outputs = { rows = "rows.csv", log = "log.txt" }

[asset.clean]
partitions = "day"
deps = ["flights", "rate", "orders", "holidays", "tables", "./raw.csv"]
command = "true"
outputs = "build/{{partition}}.csv"
"#;

const TEST: &str = r#"
[project.test.sources]
flights = "fixtures/flights/{{partition:%Y}}.csv"
rate = "fixtures/params.yaml"
orders = "/mnt/orders/"
holidays = "../holidays.txt"
model = "fixtures/model/"
tables = "fixtures/rows.csv"
"./raw.csv" = "fixtures/./raw.csv"
"#;

fn graph(text: &str) -> AssetGraph {
    let root = project(&[("Assets.toml", text)]);
    load(root.path()).expect("the manifest is right").graph
}

/// Where something lies, in words.
fn place(graph: &AssetGraph, key: &str) -> String {
    let id = graph.find(key).expect("it is declared");
    match graph.get(id) {
        Declaration::Source(source) => match &source.place {
            Place::Paths(paths) => {
                let path = |path: &SourcePath| match path {
                    SourcePath::Exact(path) => path.source(),
                    SourcePath::Glob(path, _) => format!("glob {}", path.source()),
                };
                let paths: Vec<_> = paths.iter().map(path).collect();
                paths.join(" ")
            }
            Place::Value { path, key } => format!("{} of {}", key.source(), path.source()),
            Place::Observed { .. } => "observed".to_owned(),
        },
        Declaration::Asset(asset) => {
            let outputs = asset.outputs.iter().map(|output| {
                let slash = match output.kind {
                    OutputKind::File => "",
                    OutputKind::Directory => "/",
                };
                format!("{}{slash}", output.path.source())
            });
            let outputs: Vec<_> = outputs.collect();
            outputs.join(" ")
        }
    }
}

#[test]
fn test_sources_lie_elsewhere_in_a_test_alone() {
    let declared = graph(DECLARED);
    let tested = graph(&format!("{DECLARED}{TEST}"));
    let moved = tested.with_paths(&tested.settings().test_sources);
    for (key, before, after) in [
        (
            "flights",
            "glob data/*/{{partition}}.csv",
            "fixtures/flights/{{window.start:%Y}}.csv",
        ),
        (
            "rate",
            "train.rate of params.yaml",
            "train.rate of fixtures/params.yaml",
        ),
        ("orders", "observed", "/mnt/orders"),
        ("holidays", "a.txt b.txt", "../holidays.txt"),
        ("model", "", "fixtures/model/"),
        ("tables", "rows.csv log.txt", "fixtures/rows.csv log.txt"),
        ("./raw.csv", "raw.csv", "fixtures/raw.csv"),
        (
            "clean",
            "build/{{partition}}.csv",
            "build/{{partition}}.csv",
        ),
    ] {
        assert_eq!(place(&declared, key), before, "{key} as declared");
        assert_eq!(place(&tested, key), before, "{key} outside of a test");
        assert_eq!(place(&moved, key), after, "{key} in a test");
    }
    let model = moved.find("model").and_then(|id| moved.asset(id));
    let model = model.expect("it is an asset");
    assert_eq!(model.data_version, DataVersionRule::Content);
    assert!(declared.settings().test_sources.is_empty());
    assert_eq!(
        (moved.order(), moved.by_key()),
        (tested.order(), tested.by_key())
    );
}

#[test]
fn what_a_command_makes_stays_where_it_is() {
    let graph = graph(DECLARED);
    let clean = graph.find("clean").expect("it is declared");
    let rate = graph.find("rate").expect("it is declared");
    let path = typed_path(&graph, rate, "other.csv").expect("a path");
    assert_eq!(graph.with_paths(&[(clean, path)]), graph);
}

#[test]
fn test_sources_are_kept_in_the_compiled_form() {
    let root = project(&[("Assets.toml", &format!("{DECLARED}{TEST}"))]);
    let cache = root.path().join("manifest.cache");
    let first = load_compiled(root.path(), &cache, Some(&key())).expect("the manifest is right");
    assert!(cache.exists());
    let second = load_compiled(root.path(), &cache, Some(&key())).expect("the manifest is right");
    assert_eq!(first.graph.settings().test_sources.len(), 7);
    assert_eq!(first.graph, second.graph);
}

/// A problem in words: its code, what it says, and the text that it points at.
fn told(typed: &str, error: &TypedPathError) -> String {
    let code = error
        .code()
        .map_or_else(String::new, |code| code.to_string());
    let pointed = error.labels().into_iter().flatten().map(|label| {
        let (from, len) = (label.offset(), label.len());
        typed[from..from + len].to_owned()
    });
    let pointed: Vec<_> = pointed.collect();
    let kind = code.rsplit("::").next().unwrap_or_default();
    format!("{kind}: {error} [{}]", pointed.join(", "))
}

#[test]
fn a_typed_path_is_read_as_one_in_the_manifest() {
    let graph = graph(DECLARED);
    for (asset, typed, outcome) in [
        (
            "flights",
            "x/{{ partition }}.csv",
            Ok("x/{{partition}}.csv"),
        ),
        ("flights", "all.csv", Ok("all.csv")),
        ("flights", "./a/../b/", Ok("b/")),
        ("model", "/tmp/model.bin", Ok("/tmp/model.bin")),
        ("rate", "\"quoted\".toml", Ok("\"quoted\".toml")),
        (
            "rate",
            "x/{{partition}}.toml",
            Err(
                "misplaced_placeholder: `{{partition}}` has no value here: there are no partitions [{{partition}}]",
            ),
        ),
        (
            "flights",
            "\"\\é{{day}}",
            Err("unknown_placeholder: unknown placeholder `{{day}}` [{{day}}]"),
        ),
        (
            "flights",
            "x/{{partition",
            Err("unclosed_placeholder: a placeholder is not closed [{{]"),
        ),
        (
            "flights",
            "x/*.csv",
            Err("invalid_path: `x/*.csv` is a glob [x/*.csv]"),
        ),
        (
            "rate",
            "x/",
            Err("invalid_path: `x/` is a directory, and a value is in a file [x/]"),
        ),
        ("orders", "", Err("invalid_path: a path is empty []")),
        (
            "clean",
            "x.csv",
            Err("made_by_command: `clean` has a command, which makes it [x.csv]"),
        ),
    ] {
        let id = graph.find(asset).expect("it is declared");
        let read = typed_path(&graph, id, typed);
        let read = read.map(|path| path.source()).map_err(|errors| {
            assert!(errors.iter().all(|error| error.help().is_some()), "{typed}");
            let errors: Vec<_> = errors.iter().map(|error| told(typed, error)).collect();
            errors.join("; ")
        });
        let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(read, outcome, "{asset}={typed}");
    }
}
