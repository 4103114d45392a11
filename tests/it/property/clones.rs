//! `check` in a clone ≡ judging with everything there: random graphs, edits, and branches that git merges.
//!
//! A clone has neither instance nor outputs. On one line of commits it must say just what `status` says where the instance
//! is. After a merge no instance has seen what the lock file tells, so there a clean build is asked: a partition is fresh
//! if the line that a clean build writes stands in the merged file, and if so is all that it reads.
//!
//! Between branches that are switched to and fro, with outputs that git tracks or that are kept aside and put back, nothing is
//! to be done: what was fresh when a branch was left is fresh when it is come back to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use assetctl::executor::Cancel;
use assetctl::model::MaterializeOptions;
use serde_json::Value;

use super::command::SCRIPT;
use super::edits;
use super::model::{Cell, Model};
use super::random::Random;
use super::{Story, cases, emulation, first_seed};
use crate::scenario::{Ran, Scenario, only};

/// The names of asset partitions by what is said of them.
type Judged = BTreeMap<String, BTreeSet<String>>;

#[test]
fn a_clone_is_judged_as_everything_is() {
    let cases = cases(7);
    let merges = (0..cases).map(|case| Case::new(first_seed() + case).check());
    let merges: u64 = merges.sum();
    assert!(merges > cases, "git merged {merges} times in {cases} cases");
}

#[test]
fn a_switch_of_branches_runs_nothing() {
    let cases = cases(7);
    for case in 0..cases {
        for outputs in [Outputs::Tracked, Outputs::KeptAside] {
            let case = Case::new(first_seed() + case);
            if outputs == Outputs::Tracked {
                case.project.write(".gitignore", "/.assetctl/\n");
            }
            case.switch_to_and_fro(outputs);
        }
    }
}

/// What becomes of outputs when another branch is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outputs {
    /// Git brings those of the branch.
    Tracked,
    /// They are kept for each branch, and put back.
    KeptAside,
}

/// A branch as it was left.
struct Branch {
    name: String,
    model: Model,
    fresh: BTreeSet<String>,
}

struct Case {
    random: Random,
    model: Model,
    project: Scenario,
    story: Story,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut model = Model::random(&mut random);
        for asset in &mut model.assets {
            asset.broken = false;
        }
        let project = Scenario::new(&model.manifest());
        project.write("op.sh", SCRIPT);
        project.write(".gitignore", "/out/\n/.assetctl/\n");
        // Of two declarations one counts as a whole: lines of both would not fit together.
        project.write(
            ".gitattributes",
            "Assets.lock merge=union\nAssets.toml merge=binary\n",
        );
        model.write_sources(&project);
        let story = Story(vec![format!("seed {seed}"), model.manifest()]);
        let case = Self {
            random,
            model,
            project,
            story,
        };
        git(&case.project, &["init", "-q", "-b", "main"]);
        case
    }

    /// How often git merged.
    fn check(mut self) -> u64 {
        self.work("begin");
        self.compare_with_status();
        for number in 0..2 {
            self.edit();
            self.work(&format!("edit {number}"));
            self.compare_with_status();
        }
        let mut merges = 0;
        for _ in 0..2 {
            merges += u64::from(self.merge());
        }
        merges
    }

    /// Works on three branches, and goes from one to another.
    fn switch_to_and_fro(mut self, outputs: Outputs) {
        self.story.0.push(format!("outputs: {outputs:?}"));
        let aside = tempfile::TempDir::new().expect("temporary folders can be made");
        let mut branches: Vec<Branch> = Vec::new();
        for name in ["main", "second", "third"] {
            if !branches.is_empty() {
                git(&self.project, &["checkout", "-q", "-b", name]);
            }
            branches.push(self.leave(name, outputs, aside.path()));
        }
        for _ in 0..6 {
            let number = self.random.below(branches.len());
            let branch = &branches[number];
            self.story.0.push(format!("to {}", branch.name));
            git(&self.project, &["checkout", "-q", &branch.name]);
            if outputs == Outputs::KeptAside {
                self.project.remove("out");
                copy(&aside.path().join(&branch.name), &self.project.path("out"));
            }
            self.model = branch.model.clone();
            self.is_as_it_was_left(branch);
            if self.random.one_in(3) {
                let name = branch.name.clone();
                branches[number] = self.leave(&name, outputs, aside.path());
            }
        }
    }

    /// Works on a branch, and keeps what it is to be when it is come back to.
    fn leave(&mut self, name: &str, outputs: Outputs, aside: &Path) -> Branch {
        self.edit();
        self.story.0.push(format!("materialize on {name}"));
        drop(materialize(&self.project, &MaterializeOptions::default()));
        commit(&self.project, name);
        if outputs == Outputs::KeptAside {
            let kept = aside.join(name);
            drop(std::fs::remove_dir_all(&kept));
            copy(&self.project.path("out"), &kept);
        }
        Branch {
            name: name.to_owned(),
            model: self.model.clone(),
            fresh: self.fresh(),
        }
    }

    fn is_as_it_was_left(&self, branch: &Branch) {
        let lock = self.project.read("Assets.lock");
        for _ in 0..2 {
            assert_eq!(
                self.fresh(),
                branch.fresh,
                "by the instance and the lock file"
            );
            let checked = self.judged(&self.project.path(""));
            let checked = checked.get("fresh").cloned().unwrap_or_default();
            assert_eq!(checked, branch.fresh, "by the lock file");
            let ran = materialize(&self.project, &MaterializeOptions::default());
            assert_eq!(ran.started(), BTreeSet::new());
            assert_eq!(self.project.read("Assets.lock"), lock);
        }
    }

    /// The names of all that `status` calls fresh.
    fn fresh(&self) -> BTreeSet<String> {
        let status = document(self.project.path("").as_path(), &["status", "--keys"]);
        let mut fresh = BTreeSet::new();
        for asset in status["assets"].as_array().expect("a list") {
            let runs = asset["partitions"].as_array().expect("a list").iter();
            let runs = runs.filter(|run| run["status"] == "fresh");
            fresh.extend(runs.map(|run| name(&asset["key"], &run["first"])));
        }
        fresh
    }

    fn edit(&mut self) {
        for _ in 0..=self.random.below(2) {
            let told = edits::change(&mut self.random, &mut self.model, &self.project);
            self.story.0.push(told);
        }
    }

    /// Materializes something or nothing, and commits all.
    fn work(&mut self, message: &str) {
        git(&self.project, &["add", "--all"]);
        let goal = match self.random.below(4) {
            0 => None,
            1 => Some(only(&[&format!(
                "+a{}",
                self.random.below(self.model.assets.len())
            )])),
            _ => Some(MaterializeOptions::default()),
        };
        self.story.0.push(format!(
            "{message}: materialize {:?}",
            goal.as_ref().map(|it| &it.selection)
        ));
        if let Some(request) = goal {
            drop(materialize(&self.project, &request));
        }
        commit(&self.project, message);
    }

    fn compare_with_status(&self) {
        let status = document(self.project.path("").as_path(), &["status", "--keys"]);
        let mut expected = Judged::new();
        for asset in status["assets"].as_array().expect("a list") {
            for run in asset["partitions"].as_array().expect("a list") {
                let word = run["status"].as_str().expect("a word");
                add(&mut expected, word, name(&asset["key"], &run["first"]));
            }
        }
        let clone = clone(&self.project);
        let mut found = self.judged(clone.path());
        // A check goes by the lock file, which knows nothing of what cannot run here.
        let blocked = expected.remove("blocked").unwrap_or_default();
        let fresh = found.get("fresh").cloned().unwrap_or_default();
        assert!(fresh.is_disjoint(&blocked), "{blocked:?}");
        for names in found.values_mut() {
            names.retain(|name| !blocked.contains(name));
        }
        found.retain(|_, names| !names.is_empty());
        assert_eq!(found, expected, "a clone, and with everything there");
    }

    /// What `check` says of each asset partition.
    fn judged(&self, folder: &Path) -> Judged {
        let check = document(folder, &["check"]);
        let mut judged = Judged::new();
        let mut unfresh = BTreeSet::new();
        for list in ["stale", "pending"] {
            for range in check[list].as_array().expect("a list") {
                let word = range["status"].as_str().expect("a word");
                for cell in self.cells_of(range) {
                    add(&mut judged, word, cell.clone());
                    unfresh.insert(cell);
                }
            }
        }
        for cell in self.model.cells() {
            if !unfresh.contains(cell.name()) {
                add(&mut judged, "fresh", cell.name().to_owned());
            }
        }
        let fresh = judged.get("fresh").map_or(0, BTreeSet::len);
        assert_eq!(check["counts"]["fresh"], fresh, "{check}");
        judged
    }

    /// The names of the asset partitions of a range.
    fn cells_of(&self, range: &Value) -> Vec<String> {
        let asset = range["asset"].as_str().expect("a name");
        let of_asset = |cell: &&Cell| cell.name().split('@').next() == Some(asset);
        let cells = self.model.cells().iter().filter(of_asset);
        let names = cells.map(|cell| cell.name().to_owned());
        let (first, last) = (
            name(&range["asset"], &range["first"]),
            name(&range["asset"], &range["last"]),
        );
        let from = names.skip_while(|name| *name != first);
        let count = range["count"].as_u64().expect("a number") as usize;
        let names: Vec<_> = from.take(count).collect();
        assert_eq!(names.last(), Some(&last), "{range}");
        names
    }

    /// Works on two branches and merges them; whether git could.
    fn merge(&mut self) -> bool {
        git(&self.project, &["checkout", "-q", "-b", "other"]);
        let before = self.model.clone();
        self.edit();
        self.work("theirs");
        git(&self.project, &["checkout", "-q", "main"]);
        self.model = before;
        self.edit();
        self.work("ours");
        let merged = run_git(
            &self.project,
            &["merge", "-q", "--no-edit", "-X", "ours", "other"],
        );
        if !merged {
            git(&self.project, &["merge", "--abort"]);
        }
        git(&self.project, &["branch", "-q", "-D", "other"]);
        self.story.0.push(format!("merged: {merged}"));
        if merged {
            self.compare_with_clean();
        }
        // The model does not know what git made of it.
        self.project.manifest(&self.model.manifest());
        self.model.write_sources(&self.project);
        self.work("as the model has it");
        merged
    }

    fn compare_with_clean(&self) {
        let clone = clone(&self.project);
        let clean = Scenario::new("");
        let prefix = format!("--prefix={}/", clean.path("").display());
        git(&self.project, &["checkout-index", "-a", "-f", &prefix]);
        clean.remove("Assets.lock");
        drop(materialize(&clean, &MaterializeOptions::default()));
        let merged = lines(&clone.path().join("Assets.lock"));
        let right: BTreeSet<String> = lines(&clean.path("Assets.lock"))
            .into_iter()
            .filter(|line| merged.contains(line))
            .map(|line| about(&line))
            .collect();
        let found = self.judged(clone.path());
        let empty = BTreeSet::new();
        let fresh = found.get("fresh").unwrap_or(&empty);
        // What is right and reads nothing but what is fresh.
        let graph = document(clone.path(), &["list"]);
        let reads = |name: &str| -> Vec<String> {
            let asset = name.split('@').next();
            let assets = graph["assets"].as_array().expect("a list").iter();
            let mut assets = assets.filter(|it| it["key"].as_str() == asset);
            let deps = assets.next().expect("it is declared")["deps"].clone();
            let deps = deps.as_array().expect("a list").iter();
            deps.map(|dep| dep["asset"].as_str().expect("a name").to_owned())
                .collect()
        };
        let mut unfresh_assets = BTreeSet::new();
        for cell in self.model.cells() {
            let name = cell.name();
            let is_clear = reads(name).iter().all(|up| !unfresh_assets.contains(up));
            if !right.contains(name) {
                assert!(!fresh.contains(name), "{name} is fresh and not as if clean");
            } else if is_clear {
                assert!(fresh.contains(name), "{name} is as if clean and not fresh");
            }
            if !fresh.contains(name) {
                unfresh_assets.insert(name.split('@').next().expect("a part").to_owned());
            }
        }
    }
}

fn materialize(project: &Scenario, request: &MaterializeOptions) -> Ran {
    let cancel = Cancel::new();
    let commands = emulation(cancel.clone(), None);
    let ran = project.ask_with(request, &commands, &cancel);
    ran.expect("the declarations are right")
}

/// Copies a folder, if there is one.
fn copy(from: &Path, to: &Path) {
    if from.exists() {
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.expect("the tests need cp").success());
    }
}

fn add(judged: &mut Judged, word: &str, name: String) {
    judged.entry(word.to_owned()).or_default().insert(name);
}

/// An asset partition by its parts in a document.
fn name(asset: &Value, key: &Value) -> String {
    let asset = asset.as_str().expect("a name");
    key.as_str()
        .map_or_else(|| asset.to_owned(), |key| format!("{asset}@{key}"))
}

/// The lines of assets.
fn lines(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with('a'));
    lines.map(ToOwned::to_owned).collect()
}

/// The asset partition that a line is about.
fn about(line: &str) -> String {
    let mut words = line.split(' ');
    let [asset, key] = [words.next(), words.next()].map(|it| it.expect("a line has both"));
    match key {
        "-" => asset.to_owned(),
        key => format!("{asset}@{key}"),
    }
}

/// A clone of what is committed.
fn clone(project: &Scenario) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("temporary folders can be made");
    let to = folder.path().to_str().expect("a plain name");
    git(project, &["clone", "-q", ".", to]);
    folder
}

fn commit(project: &Scenario, message: &str) {
    git(project, &["add", "--all"]);
    git(project, &["commit", "-q", "--allow-empty", "-m", message]);
}

#[track_caller]
fn git(project: &Scenario, words: &[&str]) {
    assert!(run_git(project, words), "git {words:?}");
}

fn run_git(project: &Scenario, words: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.current_dir(project.path("")).args(words);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Somebody");
        command.env(format!("GIT_{role}_EMAIL"), "somebody@example.org");
    }
    let output = command.output().expect("the tests need git");
    output.status.success()
}

/// What a verb answers in JSON.
fn document(folder: &Path, words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_assetctl"))
        .current_dir(folder)
        .args(words)
        .arg("--json")
        .output()
        .expect("it can be run");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}
