//! A program that has assetctl as a library: it loads a project, looks, plans, materializes with live events, and reads the
//! values.
//!
//! `cargo run --example embed` makes a small project in a temporary folder; `cargo run --example embed -- DIR` takes the one
//! in DIR.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use assetctl::{
    Event, EventKind, EventSink, MaterializeRequest, PartitionKey, PlanRequest, Project,
    StatusRequest, StepOutcome, materialize, plan, status,
};

const MANIFEST: &str = r#"
[project]
name = "words"

[source.text]
path = "text.txt"

[asset.words]
deps = "text"
command = "tr -s ' ' '\n' < {{input}} | sort > {{output}}"
outputs = "build/words.txt"

[asset.longest]
deps = "words"
command = "awk 'length > length(w) { w = $0 } END { print w }' {{input}} > {{output}}"
outputs = "build/longest.txt"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => example_project(temporary.path())?,
    };

    // The library sees no more of this process than it is given. This is a program of a user's, so all of it.
    let project = Project::load(folder)?.with_environment(std::env::vars_os());
    let instance = project.instance();

    let found = status(&project, StatusRequest::new().instance(&instance))?;
    println!("{} of {} fresh", found.summary.fresh, found.summary.total());

    let planned = plan(&project, PlanRequest::new().instance(&instance))?;
    for step in &planned.steps {
        println!("to do: {} ({:?})", step.keys, step.decision);
    }

    let mut live = Live;
    let request = MaterializeRequest::new()
        .instance(&instance)
        .events(&mut live);
    let result = materialize(&project, request)?;
    println!("{} materialized", result.counts().materialized);

    for made in result.materializations() {
        let partition = made.step.partition.as_ref().map(PartitionKey::as_str);
        match result.output(made.step.asset.as_str(), partition, None) {
            Ok(value) => println!(
                "{}: {} bytes, version {}",
                made.step,
                value.size(),
                value.version()
            ),
            Err(error) => println!("{}: {error}", made.step),
        }
    }
    Ok(())
}

/// Shows events as they come.
struct Live;

impl EventSink for Live {
    fn emit(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted { step, .. } => println!("… {step}"),
            EventKind::StepFinished { step, outcome, .. } => match outcome {
                StepOutcome::Failed(failure) => println!("✗ {step}: {}", failure.message),
                _ => println!("✓ {step}"),
            },
            _ => {}
        }
    }
}

fn example_project(folder: &Path) -> std::io::Result<PathBuf> {
    fs::write(folder.join("Assets.toml"), MANIFEST)?;
    fs::write(folder.join("text.txt"), "make for data\n")?;
    Ok(folder.to_owned())
}
