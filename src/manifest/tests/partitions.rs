//! Partitions definitions, mappings, and templates of several dimensions: what right ones give, and which are refused.

use super::project;
use crate::manifest::{load, load_compiled};
use crate::model::{
    Asset, AssetGraph, DimensionMapping, DimensionSource, ExistingKeys, MappingSide,
    PartitionMapping, PartitionRef, PartitionsDefinition,
};
use crate::testkit::key;

/// Definitions of every type; those of several dimensions come before what they name.
const DEFINITIONS: &str = r#"
[partitions.sales]
type = "multi"
dimensions = { region = "region", date = "day" }

[partitions.visits]
type = "multi"
dimensions = { region = ["eu", "us"], date = { type = "daily", start = 2024-01-01 }, hour = "hour" }

[partitions.shirts]
type = "multi"
dimensions = { color = ["red", "blue"], size = ["s", "m"] }

[partitions.region]
type = "static"
keys = ["us", "eu"]

[partitions.none]
type = "static"
keys = []

[partitions.day]
type = "daily"
start = "2024-01-01"

[partitions.hour]
type = "hourly"
start = "2024-01-01"
timezone = "Europe/Berlin"

[partitions.week]
type = "weekly"
start = "2024-01-01"
day_offset = 1
hour_offset = 6
end_offset = 1

[partitions.month]
type = "monthly"
start = "2024-01"
format = "%Y-%m"
exists = "months/./{{partition}}.csv"

[partitions.shift]
type = "cron"
start = "2024-01-01"
cron = "0 6,18 * * *"
exclusions = [2024-01-02T06:00:00, "0 18 3 * *"]

[partitions.customer]
type = "dynamic"

[partitions.upload]
type = "files"
pattern = "uploads/./{{ partition }}.csv"
"#;

fn read(text: &str) -> Result<AssetGraph, Vec<String>> {
    let root = project(&[("Assets.toml", &format!("{DEFINITIONS}{text}"))]);
    load(root.path())
        .map(|manifest| manifest.graph)
        .map_err(|errors| errors.errors().iter().map(ToString::to_string).collect())
}

fn graph(text: &str) -> AssetGraph {
    read(text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"))
}

fn asset<'a>(graph: &'a AssetGraph, key: &str) -> &'a Asset {
    let id = graph.find(key).expect("it is declared");
    graph.asset(id).expect("it is an asset")
}

const fn window(start_offset: i32, end_offset: i32) -> PartitionMapping {
    PartitionMapping::TimeWindow {
        start_offset,
        end_offset,
    }
}

fn from(upstream: u32, downstream: u32, mapping: PartitionMapping) -> DimensionMapping {
    DimensionMapping {
        upstream,
        source: DimensionSource::From {
            downstream,
            mapping,
        },
    }
}

#[test]
fn every_type_of_definition() {
    let graph = graph("");
    let existing = ExistingKeys {
        now: "2024-01-04T12:00:00Z".parse().expect("a timestamp"),
        ..ExistingKeys::default()
    };
    let keys = graph.keys(&existing).expect("few keys");
    let find = |name: &str| {
        let named = |id: &usize| {
            let declared = &graph.definitions()[*id];
            declared.name.as_ref().is_some_and(|it| it.as_str() == name)
        };
        let id = (0..graph.definitions().len()).find(named);
        crate::model::DefinitionId(id.expect("it is declared") as u32)
    };
    for (name, kind, expected) in [
        ("region", "static", &["us", "eu"][..]),
        ("none", "static", &[]),
        ("day", "daily", &["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("week", "weekly", &["2024-01-01"]),
        ("month", "monthly", &[]),
        (
            "shift",
            "cron",
            &[
                "2024-01-01-06:00",
                "2024-01-01-18:00",
                "2024-01-02-18:00",
                "2024-01-03-06:00",
            ],
        ),
        ("customer", "dynamic", &[]),
        ("upload", "files", &[]),
        ("shirts", "multi", &["red|s", "red|m", "blue|s", "blue|m"]),
        (
            "sales",
            "multi",
            &[
                "2024-01-01|us",
                "2024-01-01|eu",
                "2024-01-02|us",
                "2024-01-02|eu",
                "2024-01-03|us",
                "2024-01-03|eu",
            ],
        ),
    ] {
        let id = find(name);
        let definition = &graph.definitions()[id.0 as usize].definition;
        assert_eq!(definition.type_name(), kind, "{name}");
        let of = keys.get(Some(id));
        let found: Vec<String> = of
            .range()
            .map(|index| of.key(index).expect("it is partitioned").to_string())
            .collect();
        assert_eq!(found, expected, "{name}");
    }
    let definition = |name| &graph.definitions()[find(name).0 as usize].definition;
    assert!(
        matches!(definition("month"), PartitionsDefinition::Time { exists: Some(path), .. }
        if path.source() == "months/{{partition}}.csv")
    );
    assert!(
        matches!(definition("upload"), PartitionsDefinition::Files(path)
        if path.source() == "uploads/{{partition}}.csv")
    );
    let names: Vec<&str> = definition("visits")
        .dimensions()
        .iter()
        .map(|dimension| dimension.name.as_str())
        .collect();
    assert_eq!(names, ["date", "hour", "region"]);
}

#[test]
fn the_compiled_form_holds_every_type() {
    let root = project(&[("Assets.toml", DEFINITIONS)]);
    let cache = root.path().join("cache");
    let fresh = load(root.path()).expect("a valid manifest").graph;
    for _ in 0..2 {
        let compiled =
            load_compiled(root.path(), &cache, Some(&super::key())).expect("a valid manifest");
        assert_eq!(compiled.graph, fresh);
    }
}

#[test]
fn mappings_are_read_with_their_settings() {
    for (downstream, upstream, settings, expected) in [
        ("day", "day", "", window(0, 0)),
        ("week", "day", "end_offset = 1", window(0, 1)),
        ("none", "region", "mapping = 'all'", PartitionMapping::All),
        ("region", "day", "mapping = 'last'", PartitionMapping::Last),
        (
            "none",
            "region",
            "keys = 'eu'",
            PartitionMapping::Specific([key("eu")].into()),
        ),
        (
            "region",
            "day",
            "mapping = 'specific', keys = ['1999-01-01']",
            PartitionMapping::Specific([key("1999-01-01")].into()),
        ),
        (
            "region",
            "customer",
            "mapping = 'static', map = { a = 'eu', b = ['eu', 'us'] }",
            PartitionMapping::Static(
                [
                    (key("a"), key("eu")),
                    (key("b"), key("eu")),
                    (key("b"), key("us")),
                ]
                .into(),
            ),
        ),
        (
            "region",
            "sales",
            "mapping = 'multi_to_single', dimension = 'region'",
            PartitionMapping::MultiToSingle {
                multi: MappingSide::Upstream,
                dimension: 1,
                through: Box::new(PartitionMapping::Identity),
            },
        ),
        (
            "sales",
            "week",
            "dimension = 'date'",
            PartitionMapping::MultiToSingle {
                multi: MappingSide::Downstream,
                dimension: 0,
                through: Box::new(window(0, 0)),
            },
        ),
        (
            "shirts",
            "sales",
            "dimensions = { region = { from = 'size', mapping = 'static', map = { eu = 's' } }, date = { keys = ['2024-01-02'] } }",
            PartitionMapping::Multi(
                [
                    DimensionMapping {
                        upstream: 0,
                        source: DimensionSource::Keys([key("2024-01-02")].into()),
                    },
                    from(
                        1,
                        1,
                        PartitionMapping::Static([(key("eu"), key("s"))].into()),
                    ),
                ]
                .into(),
            ),
        ),
        (
            "sales",
            "sales",
            "mapping = 'multi', dimensions = { date = { from = 'date', mapping = { type = 'time_window', start_offset = -1 } } }",
            PartitionMapping::Multi([from(0, 0, window(-1, 0))].into()),
        ),
        (
            "sales",
            "visits",
            "dimensions = { region = { from = 'region' }, date = { from = 'date', start_offset = -2 } }",
            PartitionMapping::Multi(
                [
                    from(0, 0, window(-2, 0)),
                    from(2, 1, PartitionMapping::Identity),
                ]
                .into(),
            ),
        ),
    ] {
        let text = format!(
            "[source.up]\npath = 'in/{{{{partition}}}}'\npartitions = '{upstream}'\n\
             [asset.down]\npartitions = '{downstream}'\ndeps = {{ asset = 'up', {settings} }}\n\
             command = 'x {{{{input}}}} {{{{output}}}}'\n"
        );
        let graph = graph(&text.replace(", }", " }"));
        let mapping = &asset(&graph, "down").deps[0].mapping;
        assert_eq!(*mapping, expected, "{downstream} {upstream} {settings}");
    }
}

#[test]
fn own_partitions_are_read_only_if_they_come_before() {
    let dimensions = |date: &str, region: &str| {
        format!("dimensions = {{ date = {{ from = 'date', {date} }}, region = {region} }}")
    };
    let earlier = "start_offset = -1, end_offset = -1";
    let same = "{ from = 'region' }";
    for (right, partitions, settings) in [
        (true, "day", earlier.to_owned()),
        (false, "day", "start_offset = -1".to_owned()),
        (false, "day", "mapping = 'all'".to_owned()),
        (false, "region", String::new()),
        (true, "sales", dimensions(earlier, same)),
        (false, "sales", dimensions("start_offset = -1", same)),
        (
            false,
            "sales",
            dimensions(earlier, "{ from = 'region', mapping = 'all' }"),
        ),
        (false, "sales", dimensions(earlier, "{ keys = ['eu'] }")),
    ] {
        let text = format!(
            "[asset.total]\npartitions = '{partitions}'\n\
             deps = {{ asset = 'total', {settings} }}\ncommand = 'x {{{{input}}}} {{{{output}}}}'\n"
        );
        let read = read(&text.replace(", }", " }"));
        assert_eq!(read.is_ok(), right, "{settings}: {read:?}");
        if let Err(errors) = read {
            assert_eq!(errors, ["`total` depends on itself"], "{settings}");
        }
    }
}

#[test]
fn placeholders_of_dimensions() {
    let graph = graph(
        "[source.rate]\npath = 'rates.toml'\nkey = '{{partition.region}}.{{partition.date:%Y}}'\npartitions = 'sales'\n\
         [source.asked]\nobserve = ['ask', '{{partition.region}}', '{{window.end:%d}}']\npartitions = 'sales'\n\
         [asset.sum]\npartitions = 'sales'\ncommand = 'x {{partition.date}} {{window.start:%H}} {{output}}'\n\
         outputs = 'out/{{partition.region}}/{{partition:%Y/%m-%d}}{{window.end:-%d}}.csv'\n\
         [asset.plain]\npartitions = 'shirts'\ncommand = 'x {{output}}'\n",
    );
    let existing = ExistingKeys {
        now: "2024-01-04T12:00:00Z".parse().expect("a timestamp"),
        ..ExistingKeys::default()
    };
    let keys = graph.keys(&existing).expect("few keys");
    let path = |name: &str, index| {
        let asset = asset(&graph, name);
        let keys = keys.get(asset.partitions);
        let path = asset.outputs[0].path.path(PartitionRef { keys, index });
        path.into_owned()
    };
    assert_eq!(path("sum", 3), "out/eu/2024/01-02-03.csv");
    assert_eq!(path("plain", 2), "assets/plain/@blue%7Cs");
    let rate = graph.source(graph.find("rate").expect("declared"));
    let crate::model::Place::Value { key, .. } = &rate.expect("a source").place else {
        panic!("it is a value");
    };
    let keys = keys.get(asset(&graph, "sum").partitions);
    assert_eq!(key.text(PartitionRef { keys, index: 0 }), "us.2024");
}

#[test]
fn paths_tell_partitions_apart_or_are_refused() {
    for (apart, partitions, path) in [
        (true, "sales", "{{partition}}"),
        (true, "sales", "{{partition.region}}/{{partition.date}}"),
        (true, "sales", "{{partition.region}}/{{partition:%Y/%j}}"),
        (false, "sales", "{{partition.region}}/{{partition:%Y/%m}}"),
        (false, "sales", "{{partition.region}}/{{partition:%m-%d}}"),
        (false, "sales", "{{partition.region}}"),
        (false, "sales", "{{partition.date}}"),
        (
            true,
            "visits",
            "{{partition.region}}{{partition.hour}}{{partition.date}}",
        ),
        (
            false,
            "visits",
            "{{partition.region}}{{partition.hour:%F-%H}}{{partition.date}}",
        ),
        (true, "shirts", "{{partition.color}}-{{partition.size}}"),
        (false, "shirts", "{{partition.color}}"),
        (false, "hour", "{{partition:%Y-%m-%d-%H}}"),
        (true, "hour", "{{partition:%Y-%m-%d-%H%z}}"),
        (true, "week", "{{partition:%Y-%m-%d}}"),
        (true, "week", "{{window.end:%G-%V}}"),
        (false, "week", "{{partition:%m-%d}}"),
        (true, "month", "{{partition:%Y%m}}"),
        (false, "month", "{{partition:%y%m}}"),
        (false, "shift", "{{partition:%Y-%m-%d}}"),
        (true, "shift", "{{partition:%Y-%m-%d-%p}}"),
        (false, "customer", "x"),
        (true, "customer", "{{partition}}"),
    ] {
        let text = format!(
            "[asset.a]\npartitions = '{partitions}'\ncommand = 'x {{{{output}}}}'\noutputs = 'out/{path}'\n"
        );
        let read = read(&text);
        assert_eq!(read.is_ok(), apart, "{partitions} {path}: {read:?}");
        if let Err(errors) = read {
            assert!(errors[0].contains("apart"), "{errors:?}");
        }
    }
    let glued = read(
        "[asset.a]\ncommand = 'x {{output}}'\noutputs = '{{partition.a}}{{partition.b}}'\n\
         partitions = { type = 'multi', dimensions = { a = ['1', '11'], b = ['1', '11'] } }\n",
    );
    assert!(glued.is_err(), "`1` and `11` are `11` and `1`");
}

#[test]
fn products_of_lists_are_compared_key_by_key() {
    let two = |a: &str, b: &str| {
        let one = |name: &str, sizes: &str| {
            format!(
                "[asset.{name}]\ncommand = 'x {{{{output}}}}'\n\
                 outputs = 'b/{{{{partition.color}}}}/{{{{partition.size}}}}'\n\
                 partitions = {{ type = 'multi', dimensions = {{ color = ['red', 'blue'], size = [{sizes}] }} }}\n"
            )
        };
        read(&format!("{}{}", one("a", a), one("b", b)))
    };
    assert!(two("'s', 'm'", "'l', 'xl'").is_ok());
    assert!(two("'s', 'm'", "'m', 'l'").is_err());
}

#[test]
fn files_that_make_keys_are_not_made() {
    for (right, output) in [
        (true, "uploads/x.json"),
        (false, "uploads/x.csv"),
        (false, "uploads/"),
        (true, "uploads/deep/x.csv"),
        (false, "months/2024-01.csv"),
        (true, "months.csv"),
    ] {
        let text = format!("[asset.a]\ncommand = 'x {{{{output}}}}'\noutputs = '{output}'\n");
        let read = read(&text);
        assert_eq!(read.is_ok(), right, "{output}: {read:?}");
    }
}

#[test]
fn batches() {
    let graph = graph(
        "[source.rows]\npath = 'rows/{{partition}}'\npartitions = 'day'\n\
         [asset.many]\npartitions = 'day'\ndeps = ['rows', './one.csv']\nbatch = { max = 30 }\n\
         command = 'x --one={{input.one}} {{input.rows}} {{output}}'\n\
         [asset.alone]\npartitions = 'day'\nbatch = { max = 1 }\ncommand = 'x {{partition}} {{output}}'\n",
    );
    let batch = |key: &str| {
        let recipe = asset(&graph, key).recipe.as_ref();
        recipe.expect("it has a command").batch.map(u32::from)
    };
    assert_eq!((batch("many"), batch("alone")), (Some(30), None));
    let glued = read(
        "[source.rows]\npath = 'rows/{{partition}}'\npartitions = 'day'\n\
         [asset.many]\npartitions = 'day'\ndeps = 'rows'\nbatch = { max = 30 }\n\
         command = ['x', '--in={{input}}', '{{output}}']\n",
    );
    assert_eq!(glued.map_err(|errors| errors.len()), Err(1));
}

#[test]
fn a_definition_of_two_files() {
    let root = project(&[
        (
            "Assets.toml",
            "[project]\ninclude = '*/Assets.toml'\n[partitions.region]\ntype = 'static'\nkeys = 'eu'\n",
        ),
        (
            "a/Assets.toml",
            "[partitions.region]\ntype = 'static'\nkeys = 'us'\n",
        ),
        (
            "b/Assets.toml",
            "[partitions.upload]\ntype = 'files'\npattern = 'in/{{partition}}'\n",
        ),
    ]);
    let errors = load(root.path()).expect_err("a name is declared twice");
    let messages: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["the name `region` is declared twice"]);
}
