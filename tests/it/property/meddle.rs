//! Somebody who changes an input while a command runs, and puts it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use assetctl::executor::{CommandLine, FakeExecutor};

use super::command::{Extent, perform};
use super::model::Model;
use super::random::Random;

/// When the change is made and undone.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Both before the command reads anything.
    Before,
    /// The command reads what was changed.
    Around,
    /// Both after the command has written.
    After,
}

/// What is done to one command of a run.
#[derive(Debug)]
pub struct Meddler {
    /// The number of the command.
    at: usize,
    moment: Moment,
    /// A number by which one of its inputs is chosen.
    choice: usize,
    /// The paths that each step reads.
    inputs: BTreeMap<String, Vec<PathBuf>>,
    done: Arc<Mutex<Option<Done>>>,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// While which step ran.
    pub step: String,
    /// The path that was changed and went back.
    pub path: PathBuf,
}

impl Meddler {
    /// Somebody who does something to one of the first `commands` commands in the project at `root`.
    pub fn new(random: &mut Random, model: &Model, root: &Path, commands: usize) -> Self {
        let inputs = model.cells().iter().map(|cell| {
            let mut paths: Vec<PathBuf> = model.input_paths(*cell);
            paths.push("op.sh".into());
            let paths = paths.iter().map(|path| root.join(path)).collect();
            (cell.name().to_owned(), paths)
        });
        Self {
            at: random.below(commands.max(1)),
            moment: *random.of(&[Moment::Before, Moment::Around, Moment::After]),
            choice: random.below(1_000),
            inputs: inputs.collect(),
            done: Arc::default(),
        }
    }

    /// What was done, after the run.
    pub fn done(&self) -> Option<Done> {
        self.done.lock().expect("nobody panicked").clone()
    }

    /// The steps that read a path.
    pub fn readers(&self, path: &Path) -> BTreeSet<&str> {
        let reads = |(_, paths): &(&String, &Vec<PathBuf>)| paths.iter().any(|it| it == path);
        let readers = self.inputs.iter().filter(reads);
        readers.map(|(step, _)| step.as_str()).collect()
    }

    /// The commands in this process, with what is done to one of them.
    pub fn executor(&self) -> FakeExecutor {
        let number = AtomicUsize::new(0);
        let (at, moment, choice) = (self.at, self.moment, self.choice);
        let (inputs, done) = (self.inputs.clone(), Arc::clone(&self.done));
        FakeExecutor::new(move |line| {
            if number.fetch_add(1, Ordering::SeqCst) != at {
                return perform(line, Extent::Whole);
            }
            let step = step_of(line);
            let paths: Vec<&PathBuf> = inputs[&step].iter().filter(|it| can_change(it)).collect();
            let path = paths[choice % paths.len()];
            *done.lock().expect("nobody panicked") = Some(Done {
                step,
                path: path.clone(),
            });
            match moment {
                Moment::Before => {
                    change(path)();
                    perform(line, Extent::Whole)
                }
                Moment::Around => {
                    let undo = change(path);
                    let exit = perform(line, Extent::Whole);
                    undo();
                    exit
                }
                Moment::After => {
                    let exit = perform(line, Extent::Whole);
                    change(path)();
                    exit
                }
            }
        })
    }
}

fn step_of(line: &CommandLine) -> String {
    let variable = |name: &str| {
        let found = line.env.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    let asset = variable("ASSETCTL_ASSET").expect("a command is told its asset");
    match variable("ASSETCTL_PARTITION") {
        Some(key) => format!("{asset}@{key}"),
        None => asset,
    }
}

/// Whether something is there, or could be: behind a link that leads nowhere nothing can be seen to come and go.
fn can_change(path: &Path) -> bool {
    let is_dangling = path.symlink_metadata().is_ok() && !path.exists();
    !is_dangling && path.parent().is_some_and(Path::exists)
}

/// Changes what is at a path; what comes back undoes it.
fn change(path: &Path) -> Box<dyn FnOnce()> {
    let path = path.to_owned();
    if path.is_dir() {
        let new = path.join("meddled");
        fs::write(&new, "meddled").expect("files can be written");
        return Box::new(move || fs::remove_file(new).expect("it was written"));
    }
    let before = fs::read(&path).ok();
    fs::write(&path, "meddled").expect("files can be written");
    Box::new(move || match before {
        Some(bytes) => fs::write(path, bytes).expect("files can be written"),
        None => fs::remove_file(path).expect("it was written"),
    })
}
