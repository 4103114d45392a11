//! `kill -9` at random points of a run, and what the next one makes of it.
//!
//! A project of quick steps of every way to write an output is changed, materialized and killed on the way, with its
//! commands or without them, often several times in a row. After each kill, `status` calls nothing fresh whose files are
//! not what they should be; the next run recovers. A step with fifty outputs makes kills between two renames likely,
//! the commits of so many quick steps those inside a transaction.
//!
//! `ASSETCTL_CRASH_CASES` sets the number of kills, `ASSETCTL_CRASH_SEED` the seed.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Sandbox, Started, Unjudged};

/// All outputs of a step hold its label and the number of the round, which the source holds.
const MANIFEST: &str = r#"
[source.round]
path = "round.txt"

[asset.many]
deps = "round"
command = "read -r x < {{input}}; for f in {{output}}; do echo many $x > $f; done"
outputs = [MANY]

[asset.pair]
deps = "round"
command = "read -r x < {{input}}; echo pair $x > {{output.a}}; echo pair $x > {{output.b}}"
outputs = { a = "build/pair/a", b = "build/pair/b" }

[asset.tree]
deps = "round"
command = "read -r x < {{input}}; cd {{output}}; mkdir sub; for f in 1 2 3 sub/4 sub/5; do echo tree $x > $f; done"
outputs = "build/tree/"

[asset.place]
deps = "round"
command = "read -r x < {{input}}; for f in 1 2 3 4 5 6 7 8 9; do echo place $x > build/place/$f; done"
outputs = [PLACE]

[asset.place_tree]
deps = "round"
command = "read -r x < {{input}}; for f in 1 2 3; do echo place_tree $x > build/place_tree/$f; done"
outputs = "build/place_tree/"

[asset.adding]
deps = "round"
incremental = true
command = """
read -r x < {{input}}
[ $ASSETCTL_PREVIOUS = 1 ] || echo $x >> ../from_nothing
echo adding $x > {{output}}
"""
outputs = "build/adding"

[asset.adding_tree]
deps = "round"
incremental = true
command = """
read -r x < {{input}}
[ $ASSETCTL_PREVIOUS = 1 ] || echo $x >> ../from_nothing
for f in 1 2 3; do echo adding_tree $x > {{output}}/$f; done
"""
outputs = "build/adding_tree/"

[asset.adding_in_place]
deps = "round"
incremental = true
command = """
read -r x < {{input}}
[ $ASSETCTL_PREVIOUS = 1 ] || echo $x >> ../from_nothing
for f in 1 2 3 4; do echo adding_in_place $x > build/adding_in_place/$f; done
"""
outputs = [ADDING]

[asset.slow]
deps = "round"
command = "read -r x < {{input}}; echo half > {{output}}; sleep 0.03; echo slow $x > {{output}}"
outputs = "build/slow"

[asset.slow_in_place]
deps = "round"
staging = false
command = "read -r x < {{input}}; echo half > {{output}}; sleep 0.03; echo slow_in_place $x > {{output}}"
outputs = "build/slow_in_place"

[asset.said]
deps = "pair.a"
stdout = true
command = "read -r _ x < {{input}}; echo said $x"
outputs = "build/said"

[asset.of_many]
deps = "many"
command = "cat {{input}} > /dev/null; read -r _ x < build/many/00; echo of_many $x > {{output}}"
outputs = "build/of_many"

[asset.of_tree]
deps = ["tree", "place"]
command = "read -r _ x < {{input.tree}}/sub/5; echo of_tree $x > {{output}}"
outputs = "build/of_tree"

[asset.of_place]
deps = ["place_tree", "said"]
command = "read -r _ x < {{input.said}}; echo of_place $x > build/of_place"
outputs = "build/of_place"

[partitions.key]
type = "static"
keys = ["1", "2", "3", "4", "5", "6"]

[asset.batch]
deps = "round"
partitions = "key"
batch = { max = 4 }
command = "read -r x < {{input}}; for f in {{output}}; do echo batch $x > $f; done"
outputs = "build/batch/{{partition}}"

[asset.batch_in_place]
deps = "round"
partitions = "key"
batch = { max = 4 }
command = """
read -r x < {{input}}
for key in $(cat $ASSETCTL_PARTITIONS_LIST); do echo batch_in_place $x > build/batch_in_place/$key; done
"""
outputs = "build/batch_in_place/{{partition}}"

[asset.last]
deps = ["of_many", "of_tree", "of_place", "adding", "adding_tree", "adding_in_place", "slow", "slow_in_place"]
command = "read -r _ x < {{input.of_tree}}; echo last $x > {{output}}"
outputs = "build/last"
"#;

/// One kill in so many is followed by a recovery, the others by the next kill.
const RECOVERED: u64 = 3;

#[test]
fn the_next_run_recovers_from_a_kill_at_any_point() {
    recovers(200, &[".assetctl"]);
}

/// A run of one instance is killed while one of the other goes on.
#[test]
fn the_next_run_recovers_where_two_instances_share_a_project() {
    recovers(40, &["../one", "../two"]);
}

fn recovers(cases: u64, homes: &'static [&'static str]) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().expect("a number"))
    };
    let cases = number("ASSETCTL_CRASH_CASES").unwrap_or(cases);
    let seed = number("ASSETCTL_CRASH_SEED").unwrap_or(20_130_704);
    println!("{cases} kills from seed {seed}");
    let mut crashes = Crashes::new(homes);
    for case in 0..cases {
        let chance = Chance { seed, case };
        crashes.kill(&chance);
        crashes.nothing_wrong_is_fresh();
        if chance.below("recovery", RECOVERED) == 0 {
            crashes.recover();
        }
    }
    crashes.recover();
    println!("{} of them hit a run that had not ended", crashes.hits);
    assert!(crashes.hits * 2 > cases, "most kills came too late");
}

/// A process can die while it notes what it is about to move aside.
#[test]
fn a_note_that_was_never_finished_does_not_stay() {
    let manifest = "[asset.a]\ncommand = \"echo > {{output}}\"\noutputs = \"a\"\n";
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox.materialize(&[]).success().ran(&["a"]);
    let mut dead = std::process::Command::new("true")
        .spawn()
        .expect("it starts");
    dead.wait().expect("it ends");
    let note = format!(".assetctl/aside/a/.assetctl-{}-PLBxH8", dead.id());
    sandbox.write(&note, "half");
    sandbox.materialize(&["--force"]).success().ran(&["a"]);
    assert!(!sandbox.path(&note).exists());
}

struct Crashes {
    sandbox: Sandbox,
    /// The folders of the instances.
    homes: &'static [&'static str],
    round: u64,
    usual: Duration,
    hits: u64,
}

impl Crashes {
    fn new(homes: &'static [&'static str]) -> Self {
        let paths = |folder: &str, names: Vec<String>| {
            let paths = names
                .iter()
                .map(|name| format!("\"build/{folder}/{name}\""));
            paths.collect::<Vec<_>>().join(", ")
        };
        let numbers = |most: u32| (1..=most).map(|it| it.to_string()).collect::<Vec<_>>();
        let many = (0..50).map(|it| format!("{it:02}")).collect();
        let manifest = MANIFEST
            .replace("MANY", &paths("many", many))
            .replace("PLACE", &paths("place", numbers(9)))
            .replace("ADDING", &paths("adding_in_place", numbers(4)));
        let mut crashes = Self {
            sandbox: Sandbox::new().with_file("Assets.toml", &manifest),
            homes,
            round: 0,
            usual: Duration::MAX,
            hits: 0,
        };
        for _ in 0..3 {
            crashes.next_round();
            let started = Instant::now();
            crashes.materialize(homes[0]).wait().success();
            crashes.usual = crashes.usual.min(started.elapsed());
        }
        crashes.nothing_wrong_is_fresh();
        crashes.recover();
        crashes
    }

    /// Makes everything stale.
    fn next_round(&mut self) {
        self.round += 1;
        self.sandbox.write("round.txt", format!("{}\n", self.round));
    }

    fn materialize(&self, home: &str) -> Started {
        let arguments = ["materialize", "--json", "-j4", "--home", home];
        self.sandbox.start(&arguments)
    }

    fn kill(&mut self, chance: &Chance) {
        self.next_round();
        let length = u64::try_from(self.usual.as_micros()).expect("a run takes no centuries");
        let delay = Duration::from_micros(chance.below("delay", length));
        let started = Instant::now();
        let run = self.materialize(self.homes[0]);
        let others = self.homes.iter().skip(1);
        let others: Vec<_> = others.map(|home| self.materialize(home)).collect();
        thread::sleep(delay.saturating_sub(started.elapsed()));
        if chance.below("commands", 2) == 0 {
            run.kill_with_commands();
        } else {
            run.signal(Signal::KILL);
        }
        self.hits += u64::from(run.was_killed());
        for other in others {
            // It may have failed: readers are not locked out of what another instance makes just then.
            assert!(!other.was_killed(), "nobody kills the other run");
        }
    }

    /// The status, once no command of a killed run writes any more: what keeps changing cannot be read.
    fn status(&self, home: &str) -> Unjudged {
        let ask = |_| {
            let told = self.sandbox.run(&["status", "--json", "--home", home]);
            told.unless_told("assetctl::hash::changing")
        };
        let told = (0..500).find_map(ask);
        told.expect("commands of killed runs come to an end")
    }

    /// What `status` calls fresh is as it should be.
    fn nothing_wrong_is_fresh(&self) {
        for home in self.homes {
            self.nothing_wrong_is_fresh_to(home);
        }
    }

    fn nothing_wrong_is_fresh_to(&self, home: &str) {
        let status = self.status(home).success();
        let status: Value = serde_json::from_str(status.stdout()).expect("a document");
        for asset in status["assets"].as_array().expect("a list") {
            let key = asset["key"].as_str().expect("a name");
            let counts = asset["counts"].as_object().expect("counts");
            let all: u64 = counts.values().filter_map(Value::as_u64).sum();
            if counts["fresh"] == all {
                self.is_as_it_should_be(key);
            }
        }
    }

    fn is_as_it_should_be(&self, asset: &str) {
        let wanted = format!("{asset} {}\n", self.round);
        let path = format!("build/{asset}");
        let files = files(&self.sandbox.path(&path));
        assert!(!files.is_empty(), "{path} is not there");
        for (file, text) in files {
            assert_eq!(text, wanted, "{file} in round {}", self.round);
        }
    }

    /// A run brings everything up to date, and the next one finds nothing to do.
    fn recover(&self) {
        let sandbox = &self.sandbox;
        for home in self.homes {
            self.materialize(home).wait().success();
        }
        for entry in fs::read_dir(sandbox.path("build")).expect("outputs") {
            let name = entry.expect("readable").file_name();
            self.is_as_it_should_be(name.to_str().expect("a plain name"));
        }
        for home in self.homes {
            let run = sandbox.materialize(&["--home", home]);
            run.success().ran_nothing();
        }
        // What one instance had begun stays where the other has made the step: the first has no need to.
        let left = (self.homes.len() == 1).then_some("left");
        let folders = ["staging", "aside", "lists", "runs", "locks"];
        for folder in folders.into_iter().chain(left) {
            let left = files(&sandbox.path(format!(".assetctl/{folder}")));
            assert!(left.is_empty(), "left in {folder}: {left:?}");
        }
        if self.homes.len() > 1 {
            // What one instance has accumulated is nothing that the other one knows.
            return;
        }
        let from_nothing = sandbox.read("../from_nothing");
        assert_eq!(from_nothing, "1\n1\n1\n", "a previous output was lost");
    }
}

/// Numbers that depend on the seed, the case and what they are for.
struct Chance {
    seed: u64,
    case: u64,
}

impl Chance {
    fn below(&self, purpose: &str, end: u64) -> u64 {
        let digest = blake3::hash(format!("{} {} {purpose}", self.seed, self.case).as_bytes());
        let (head, _) = digest.as_bytes().split_first_chunk().expect("32 bytes");
        u64::from_le_bytes(*head) % end
    }
}

/// All files at a path and below it, with their text.
fn files(path: &Path) -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new(path).sort_by_file_name().into_iter();
    let files = files
        .filter_map(Result::ok)
        .filter(|entry| !entry.file_type().is_dir());
    files
        .map(|entry| {
            let text = fs::read(entry.path()).unwrap_or_default();
            let path = entry.path().display().to_string();
            (path, String::from_utf8_lossy(&text).into_owned())
        })
        .collect()
}
