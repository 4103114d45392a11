//! The reference's staleness scenarios, run on this engine.
//!
//! A data version that the reference is told, or makes of a code version and inputs, is here the content that a command
//! writes. A materialization of the reference runs what it names and nothing else: `--only --force`. An observation
//! and a wipe go to the instance as their verbs send them there. Pending counts as stale. What differs stands in
//! [`DIVERGENCES`], each with its reason in `docs/decisions.md`.

mod declared;
mod mappings;
mod partitions;
mod retries;
mod selection;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use assetctl::app::status;
use assetctl::digest::Kind;
use assetctl::executor::{Cancel, CommandLine, Exit, FakeExecutor, StdoutTo};
use assetctl::model::{
    Cause, DataVersion, Force, Grouping, MaterializeOptions, Observation, PartitionKeys, Status,
    StatusOptions,
};
use assetctl::store::{Access, AssetPartition, Store};
use serde_json::{Map, Value};

use crate::scenario::{Scenario, only};
use assetctl::testkit;

/// Where this engine says something else on purpose: scenario, step, what is said here.
const DIVERGENCES: [(&str, &str, &str); 7] = [
    ("stale-004", "materialize b", "refused: a"),
    ("stale-019", "b", "STALE DATA a"),
    ("stale-019", "c", "STALE DATA b"),
    ("stale-028", "b", "STALE DATA a"),
    ("stale-034", "materialize b", "blocked: b"),
    ("stale-049", "materialize b", "refused: a@p2, a@p3"),
    (
        "stale-052",
        "materialize b",
        "refused: a@2024-01-02, a@2024-01-03, a@2024-01-04",
    ),
];

#[test]
fn staleness_is_the_references_but_for_known_divergences() {
    let text = fs::read_to_string("fixtures/vectors/staleness.json").expect("the fixture is there");
    let vectors: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let scenarios = vectors["scenarios"]
        .as_array()
        .expect("a list of scenarios");
    let mut found = Vec::new();
    let mut compared = 0;
    for scenario in scenarios {
        let id = text_of(&scenario["id"]);
        let mut stage = Stage::new();
        for step in scenario["steps"].as_array().expect("a list of steps") {
            let (step, argument) = step
                .as_object()
                .and_then(|it| it.iter().next())
                .expect("a step");
            let differences = match step.as_str() {
                "define" => stage.define(argument),
                "materialize" => stage.materialize(argument, step_of(scenario, argument)),
                "observe" => stage.observe(argument),
                "wipe" => stage.wipe(argument),
                "expect" => {
                    compared += 1;
                    stage.expect(argument)
                }
                other => panic!("{id}: there is no step {other}"),
            };
            let refused = differences
                .iter()
                .any(|(step, _)| step.starts_with("materialize"));
            found.extend(
                differences
                    .into_iter()
                    .map(|(step, ours)| (id.clone(), step, ours)),
            );
            if refused {
                break;
            }
        }
    }
    let known = DIVERGENCES.map(|(id, step, ours)| (id.into(), step.into(), ours.into()));
    assert_eq!(found, Vec::from(known), "the list of divergences");
    assert!(compared >= 17, "{compared} expectations were compared");
}

/// A project that follows a scenario.
struct Stage {
    project: Scenario,
    /// What is declared: asset, declaration.
    declared: Map<String, Value>,
    observed: BTreeMap<String, String>,
    runs: u32,
}

type Differences = Vec<(String, String)>;

impl Stage {
    fn new() -> Self {
        Self {
            project: Scenario::new("").at("2026-01-01T00:00:00Z"),
            declared: Map::new(),
            observed: BTreeMap::new(),
            runs: 0,
        }
    }

    fn define(&mut self, assets: &Value) -> Differences {
        self.declared
            .clone_from(assets.as_object().expect("assets"));
        let mut definitions: Vec<String> = Vec::new();
        let mut text = String::new();
        for (name, asset) in &self.declared {
            if asset["kind"] == "observable" {
                let _ = writeln!(text, "[source.{name}]\nobserve = \"observe {name}\"");
                continue;
            }
            let _ = writeln!(text, "[asset.{name}]\ncommand = \"make {{{{output}}}}\"");
            if let Some(version) = asset["code_version"].as_str() {
                let _ = writeln!(text, "code_version = \"{version}\"");
            }
            let mut below = "";
            if let Some(partitions) = asset["partitions"].as_object() {
                let definition = inline(partitions);
                let at = definitions.iter().position(|it| *it == definition);
                let at = at.unwrap_or_else(|| {
                    definitions.push(definition);
                    definitions.len() - 1
                });
                let _ = writeln!(text, "partitions = \"p{at}\"");
                below = "/{{partition}}";
            }
            let deps = asset["deps"].as_array().into_iter().flatten().map(dep);
            let deps = deps.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "outputs = \"out/{name}{below}\"\ndeps = [{deps}]");
        }
        let named = definitions.iter().enumerate();
        let named = named.map(|(at, definition)| format!("p{at} = {{ {definition} }}\n"));
        let named: String = named.collect();
        self.project
            .manifest(&format!("[partitions]\n{named}{text}"));
        Vec::new()
    }

    fn materialize(&mut self, names: &Value, step: &Value) -> Differences {
        self.runs += 1;
        let names: Vec<String> = names
            .as_array()
            .expect("names")
            .iter()
            .map(text_of)
            .collect();
        let partition = step["partition"].as_str();
        let word = |name: &String| match partition {
            Some(partition) => format!("{name}@{partition}"),
            None => name.clone(),
        };
        let words: Vec<_> = names.iter().map(word).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let request = MaterializeOptions {
            only: true,
            force: Force::Selected,
            ..only(&words)
        };
        let executor = self.executor(step);
        let label = format!("materialize {}", names.join(" "));
        match self.project.ask_with(&request, &executor, &Cancel::new()) {
            Ok(ran) if ran.result().counts.blocked > 0 => {
                vec![(label, format!("blocked: {}", names.join(", ")))]
            }
            Ok(ran) => {
                ran.ran(&words).failed(&[]);
                Vec::new()
            }
            Err(error) => {
                let unreadable = crate::scenario::unreadable(&error);
                vec![(label, format!("refused: {}", unreadable.join(", ")))]
            }
        }
    }

    /// Commands that write the data version of the reference, and observations that print it.
    fn executor(&self, step: &Value) -> FakeExecutor {
        let told = step["data_version"].clone();
        let (declared, observed, run) = (self.declared.clone(), self.observed.clone(), self.runs);
        FakeExecutor::new(move |line| {
            let name = variable(line, "ASSETCTL_ASSET").expect("a command is told its asset");
            if let StdoutTo::File(printed) = &line.stdout {
                let version = observed.get(&name).map_or("", String::as_str);
                fs::write(printed, version).expect("it can be printed");
                return Exit::Code(0);
            }
            let version = match (
                told[&name].as_str(),
                declared[&name]["code_version"].as_str(),
            ) {
                (Some(told), _) => told.to_owned(),
                (None, Some(code)) => format!("{code}({})", inputs(line)),
                (None, None) => format!("run {run}({})", inputs(line)),
            };
            let output = variable(line, "ASSETCTL_OUTPUT").expect("a command is told its output");
            fs::write(line.folder.join(output), version).expect("it can be written");
            Exit::Code(0)
        })
    }

    fn observe(&mut self, versions: &Value) -> Differences {
        for (source, version) in versions.as_object().expect("sources") {
            let version = text_of(version);
            let observation = Observation {
                source: testkit::asset(source),
                partition: None,
                version: DataVersion(Kind::Reported.digest(version.as_bytes())),
                text: version.clone(),
                time: "2020-03-01T12:00:00Z".parse().expect("an instant"),
            };
            let slot = PartitionKeys::Unpartitioned.slot(0);
            let observed = self.store().observe(&[(slot, observation)]);
            observed.expect("it can be recorded");
            self.observed.insert(source.clone(), version);
        }
        Vec::new()
    }

    fn wipe(&mut self, names: &Value) -> Differences {
        let project = self.project.project().expect("the declarations are right");
        let mut partitions = Vec::new();
        for name in names.as_array().expect("names").iter().map(text_of) {
            let id = project.graph().find(&name).expect("it is declared");
            let keys = project.keys().get(project.graph().partitions(id));
            let at = |index| AssetPartition::at(project.graph().key(id), keys, index);
            partitions.extend(keys.range().map(at));
        }
        self.store()
            .forget(&partitions)
            .expect("it can be forgotten");
        self.project.remove("Assets.lock");
        Vec::new()
    }

    fn store(&self) -> Store {
        let opened = Store::open(&self.project.path(".assetctl"), Access::Write);
        opened.expect("the instance can be opened").store
    }

    /// What is said here where the reference says something else.
    fn expect(&self, expectations: &Value) -> Differences {
        let project = self.project.project().expect("the declarations are right");
        let request = StatusOptions {
            grouping: Grouping::Keys,
            sources: true,
            ..StatusOptions::default()
        };
        let (report, _) = status(&project, &request).expect("there is a status");
        let mut ours = BTreeMap::new();
        for asset in report.assets {
            for run in asset.partitions {
                let key = run.first.map_or_else(String::new, |key| format!("@{key}"));
                ours.insert(format!("{}{key}", asset.key), said(run.status, &run.causes));
            }
        }
        let mut differences = Vec::new();
        for (step, expected) in expectations.as_object().expect("steps") {
            let causes = expected["causes"].as_array().expect("causes").iter();
            let causes = causes.map(|cause| match cause["dependency"].as_str() {
                Some(dependency) => format!("{} {dependency}", text_of(&cause["category"])),
                None => text_of(&cause["category"]),
            });
            let theirs = line(&text_of(&expected["status"]), causes.collect());
            if ours[step] != theirs {
                differences.push((step.clone(), ours[step].clone()));
            }
        }
        differences
    }
}

fn said(status: Status, causes: &[Cause]) -> String {
    let word = match status {
        Status::Missing | Status::Locked | Status::Unverifiable => "MISSING",
        Status::Fresh => "FRESH",
        // The reference knows nothing that is blocked.
        Status::Blocked if causes.is_empty() => "MISSING",
        Status::Stale | Status::Pending | Status::Failed | Status::Blocked => "STALE",
    };
    let causes = causes.iter().map(|cause| match cause {
        Cause::Code(_) => "CODE".to_owned(),
        Cause::Dependency { input, .. } => format!("DEPENDENCIES {input}"),
        Cause::DependencyRemoved => "DEPENDENCIES".to_owned(),
        Cause::Data(change) => match &change.partition {
            Some(key) => format!("DATA {}@{key}", change.asset),
            None => format!("DATA {}", change.asset),
        },
        other => other.kind().word().to_owned(),
    });
    line(word, causes.collect())
}

fn line(status: &str, causes: BTreeSet<String>) -> String {
    let causes = causes.into_iter().collect::<Vec<_>>().join(", ");
    format!("{status} {causes}").trim_end().to_owned()
}

fn variable(line: &CommandLine, name: &str) -> Option<String> {
    let found = line.env.iter().rev().find(|(known, _)| known == name);
    found.map(|(_, value)| value.to_string_lossy().into_owned())
}

/// What lies at the inputs of a command, in order of their names.
fn inputs(line: &CommandLine) -> String {
    let names = line
        .env
        .iter()
        .map(|(name, value)| (name.to_string_lossy(), value));
    let named: BTreeMap<_, _> = names
        .filter(|(name, _)| name.starts_with("ASSETCTL_INPUT_"))
        .collect();
    let mut joined = String::new();
    for paths in named.values() {
        for path in paths
            .to_string_lossy()
            .lines()
            .filter(|path| !path.is_empty())
        {
            let text = fs::read_to_string(line.folder.join(path)).expect("inputs are there");
            let _ = write!(joined, "{text};");
        }
    }
    joined
}

/// The step that has this argument, with its other keys.
fn step_of<'a>(scenario: &'a Value, argument: &Value) -> &'a Value {
    let steps = scenario["steps"].as_array().expect("a list of steps");
    let same = |step: &&Value| {
        step.get("materialize")
            .is_some_and(|it| std::ptr::eq(it, argument))
    };
    steps.iter().find(same).expect("the argument is a step's")
}

fn inline(table: &Map<String, Value>) -> String {
    let keys = table.iter().map(|(key, value)| format!("{key} = {value}"));
    keys.collect::<Vec<_>>().join(", ")
}

fn dep(dep: &Value) -> String {
    let Some(table) = dep.as_object() else {
        return dep.to_string();
    };
    let mapping = table["mapping"].as_object().expect("a mapping").iter();
    let mapping = mapping.map(|(key, value)| match key.as_str() {
        "type" => format!("mapping = {value}"),
        key => format!("{key} = {value}"),
    });
    let mapping = mapping.collect::<Vec<_>>().join(", ");
    format!("{{ asset = {}, {mapping} }}", table["asset"])
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
