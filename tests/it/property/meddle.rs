//! Somebody who changes an input while a command runs, and puts it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use assetctl::executor::{CommandLine, FakeExecutor};

use super::command::{Extent, perform};
use super::model::{Kind, Model, value};
use super::random::Random;

/// When the change is made and undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
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
    /// The number of the command, unless something new can be done to an earlier one.
    at: usize,
    /// A number by which one of its inputs is chosen, and what is done to it.
    choice: usize,
    /// What was done before.
    meddled: Meddled,
    /// What each step reads.
    inputs: BTreeMap<String, Vec<(Kind, PathBuf)>>,
    /// Where files are moved to.
    aside: PathBuf,
    done: Arc<Mutex<Option<Done>>>,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// While which step ran.
    pub step: String,
    /// The path that was changed and went back.
    pub path: PathBuf,
    /// What is there, what was done to it, and when.
    pub what: (Kind, Edit, Moment),
}

/// How something is changed, to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// A file is written to, and written to again.
    Written,
    /// A file is moved away for another one, and back, as with `git stash`.
    Replaced,
    /// A file is added, and removed.
    Added,
    /// A file is moved away, and back.
    Removed,
}

impl Meddler {
    /// Somebody who does something to one of the first `commands` commands in the project at `root`; what was not done yet, if
    /// that is possible.
    pub fn new(
        random: &mut Random,
        (model, root): (&Model, &Path),
        commands: usize,
        meddled: &Meddled,
    ) -> Self {
        let inputs = model.cells().iter().map(|cell| {
            let mut inputs = model.inputs_of(*cell);
            inputs.push((Kind::File, "op.sh".into()));
            for (_, path) in &mut inputs {
                *path = root.join(&path);
            }
            (cell.name().to_owned(), inputs)
        });
        Self {
            at: random.below(commands.max(1)),
            choice: random.below(1_000),
            meddled: meddled.clone(),
            inputs: inputs.collect(),
            aside: root.join("moved away"),
            done: Arc::default(),
        }
    }

    /// What was done, after the run.
    pub fn done(&self) -> Option<Done> {
        self.done.lock().expect("nobody panicked").clone()
    }

    /// The steps that read a path.
    pub fn readers(&self, path: &Path) -> BTreeSet<&str> {
        let reads = |(_, inputs): &(&String, &Vec<(Kind, PathBuf)>)| {
            inputs.iter().any(|(_, known)| known == path)
        };
        let readers = self.inputs.iter().filter(reads);
        readers.map(|(step, _)| step.as_str()).collect()
    }

    /// The commands in this process, with what is done to one of them.
    pub fn executor(&self) -> FakeExecutor {
        let number = AtomicUsize::new(0);
        let (at, choice) = (self.at, self.choice);
        let (inputs, aside) = (self.inputs.clone(), self.aside.clone());
        let (meddled, done) = (self.meddled.clone(), Arc::clone(&self.done));
        FakeExecutor::new(move |line| {
            let step = step_of(line);
            let (path, what) = choose(&inputs[&step], choice, &meddled);
            let is_chosen = number.fetch_add(1, Ordering::SeqCst) == at;
            let mut done = done.lock().expect("nobody panicked");
            if done.is_some() || meddled.contains_key(&what) && !is_chosen {
                return perform(line, Extent::Whole);
            }
            *done = Some(Done {
                step,
                path: path.to_owned(),
                what,
            });
            let (kind, edit, moment) = what;
            match moment {
                Moment::Before => {
                    change((kind, path), edit, &aside)();
                    perform(line, Extent::Whole)
                }
                Moment::Around => {
                    let undo = change((kind, path), edit, &aside);
                    let exit = perform(line, Extent::Whole);
                    undo();
                    exit
                }
                Moment::After => {
                    let exit = perform(line, Extent::Whole);
                    change((kind, path), edit, &aside)();
                    exit
                }
            }
        })
    }
}

/// How often what was done to which kind of input, and when.
pub type Meddled = BTreeMap<(Kind, Edit, Moment), usize>;

/// One of the inputs, and what is done to it and when: what was done least often.
fn choose<'a>(
    inputs: &'a [(Kind, PathBuf)],
    choice: usize,
    meddled: &Meddled,
) -> (&'a Path, (Kind, Edit, Moment)) {
    let mut all: Vec<(&Path, (Kind, Edit, Moment))> = Vec::new();
    for (kind, path) in inputs.iter().filter(|(_, path)| can_change(path)) {
        for edit in edits(*kind, path) {
            let moments = [Moment::Before, Moment::Around, Moment::After];
            all.extend(moments.map(|moment| (path.as_path(), (*kind, *edit, moment))));
        }
    }
    let often = |what| meddled.get(&what).copied().unwrap_or_default();
    let least = all.iter().map(|(_, what)| often(*what)).min();
    all.retain(|(_, what)| Some(often(*what)) == least);
    all[choice % all.len()]
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

/// What can be done to what is at a path.
fn edits(kind: Kind, path: &Path) -> &'static [Edit] {
    let is_there = match kind {
        Kind::Folder | Kind::Glob => first_file(path).is_some(),
        Kind::File | Kind::Value => path.exists(),
    };
    match kind {
        _ if !is_there => &[Edit::Added],
        Kind::File | Kind::Value => &[Edit::Written, Edit::Replaced],
        Kind::Folder | Kind::Glob => &[Edit::Written, Edit::Replaced, Edit::Added, Edit::Removed],
    }
}

fn first_file(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().next()
}

/// Changes what is at a path; what comes back undoes it. A file that is in the way is moved to `aside` meanwhile.
fn change((kind, path): (Kind, &Path), edit: Edit, aside: &Path) -> Box<dyn FnOnce()> {
    let new = if kind == Kind::Value {
        value("meddled")
    } else {
        "meddled".to_owned()
    };
    let file = match kind {
        Kind::File | Kind::Value => path.to_owned(),
        Kind::Folder | Kind::Glob if edit == Edit::Added => path.join("meddled.txt"),
        Kind::Folder | Kind::Glob => first_file(path).expect("there is one"),
    };
    match edit {
        Edit::Written => {
            let before = fs::read(&file).expect("it is there");
            fs::write(&file, new).expect("files can be written");
            Box::new(move || fs::write(file, before).expect("files can be written"))
        }
        Edit::Added => {
            let is_new = !path.exists() && matches!(kind, Kind::Folder | Kind::Glob);
            let made = is_new.then(|| path.to_owned());
            if let Some(folder) = &made {
                fs::create_dir(folder).expect("folders can be made");
            }
            fs::write(&file, new).expect("files can be written");
            Box::new(move || match made {
                Some(folder) => fs::remove_dir_all(folder).expect("it was made"),
                None => fs::remove_file(file).expect("it was written"),
            })
        }
        Edit::Replaced | Edit::Removed => {
            let aside = aside.to_owned();
            fs::rename(&file, &aside).expect("files can be moved");
            if edit == Edit::Replaced {
                fs::write(&file, new).expect("files can be written");
            }
            Box::new(move || fs::rename(aside, file).expect("files can be moved"))
        }
    }
}
