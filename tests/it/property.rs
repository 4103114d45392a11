//! Incremental ≡ clean, and a second run does nothing: random graphs and random edits against a tiny model.
//!
//! After each edit everything, or one asset with what it needs, is materialized, and the model, which knows nothing of
//! digests, says which commands must have run, which failed, which were blocked and what every output holds. What did
//! not end well must be on disk as it was before. At the end of a case the same tree is built anew in an empty folder, and in
//! memory.
//!
//! `ASSETCTL_PROPERTY_CASES` sets the number of cases, `ASSETCTL_PROPERTY_SEED` the seed. Left out: incremental and
//! volatile assets, whose outputs depend on more than the tree.

mod clones;
mod command;
mod edits;
mod meddle;
mod model;
mod random;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use assetctl::answer::RunOutcome;
use assetctl::executor::{Cancel, Executor, FakeExecutor, LocalExecutor, Severity};
use assetctl::model::MaterializeOptions;

use self::command::{SCRIPT, perform};
use self::edits::edit;
use self::meddle::{Edit, Meddled, Meddler, Moment};
use self::model::{Cell, Disk, Kind, Model, Prediction};
use self::random::Random;
use crate::scenario::{Ran, Scenario, only};

/// How many edits a case has.
const EDITS: u32 = 7;

/// What stands for the commands of a case.
#[derive(Clone, Copy)]
enum Commands {
    /// A closure in this process.
    Emulated,
    /// The script, run by the real shell.
    Real,
}

#[test]
fn incremental_is_clean_and_a_second_run_does_nothing() {
    check(Commands::Emulated, cases(40));
}

#[test]
fn incremental_is_clean_with_real_commands() {
    check(Commands::Real, cases(40).div_ceil(10));
}

fn cases(usual: u64) -> u64 {
    let number = std::env::var("ASSETCTL_PROPERTY_CASES").ok();
    number.map_or(usual, |text| text.parse().expect("a number of cases"))
}

fn first_seed() -> u64 {
    let seed = std::env::var("ASSETCTL_PROPERTY_SEED").ok();
    seed.map_or(20_130_704, |text| text.parse().expect("a seed"))
}

fn check(commands: Commands, cases: u64) {
    let seed = first_seed();
    println!("{cases} cases from seed {seed}");
    let mut meddled = Meddled::new();
    for case in 0..cases {
        Case::new(commands, seed + case).check(&mut meddled);
    }
    if cases >= 40 {
        everything_was_meddled_with(&meddled);
    }
}

/// Inputs of each kind were changed in each way that there is, at each moment.
fn everything_was_meddled_with(meddled: &Meddled) {
    let (file, folder) = (
        &[Edit::Written, Edit::Replaced, Edit::Added][..],
        &[Edit::Written, Edit::Replaced, Edit::Added, Edit::Removed][..],
    );
    let kinds = [
        (Kind::File, file),
        (Kind::Value, &file[..2]),
        (Kind::Folder, folder),
        (Kind::Glob, folder),
    ];
    for (kind, edits) in kinds {
        for edit in edits {
            for moment in [Moment::Before, Moment::Around, Moment::After] {
                let done = meddled.contains_key(&(kind, *edit, moment));
                assert!(done, "{kind:?} {edit:?} {moment:?}: {meddled:#?}");
            }
        }
    }
}

struct Case {
    commands: Commands,
    random: Random,
    model: Model,
    project: Scenario,
    /// What was done, to be told when something does not hold.
    story: Story,
    /// How often verbs might have been asked whether they agree; they are at each third time.
    asked: u64,
}

impl Case {
    fn new(commands: Commands, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut model = Model::random(&mut random);
        let project = Scenario::new(&model.manifest());
        project.write("op.sh", SCRIPT);
        for asset in 0..model.assets.len() {
            let broken = model.assets[asset].broken;
            edits::set_broken(&mut model, &project, asset, broken);
        }
        model.write_sources(&project);
        let story = Story(vec![format!("seed {seed}"), model.manifest()]);
        Self {
            commands,
            random,
            model,
            project,
            story,
            asked: seed,
        }
    }

    /// All verbs agree about the project as it is, be it before a run or after it.
    fn agree(&mut self) {
        self.asked += 1;
        if self.asked.is_multiple_of(3) {
            self.project.agrees();
        }
    }

    fn check(mut self, meddled: &mut Meddled) {
        self.run_and_compare();
        for _ in 0..EDITS {
            for _ in 0..=self.random.below(2) {
                let told = edit(&mut self.random, &mut self.model, &self.project);
                self.story.0.push(told);
            }
            if self.random.one_in(5) {
                self.interrupt();
            }
            if self.random.one_in(3) {
                self.meddle(meddled);
            }
            self.run_and_compare();
        }
        self.repair_and_compare_with_clean();
    }

    /// Runs twice: first what the model says, then what failed and nothing else.
    fn run_and_compare(&mut self) {
        let goal = if self.random.one_in(4) {
            Some(self.random.below(self.model.assets.len()))
        } else {
            None
        };
        for _ in 0..2 {
            let before = self.model.disk(&self.project);
            let predicted = self.model.predict(goal, &before);
            self.agree();
            self.story.0.push(format!("materialize {goal:?}"));
            let ran = self.materialize(goal, &Cancel::new(), None);
            ran.ran(&predicted.started())
                .failed(&names(&predicted.failed))
                .blocked(&names(&predicted.blocked));
            self.model.record(&predicted.made);
            self.compare_disk(&before, &predicted);
        }
    }

    /// Interrupts a run at one of its commands: what has finished counts, all else is as it was.
    fn interrupt(&mut self) {
        let before = self.model.disk(&self.project);
        let mut predicted = self.model.predict(None, &before);
        let at = self.random.below(predicted.started().len() + 1);
        self.story.0.push(format!("interrupt at command {at}"));
        let cancel = Cancel::new();
        let ran = self.materialize(None, &cancel, Some(at));
        let started: BTreeSet<String> = names(&predicted.made.iter().map(|it| it.cell).collect())
            .into_iter()
            .chain(names(&predicted.failed))
            .map(ToOwned::to_owned)
            .collect();
        assert!(
            ran.started().is_subset(&started),
            "only what is needed starts"
        );
        let finished = ran.finished();
        predicted
            .made
            .retain(|made| finished.contains(made.cell.name()));
        self.model.record(&predicted.made);
        self.compare_disk(&before, &predicted);
        self.agree();
    }

    /// Changes an input of one command while it runs, and puts it back: what it has made is stale, and so is what was made
    /// later by commands that read the same.
    fn meddle(&mut self, meddled: &mut Meddled) {
        let before = self.model.disk(&self.project);
        let mut predicted = self.model.predict(None, &before);
        let commands = predicted.started().len();
        let root = self.project.path("");
        let meddler = Meddler::new(&mut self.random, (&self.model, &root), commands, meddled);
        self.story.0.push(format!("meddle: {meddler:?}"));
        let request = MaterializeOptions {
            jobs: NonZeroUsize::new(1),
            ..MaterializeOptions::default()
        };
        let ran = self
            .project
            .ask_with(&request, &meddler.executor(), &Cancel::new())
            .expect("the declarations are right");
        let unsettled: BTreeSet<String> = ran.unsettled().into_iter().collect();
        let finished = ran.finished();
        if let Some(done) = meddler.done() {
            self.story.0.push(format!("done: {done:?}"));
            *meddled.entry(done.what).or_default() += 1;
            let readers = meddler.readers(&done.path);
            let order = ran.order();
            let since = order.iter().skip_while(|step| **step != done.step);
            for step in since.filter(|it| finished.contains(*it) && readers.contains(it.as_str())) {
                assert!(unsettled.contains(step), "{step} is stale");
            }
            let is_reader = |step: &String| readers.contains(step.as_str());
            assert!(unsettled.iter().all(is_reader), "{unsettled:?} read it");
        } else {
            assert_eq!(unsettled, BTreeSet::new(), "nothing was changed");
        }
        predicted.made.retain(|made| {
            let name = made.cell.name();
            finished.contains(name) && !unsettled.contains(name)
        });
        self.model.record(&predicted.made);
        let mut expected = before;
        let found = self.model.disk(&self.project);
        for cell in self.model.cells().to_vec() {
            if unsettled.contains(cell.name()) {
                self.model.forget(cell);
                expected.insert(cell, found[&cell].clone());
            }
        }
        self.compare_disk(&expected, &predicted);
    }

    fn materialize(&self, goal: Option<usize>, cancel: &Cancel, stop_at: Option<usize>) -> Ran {
        let mut request = goal.map_or_else(MaterializeOptions::default, |asset| {
            only(&[&format!("a{asset}")])
        });
        request.jobs = NonZeroUsize::new(2);
        let executor = self.executor(cancel, stop_at);
        let ran = self.project.ask_with(&request, &*executor, cancel);
        ran.expect("the declarations are right")
    }

    fn executor(&self, cancel: &Cancel, stop_at: Option<usize>) -> Box<dyn Executor> {
        match (self.commands, stop_at) {
            (Commands::Real, None) => Box::new(LocalExecutor),
            _ => Box::new(emulation(cancel.clone(), stop_at)),
        }
    }

    fn compare_disk(&self, before: &Disk, predicted: &Prediction) {
        let mut expected = before.clone();
        for made in &predicted.made {
            expected.insert(made.cell, made.outputs.clone());
        }
        let found = self.model.disk(&self.project);
        for (cell, outputs) in &found {
            assert_eq!(outputs, &expected[cell], "what {cell:?} holds");
        }
    }

    fn repair_and_compare_with_clean(mut self) {
        for told in edits::repair(&mut self.model, &self.project) {
            self.story.0.push(told);
        }
        let before = self.model.disk(&self.project);
        let predicted = self.model.predict(None, &before);
        let ran = self.materialize(None, &Cancel::new(), None);
        ran.ran(&predicted.started()).failed(&[]).blocked(&[]);
        let clean = Self {
            project: Scenario::new(&self.model.manifest()),
            random: Random::new(0),
            model: self.model.forgetful(),
            story: Story(Vec::new()),
            ..self
        };
        clean.project.write("op.sh", SCRIPT);
        clean.model.write_sources(&clean.project);
        clean
            .materialize(None, &Cancel::new(), None)
            .failed(&[])
            .blocked(&[]);
        let (incremental, clean) = (
            self.model.disk(&self.project),
            clean.model.disk(&clean.project),
        );
        assert_eq!(incremental, clean, "incremental is clean");
        assert_eq!(self.in_memory(), clean, "in memory as on disk");
    }

    /// What a run in memory of the same tree leaves. Commands in place cannot run there: all write to their staging.
    fn in_memory(&self) -> Disk {
        let model = self.model.staged();
        let project = Scenario::new(&model.manifest());
        project.write("op.sh", SCRIPT);
        model.write_sources(&project);
        let request = MaterializeOptions {
            jobs: NonZeroUsize::new(2),
            ..MaterializeOptions::default()
        };
        let left = project.in_memory_with(&request, &*self.executor(&Cancel::new(), None));
        assert_eq!(left.result.outcome, RunOutcome::Success);
        for path in ["out", ".assetctl"] {
            assert!(!project.holds(path), "{path} is not touched");
        }
        let apart = Scenario::new("");
        for value in &left.values {
            let written = value.value.write(&apart.path(&value.path));
            written.expect("no two values have one path");
        }
        model.disk(&apart)
    }
}

/// The commands in this process; the one with the number `stop_at` interrupts the run, halfway.
fn emulation(cancel: Cancel, stop_at: Option<usize>) -> FakeExecutor {
    let number = std::sync::atomic::AtomicUsize::new(0);
    FakeExecutor::new(move |line| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if Some(number) == stop_at {
            cancel.interrupt(Severity::Ask);
            let _ = perform(line, command::Extent::Half);
            return assetctl::executor::Exit::Canceled;
        }
        perform(line, command::Extent::Whole)
    })
}

fn names(cells: &BTreeSet<Cell>) -> Vec<&'static str> {
    cells.iter().map(|cell| cell.name()).collect()
}

/// Tells what was done before something did not hold.
struct Story(Vec<String>);

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in &self.0 {
                println!("{line}");
            }
        }
    }
}
