//! How long a selection takes in a project of 100,000 assets: parsed and evaluated, and how long a mistake takes to be told.
//!
//! The bound is 20 ms for any expression.

use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use assetctl::manifest::load;
use assetctl::model::AssetGraph;
use assetctl::select::{Lookups, evaluate, parse};
use divan::Bencher;

const ASSETS: usize = 100_000;

/// Read once: that takes longer than all that is measured.
static GRAPH: LazyLock<AssetGraph> = LazyLock::new(graph);

fn main() {
    divan::main();
}

/// Each asset reads an earlier one, so that chains are 17 long; keys have folders, and there are groups, tags and owners.
fn graph() -> AssetGraph {
    let mut text = String::new();
    for index in 0..ASSETS {
        let folder = index % 100;
        let deps = match index {
            0 => "[]".to_owned(),
            _ => format!("[\"f{}/a{}\"]", index / 2 % 100, index / 2),
        };
        writeln!(
            text,
            "[asset.\"f{folder}/a{index}\"]\ndeps = {deps}\ngroup = \"g{}\"\nkinds = [\"csv\"]\nowners = [\"o{}\"]\n\
             tags = {{ k = \"v{}\", tier = \"one\" }}\ncommand = \"x {{{{output}}}}\"",
            index % 50,
            index % 7,
            index % 5
        )
        .expect("a String takes everything");
    }
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::write(root.path().join("Assets.toml"), text).expect("the file can be written");
    load(root.path()).expect("a valid manifest").graph
}

/// What is typed, under a name.
fn texts() -> Vec<(&'static str, String)> {
    let list = |part: &dyn Fn(usize) -> String, many: usize| {
        let parts: Vec<_> = (0..many).map(part).collect();
        parts.join(" or ")
    };
    let deep = format!("{}f0/a0{}", "not (".repeat(60), ")".repeat(60));
    [
        ("all", "*"),
        ("glob", "key:\"*9*9*\""),
        ("traversal", "+key:\"f7/*\"+"),
        ("levels", "3+key:\"*1\"+2"),
        ("sinks", "sinks(*)"),
        ("roots", "roots(group:g1)"),
        (
            "algebra",
            "not (group:g1 or tag:k=v1) and (owner:o3 or kind:csv)",
        ),
        ("closed values", "is:materializable and partitions:none"),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .into_iter()
    .chain([
        ("nested", deep),
        (
            "1,000 names",
            list(&|at| format!("f{}/a{at}", at % 100), 1000),
        ),
        ("50 groups", list(&|at| format!("group:g{at}"), 50)),
        ("100 globs", list(&|at| format!("key:\"*{at}7*\""), 100)),
        ("100 traversals", list(&|at| format!("f{at}/a{at}+"), 100)),
    ])
    .collect()
}

const NAMES: [&str; 13] = [
    "all",
    "glob",
    "traversal",
    "levels",
    "sinks",
    "roots",
    "algebra",
    "closed values",
    "nested",
    "1,000 names",
    "50 groups",
    "100 globs",
    "100 traversals",
];

#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1)]
fn selected(bencher: Bencher<'_, '_>, name: &str) {
    let texts = texts();
    let (_, text) = texts
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a case");
    bencher.bench(|| {
        let selection = parse(text).expect("a selection");
        let mut errors = Vec::new();
        let selected = evaluate(&GRAPH, &[selection], &Lookups::default(), &mut errors);
        assert!(errors.is_empty(), "names that exist");
        selected
    });
}

#[divan::bench(args = [1, 5], sample_count = 20, sample_size = 1)]
fn unknown_names(bencher: Bencher<'_, '_>, names: usize) {
    let text = (0..names).map(|at| format!("f{at}/b{at}0234"));
    let text = text.collect::<Vec<_>>().join(" or ");
    bencher.bench(|| {
        let selection = parse(&text).expect("a selection");
        let mut errors = Vec::new();
        evaluate(&GRAPH, &[selection], &Lookups::default(), &mut errors);
        assert_eq!(errors.len(), names, "no such names");
        errors
    });
}
