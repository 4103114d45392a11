//! What a change must cost, worked out without assetctl.
//!
//! The graph is written down once more, key by key and without a partitions definition in sight. A clean build runs all of
//! it on the sources of a project, in one interpreter and in a folder of its own. A step has to run when, between the clean
//! builds before and after a change, its script or one of its inputs has other bytes; every other step would write what is
//! there already.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

const FIXTURE: &str = "fixtures/flights";

/// Runs the steps it is given, each a list of arguments with the script first.
const DRIVER: &str = "
import json, runpy, sys
for arguments in json.load(sys.stdin):
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name='__main__')
";

/// One command: its name as events give it, its script with its arguments, what it reads and what it writes.
pub struct Step {
    pub name: String,
    arguments: Vec<String>,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// All 1,120 steps, each after those that it reads from.
pub fn steps() -> Vec<Step> {
    let days = days();
    let months: Vec<String> = (1..=12).map(|month| format!("2013-{month:02}")).collect();
    let airlines = format!("{FIXTURE}/data/airlines.csv");
    let airports = format!("{FIXTURE}/data/airports.csv");
    let mut steps = Vec::new();

    for day in &days {
        let raw = format!("{FIXTURE}/data/flights/{day}.csv");
        steps.push(Step::new(
            &format!("clean@{day}"),
            &[raw],
            &[clean(day)],
            |i, o| [i, o].concat(),
        ));
    }
    for month in &months {
        let raw = format!("{FIXTURE}/data/weather/{month}.csv");
        steps.push(Step::new(
            &format!("weather@{month}"),
            &[raw],
            &[weather(month)],
            |i, o| [i, o].concat(),
        ));
    }
    for day in &days {
        let inputs = [clean(day), weather(month_of(day)), airlines.clone()];
        let first = [day.clone()];
        steps.push(Step::new(
            &format!("day@{day}"),
            &inputs,
            &[summary(day)],
            |i, o| [&first, i, o].concat(),
        ));
    }
    for (at, day) in days.iter().enumerate() {
        let window: Vec<String> = days[at.saturating_sub(6)..=at]
            .iter()
            .map(|day| summary(day))
            .collect();
        let output = format!("build/rolling/{day}.json");
        steps.push(Step::new(
            &format!("rolling@{day}"),
            &window,
            &[output],
            |i, o| [o, i].concat(),
        ));
    }
    for month in &months {
        let inputs: Vec<String> = days
            .iter()
            .filter(|day| month_of(day) == month)
            .map(|day| summary(day))
            .collect();
        steps.push(Step::new(
            &format!("month@{month}"),
            &inputs,
            &[table(month)],
            |i, o| [o, i].concat(),
        ));
    }
    let inputs: Vec<String> = std::iter::once(airports)
        .chain(months.iter().map(|month| table(month)))
        .collect();
    let outputs = ["build/year.json".to_owned(), "build/year.md".to_owned()];
    steps.push(Step::new("year", &inputs, &outputs, |i, o| {
        [&i[..1], o, &i[1..]].concat()
    }));
    steps
}

impl Step {
    /// A step whose arguments are put in order by `order`, given the inputs and the outputs.
    fn new(
        name: &str,
        inputs: &[String],
        outputs: &[String],
        order: impl FnOnce(&[String], &[String]) -> Vec<String>,
    ) -> Self {
        let asset = name.split('@').next().expect("a split has a first part");
        let script = format!("{FIXTURE}/steps/{asset}.py");
        Self {
            name: name.to_owned(),
            arguments: std::iter::once(script)
                .chain(order(inputs, outputs))
                .collect(),
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
        }
    }

    /// Everything that decides what the step writes: its script and its inputs.
    fn read(&self) -> impl Iterator<Item = &String> {
        self.inputs.iter().chain(self.arguments.first())
    }
}

/// All that a full build on some sources reads and writes, by path.
pub struct CleanBuild {
    files: BTreeMap<String, Vec<u8>>,
}

impl CleanBuild {
    /// Builds everything from the sources and scripts in `project`, whose own outputs are not looked at.
    pub fn of(project: &Path) -> Self {
        let folder = Sandbox::new().with_copy(&project.join(FIXTURE), FIXTURE);
        for asset in ["clean", "weather", "day", "rolling", "month"] {
            fs::create_dir_all(folder.path("build").join(asset))
                .expect("the sandbox can be written");
        }
        let steps = steps();
        let arguments: Vec<&Vec<String>> = steps.iter().map(|step| &step.arguments).collect();
        let mut python = Command::new("python3")
            .args(["-c", DRIVER])
            .current_dir(folder.project())
            .stdin(Stdio::piped())
            .spawn()
            .expect("the examples need python3");
        let mut stdin = python.stdin.take().expect("stdin is piped");
        stdin
            .write_all(&serde_json::to_vec(&arguments).expect("texts are JSON"))
            .expect("the driver reads its steps");
        drop(stdin);
        assert!(
            python.wait().expect("the driver was started").success(),
            "a step of the clean build failed"
        );

        let paths = steps
            .iter()
            .flat_map(|step| step.read().chain(&step.outputs));
        Self {
            files: paths
                .map(|path| (path.clone(), folder.bytes(path)))
                .collect(),
        }
    }

    /// The files that the steps write, by path.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let built = self
            .files
            .iter()
            .filter(|(path, _)| path.starts_with("build/"));
        built.map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The steps that have to run to bring what `self` built to what `after` built: the minimum.
    pub fn must_run(&self, after: &Self) -> BTreeSet<String> {
        let differs = |path: &String| self.files[path] != after.files[path];
        steps()
            .into_iter()
            .filter(|step| step.read().any(differs))
            .map(|step| step.name)
            .collect()
    }
}

/// The 365 days of 2013.
fn days() -> Vec<String> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = (1..).zip(LENGTHS);
    months
        .flat_map(|(month, length)| {
            (1..=length).map(move |day| format!("2013-{month:02}-{day:02}"))
        })
        .collect()
}

fn month_of(day: &str) -> &str {
    &day[..7]
}

fn clean(day: &str) -> String {
    format!("build/clean/{day}.csv")
}

fn weather(month: &str) -> String {
    format!("build/weather/{month}.csv")
}

fn summary(day: &str) -> String {
    format!("build/day/{day}.json")
}

fn table(month: &str) -> String {
    format!("build/month/{month}.csv")
}
