//! Paths that meet, and what may lie at which.

use std::fs;
use std::os::unix::fs::symlink;

use super::{DAYS, asset, graph, messages, project};
use crate::manifest::load;

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
