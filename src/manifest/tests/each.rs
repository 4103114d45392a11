//! Factories: what a declaration with `each` makes is what somebody could have written.

use std::fs;

use super::{key, project, write};
use crate::manifest::{load, load_compiled};
use crate::model::AssetGraph;

fn graph(text: &str) -> AssetGraph {
    graph_of(&[("Assets.toml", text)])
}

fn graph_of(files: &[(&str, &str)]) -> AssetGraph {
    let root = project(files);
    load(root.path())
        .unwrap_or_else(|errors| panic!("{:#?}", errors.errors()))
        .graph
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let root = project(files);
    let errors = load(root.path()).expect_err("it is wrong");
    let said = errors.errors().iter().map(|error| {
        let places = error.places();
        let places: Vec<String> = places
            .map(|it| {
                let text = &fs::read_to_string(root.path().join(it.file)).expect("it is there");
                let (start, end) = (it.start as usize, (it.start + it.len) as usize);
                format!("{} {:?}", it.text, &text[start..end])
            })
            .collect();
        let help = error.help().unwrap_or_default();
        format!("{error} | {help} | {}", places.join(", "))
    });
    said.collect()
}

/// Asserts that two manifests declare the same, wherever it stands.
fn assert_means_the_same(made: &AssetGraph, written: &AssetGraph) {
    let keys = |graph: &AssetGraph| -> Vec<String> {
        let ids = graph.ids();
        ids.map(|id| graph.key(id).to_string()).collect()
    };
    assert_eq!(keys(made), keys(written));
    for id in made.ids() {
        let key = made.key(id);
        assert_eq!(made.own_meaning(id), written.own_meaning(id), "{key}");
        assert_eq!(made.meaning(id), written.meaning(id), "{key}");
    }
}

#[test]
fn a_made_asset_is_the_one_that_is_written_with_its_values() {
    let made = graph(
        r#"
        [project]
        name = "p"
        [partitions.day]
        type = "daily"
        start = "2024-01-01"
        [each.table]
        values = ["orders", { name = "users", limit = 10, tags = ["a b", "c"], grain = "day", env = "x", by = { city = "Ulm" }, back = -2 }]
        default = { limit = 1000, tags = [], grain = { type = "static", keys = ["k"] }, env = "y", by = { city = "Bern" }, back = 0 }

        [source."in/{{each.name}}"]
        each = "table"
        path = "in/{{each.name}}.csv"
        description = "Rows of {{ each.name }}, at most {{each.table.limit}}; {{{{each.name}}}}"

        [asset."raw/{{each.name}}"]
        each = "table"
        deps = ["in/{{each.name}}", "./x.csv"]
        partitions = "{{each.grain}}"
        command = "python3 pull.py '{{each.name}}' --limit {{each.limit}} {{each.tags}} --city {{each.by.city}} {{input.in/{{each.name}}}} {{input.x}} {{output}}"
        outputs = "raw/{{each.name}}/{{partition}}.csv"
        priority = "{{each.back}}"
        env = { "{{each.env}}" = "{{each.limit}}", B = "<{{each.limit}}>" }
        tags = { "t-{{each.name}}" = "{{each.limit}}" }
        metadata = { limit = "{{each.limit}}", all = ["{{each.tags}}", 1] }
        config = { limit = "{{each.limit}}", of = { name = "{{each.name}}", columns = "{{each.tags}}", label = "<{{each.limit}}>" } }

        [asset.all]
        deps = [{ each = "table", asset = "raw/{{each.name}}", as = "the_{{each.name}}" }, "./more.csv"]
        command = ["cat", "{{input.the_orders}}", "{{input.the_users}}", "{{input.more}}"]
        stdout = true
        "#,
    );
    let written = graph(
        r#"
        [project]
        name = "p"
        [partitions.day]
        type = "daily"
        start = "2024-01-01"
        [source."in/orders"]
        path = "in/orders.csv"
        description = "Rows of orders, at most 1000; {{{{each.name}}}}"
        [source."in/users"]
        path = "in/users.csv"
        description = "Rows of users, at most 10; {{{{each.name}}}}"
        [asset."raw/orders"]
        deps = ["in/orders", "./x.csv"]
        partitions = { type = "static", keys = ["k"] }
        command = "python3 pull.py 'orders' --limit 1000  --city Bern {{input.in/orders}} {{input.x}} {{output}}"
        outputs = "raw/orders/{{partition}}.csv"
        priority = 0
        env = { y = "1000", B = "<1000>" }
        tags = { t-orders = 1000 }
        metadata = { limit = 1000, all = [1] }
        config = { limit = 1000, of = { name = "orders", columns = [], label = "<1000>" } }
        [asset."raw/users"]
        deps = ["in/users", "./x.csv"]
        partitions = "day"
        command = "python3 pull.py 'users' --limit 10 'a b' c --city Ulm {{input.in/users}} {{input.x}} {{output}}"
        outputs = "raw/users/{{partition}}.csv"
        priority = -2
        env = { x = "10", B = "<10>" }
        tags = { t-users = 10 }
        metadata = { limit = 10, all = ["a b", "c", 1] }
        config = { limit = 10, of = { name = "users", columns = ["a b", "c"], label = "<10>" } }
        [asset.all]
        deps = [{ asset = "raw/orders", as = "the_orders" }, { asset = "raw/users", as = "the_users" }, "./more.csv"]
        command = ["cat", "{{input.the_orders}}", "{{input.the_users}}", "{{input.more}}"]
        stdout = true
        "#,
    );
    assert_means_the_same(&made, &written);
    for id in made.ids() {
        if let (Some(made), Some(written)) = (made.asset(id), written.asset(id)) {
            assert_eq!(made.about, written.about);
            assert_eq!(made.priority, written.priority);
        }
    }
}

#[test]
fn lists_are_multiplied_and_deps_take_the_lists_around_them() {
    let made = graph(
        r#"
        [each.table]
        values = ["a", "b"]
        [each.region]
        values = ["eu", "us"]
        [asset."{{each.table.name}}/{{each.region.name}}"]
        each = ["table", "region"]
        command = "pull {{each.table.name}} {{each.region.name}} {{output}}"
        [asset."{{each.name}}/sum"]
        each = "table"
        deps = { each = "region", asset = "{{each.table.name}}/{{each.name}}" }
        command = "sum $ASSETCTL_INPUT_A_EU {{output}}"
        "#,
    );
    let keys: Vec<&str> = made.ids().map(|id| made.key(id).as_str()).collect();
    assert_eq!(keys, ["a/eu", "a/us", "b/eu", "b/us", "a/sum", "b/sum"]);
    let deps = |key: &str| -> Vec<&str> {
        let id = made.find(key).expect("it is made");
        let upstream = made.upstream(id).iter();
        upstream.map(|id| made.key(*id).as_str()).collect()
    };
    assert_eq!(deps("a/sum"), ["a/eu", "a/us"]);
    assert_eq!(deps("b/sum"), ["b/eu", "b/us"]);
}

#[test]
fn lists_come_from_files_of_each_kind() {
    let of = |list: &str| {
        format!(
            "[each.table]\n{list}\ndefault = {{ limit = 5 }}\n\n[asset.\"raw/{{{{each.name}}}}\"]\neach = \"table\"\n\
             command = \"pull {{{{each.name}}}} {{{{each.limit}}}} {{{{output}}}}\"\n"
        )
    };
    let written = graph(&of("values = [\"a\", { name = \"b\", limit = 2.5 }]"));
    for (file, key, text) in [
        (
            "t.yaml",
            "x.tables",
            "x:\n  tables: [a, {name: b, limit: 2.5, note: null}]\n",
        ),
        (
            "t.json",
            "x.tables",
            r#"{"x": {"tables": ["a", {"name": "b", "limit": 2.5}]}}"#,
        ),
        (
            "sub/t.toml",
            "tables",
            "tables = ['a', { name = 'b', limit = 2.5 }]\n",
        ),
        ("t.yml", "", "- a\n- name: b\n  limit: 2.5\n"),
    ] {
        let key = if key.is_empty() {
            String::new()
        } else {
            format!("key = {key:?}")
        };
        let made = of(&format!("file = {file:?}\n{key}"));
        let made = graph_of(&[("Assets.toml", &made), (file, text)]);
        assert_means_the_same(&made, &written);
    }
    let none = graph_of(&[("Assets.toml", &of("file = 't.json'")), ("t.json", "[]")]);
    assert_eq!(none.ids().len(), 0);
}

#[test]
fn values_are_single_words_of_a_shell() {
    let command = |command: &str, values: &str, shell: &str| {
        let text = format!(
            "project.shell = [{shell:?}, \"-c\"]\n[each.t]\nvalues = [{{ name = \"a\", {values} }}]\n\
             [asset.\"{{{{each.name}}}}\"]\neach = \"t\"\ncommand = '''{command}'''\n"
        );
        let root = project(&[("Assets.toml", &text)]);
        load(root.path())
            .map(|manifest| {
                let id = manifest.graph.find("a").expect("it is made");
                let asset = manifest.graph.asset(id).expect("an asset");
                let recipe = asset.recipe.as_ref().expect("it has a command");
                crate::manifest::command::written(&recipe.command).join(" ")
            })
            .map_err(|errors| errors.errors()[0].code())
    };
    let bash = |text: &str, values: &str| command(text, values, "bash");
    let ok = |text: &str| Ok(text.to_owned());
    let code = |code: &str| Err(format!("assetctl::manifest::{code}"));
    let evil = r#"v = "x; rm -rf '$HOME'""#;
    let quoted = bash("echo {{each.v}}", evil).expect("it is quoted");
    let words = shlex::split(&quoted).expect("the quotes are closed");
    assert_eq!(words, ["echo", "x; rm -rf '$HOME'"]);
    assert_eq!(bash("echo '{{each.v}}'", evil), code("quoted_placeholder"));
    assert_eq!(
        bash("echo \"{{each.v}}\"", "v = \"a < b\""),
        ok("echo \"a < b\"")
    );
    assert_eq!(
        bash("echo \"{{each.v}}\"", "v = \"$(x)\""),
        code("quoted_placeholder")
    );
    assert_eq!(
        bash("echo x={{each.v}}", "v = [\"a\", \"b\"]"),
        code("glued_placeholder")
    );
    assert_eq!(
        bash("echo {{each.v}}", "v = [\"a\", \"b c\"]"),
        ok("echo a 'b c'")
    );
    assert_eq!(bash("{{each.v}}", "v = \"a | b\""), ok("a | b"));
    assert_eq!(bash("{{each.v}}", "v = [\"a\", \"b c\"]"), ok("a b c"));
    assert_eq!(
        command("echo {{each.v}}", "v = \"a b\"", "fish"),
        code("foreign_shell")
    );
    assert_eq!(
        command("echo '{{each.v}}'", "v = \"a\"", "fish"),
        ok("echo 'a'")
    );
}

#[test]
fn what_is_wrong_names_the_declaration_and_the_value() {
    let table = "[each.table]\nvalues = [\"a\", \"b\", { name = \"c\", limit = 1 }]\n";
    let of = |rest: &str| problems(&[("Assets.toml", &format!("{table}{rest}"))]);
    assert_eq!(
        of(
            "[asset.\"{{each.name}}\"]\neach = \"table\"\ncommand = \"x {{each.limit}} {{output}}\"\n"
        ),
        [
            "`a` and `b` of `[each.table]` have no `limit` | give them one, or give one to all: `default = { limit = … }` | used here \"{{each.limit}}\", `a` \"\\\"a\\\"\", `b` \"\\\"b\\\"\""
        ]
    );
    assert_eq!(
        of(
            "[asset.\"{{each.name}}\"]\neach = \"table\"\ncommand = \"x {{each.limits}} {{output}}\"\n"
        ),
        [
            "no value of `[each.table]` has a `limits` | did you mean `limit`? | used here \"{{each.limits}}\""
        ]
    );
    assert_eq!(
        of("[asset.\"{{each.name}}\"]\neach = \"tabel\"\n"),
        ["there is no list `tabel` | did you mean `table`? | not declared \"\\\"tabel\\\"\""]
    );
    assert_eq!(
        of("[asset.x]\neach = \"table\"\n"),
        [
            "`[asset.x]` makes `x` more than once | a name for each value holds `{{each.name}}` | its name is that of another value \"x\", for `b` \"\\\"b\\\"\""
        ]
    );
    assert_eq!(
        of("[asset.\"{{each.name}}\"]\n"),
        [
            "`[asset.\"{{each.name}}\"]` has no `each` | name the list: `each = \"table\"`, which `[each.table]` declares | made with values of which list? \"\\\"{{each.name}}\\\"\""
        ]
    );
    // An error in the declaration is told once, with the first value.
    assert_eq!(
        of("[asset.\"{{each.name}}\"]\neach = \"table\"\ncomand = \"x\"\n"),
        [
            "unknown key `comand` in `[asset.a]` | did you mean `command`? | no such key \"comand\", for `a` \"\\\"a\\\"\""
        ]
    );
    // Errors that come of a value are told with it.
    let unknown = of("[asset.\"r/{{each.name}}\"]\neach = \"table\"\ndeps = \"{{each.name}}x\"\n");
    assert_eq!(unknown.len(), 3, "{unknown:#?}");
    assert!(
        unknown[1].starts_with("there is no asset or source `bx`"),
        "{}",
        unknown[1]
    );
    assert!(
        unknown[1].ends_with("not declared \"\\\"{{each.name}}x\\\"\", for `b` \"\\\"b\\\"\""),
        "{}",
        unknown[1]
    );
}

#[test]
fn lists_that_cannot_be() {
    let of = |list: &str| {
        let text = format!("[each.t]\n{list}\n[asset.\"{{{{each.name}}}}\"]\neach = \"t\"\n");
        let files = [
            ("Assets.toml", text.as_str()),
            (
                "t.yaml",
                "tables: [a, b]\nempty: []\ntwice: [a, {name: a}]\nnull: [null]\n",
            ),
            ("bad.json", "[1,"),
            ("t.txt", "a"),
        ];
        let found = problems(&files);
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].split(" | ").next().unwrap_or_default().to_owned()
    };
    for (list, message) in [
        ("values = []", "`[each.t]` has no values"),
        ("", "`[each.t]` has no `values`"),
        ("values = 'a'", "`values` must be a list of texts or tables"),
        (
            "values = ['a', ['b']]",
            "`[each.t]` has a value that is neither a text nor a table",
        ),
        (
            "values = ['a', { limit = 1 }]",
            "`[each.t]` has a value without a name",
        ),
        (
            "values = ['a', { name = 'a' }]",
            "`[each.t]` has two values named `a`",
        ),
        (
            "values = ['a b']",
            "`a b` is not a name for an asset: ' ' is not allowed in a name",
        ),
        (
            "values = ['a']\ndefault = { name = 'b' }",
            "`default` has a `name`",
        ),
        (
            "values = ['a']\nfile = 't.yaml'\nkey = 'tables'",
            "a list has either `values` or a `file`",
        ),
        (
            "values = ['a']\nkey = 'tables'",
            "`key` is for a list from a file",
        ),
        (
            "values = ['a']\nvalue = 'tables'",
            "unknown key `value` in `[each.t]`",
        ),
        (
            "file = '../t.yaml'",
            "`../t.yaml` is not a file of the project",
        ),
        (
            "file = 'no.yaml'",
            "`no.yaml` cannot be read: it does not exist",
        ),
        (
            "file = 't.txt'",
            "cannot read a value from `t.txt`: not a .toml, .yaml or .json file",
        ),
        ("file = 'bad.json'", "EOF while parsing a value"),
        ("file = 't.yaml'", "`t.yaml` is not a list"),
        ("file = 't.yaml'\nkey = 'table'", "`t.yaml` has no `table`"),
        (
            "file = 't.yaml'\nkey = 'tables.0'",
            "`tables.0` in `t.yaml` is not a list",
        ),
        (
            "file = 't.yaml'\nkey = 'twice'",
            "`[each.t]` has two values named `a`",
        ),
        (
            "file = 't.yaml'\nkey = 'null'",
            "`t.yaml` holds `null` in its list, which cannot be used",
        ),
    ] {
        assert_eq!(of(list), message, "{list}");
    }
}

#[test]
fn a_list_is_part_of_what_the_compiled_form_was_made_of() {
    let text = "[each.t]\nfile = 't.yaml'\n[asset.\"{{each.name}}\"]\neach = 't'\ncommand = 'x {{output}}'\n";
    let root = project(&[("Assets.toml", text), ("t.yaml", "[a, b]")]);
    let cache = root.path().join("cache");
    let read = || load_compiled(root.path(), &cache, Some(&key())).expect("it is right");
    let first = read();
    let again = read();
    assert_eq!((&first.graph, first.digest), (&again.graph, again.digest));
    assert_eq!(again.graph.files(), ["Assets.toml", "t.yaml"]);
    write(root.path(), "t.yaml", b"[a, b, c]");
    let longer = read();
    assert!(longer.graph.find("c").is_some());
    assert_ne!(longer.digest, again.digest);
    write(
        root.path(),
        "Assets.toml",
        text.replace("x {{output}}", "y {{output}}").as_bytes(),
    );
    let edited = read();
    assert_eq!(edited.graph, load(root.path()).expect("it is right").graph);
    fs::remove_file(root.path().join("t.yaml")).expect("it is there");
    assert!(load_compiled(root.path(), &cache, Some(&key())).is_err());
}
