//! What right manifests give.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{key, project, write};
use crate::manifest::{Manifest, ManifestError, load, load_compiled};
use crate::model::{
    Asset, AssetGraph, Command, DataVersionRule, Declaration, EnvValue, InheritEnv, OutputKind,
    PartitionMapping, Place, SourcePath,
};

fn manifest(text: &str) -> Manifest {
    let root = project(&[("Assets.toml", text)]);
    load(root.path()).unwrap_or_else(|errors| {
        let all: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
        panic!("{:?}", all.iter().take(5).collect::<Vec<_>>())
    })
}

fn graph(text: &str) -> AssetGraph {
    manifest(text).graph
}

fn messages(files: &[(&str, &str)]) -> Vec<String> {
    let root = project(files);
    match load(root.path()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.errors().iter().map(ToString::to_string).collect(),
    }
}

fn asset<'a>(graph: &'a AssetGraph, key: &str) -> &'a Asset {
    let id = graph
        .find(key)
        .unwrap_or_else(|| panic!("{key} is declared"));
    graph.asset(id).expect("it is an asset")
}

fn place<'a>(graph: &'a AssetGraph, key: &str) -> &'a Place {
    let id = graph
        .find(key)
        .unwrap_or_else(|| panic!("{key} is declared"));
    &graph.source(id).expect("it is a source").place
}

fn paths(asset: &Asset) -> Vec<String> {
    asset
        .outputs
        .iter()
        .map(|output| output.path.source())
        .collect()
}

const DAYS: &str = "[partitions.day]\ntype = 'daily'\nstart = 2013-01-01\nend = '2014-01-01'\n";
const MONTHS: &str = "[partitions.month]\ntype = 'monthly'\nstart = '2013-01'\nformat = '%Y-%m'\n";

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
        [("level", "3"), ("nightly", ""), ("tier", "gold")].map(|(a, b)| (a.into(), b.into()))
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
fn labels_land_right_in_any_text() {
    for text in [
        "\u{feff}[asset.a]\ncommand = 'cat {{x}}'\n",
        "[asset.a]\r\ncommand = 'cat {{x}}'\r\n",
        "# 日本語 é\n[asset.a]\n\tcommand\t=\t\"\"\"\r\n  é \\u00e9 \\\n   cat {{x}}\"\"\"\n",
        "[asset.a]\ncommand = ['日本', '{{x}}']",
    ] {
        let root = project(&[("Assets.toml", text)]);
        let errors = load(root.path()).expect_err("the placeholder is unknown");
        let places: Vec<_> = errors.errors()[0].places().collect();
        let (start, len) = (places[0].start as usize, places[0].len as usize);
        assert_eq!(&text[start..start + len], "{{x}}", "{text:?}");
        let before = &text[..start];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.trim_start_matches('\u{feff}').chars().count() + 1;
        assert_eq!(places[0].column as usize, column, "{text:?}");
        assert_eq!(places[0].line as usize, before.matches('\n').count() + 1);
    }
}

#[test]
fn paths_that_meet_and_paths_that_do_not() {
    let region = |keys: &str| format!("partitions = {{ type = 'static', keys = [{keys}] }}");
    let one = |name: &str, more: &str, output: &str| {
        format!(
            "[asset.{name}]\ncommand = 'touch {{{{output}}}}'\noutputs = \"{output}\"\n{more}\n"
        )
    };
    for (overlap, first, second) in [
        (true, one("a", "", "b/x"), one("b", "", "./c/../b/x")),
        (true, one("a", "", "b/"), one("b", "", "b/x/y")),
        (false, one("a", "", "b/x"), one("b", "", "b/xy")),
        (true, one("a", "", "out/x"), one("b", "", "link/x")),
        (
            false,
            one("a", &region("'eu'"), "b/{{partition}}.csv"),
            one("b", &region("'us'"), "b/{{partition}}.csv"),
        ),
        (
            true,
            one("a", &region("'eu', 'us'"), "b/{{partition}}.csv"),
            one("b", &region("'us', 'de'"), "b/{{partition}}.csv"),
        ),
        (
            true,
            one("a", &region("'eu'"), "b/{{partition}}.csv"),
            one("b", "", "b/eu.csv"),
        ),
        (
            false,
            one("a", &region("'eu'"), "b/{{partition}}.csv"),
            one("b", "", "b/us.csv"),
        ),
        (
            false,
            one("a", "partitions = 'day'", "b/{{partition}}-a.csv"),
            one("b", "partitions = 'day'", "b/{{partition}}-b.csv"),
        ),
        (
            true,
            one("a", "partitions = 'day'", "b/{{partition:%Y/%m/%d}}.csv"),
            one("b", "partitions = 'day'", "b/{{partition}}.csv"),
        ),
        (
            true,
            one("a", "partitions = 'day'", "b/{{partition:%Y/%m-%d}}.csv"),
            one("b", "partitions = 'day'", "b/{{partition}}/x.csv"),
        ),
        (
            true,
            one("a", "", "b/x.csv"),
            "[source.s]\npath = 'b'\n".to_owned(),
        ),
        (
            true,
            one("a", "", "b/x.csv"),
            "[source.s]\npath = '**/*.csv'\n".to_owned(),
        ),
        (
            false,
            one("a", "", "b/x.csv"),
            "[source.s]\npath = 'b/[0-9]*.csv'\n".to_owned(),
        ),
        (
            false,
            one("a", "", "b/c/x.csv"),
            "[source.s]\npath = 'b/*'\n".to_owned(),
        ),
        (
            true,
            one("a", "", "b/c/"),
            "[source.s]\npath = 'b/c/*.csv'\n".to_owned(),
        ),
        (
            true,
            one("a", "partitions = 'day'", "b/x{{partition}}"),
            "[source.s]\npath = 'b/*'\n".to_owned(),
        ),
        (
            false,
            one("a", "", "b/x.csv"),
            "[source.s]\npath = '../b/x.csv'\n".to_owned(),
        ),
        (
            true,
            one("a", "", "b/x.py"),
            one("b", "code = 'b/*.py'", "b/y.csv"),
        ),
    ] {
        let root = project(&[("Assets.toml", &format!("{DAYS}{first}{second}"))]);
        fs::create_dir(root.path().join("out")).expect("a folder");
        symlink("out", root.path().join("link")).expect("a link");
        let result = load(root.path());
        assert_eq!(
            result.is_err(),
            overlap,
            "{first}{second}\n{:?}",
            result.err().map(|it| it.to_string())
        );
    }
}

#[test]
fn scripts_that_an_asset_makes_are_no_code() {
    let graph = graph(
        "[asset.sql]\ncommand = 'python3 gen.py > q.sql'\noutputs = 'q.sql'\n\
         [asset.rows]\ndeps = 'sql'\ncommand = 'sqlite3 db < q.sql > {{output}}'\n",
    );
    let candidates = |key: &str| {
        let recipe = asset(&graph, key)
            .recipe
            .as_ref()
            .expect("it has a command");
        recipe.code.candidates.clone()
    };
    assert_eq!(candidates("sql"), ["gen.py"]);
    assert_eq!(candidates("rows"), Vec::<String>::new());
}

#[test]
fn the_examples_of_the_reference_are_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    let reference = fs::read_to_string(path).expect("the reference exists");
    let examples: Vec<&str> = reference
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() > 9, "{}", examples.len());
    for example in examples {
        let files = [("Assets.toml", example), ("pipelines/a/Assets.toml", "")];
        let warnings = load(project(&files).path()).map(|read| read.warnings);
        assert!(warnings.is_ok_and(|it| it.is_empty()), "{example}");
    }
    for script in crate::manifest::code::SCRIPTS {
        assert!(reference.contains(&format!("`.{script}`")), "{script}");
    }
}

#[test]
fn the_file_of_variables_is_nothing_else() {
    let with = |rest: &str| messages(&[("Assets.toml", &format!("project.dotenv = true\n{rest}"))]);
    for (rest, what) in [
        ("[source.a]\npath = '.env'\n", "a source"),
        ("[source.a]\npath = './.env'\nkey = 'x'\n", "a source"),
        ("[asset.a]\ncommand = 'x'\ndeps = './.env'\n", "a source"),
        ("[asset.a]\ncommand = 'x'\ncode = '.env'\n", "a code file"),
        ("[asset.a]\ncommand = 'x'\noutputs = '.env'\n", "an output"),
    ] {
        let message =
            format!("`.env` cannot be {what}: it may hold secrets, and is never recorded");
        assert_eq!(with(rest), [message], "{rest}");
    }
    assert!(with("[source.a]\npath = 'sub/.env'\n").is_empty());
    assert!(messages(&[("Assets.toml", "[source.a]\npath = '.env'\n")]).is_empty());
}

#[test]
fn commands_that_print_manifests() {
    let text = "[project]\nname = 'p'\ninclude = [{ command = ['python3', 'gen.py', '{{project}}'], inputs = 'x/*.sql', \
                to = 'gen/./Assets.toml' }]\n[asset.a]\ncommand = 'x'\n";
    let root = project(&[("Assets.toml", text)]);
    let graph = load(root.path()).expect("the file may be missing").graph;
    assert_eq!(graph.files(), ["Assets.toml"]);
    let generators = &graph.settings().generators;
    assert_eq!(generators.len(), 1);
    assert_eq!(generators[0].to, "gen/Assets.toml");
    let recipe = generators[0].asset.recipe.as_ref().expect("a command");
    assert_eq!(recipe.code.candidates, ["gen.py"]);
    write(
        root.path(),
        "gen/Assets.toml",
        b"[asset.b]\ncommand = 'x'\n",
    );
    let manifest = load(root.path()).expect("it is right");
    assert_eq!(manifest.graph.files(), ["Assets.toml", "gen/Assets.toml"]);
    let texts = [(
        "gen/Assets.toml".to_owned(),
        "[asset.c]\ncommand = 'x'\n".to_owned(),
    )];
    let with = crate::manifest::load_with(root.path(), &texts)
        .expect("it is right")
        .graph;
    assert!(with.find("c").is_some() && with.find("b").is_none());
    write(root.path(), "gen/Assets.toml", b"[asset.b\n");
    let (main, _) = crate::manifest::load_main(root.path()).expect("the main file is right");
    assert_eq!(main.settings().generators, *generators);
    for (entry, message) in [
        (
            "{ to = 'a.toml' }",
            "the generated manifest has no `command`",
        ),
        ("{ command = 'x' }", "the generated manifest has no `to`"),
        (
            "{ command = 'x', to = 'a.toml', code_version = '1' }",
            "unknown key `code_version` in the generated manifest",
        ),
        (
            "{ command = 'x', to = '../a.toml' }",
            "`../a.toml` lies outside of the project",
        ),
        (
            "{ command = 'x', to = 'Assets.toml' }",
            "`Assets.toml` is the manifest that names the command",
        ),
        (
            "{ command = 'x', to = '.git/a.toml' }",
            "`.git/a.toml` is a place where no manifest is looked for",
        ),
        (
            "{ command = 'x', to = 'Assets.lock' }",
            "`Assets.lock` is a place where no manifest is looked for",
        ),
        (
            "{ command = 'x', to = 'a.json' }",
            "`a.json` is not the name of a TOML file",
        ),
        (
            "{ command = 'x', to = 'a.toml' }, { command = 'y', to = './a.toml' }",
            "two commands print `a.toml`",
        ),
        (
            "{ command = 'x {{partition}}', to = 'a.toml' }",
            "`{{partition}}` has no value here: there are no partitions",
        ),
        (
            "1",
            "`include` must be a glob, or a table with `command` and `to`",
        ),
    ] {
        let text = format!("[project]\ninclude = [{entry}]\n");
        assert_eq!(messages(&[("Assets.toml", &text)]), [message], "{entry}");
    }
    let overlapping = "[project]\ninclude = [{ command = 'x', to = 'gen/a.toml' }]\n\
                       [asset.a]\ncommand = 'x {{output}}'\noutputs = 'gen/'\n";
    assert_eq!(messages(&[("Assets.toml", overlapping)]).len(), 1);
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
fn all_errors_come_at_once_in_file_order() {
    let found = messages(&[(
        "Assets.toml",
        "[asset.a]\ndeps = 'x'\npriority = 'x'\n[asset.b]\nfoo = 1\nafter = 'y'\ntimeout = 'x'\ncommand = 'x'\n",
    )]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(
        found[0].contains("`x`") && found[2].contains("foo"),
        "{found:?}"
    );
}

#[test]
fn the_compiled_form_follows_the_files() {
    let files = [
        (
            "Assets.toml",
            "[project]\ninclude = '*/Assets.toml'\n[asset.a]\ncommand = 'true'\n",
        ),
        ("one/Assets.toml", "[asset.b]\ncommand = 'true'\n"),
    ];
    let root = project(&files);
    let cache = root.path().join("cache");
    let compiled = |root: &Path| {
        load_compiled(root, &root.join("cache"), Some(&key())).map(|compiled| compiled.graph)
    };
    let fresh = load(root.path()).expect("a valid manifest").graph;
    for _ in 0..2 {
        assert_eq!(compiled(root.path()).expect("a valid manifest"), fresh);
    }
    let good = fs::read(&cache).expect("the compiled form was written");
    for damage in 0..good.len().min(400) {
        let mut bad = good.clone();
        bad[damage] ^= 0x40;
        fs::write(&cache, &bad).expect("the file can be written");
        assert_eq!(
            compiled(root.path()).expect("a valid manifest"),
            fresh,
            "{damage}"
        );
        fs::write(&cache, &good[..damage]).expect("the file can be written");
        assert_eq!(
            compiled(root.path()).expect("a valid manifest"),
            fresh,
            "{damage}"
        );
    }
    write(
        root.path(),
        "two/Assets.toml",
        b"[asset.c]\ncommand = 'true'\n",
    );
    assert_eq!(compiled(root.path()).expect("a valid manifest").len(), 3);
    write(
        root.path(),
        "one/Assets.toml",
        b"[asset.d]\ncommand = 'true'\n",
    );
    assert!(
        compiled(root.path())
            .expect("a valid manifest")
            .find("d")
            .is_some()
    );
    write(
        root.path(),
        "one/Assets.toml",
        b"[asset.d]\ncommnd = 'true'\n",
    );
    assert!(compiled(root.path()).is_err());
    let elsewhere = load_compiled(root.path(), Path::new("/nowhere/cache"), Some(&key()));
    assert!(elsewhere.is_err());
}

#[test]
fn a_hundred_thousand_outputs_are_compared() {
    let pair = |index: u32| {
        format!(
            "[asset.a{index}]\npartitions = 'day'\ncommand = 'x {{{{output}}}}'\n\
             outputs = ['b/{{{{partition}}}}-{index}x', 'd/x{index}-{{{{partition}}}}', 'e/{{{{partition}}}}/{index}']\n\
             [asset.b{index}]\ncommand = 'x {{{{output}}}}'\noutputs = ['c/{index}/x', 'f{index}.csv']\n"
        )
    };
    let text: String = (0..20_000).map(pair).collect();
    let graph = graph(&format!("{DAYS}{text}"));
    let outputs = graph
        .ids()
        .filter_map(|id| graph.asset(id))
        .map(|asset| asset.outputs.len());
    assert_eq!(outputs.sum::<usize>(), 100_000);
}

fn any_manifest() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("command"),
        Just("deps"),
        Just("outputs"),
        Just("partitions"),
        Just("path"),
        Just("key"),
        Just("env"),
        Just("code"),
        Just("observe"),
        Just("after"),
        Just("timeout"),
        Just("stdin"),
        Just("stdout"),
        Just("include"),
        Just("type"),
        Just("keys"),
        Just("start"),
        Just("format"),
        Just("tags"),
        Just("mapping"),
        Just("pattern"),
        Just("dimensions"),
        Just("cron"),
        Just("exists"),
        Just("exclusions"),
        Just("batch"),
        Just("x"),
    ];
    let value = prop_oneof![
        "\"[a-c{}. /*'$(<#|]{0,16}\"",
        "'[a-c{}. /*\\[\\\"$(<#|]{0,16}'",
        Just("'{{output}} {{input.a}}'".to_owned()),
        Just("'x/{{partition:%Y}}'".to_owned()),
        Just("['a', 'b.x', './c']".to_owned()),
        Just("{ asset = 'a', mapping = 'all' }".to_owned()),
        Just("{ asset = 'a', dimension = 'x' }".to_owned()),
        Just("{ asset = 'b', dimensions = { x = { from = 'y' }, y = { keys = 'k' } } }".to_owned()),
        Just("{ x = ['k', 'l'], y = 'a' }".to_owned()),
        Just("{ type = 'multi', dimensions = { x = ['k'], y = 'b' } }".to_owned()),
        Just("{ type = 'hourly', start = 2024-01-01, exists = '{{partition}}' }".to_owned()),
        Just("{ max = 3 }".to_owned()),
        Just("'x/{{partition.x}}/{{partition.y:%Y-%m-%d}}'".to_owned()),
        Just("'0 5 * * *'".to_owned()),
        Just("'multi'".to_owned()),
        Just("'files'".to_owned()),
        Just("'cron'".to_owned()),
        Just("'dynamic'".to_owned()),
        Just("{ type = 'static', keys = ['k', '..'] }".to_owned()),
        Just("true".to_owned()),
        Just("-7".to_owned()),
        Just("2013-01-01".to_owned()),
        Just("'a'".to_owned()),
        Just("'daily'".to_owned()),
    ];
    let table = "(asset|source|partitions)\\.[abc]|project|defaults";
    let section =
        (table, proptest::collection::vec((key, value), 0..5)).prop_map(|(table, entries)| {
            let lines: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {value}\n"))
                .collect();
            format!("[{table}]\n{}", lines.concat())
        });
    proptest::collection::vec(section, 0..6).prop_map(|sections| sections.concat())
}

proptest! {
    #[test]
    fn reading_never_panics(text in prop_oneof![any_manifest(), "\\PC{0,80}"]) {
        let root = project(&[("Assets.toml", &text)]);
        match load(root.path()) {
            Ok(manifest) => prop_assert!(manifest.graph.ids().all(|id| matches!(
                manifest.graph.get(id),
                Declaration::Asset(_) | Declaration::Source(_)
            ))),
            Err(errors) => {
                prop_assert!(!errors.errors().is_empty());
                for place in errors.errors().iter().flat_map(ManifestError::places) {
                    let end = (place.start + place.len) as usize;
                    prop_assert!(text.get(place.start as usize..end).is_some());
                }
            }
        }
    }
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

#[test]
fn a_glob_that_cannot_be_compiled_is_an_error_wherever_it_stands() {
    let glob = "{a,".repeat(300) + &"}".repeat(300);
    for manifest in [
        format!("[project]\nignore = '{glob}'\n"),
        format!("[project]\ninclude = '{glob}'\n"),
        format!("[source.raw]\npath = '{glob}'\n"),
        format!("[source.raw]\npaths = ['*', '!{glob}']\n"),
        format!("[asset.made]\ndeps = './{glob}'\ncommand = 'true'\n"),
        format!("[asset.made]\ncode = '{glob}'\ncommand = 'true'\n"),
        format!("[asset.made]\ncode = ['*', '!{glob}']\ncommand = 'true'\n"),
    ] {
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join("Assets.toml"), &manifest).expect("written");
        let errors = load(root.path()).expect_err("it is refused");
        assert_eq!(errors.errors().len(), 1, "{manifest}");
    }
}

#[test]
fn line_ends_of_the_file_are_not_part_of_commands() {
    let text = "[asset.made]\ndescription = \"\"\"\none\ntwo\"\"\"\ncommand = '''\necho 1 \\\n > {{output}}\n'''\noutputs = 'made.txt'\n";
    let plain = graph(text);
    let crlf = graph(&text.replace('\n', "\r\n"));
    let command = |graph: &AssetGraph| {
        asset(graph, "made")
            .recipe
            .clone()
            .expect("a command")
            .command
    };
    assert_eq!(command(&plain), command(&crlf));
    assert_eq!(asset(&plain, "made").about, asset(&crlf, "made").about);
}
