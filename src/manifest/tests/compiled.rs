//! A graph that was read through its compiled form is the one that was parsed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;

use super::{key, project, write};
use crate::manifest::compiled::read;
use crate::manifest::{load, load_compiled};
use crate::model::AssetGraph;

/// A table of a manifest: its name is a letter for its kind, and a number.
#[derive(Clone, Debug)]
struct TableText {
    number: usize,
    is_source: bool,
    lines: Vec<String>,
    /// What it reads: numbers of tables, or paths.
    deps: Vec<Result<usize, &'static str>>,
}

/// How many tables there are at most.
const TABLES: usize = 9;

/// A table with some of the lines that it may have.
fn any_table() -> impl Strategy<Value = TableText> {
    let asset_lines = [
        "command = \"x {{output}}\"",
        "command = '''\nx \\\n  # [asset.z]\n {{output}}'''",
        "command = [\"x\", \"{{project}}\", \"{{output}}\"]",
        "command = \"x {{outputs}}\"",
        "outputs = \"out/N.csv\"",
        "outputs = [\"out/N\", \"other/N/\"]",
        "outputs = { one = \"out/N.csv\", two = \"two/N\" }",
        "outputs = [\n  \"out/0.csv\",\n]",
        "partitions = \"days\"",
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
        "config = { limit = 1 }",
        "config = { limit = 1, more = [\"N\"] }",
    ];
    let source_lines = [
        "path = \"data/N.csv\"",
        "path = \"data/N.csv\"",
        "paths = [\"data/N/*.csv\", \"!data/N/x.csv\"]",
        "path = \"out/x.csv\"",
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

/// Environments that a manifest may have; what they name is not always there.
const ENVIRONMENTS: [&str; 5] = [
    "",
    "",
    "[env.prod]\nlock = \"locks/prod.lock\"\nhome = \"home\"\n",
    "[env.prod]\nlock = \"out/1.csv\"\nenv = { A = \"2\" }\n",
    "[env.prod.config.a1]\nlimit = 2\n[env.other.config]\na1 = { limit = { from_env = \"L\" } }\n",
];

/// Writes the manifest with these tables and an environment, tables with odd numbers into a file of their own if it `is_split`.
fn write_tables(root: &Path, tables: &[TableText], is_split: bool, environment: &str) {
    let mut main = "[project]\nname = \"p\"\n".to_owned();
    let mut more = "# more\n".to_owned();
    if is_split {
        main.push_str("include = \"more/*.toml\"\n");
    }
    main.push_str("\n[partitions.days]\ntype = \"daily\"\nstart = \"2024-01-01\"\n\n");
    main.push_str(environment);
    let name = |number: usize| {
        let table = tables.iter().find(|table| table.number == number);
        let kind = table.is_none_or(|table| table.is_source);
        format!("{}{number}", if kind { "s" } else { "a" })
    };
    for table in tables {
        let text = if is_split && table.number % 2 == 1 {
            &mut more
        } else {
            &mut main
        };
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
    write(root, "Assets.toml", main.as_bytes());
    write(root, "more/Assets.toml", more.as_bytes());
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
fn assert_same(one: &AssetGraph, other: &AssetGraph) {
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
    fn what_is_compiled_is_read_back(
        tables in any_tables(),
        environment in select(&ENVIRONMENTS[..]),
    ) {
        let root = project(&[]);
        write_tables(root.path(), &tables, true, environment);
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

/// An edit of a manifest.
#[derive(Clone, Debug)]
enum Edit {
    /// A table is replaced, or added.
    Put(TableText),
    Remove(usize),
    /// A table moves to the end.
    Move(usize),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => any_table().prop_map(Edit::Put),
        1 => (0..TABLES).prop_map(Edit::Remove),
        1 => (0..TABLES).prop_map(Edit::Move),
    ]
}

fn apply(tables: &mut Vec<TableText>, edit: Edit) {
    let at = |tables: &[TableText], number| tables.iter().position(|it| it.number == number);
    match edit {
        Edit::Put(mut table) => {
            let numbers: Vec<usize> = tables.iter().map(|it| it.number).collect();
            let is_known = |number: &usize| *number < table.number && numbers.contains(number);
            table.deps.retain(|dep| dep.as_ref().map_or(true, is_known));
            table.deps.dedup();
            match at(tables, table.number) {
                Some(at) => tables[at] = table,
                None => tables.insert(table.number.min(tables.len()), table),
            }
        }
        Edit::Remove(number) => tables.retain(|table| table.number != number),
        Edit::Move(number) => {
            if let Some(at) = at(tables, number) {
                let table = tables.remove(at);
                tables.push(table);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_edited_manifest_is_read_as_a_new_one(
        tables in any_tables(),
        edits in proptest::collection::vec(any_edit(), 1..6),
        is_split in any::<bool>(),
        environment in select(&ENVIRONMENTS[..]),
    ) {
        let root = project(&[]);
        let cache = root.path().join("cache");
        let mut tables = tables;
        for edit in edits {
            write_tables(root.path(), &tables, is_split, environment);
            let _ = load_compiled(root.path(), &cache, Some(&key()));
            apply(&mut tables, edit);
            write_tables(root.path(), &tables, is_split, environment);
            let full = load(root.path());
            let read = load_compiled(root.path(), &cache, Some(&key()));
            match (full, read) {
                (Ok(full), Ok(read)) => {
                    assert_same(&read.graph, &full.graph);
                    assert_eq!(read.graph.to_blocks(), full.graph.to_blocks());
                }
                (Err(full), Err(read)) => assert_eq!(read.to_string(), full.to_string()),
                (full, read) => panic!("{full:?}\n{read:?}"),
            }
        }
    }
}

/// The manifest in a folder, read through a compiled form of what it was before, and whether all of it was parsed.
fn reread(root: &Path) -> (AssetGraph, bool) {
    let cache = root.join("cache");
    let is_full = read(root, &cache, &key()).is_none();
    let compiled = load_compiled(root, &cache, Some(&key())).expect("a manifest");
    (compiled.graph, is_full)
}

#[test]
fn only_what_changed_is_read_again() {
    let asset = |index: usize| {
        let deps = if index == 0 {
            "'./raw.csv'".to_owned()
        } else {
            format!("'a{}'", index / 2)
        };
        format!(
            "[asset.a{index}]\ndeps = [{deps}]\noutputs = 'out/{index}'\ncommand = 'x {{{{output}}}}'\n"
        )
    };
    let text: String = (0..40).map(asset).collect();
    let environment =
        "[env.prod]\nlock = 'prod.lock'\nenv = { HOST = 'prod' }\nconfig.a5.limit = 2\n";
    let text = text.replace("[asset.a5]", "[asset.a5]\nconfig = { limit = 1 }");
    let text = text.replace("[asset.a30]", "[asset.a30]\nenv = { HOST = 'dev' }");
    let text = format!("[project]\nname = 'p'\n{environment}{text}");
    let root = project(&[("Assets.toml", &text)]);
    assert!(reread(root.path()).1);
    let mut text = text;
    for (from, to, is_full) in [
        ("'x {{output}}'", "'y {{output}}'", false),
        ("[asset.a7]", "# a comment\n[asset.a7]", false),
        (
            "[asset.a9]",
            "[asset.new]\ncommand = 'x {{output}}'\n[asset.a9]",
            false,
        ),
        ("'out/13'", "['out/13', 'more/13']", false),
        ("'out/39'", "'out/other'", false),
        ("[asset.new]\ncommand = 'x {{output}}'\n", "", false),
        ("'out/12'", "'out/other/x'", true),
        // What an environment changes is checked again, with as little as that needs.
        ("{ limit = 1 }", "{ limit = 1, more = 2 }", false),
        ("'out/5'", "'out/five'", false),
        ("'out/15'", "['out/15', 'more/15']", false),
        ("HOST = 'dev'", "HOST = 'test'", true),
        ("[asset.a33]", "[asset.a33]\nenv = { HOST = 'dev' }", true),
        ("[asset.a34]", "[asset.a34]\nenv = { OTHER = 'dev' }", false),
        ("{ limit = 1, more = 2 }", "{ other = 1 }", true),
        ("'out/20'", "'prod.lock'", true),
        ("config.a5.limit = 2", "config.a5.limit = 3", true),
        ("name = 'p'", "name = 'q'", true),
    ] {
        text = text.replacen(from, to, 1);
        write(root.path(), "Assets.toml", text.as_bytes());
        let full = load(root.path());
        if let Ok(full) = full {
            let (graph, was_full) = reread(root.path());
            assert_same(&graph, &full.graph);
            assert_eq!(was_full, is_full, "{to}");
        } else {
            assert!(is_full);
            text = text.replacen(to, from, 1);
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

#[test]
fn another_version_of_assetctl_has_compiled_nothing() {
    let root = project(&[("Assets.toml", "[asset.a]\ncommand = 'x {{output}}'\n")]);
    assert!(reread(root.path()).1);
    let cache = root.path().join("cache");
    let mut bytes = fs::read(&cache).expect("compiled");
    // Three digests stand behind the first word; the last of them covers the others, the files and the version.
    let sources = b"\0\xF0\x01";
    let sources = bytes.windows(3).position(|it| it == sources);
    assert!(!reread(root.path()).1, "it is of this version");
    let end = sources.map_or(bytes.len(), |at| at + 3);
    let signed = key().digest_of(&[&bytes[16..32], &bytes[32..48], &bytes[64..end]]);
    bytes[48..64].copy_from_slice(signed.as_bytes());
    fs::write(&cache, bytes).expect("written");
    assert!(reread(root.path()).1, "it is of no version");
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
