//! What right manifests give.

use std::time::Duration;

use super::{DAYS, MONTHS, asset, graph, manifest, messages, paths, place, project};
use crate::manifest::load;
use crate::model::{
    Command, DataVersionRule, EnvValue, InheritEnv, OutputKind, PartitionMapping, Place,
    SourcePath, TagValue,
};

#[test]
fn the_smallest_useful_manifest() {
    let graph = graph(
        "[asset.clean]\ndeps = './raw.csv'\ncommand = 'python3 clean.py {{input}} {{output}}'\n\
         outputs = 'clean.csv'\n\n[asset.report]\ndeps = 'clean'\n\
         command = 'python3 report.py {{input}} {{output}}'\noutputs = 'report.md'\n",
    );
    let order: Vec<&str> = graph
        .order()
        .iter()
        .map(|id| graph.key(*id).as_str())
        .collect();
    assert_eq!(order, ["./raw.csv", "clean", "report"]);
    let clean = asset(&graph, "clean");
    assert_eq!(clean.deps[0].input.as_str(), "raw");
    assert_eq!(clean.location.line, 1);
    let recipe = clean.recipe.as_ref().expect("it has a command");
    assert_eq!(recipe.code.candidates, ["clean.py"]);
    assert!(!recipe.in_place);
    let default = ["bash", "-euo", "pipefail", "-c"];
    assert!(matches!(&recipe.command, Command::Shell { shell, .. } if *shell == default));
}

#[test]
fn every_key_of_an_asset() {
    let graph = graph(
        r#"
[defaults]
env = { A = "default", B = "default" }
tags = ["nightly"]
owners = "team:data"
timeout = "1h"

[asset.other]
command = "touch x"
outputs = "x"

[asset."stg/orders"]
command = ["./bin/make", "{{output}}"]
outputs = { rows = "build/orders.csv", parts = "build/parts/" }
after = "other"
code = ["lib/*.py", "q.sql"]
tools = "duckdb"
code_version = "3"
auto_code = false
staging = false
incremental = true
volatile = true
data_version = "inputs"
env = { A = "own", HOME = { from_env = "HOME" }, PW = { secret_env = "PGPASSWORD", required = true } }
inherit_env = ["LC_ALL"]
timeout = "1.5m"
priority = -3
group = "staging"
tags = { tier = "gold", level = 3 }
kinds = "python"
description = "Orders"
metadata = { url = "https://example.com", rows = 10 }
"#,
    );
    let orders = asset(&graph, "stg/orders");
    let recipe = orders.recipe.as_ref().expect("it has a command");
    assert_eq!(paths(orders), ["build/orders.csv", "build/parts"]);
    assert_eq!(orders.outputs[1].kind, OutputKind::Directory);
    assert_eq!(orders.data_version, DataVersionRule::Inputs);
    assert_eq!(orders.priority, -3);
    assert_eq!(graph.key(orders.after[0]).as_str(), "other");
    assert_eq!(
        orders.about.tags,
        [
            ("level".to_owned(), TagValue::Json("3".to_owned())),
            ("nightly".to_owned(), "".into()),
            ("tier".to_owned(), "gold".into()),
        ]
    );
    assert_eq!(orders.about.owners, ["team:data"]);
    assert_eq!(
        orders.about.metadata[0],
        ("rows".to_owned(), "10".to_owned())
    );
    assert!(recipe.in_place && recipe.incremental && recipe.volatile);
    assert!(!recipe.stdout_is_output);
    let declared: Vec<&str> = recipe
        .code
        .declared
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(declared, ["lib/*.py", "q.sql"]);
    assert!(recipe.code.candidates.is_empty());
    assert_eq!(recipe.code.version.as_deref(), Some("3"));
    assert_eq!(recipe.timeout, Some(Duration::from_secs(90)));
    assert_eq!(recipe.inherit_env, InheritEnv::Only(vec!["LC_ALL".into()]));
    let env: Vec<(&str, &EnvValue)> = recipe
        .env
        .iter()
        .map(|it| (it.name.as_str(), &it.value))
        .collect();
    let literal = |text: &str| EnvValue::Literal(text.to_owned());
    let from = EnvValue::FromEnv {
        variable: "HOME".into(),
        required: false,
    };
    let secret = EnvValue::Secret {
        variable: "PGPASSWORD".into(),
        required: true,
    };
    assert_eq!(
        env,
        [
            ("B", &literal("default")),
            ("A", &literal("own")),
            ("HOME", &from),
            ("PW", &secret)
        ]
    );
    let other = asset(&graph, "other")
        .recipe
        .as_ref()
        .expect("it has a command");
    assert_eq!(other.timeout, Some(Duration::from_hours(1)));
    assert!(other.in_place);
}

#[test]
fn an_input_on_standard_input() {
    let manifest = manifest(&format!(
        "{DAYS}
[source.raw]
path = 'raw/{{{{partition}}}}.csv'
partitions = 'day'
[source.rate]
path = 'params.yaml'
key = 'rate'
[asset.year]
command = 'make'
outputs = {{ rows = 'year.csv', parts = 'parts/' }}
[asset.sorted]
partitions = 'day'
deps = ['rate', 'raw']
stdin = 'raw'
command = 'sort -n {{{{input.rate}}}}'
stdout = true
[asset.last]
deps = [{{ asset = 'sorted', mapping = 'last', as = 'newest' }}, 'rate']
stdin = 'newest'
command = 'tee {{{{output}}}} {{{{value.rate}}}}'
[asset.rows]
deps = ['year.rows', {{ path = 'x.csv' }}]
stdin = 'year'
command = 'join {{{{input.x}}}} - > {{{{output}}}}'
[asset.rates]
deps = 'rate'
stdin = 'rate'
command = 'tee {{{{output}}}}'
[asset.none]
deps = 'rate'
command = 'date'
"
    ));
    let graph = &manifest.graph;
    let given = ["sorted", "last", "rows", "rates", "none"]
        .map(|key| asset(graph, key).stdin().map(|dep| dep.input.as_str()));
    assert_eq!(
        given,
        [
            Some("raw"),
            Some("newest"),
            Some("year"),
            Some("rate"),
            None
        ]
    );
    let recipe = asset(graph, "sorted").recipe.as_ref().expect("a command");
    assert_eq!(recipe.stdin, Some(1), "an index of its deps");
    let warnings: Vec<_> = manifest.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn sources() {
    let graph = graph(
        &format!(
            "{DAYS}
[source.files]
paths = ['a.csv', 'b/']
[source.glob]
path = 'data/**/*.csv'
[source.rate]
path = 'params.yaml'
key = 'train.{{{{partition}}}}'
partitions = 'day'
[source.orders]
observe = 'psql -Atc x'
partitions = 'day'
[source.order]
observe = ['psql', '{{{{partition}}}}']
partitions = 'day'
[source.outside]
path = '/mnt/raw/../x.csv'
optional = true
[asset.reader]
partitions = 'day'
deps = ['files', {{ asset = 'rate', as = 'lr' }}, {{ path = 'z.csv' }}, './z.csv']
command = ['x', '{{{{value.lr}}}}', '{{{{input.files}}}}', '{{{{input_list.z}}}}', '{{{{output}}}}']
"
        )
        .replace(", './z.csv'", ""),
    );
    assert!(
        matches!(place(&graph, "files"), Place::Paths(paths) if matches!(paths.as_slice(), [SourcePath::Exact(_), SourcePath::Exact(_)]))
    );
    assert!(
        matches!(place(&graph, "glob"), Place::Paths(paths) if matches!(paths.as_slice(), [SourcePath::Glob(_, _)]))
    );
    assert!(matches!(place(&graph, "rate"), Place::Value { .. }));
    assert!(matches!(
        place(&graph, "orders"),
        Place::Observed { for_all: true, .. }
    ));
    assert!(matches!(
        place(&graph, "order"),
        Place::Observed { for_all: false, .. }
    ));
    let outside = graph
        .source(graph.find("outside").expect("declared"))
        .expect("a source");
    assert!(outside.optional);
    assert!(matches!(&outside.place, Place::Paths(paths)
        if matches!(&paths[0], SourcePath::Exact(path) if path.as_literal() == Some("/mnt/x.csv"))));
    assert_eq!(
        paths(asset(&graph, "reader")),
        ["assets/reader/@{{partition}}"]
    );
    assert!(graph.find("./z.csv").is_some());
}

#[test]
fn mappings_are_inferred_or_taken() {
    let window = |start_offset, end_offset| PartitionMapping::TimeWindow {
        start_offset,
        end_offset,
    };
    let region = "partitions = { type = 'static', keys = ['eu', 'us'] }";
    let text = format!(
        "{DAYS}{MONTHS}
[asset.day]
partitions = 'day'
command = 'true'
[asset.month]
partitions = 'month'
deps = ['day']
command = 'true'
[asset.all]
deps = ['month']
command = 'true'
[asset.rolling]
partitions = 'day'
deps = [
  {{ asset = 'day', mapping = 'time_window', start_offset = -6, allow_missing = true }},
  'month', 'all', {{ asset = 'rolling', start_offset = -1, end_offset = -1 }},
  {{ asset = 'day', mapping = 'identity', as = 'same' }}, {{ asset = 'day', mapping = 'all', as = 'every' }},
]
command = 'true'
[source.eu]
path = 'eu/{{{{partition}}}}'
{region}
[asset.regional]
deps = 'eu'
command = 'true'
{region}
"
    );
    let graph = graph(&text);
    let mappings = |key: &str| -> Vec<PartitionMapping> {
        asset(&graph, key)
            .deps
            .iter()
            .map(|dep| dep.mapping.clone())
            .collect()
    };
    assert_eq!(mappings("month"), [window(0, 0)]);
    assert_eq!(mappings("all"), [PartitionMapping::All]);
    assert_eq!(mappings("regional"), [PartitionMapping::Identity]);
    assert_eq!(
        mappings("rolling"),
        [
            window(-6, 0),
            window(0, 0),
            PartitionMapping::All,
            window(-1, -1),
            PartitionMapping::Identity,
            PartitionMapping::All
        ]
    );
    assert!(asset(&graph, "rolling").deps[0].allow_missing);
    assert_eq!(
        graph.definitions().len(),
        3,
        "equal definitions in place are one"
    );
}

#[test]
fn included_files_have_their_own_folder_and_defaults() {
    let root = project(&[
        (
            "Assets.toml",
            "[project]\ninclude = 'pipelines/*/Assets.toml'\n[source.raw]\npath = 'raw.csv'\n",
        ),
        (
            "pipelines/a/Assets.toml",
            "[defaults]\ngroup = 'a'\n[asset.x]\ndeps = ['raw', './own.csv', '../../top.csv']\n\
             command = 'sh run.sh {{output}}'\ncode = 'lib/*'\noutputs = 'out/x.csv'\n",
        ),
        (
            "pipelines/b/Assets.toml",
            "[asset.y]\ndeps = 'x'\ncommand = 'true'\n",
        ),
        ("pipelines/b/deep/Assets.toml", "[asset.z]\n"),
    ]);
    let graph = load(root.path()).expect("a valid manifest").graph;
    let x = asset(&graph, "x");
    let recipe = x.recipe.as_ref().expect("it has a command");
    assert_eq!(recipe.folder, "pipelines/a");
    assert_eq!(paths(x), ["pipelines/a/out/x.csv"]);
    assert_eq!(recipe.code.candidates, ["pipelines/a/run.sh"]);
    assert_eq!(recipe.code.declared[0].0, "pipelines/a/lib/*");
    let read: Vec<&str> = x
        .deps
        .iter()
        .map(|dep| graph.key(dep.asset).as_str())
        .collect();
    assert_eq!(read, ["raw", "./pipelines/a/own.csv", "./top.csv"]);
    assert_eq!(x.about.group.as_deref(), Some("a"));
    assert_eq!(asset(&graph, "y").about.group, None);
    assert_eq!(
        graph.files(),
        [
            "Assets.toml",
            "pipelines/a/Assets.toml",
            "pipelines/b/Assets.toml"
        ]
    );
    assert_eq!(
        graph.files()[usize::from(x.location.file.0)],
        "pipelines/a/Assets.toml"
    );
}

#[test]
fn external_assets_have_what_they_declare() {
    let graph = graph("[asset.model]\n[asset.table]\noutputs = 'table.csv'\n");
    let model = asset(&graph, "model");
    assert!(model.recipe.is_none() && model.outputs.is_empty());
    assert_eq!(model.data_version, DataVersionRule::Reported);
    assert_eq!(
        asset(&graph, "table").data_version,
        DataVersionRule::Content
    );
}

#[test]
fn a_year_of_days_and_months() {
    let manifest = manifest(
        r#"
[project]
name = "flights"

[partitions.day]
type = "daily"
start = "2013-01-01"
end = "2014-01-01"

[partitions.month]
type = "monthly"
start = "2013-01"
end = "2014-01"
format = "%Y-%m"

[source.flights]
path = "data/flights/{{partition}}.csv"
partitions = "day"

[source.hourly]
path = "data/weather/{{partition}}.csv"
partitions = "month"

[asset.clean]
partitions = "day"
deps = "flights"
command = "python3 steps/clean.py {{input}} {{output}}"
outputs = "build/clean/{{partition}}.csv"

[asset.weather]
partitions = "month"
deps = "hourly"
command = "python3 steps/weather.py {{input}} {{output}}"
outputs = "build/weather/{{partition}}.csv"

[asset.day]
partitions = "day"
deps = ["clean", "weather", "./data/airlines.csv"]
command = "python3 steps/day.py --out={{output}} --weather={{input.weather}} {{input.clean}} {{input.airlines}}"
outputs = "build/day/{{partition}}.json"

[asset.rolling]
partitions = "day"
deps = [{ asset = "day", mapping = "time_window", start_offset = -6 }]
command = ["python3", "steps/rolling.py", "{{output}}", "{{input.day}}"]
outputs = "build/rolling/{{partition}}.json"

[asset.month]
partitions = "month"
deps = "day"
command = "python3 steps/month.py {{output}} {{input}}"
outputs = "build/month/{{partition}}.csv"

[asset.year]
deps = ["month", "./data/airports.csv"]
outputs = { report = "build/year.md", data = "build/year.json" }
command = "python3 steps/year.py {{input.airports}} {{output.data}} {{output.report}} {{input.month}}"
"#,
    );
    assert!(manifest.warnings.is_empty());
    assert_eq!(manifest.graph.len(), 10);
    assert_eq!(manifest.graph.settings().name.as_deref(), Some("flights"));
    let glued = messages(&[(
        "Assets.toml",
        &format!(
            "{DAYS}{MONTHS}[source.d]\npath = '{{{{partition}}}}.csv'\npartitions = 'day'\n\
                  [asset.m]\ndeps = 'd'\npartitions = 'month'\ncommand = 'x --in={{{{input}}}} {{{{output}}}}'\n"
        ),
    )]);
    assert_eq!(glued.len(), 1, "the days of a month are several: {glued:?}");
}
