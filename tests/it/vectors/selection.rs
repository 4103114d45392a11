//! Selections as the reference sees them: of assets asked of `list`, of steps asked of the room itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use assetctl::select::steps::{StepGraph, select_steps};
use serde_json::{Map, Value};

use crate::sandbox::Sandbox;
use crate::vectors::declared::{list, read, text, texts};

/// Where something else is said on purpose; the reasons stand in `docs/decisions.md`.
const DIVERGENCES: [&str; 3] = ["asset-115", "asset-130", "op-025"];

#[test]
fn selections_are_the_references_but_for_known_divergences() {
    let vectors = read("selection");
    let project = Sandbox::new().with_file("Assets.toml", &manifest(&vectors["asset_graph"]));
    let steps = Steps::new(&vectors["op_graph"]);
    let of_assets = list(&vectors["asset_cases"]).map(|case| {
        let answer = project
            .run(&["list", &text(&case["query"]), "--json"])
            .answer();
        let keys =
            answer.map(|answer| list(&answer["assets"]).map(|it| text(&it["key"])).collect());
        (case, keys)
    });
    let of_steps = list(&vectors["op_cases"]).map(|case| {
        let selected = select_steps(&texts(&case["query"]), &steps).ok();
        let names =
            selected.map(|steps_of| steps_of.ones().map(|at| steps.names[at].clone()).collect());
        (case, names)
    });
    let mut found = Vec::new();
    let mut compared = 0;
    for (case, selected) in of_assets.chain(of_steps) {
        compared += 1;
        let expected = &case["expect"]["selected"];
        let expected = expected
            .is_array()
            .then(|| texts(expected).into_iter().collect());
        let selected: Option<BTreeSet<String>> = selected;
        if selected != expected {
            found.push(text(&case["id"]));
        }
    }
    assert_eq!(found, DIVERGENCES, "the list of divergences");
    assert!(compared >= 59, "{compared} expectations were compared");
}

/// The reference's assets: external ones are sources.
fn manifest(graph: &Value) -> String {
    let mut manifest = String::from("[project]\n");
    for (key, declared) in graph.as_object().expect("assets") {
        let table = if declared["external"] == true {
            format!("[source.{key:?}]\npath = \"{key}.csv\"")
        } else {
            let deps = &declared["deps"];
            format!("[asset.{key:?}]\ncommand = \"make {{{{output}}}}\"\ndeps = {deps}")
        };
        let tags = declared["tags"].as_object().expect("tags").iter();
        let tags = tags.map(|(name, value)| format!("{name} = {value}"));
        let tags = tags.collect::<Vec<_>>().join(", ");
        let (group, kinds, owners) = (&declared["group"], &declared["kinds"], &declared["owners"]);
        write!(
            manifest,
            "{table}\ngroup = {group}\nkinds = {kinds}\nowners = {owners}\ntags = {{ {tags} }}\n"
        )
        .expect("writing to a String cannot fail");
    }
    manifest
}

/// The reference's steps, by number.
struct Steps {
    names: Vec<String>,
    upstream: Vec<Vec<usize>>,
}

impl Steps {
    fn new(graph: &Value) -> Self {
        let graph: &Map<String, Value> = graph.as_object().expect("steps");
        let names: Vec<String> = graph.keys().cloned().collect();
        let number = |name: String| names.iter().position(|it| *it == name);
        let upstream = graph.values().map(|upstream| {
            let numbers = texts(upstream).into_iter().map(number);
            numbers
                .collect::<Option<_>>()
                .expect("steps wait for steps")
        });
        Self {
            upstream: upstream.collect(),
            names,
        }
    }
}

impl StepGraph for Steps {
    fn len(&self) -> usize {
        self.names.len()
    }

    fn find(&self, name: &str) -> Vec<usize> {
        let position = self.names.iter().position(|it| it == name);
        position.into_iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn upstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        self.upstream[step].iter().copied().for_each(each);
    }

    fn downstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        let waiting = |other: &usize| self.upstream[*other].contains(&step);
        (0..self.len()).filter(waiting).for_each(each);
    }
}
