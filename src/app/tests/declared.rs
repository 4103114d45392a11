//! `list`, `show`, `graph`: what is declared.

use crate::answer::{DeclarationKind, GraphEdge, Listing, ShownAsset, WrittenCommand};
use crate::app::tests::sandbox::{Sandbox, select, told};
use crate::app::{graph, list, show};
use crate::model::{GraphRequest, ListRequest, ShowRequest};
use crate::testkit;

const MANIFEST: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2"]

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[source.rate]
path = "params.toml"
key = "train.lr"

[asset.clean]
partitions = "day"
deps = ["raw"]
code = ["lib/*.sql"]
command = "sh steps/clean.sh {{input}} {{output}}"
outputs = "build/{{partition}}.csv"
env = { LIMIT = "3", HOME = { from_env = "HOME" }, PASSWORD = { secret_env = "PGPASSWORD" } }
timeout = "30m"

[asset.year]
deps = ["clean", "rate"]
after = ["lonely"]
command = ["sh", "steps/year.sh", "{{output.data}}"]
outputs = { data = "build/year.json", parts = "build/parts/" }

[asset.lonely]
outputs = "elsewhere.csv"

[asset.report]
deps = [{ asset = "year.data", as = "numbers" }]
command = "cp {{input.numbers}} {{output}}"
outputs = "report.txt"
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(MANIFEST);
    sandbox.write("steps/clean.sh", "sort $1 > $2");
    sandbox.write("lib/query.sql", "select 1");
    sandbox
}

fn shown(name: &str) -> ShownAsset {
    let asset = testkit::asset(name);
    let report = show(&sandbox().project(), &ShowRequest { asset });
    report.expect("a report").asset
}

#[test]
fn everything_is_listed_in_order_of_declaration() {
    let project = sandbox().project();
    let (report, _) = list(&project, &ListRequest::default()).expect("a report");
    let row = |it: &Listing| {
        let outputs: Vec<String> = it
            .outputs
            .iter()
            .map(|it| match &it.name {
                Some(name) => format!("{name}={}", it.path),
                None => it.path.clone(),
            })
            .collect();
        let deps: Vec<String> = it
            .deps
            .iter()
            .map(|it| format!("{}:{}:{:?}:{}", it.input, it.asset, it.output, it.mapping))
            .collect();
        (
            it.key.to_string(),
            it.kind.word(),
            it.partitions.clone(),
            deps,
            outputs,
            it.location.line,
        )
    };
    let rows: Vec<_> = report.assets.iter().map(row).collect();
    let text = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let day = || Some("day".to_owned());
    let expected = [
        (
            "raw",
            "source",
            day(),
            text(&[]),
            text(&["raw/{{partition}}.csv"]),
            6,
        ),
        (
            "rate",
            "source",
            None,
            text(&[]),
            text(&["train.lr=params.toml"]),
            10,
        ),
        (
            "clean",
            "asset",
            day(),
            text(&["raw:raw:None:identity"]),
            text(&["build/{{partition}}.csv"]),
            14,
        ),
        (
            "year",
            "asset",
            None,
            text(&["clean:clean:None:all", "rate:rate:None:all"]),
            text(&["data=build/year.json", "parts=build/parts/"]),
            23,
        ),
        (
            "lonely",
            "asset",
            None,
            text(&[]),
            text(&["elsewhere.csv"]),
            29,
        ),
        (
            "report",
            "asset",
            None,
            text(&["numbers:year:Some(\"data\"):all"]),
            text(&["report.txt"]),
            32,
        ),
    ];
    let expected = expected.map(|(key, kind, partitions, deps, outputs, line)| {
        (key.to_owned(), kind, partitions, deps, outputs, line)
    });
    assert_eq!(rows, expected);
}

#[test]
fn unknown_names_are_refused_all_at_once() {
    let selection = select(&["claen", "clean@d3", "lonely@d1", "zzzzzzz"]);
    let error = list(&sandbox().project(), &ListRequest { selection }).expect_err("refused");
    assert_eq!(
        told(&error),
        [
            "unknown_asset: there is no asset or source `claen`",
            "unknown_partition: `clean` has no partition `d3`",
            "not_partitioned: `lonely` is not partitioned, so it has no partition `d1`",
            "unknown_asset: there is no asset or source `zzzzzzz`",
        ]
    );
}

#[test]
fn an_asset_is_shown_with_the_code_that_is_there() {
    let report = shown("clean");
    assert_eq!(report.keys.to_string(), "clean@d1...d2");
    assert_eq!(report.downstream, [testkit::asset("year")]);
    let recipe = report.recipe.expect("a recipe");
    let command = "sh steps/clean.sh {{input}} {{output}}".to_owned();
    assert_eq!(recipe.command, WrittenCommand::Shell(command));
    assert_eq!(recipe.code, ["lib/query.sql", "steps/clean.sh"]);
    assert!(recipe.code_version.is_some());
    assert_eq!(recipe.timeout, Some(std::time::Duration::from_mins(30)));
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        recipe.env,
        [
            variable("LIMIT", "3"),
            variable("HOME", "from env HOME"),
            variable("PASSWORD", "secret"),
        ]
    );
}

#[test]
fn a_missing_code_file_leaves_no_code_version() {
    let sandbox = sandbox();
    std::fs::remove_file(sandbox.path("lib/query.sql")).expect("removed");
    let asset = testkit::asset("clean");
    let report = show(&sandbox.project(), &ShowRequest { asset }).expect("a report");
    let recipe = report.asset.recipe.expect("a recipe");
    assert_eq!(recipe.code_version, None);
    assert_eq!(recipe.code, ["lib/*.sql", "steps/clean.sh"]);
}

#[test]
fn sources_and_external_assets_have_no_recipe() {
    for (name, kind) in [
        ("raw", DeclarationKind::Source),
        ("lonely", DeclarationKind::Asset),
    ] {
        let report = shown(name);
        assert_eq!((report.listing.kind, report.recipe), (kind, None), "{name}");
    }
    assert_eq!(shown("year").after, [testkit::asset("lonely")]);
}

#[test]
fn a_graph_holds_what_is_up_and_down_of_what_is_named() {
    let project = sandbox().project();
    for (words, assets, edges) in [
        (
            vec![],
            vec!["raw", "rate", "lonely", "clean", "year", "report"],
            vec![
                "raw-raw-clean",
                "clean-clean-year",
                "rate-rate-year",
                "lonely--year",
                "year-numbers-report",
            ],
        ),
        (
            vec!["clean"],
            vec!["raw", "clean", "year", "report"],
            vec!["raw-raw-clean", "clean-clean-year", "year-numbers-report"],
        ),
        (
            vec!["lonely"],
            vec!["lonely", "year", "report"],
            vec!["lonely--year", "year-numbers-report"],
        ),
    ] {
        let selection = select(&words);
        let (report, _) = graph(&project, &GraphRequest { selection }).expect("a report");
        let keys: Vec<&str> = report.assets.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, assets, "{words:?}");
        let edge = |it: &GraphEdge| {
            let input = it.input.as_ref().map_or("", |input| input.as_str());
            format!("{}-{input}-{}", it.from, it.to)
        };
        let found: Vec<String> = report.edges.iter().map(edge).collect();
        assert_eq!(found, edges, "{words:?}");
    }
}
