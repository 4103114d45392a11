//! A graph that was read through its compiled form is the one that was parsed.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::{key, project, write};
use crate::manifest::{load, load_compiled};
use crate::model::AssetGraph;

/// A table of a manifest: its name is a letter for its kind, and a number.
#[derive(Clone, Debug)]
pub(super) struct TableText {
    number: usize,
    is_source: bool,
    lines: Vec<String>,
    /// What it reads: numbers of tables, or paths.
    deps: Vec<Result<usize, &'static str>>,
}

/// How many tables there are at most.
const TABLES: usize = 9;

/// A table with some of the lines that it may have.
pub(super) fn any_table() -> impl Strategy<Value = TableText> {
    let asset_lines = [
        "command = \"x {{output}}\"",
        "command = '''\nx \\\n  # [asset.z]\n {{output}}'''",
        "command = [\"x\", \"{{project}}\", \"{{output}}\"]",
        "command = \"x {{partition}} {{outputs}}\"",
        "outputs = \"out/N.csv\"",
        "outputs = [\"out/N\", \"other/N/\"]",
        "outputs = { one = \"out/N.csv\", two = \"two/N-{{partition}}.csv\" }",
        "outputs = [\n  \"out/0.csv\",\n]",
        "partitions = \"days\"",
        "partitions = [\"a\", \"b\"]",
        "lock = false",
        "group = \"g\"",
        "tags = { t = \"N\" }",
        "env = { A = \"1\", B = { from_env = \"B\" } }",
        "code = [\"src/N.py\", \"lib/*.py\"]",
        "tools = \"sh\"",
        "after = \"a0\"",
        "priority = 3",
        "# a comment",
        "",
        "gitignored = false",
    ];
    let source_lines = [
        "path = \"data/N.csv\"",
        "path = \"data/N.csv\"",
        "paths = [\"data/N/*.csv\", \"!data/N/x.csv\"]",
        "path = \"out/{{partition}}.csv\"",
        "key = \"a.b\"",
        "optional = true",
        "partitions = \"days\"",
        "kinds = \"csv\"",
        "# é",
    ];
    let dep = prop_oneof![
        4 => (0..TABLES).prop_map(Ok),
        1 => select(vec!["./raw/x.csv", "./raw/y.csv", "./out/1.csv"]).prop_map(Err),
    ];
    let asset = proptest::collection::vec(select(asset_lines.to_vec()), 0..5);
    let source = proptest::collection::vec(select(source_lines.to_vec()), 0..3);
    let deps = proptest::collection::vec(dep, 0..3);
    (0..TABLES, any::<bool>(), asset, source, deps).prop_map(
        |(number, is_source, asset, source, deps)| {
            let lines = if is_source { source } else { asset };
            let mut named: Vec<String> = Vec::new();
            for line in lines {
                let word = line.split(' ').next();
                if line.starts_with('#') || !named.iter().any(|it| it.split(' ').next() == word) {
                    named.push(line.replace('N', &number.to_string()));
                }
            }
            let default = if is_source {
                ("path", format!("path = \"data/{number}\""))
            } else {
                ("command", "command = \"x {{output}}\"".to_owned())
            };
            if !named.iter().any(|line| line.starts_with(default.0)) {
                named.insert(0, default.1);
            }
            TableText {
                number,
                is_source,
                lines: named,
                deps,
            }
        },
    )
}

/// The text of a manifest with these tables.
pub(super) fn text_of(tables: &[TableText]) -> String {
    let mut text = "[project]\nname = \"p\"\n\n[partitions.days]\ntype = \"daily\"\nstart = \"2024-01-01\"\n\n".to_owned();
    let name = |number: usize| {
        let table = tables.iter().find(|table| table.number == number);
        let kind = table.is_none_or(|table| table.is_source);
        format!("{}{number}", if kind { "s" } else { "a" })
    };
    for table in tables {
        let kind = if table.is_source { "source" } else { "asset" };
        let _ = writeln!(text, "[{kind}.{}]", name(table.number));
        for line in &table.lines {
            let _ = writeln!(text, "{line}");
        }
        let dep = |dep: &Result<usize, &str>| match dep {
            Ok(number) => format!("\"{}\"", name(*number)),
            Err(path) => format!("\"{path}\""),
        };
        let deps: Vec<String> = table.deps.iter().map(dep).collect();
        if !table.is_source && !deps.is_empty() {
            let _ = writeln!(text, "deps = [{}]", deps.join(", "));
        }
    }
    text
}

/// Some tables, no two of one number, each reading earlier ones.
fn any_tables() -> impl Strategy<Value = Vec<TableText>> {
    proptest::collection::vec(any_table(), 0..TABLES).prop_map(|mut tables| {
        tables.sort_by_key(|table| table.number);
        tables.dedup_by_key(|table| table.number);
        let numbers: Vec<usize> = tables.iter().map(|table| table.number).collect();
        for table in &mut tables {
            let own = table.number;
            table.deps.retain(|dep| match dep {
                Ok(number) => *number < own && numbers.contains(number),
                Err(_) => true,
            });
            table.deps.dedup();
        }
        tables
    })
}

/// Asserts that two graphs give the same answers.
pub(super) fn assert_same(one: &AssetGraph, other: &AssetGraph) {
    assert_eq!(one.ids().len(), other.ids().len());
    for id in one.ids() {
        assert_eq!(one.key(id), other.key(id));
        assert_eq!(one.is_source(id), other.is_source(id));
        assert_eq!(one.is_materializable(id), other.is_materializable(id));
        assert_eq!(one.outputs(id), other.outputs(id));
        assert_eq!(one.partitions(id), other.partitions(id));
        assert_eq!(one.location(id), other.location(id));
        assert_eq!(one.meaning(id), other.meaning(id), "{}", one.key(id));
        assert_eq!(one.find(one.key(id).as_str()), Some(id));
        assert_eq!(one.get(id), other.get(id));
    }
    assert_eq!(one, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_compiled_is_read_back(tables in any_tables()) {
        let root = project(&[]);
        write(root.path(), "Assets.toml", text_of(&tables).as_bytes());
        let cache = root.path().join("cache");
        let Ok(parsed) = load(root.path()) else {
            return Ok(());
        };
        for _ in 0..2 {
            let read = load_compiled(root.path(), &cache, Some(&key())).expect("it is right");
            assert_same(&read.graph, &parsed.graph);
        }
    }
}

#[test]
fn a_meaning_is_of_what_is_declared_and_not_of_where() {
    let meaning = |text: &str, name: &str| {
        let root = project(&[("Assets.toml", text)]);
        let graph = load(root.path()).expect("a valid manifest").graph;
        graph.meaning(graph.find(name).expect("declared"))
    };
    let source = "[source.s]\npath = 's.csv'\n";
    let asset = "[asset.a]\ndeps = ['s', 'b']\ncommand = 'x {{output}}'\npartitions = ['x']\n";
    let other = "[asset.b]\ncommand = 'y {{output}}'\n";
    let own = meaning(&format!("{source}{asset}{other}"), "a");
    let same = [
        format!("# moved\n{other}{source}{asset}description = 'for people'\n"),
        format!("{asset}\n{source}[source.more]\npath = 'm'\n{other}priority = 2\n"),
    ];
    for text in same {
        assert_eq!(meaning(&text, "a"), own, "{text}");
    }
    let different = [
        format!("{source}{asset}{other}[project]\nignore = '*.bak'\n"),
        format!("{source}{}{other}", asset.replace("['x']", "['x', 'y']")),
        format!("{source}{}{other}", asset.replace("'s', 'b'", "'b', 's'")),
        format!("{source}{}{other}", asset.replace("'x {{", "'z {{")),
        format!("[project]\nshell = ['bash', '-c']\n{source}{asset}{other}"),
    ];
    for text in different {
        assert_ne!(meaning(&text, "a"), own, "{text}");
    }
}
