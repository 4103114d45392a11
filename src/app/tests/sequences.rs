//! Sequences of looks with all that happens between them: each look answers as one without a snapshot.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::answer::{Event, EventSink};
use crate::app::snapshot::{LockLines, LookBasis, ProjectLook};
use crate::app::tests::sandbox::{Sandbox, select};
use crate::app::{
    Notice, OpenProject, Progress, Rebuilding, RunContext, RunPlace, Surroundings, accept,
    change_keys, check, lock, materialize, observe, plan, status, wipe,
};
use crate::executor::{Cancel, LocalExecutor};
use crate::model::{
    AcceptRequest, ChangeKeysRequest, CheckOptions, CheckedOutputs, Configuration, Force,
    KeyChange, KeyChoice, KeyWord, LockRequest, MaterializeOptions, ObserveRequest, PlanOptions,
    StatusOptions, SuppliedInput, WipeRequest,
};
use crate::sys::clock::FixedClock;
use crate::testkit::{asset, keys, name, time};

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2026-01-01"

[partitions.site]
type = "dynamic"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"
optional = true

[source.folder]
path = "folder/"

[source.globbed]
path = "globbed/**/*.txt"
optional = true

[source.several]
path = ["several/a.txt", "several/b*.txt"]
optional = true

[source.value]
path = "values.toml"
key = "limit.{{partition}}"
partitions = "site"
optional = true

[source.asked]
observe = "cat asked.txt"

[asset.day]
deps = "raw"
partitions = "day"
code = "lib.sh"
env = { MODE = { from_env = "MODE" } }
command = "sh ./script.sh {{input}} {{output}}"
outputs = "out/day/{{partition}}.txt"
config = { limit = 1, label = "{{partition:%j}}" }
partition_config = { "2026-01-02" = { limit = 2 } }

[asset.running]
deps = ["day", { asset = "running", mapping = "time_window", start_offset = -1, end_offset = -1 }]
partitions = "day"
command = "cat /dev/null $ASSETCTL_INPUT_DAY $ASSETCTL_INPUT_RUNNING > {{output}}"
outputs = "out/running/{{partition}}.txt"

[asset.all]
deps = "day"
command = "cat {{input}} > {{output}}"
outputs = "out/all.txt"

[asset.tree]
deps = "folder"
command = "mkdir -p {{output}}/sub; ls {{input}} > {{output}}/list; echo x > {{output}}/sub/x"
outputs = "out/tree/"

[asset.found]
deps = ["globbed", "several"]
command = "cat /dev/null {{input.globbed}} {{input.several}} > {{output}}"
outputs = "out/found.txt"
config = { mode = { from_env = "MODE" } }
config_schema = { mode = { type = "string", default = "a" } }

[asset.site]
deps = "value"
partitions = "site"
command = "echo {{partition}} > {{output}}"
outputs = "out/site/{{partition}}.txt"

[asset.sites]
deps = "site"
after = "tree"
command = "cat /dev/null {{input}} > {{output}}"
outputs = "out/sites.txt"

[asset.answer]
deps = "asked"
command = "cat asked.txt > {{output}}"
outputs = "out/answer.txt"

[asset.below]
deps = ["answer", "all"]
data_version = "inputs"
command = "cat {{input.answer}} {{input.all}} > {{output}}"
outputs = "out/below.txt"

[asset.last]
deps = "below"
command = "cp {{input.below}} {{output}}"
outputs = "out/last.txt"

[source.tracked]
path = "tracked/"
gitignored = false

[asset.copied]
deps = "tracked"
code = "code/*.sh"
gitignored = false
command = "ls {{input}} > {{output}}"
outputs = "out/copied.txt"

[asset.elsewhere]
outputs = "elsewhere.txt"

[asset.taken]
deps = "elsewhere"
command = "cp {{input}} {{output}}"
outputs = "out/taken.txt"

[asset.always]
deps = "folder"
volatile = true
command = "echo > {{output}}"
outputs = "out/always.txt"

[asset.after_always]
deps = "always"
command = "cp {{input}} {{output}}"
outputs = "out/after.txt"

[env.prod]
lock = "locks/Assets.prod.lock"
home = "prod"
env = { MODE = "prod" }

[env.prod.config.day]
limit = 5

[env.test]
config.found = { mode = "test" }
"#;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A file gets this content.
    Write(&'static str, u8),
    Remove(&'static str),
    Touch(&'static str),
    Chmod(&'static str),
    /// A link in place of a file.
    Link(&'static str, &'static str),
    Mode(Option<&'static str>),
    /// Calls have another configuration from now on.
    Configure(&'static [&'static str], Option<&'static str>),
    /// Calls are in another environment from now on.
    Environment(Option<&'static str>),
    Now(&'static str),
    Home(Option<&'static str>),
    Key(&'static str, bool),
    /// A word of the manifest becomes another, or again what it was.
    Declare(&'static str, &'static str),
    Materialize(&'static [&'static str], Option<&'static str>, bool),
    Accept(&'static str),
    Wipe(&'static str, bool),
    Observe,
    Lock,
    /// A line of the lock file goes.
    Unlock(u8),
    /// The lock file becomes what it was some time ago.
    Relock,
    Snapshots(Damage),
    /// Git is asked for something, in words.
    Git(&'static [&'static str]),
    /// The snapshots of another project come in place of those that there are.
    Foreign,
    /// The instance goes, and nothing else.
    Forget,
}

/// What becomes of the files of snapshots.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Removed,
    Cut(u8),
    Flipped(u16),
    /// They become what they were some time ago.
    Old,
    /// They are kept for that.
    Kept,
    /// The changes go, or the base.
    Without(&'static str),
}

const FILES: [&str; 21] = [
    "tracked/a.txt",
    "tracked/new/b.log",
    "code/one.sh",
    ".gitignore",
    "elsewhere.txt",
    "raw/2026-01-01.txt",
    "raw/2026-01-02.txt",
    "raw/2026-01-04.txt",
    "folder/a",
    "folder/new/b",
    "globbed/x.txt",
    "globbed/deep/y.txt",
    "several/a.txt",
    "several/b1.txt",
    "values.toml",
    "asked.txt",
    "lib.sh",
    "script.sh",
    "out/day/2026-01-01.txt",
    "out/all.txt",
    "out/tree/list",
];

const SELECTIONS: [&[&str]; 6] = [
    &[],
    &["day"],
    &["running"],
    &["tree", "found"],
    &["+last"],
    &["day+"],
];

fn file() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FILES.to_vec())
}

fn steps() -> impl Strategy<Value = Step> {
    let day = prop::sample::select(vec!["2026-01-01", "2026-01-02", "2026-01-03"]);
    let asset = prop::sample::select(vec!["day", "running", "all", "tree", "site", "below"]);
    prop_oneof![
        6 => (file(), 0..3_u8).prop_map(|(file, content)| Step::Write(file, content)),
        2 => file().prop_map(Step::Remove),
        1 => file().prop_map(Step::Touch),
        1 => file().prop_map(Step::Chmod),
        1 => (file(), file()).prop_map(|(at, to)| Step::Link(at, to)),
        1 => prop::sample::select(vec![None, Some("a"), Some("b")]).prop_map(Step::Mode),
        3 => (
            prop::sample::select(vec![
                &[][..],
                &["day.limit=2"],
                &["day.limit=1"],
                &["asset.day.partition_config.2026-01-01.limit=2"],
                &["found.mode=b"],
                &["found.mode={from_env=\"MODE\"}", "day.label=x"],
            ]),
            prop::option::weighted(0.2, prop::sample::select(vec!["raw/2026-01-01.txt", "folder/a"])),
        ).prop_map(|(set, input)| Step::Configure(set, input)),
        2 => prop::sample::select(vec![None, Some("prod"), Some("test")]).prop_map(Step::Environment),
        2 => prop::sample::select(vec!["2026-01-03", "2026-01-04", "2026-01-05"]).prop_map(Step::Now),
        1 => prop::sample::select(vec![None, Some("other")]).prop_map(Step::Home),
        1 => (prop::sample::select(vec!["k1", "k2"]), any::<bool>()).prop_map(|(key, add)| Step::Key(key, add)),
        2 => prop::sample::select(vec![
            ("echo x >", "echo y >"),
            ("after = \"tree\"\n", ""),
            ("start_offset = -1", "start_offset = -2"),
            ("deps = \"below\"", "deps = [\"below\", \"tree\"]"),
            ("data_version = \"inputs\"\n", ""),
            ("code = \"lib.sh\"", "code = [\"lib.sh\", \"folder/\"]"),
            ("[asset.day]", "# what is made each day\n[asset.day]"),
            ("[source.raw]", "[asset.early]\ncommand = \"echo e > {{output}}\"\noutputs = \"out/early.txt\"\n\n[source.raw]"),
            ("[source.tracked]", "[asset.extra]\ndeps = [\"all\", \"running\"]\ncommand = \"cat {{input.all}} > {{output}}\"\noutputs = \"out/extra.txt\"\n\n[source.tracked]"),
            ("out/all.txt", "out/every.txt"),
            ("limit = 1", "limit = 2"),
            ("{ limit = 2 }", "{ limit = 3 }"),
            ("limit = 5", "limit = 6"),
            ("env = { MODE = \"prod\" }", "env = { MODE = { from_env = \"MODE\" } }"),
            ("locks/Assets.prod.lock", "Assets.prod.lock"),
            ("home = \"prod\"\n", ""),
            ("default = \"a\"", "default = \"b\""),
            ("start = \"2026-01-01\"", "start = \"2026-01-02\""),
            ("[asset.day]\ndeps = \"raw\"\npartitions = \"day\"", "[partitions.later]\ntype = \"daily\"\nstart = \"2026-01-02\"\n\n[asset.day]\ndeps = \"raw\"\npartitions = \"later\""),
            ("[partitions.day]", "[project]\nignore = [\"*.log\"]\n\n[partitions.day]"),
            ("\n[asset.last]\ndeps = \"below\"\ncommand = \"cp {{input.below}} {{output}}\"\noutputs = \"out/last.txt\"\n", ""),
            ("command = \"cat asked.txt > {{output}}\"", "command = \"cat asked.txt asked.txt > {{output}}\""),
        ]).prop_map(|(old, new)| Step::Declare(old, new)),
        5 => Just(Step::Materialize(&[], None, false)),
        3 => (prop::sample::select(SELECTIONS.to_vec()), prop::option::of(day), any::<bool>())
            .prop_map(|(words, day, force)| Step::Materialize(words, day, force)),
        1 => asset.clone().prop_map(Step::Accept),
        1 => (asset, any::<bool>()).prop_map(|(asset, outputs)| Step::Wipe(asset, outputs)),
        1 => Just(Step::Observe),
        1 => Just(Step::Lock),
        1 => any::<u8>().prop_map(Step::Unlock),
        1 => Just(Step::Relock),
        1 => Just(Step::Forget),
        1 => Just(Step::Foreign),
        2 => prop::sample::select(vec![
            &["add", "-f", "tracked/new/b.log"][..],
            &["add", "."][..],
            &["rm", "-q", "--cached", "-r", "tracked"][..],
            &["init", "-q"][..],
        ]).prop_map(Step::Git),
        2 => prop_oneof![
            Just(Damage::Removed),
            any::<u8>().prop_map(Damage::Cut),
            any::<u16>().prop_map(Damage::Flipped),
            Just(Damage::Old),
            Just(Damage::Kept),
            prop::sample::select(vec!["base", "changes"]).prop_map(Damage::Without),
        ].prop_map(Step::Snapshots),
    ]
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
struct Asked {
    selection: &'static [&'static str],
    day: Option<&'static str>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let day = prop::sample::select(vec!["2026-01-01", "2026-01-02"]);
    let selection =
        prop_oneof![2 => Just(SELECTIONS[0]), 1 => prop::sample::select(SELECTIONS.to_vec())];
    (selection, prop::option::weighted(0.2, day))
        .prop_map(|(selection, day)| Asked { selection, day })
}

struct Silent;

impl EventSink for Silent {
    fn emit(&mut self, _: &Event) {}
}

impl Progress for Silent {
    fn begins(&mut self, _: &RunPlace<'_>) {}
    fn notice(&mut self, _: &Notice) {}
}

/// A project, and who looks at it when.
struct Looking {
    sandbox: Sandbox,
    now: Timestamp,
    home: Option<&'static str>,
    mode: Option<&'static str>,
    configuration: Configuration,
    old_lock: Option<Vec<u8>>,
}

/// A path in place of the declared one.
fn supplied(path: &str) -> SuppliedInput {
    SuppliedInput {
        asset: asset("folder"),
        path: path.to_owned(),
    }
}

impl Looking {
    fn new() -> Self {
        let sandbox = Sandbox::new(MANIFEST);
        for file in FILES.iter().filter(|file| !file.starts_with("out/")) {
            sandbox.write(file, content(file, 0));
        }
        let looking = Self {
            sandbox,
            now: time("2026-01-03T12:00:00Z"),
            home: None,
            mode: None,
            configuration: Configuration::default(),
            old_lock: None,
        };
        looking.key("k1", KeyChange::Add);
        looking
    }

    fn surroundings(&self) -> Surroundings {
        let mut surroundings = self.sandbox.surroundings();
        surroundings.now = self.now;
        surroundings.home = self.home.map(PathBuf::from);
        let mode: Option<(OsString, OsString)> = self.mode.map(|mode| ("MODE".into(), mode.into()));
        surroundings.environment.extend(mode);
        surroundings.configuration = self.configuration.clone();
        surroundings
    }

    fn project(&self) -> OpenProject {
        OpenProject::open(&self.surroundings()).expect("a project")
    }

    fn clock(&self) -> FixedClock {
        FixedClock(self.now)
    }

    fn key(&self, key: &str, change: KeyChange) {
        let request = ChangeKeysRequest {
            definition: name("site"),
            keys: keys(&[key]),
            change,
        };
        drop(change_keys(&self.project(), &request));
    }

    fn options(asked: Asked, force: bool) -> MaterializeOptions {
        let mut selection = select(asked.selection);
        if let Some(day) = asked.day {
            selection.partitions.keys = KeyChoice::Named(vec![KeyWord::key(day).expect("a key")]);
        }
        MaterializeOptions {
            selection,
            jobs: std::num::NonZeroUsize::new(1),
            force: if force {
                Force::Selected
            } else {
                Force::WhenStale
            },
            ..MaterializeOptions::default()
        }
    }

    fn happens(&mut self, step: &Step) {
        let path = |file: &str| self.sandbox.path(file);
        match step {
            Step::Write(file, number) => {
                drop(fs::remove_file(path(file)));
                self.sandbox.write(file, content(file, *number));
            }
            Step::Remove(file) => drop(fs::remove_file(path(file))),
            Step::Touch(file) => {
                if let Ok(file) = fs::File::options().append(true).open(path(file)) {
                    drop(file.set_modified(std::time::SystemTime::now()));
                }
            }
            Step::Chmod(file) => {
                if let Ok(known) = fs::metadata(path(file)) {
                    let mode = known.permissions().mode() ^ 0o111;
                    drop(fs::set_permissions(
                        path(file),
                        fs::Permissions::from_mode(mode),
                    ));
                }
            }
            Step::Link(at, to) => {
                drop(fs::remove_file(path(at)));
                drop(symlink(path(to), path(at)));
            }
            Step::Mode(mode) => self.mode = *mode,
            Step::Configure(set, input) => {
                self.configuration = Configuration {
                    job: None,
                    env: self.configuration.env.clone(),
                    set: set.iter().map(ToString::to_string).collect(),
                    files: Vec::new(),
                    inputs: input.iter().map(|path| supplied(path)).collect(),
                };
            }
            Step::Environment(environment) => self.configuration.env = environment.map(name),
            Step::Now(day) => self.now = time(&format!("{day}T12:00:00Z")),
            Step::Home(home) => self.home = *home,
            Step::Key(key, add) => self.key(
                key,
                if *add {
                    KeyChange::Add
                } else {
                    KeyChange::Remove
                },
            ),
            Step::Declare(old, new) => {
                let text = fs::read_to_string(path("Assets.toml")).expect("a manifest");
                let is_there = !new.is_empty() && text.contains(new);
                let text = if text.contains(old) && !is_there {
                    text.replacen(old, new, 1)
                } else {
                    MANIFEST.to_owned()
                };
                self.sandbox.write("Assets.toml", text);
            }
            Step::Snapshots(damage) => self.damage(*damage),
            Step::Git(words) => {
                let mut git = std::process::Command::new("git");
                let git = git.args(*words).current_dir(self.sandbox.root());
                // What git refuses changes nothing.
                drop(git.output().expect("git"));
            }
            Step::Foreign => {
                let other = Self::new();
                other.runs_everything();
                for (own, theirs) in self.folders().iter().zip(other.folders()) {
                    let files = fs::read_dir(own).into_iter().flatten().flatten();
                    let names: Vec<PathBuf> = files.map(|it| it.path()).collect();
                    let theirs = fs::read_dir(theirs).into_iter().flatten().flatten();
                    for (theirs, own) in theirs.zip(names) {
                        fs::copy(theirs.path(), own).expect("copied");
                    }
                }
            }
            Step::Forget => {
                for file in ["instance.db", "instance.db-wal", "instance.db-shm"] {
                    drop(fs::remove_file(path(".assetctl").join(file)));
                }
            }
            _ => self.runs(step),
        }
    }

    fn runs_everything(&self) {
        let running = RunContext {
            executor: &LocalExecutor,
            cancel: &Cancel::default(),
            clock: &self.clock(),
            progress: &mut Silent,
        };
        let everything = Asked {
            selection: &[],
            day: None,
        };
        let options = Self::options(everything, false);
        drop(materialize(&self.surroundings(), &options, running));
    }

    /// After a run of everything one without snapshots finds nothing to write in the lock file. A source that leads into what is
    /// made needs two runs.
    fn lock_is_whole(&self) -> Result<(), TestCaseError> {
        self.runs_everything();
        let place = self.surroundings().lock_place(self.sandbox.root());
        let place = place.expect("the environment is declared");
        let lock = || place.read_bytes().expect("readable");
        let before = lock();
        self.without_snapshots(|| self.runs_everything());
        prop_assert_eq!(before, lock());
        Ok(())
    }

    /// What a verb does.
    fn runs(&mut self, step: &Step) {
        match step {
            Step::Materialize(selection, day, force) => {
                let asked = Asked {
                    selection,
                    day: *day,
                };
                let running = RunContext {
                    executor: &LocalExecutor,
                    cancel: &Cancel::default(),
                    clock: &self.clock(),
                    progress: &mut Silent,
                };
                drop(materialize(
                    &self.surroundings(),
                    &Self::options(asked, *force),
                    running,
                ));
            }
            Step::Accept(asset) => {
                let request = AcceptRequest {
                    selection: select(&[asset]),
                    dry_run: false,
                };
                drop(accept(&self.project(), &request, &self.clock()));
            }
            Step::Wipe(asset, outputs) => {
                let request = WipeRequest {
                    selection: select(&[asset]),
                    outputs: *outputs,
                    dry_run: false,
                };
                drop(wipe(&self.project(), &request));
            }
            Step::Observe => {
                let request = ObserveRequest::default();
                drop(observe(
                    &self.project(),
                    &request,
                    &self.clock(),
                    &Cancel::default(),
                ));
            }
            Step::Lock => {
                let request = LockRequest {
                    selection: select(&[]),
                    dry_run: false,
                };
                drop(lock(&self.project(), &request));
            }
            Step::Unlock(number) => {
                if let Ok(text) = fs::read_to_string(self.sandbox.path("Assets.lock")) {
                    let lines: Vec<&str> = text.lines().collect();
                    let gone = usize::from(*number) % lines.len();
                    let rest = lines.iter().enumerate().filter(|(at, _)| *at != gone);
                    let rest: Vec<&str> = rest.map(|(_, line)| *line).collect();
                    let rest = rest.join("\n") + "\n";
                    self.old_lock = Some(text.clone().into_bytes());
                    self.sandbox.write("Assets.lock", rest);
                }
            }
            Step::Relock => {
                if let Some(old) = &self.old_lock {
                    fs::write(self.sandbox.path("Assets.lock"), old).expect("written");
                }
            }
            _ => {}
        }
    }

    fn folders(&self) -> [PathBuf; 3] {
        [".assetctl", "other", "prod"].map(|home| self.sandbox.path(home).join("snapshots"))
    }

    fn damage(&self, damage: Damage) {
        for folder in self.folders() {
            let kept = folder.with_extension("kept");
            let files = || fs::read_dir(&folder).into_iter().flatten().flatten();
            match damage {
                Damage::Removed => drop(fs::remove_dir_all(&folder)),
                Damage::Kept => {
                    drop(fs::remove_dir_all(&kept));
                    copy(&folder, &kept);
                }
                Damage::Old => copy(&kept, &folder),
                Damage::Without(extension) => {
                    let those = files()
                        .filter(|it| it.path().extension().is_some_and(|it| it == extension));
                    those.for_each(|it| fs::remove_file(it.path()).expect("removed"));
                }
                Damage::Cut(part) => {
                    for file in files() {
                        let bytes = fs::read(file.path()).expect("readable");
                        let len = bytes.len() * usize::from(part) / 256;
                        fs::write(file.path(), &bytes[..len]).expect("written");
                    }
                }
                Damage::Flipped(at) => {
                    for file in files() {
                        let mut bytes = fs::read(file.path()).expect("readable");
                        let at = bytes.len() * usize::from(at) / 65_536;
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte ^= 0x10;
                        }
                        fs::write(file.path(), bytes).expect("written");
                    }
                }
            }
        }
    }

    /// What all verbs answer.
    fn answers(&self, asked: Asked) -> Vec<String> {
        let mut all = Vec::new();
        let project = self.project();
        let request = StatusOptions {
            selection: Self::options(asked, false).selection,
            sources: true,
            ..StatusOptions::default()
        };
        all.push(format!(
            "{:#?}",
            status(&project, &request).map_err(|it| it.to_string())
        ));
        let request = PlanOptions {
            run: Self::options(asked, false),
            ..PlanOptions::default()
        };
        let doors = (&LocalExecutor as _, &Cancel::default());
        all.push(format!(
            "{:#?}",
            plan(&self.project(), &request, doors).map_err(|it| it.to_string())
        ));
        for outputs in [
            CheckedOutputs::Matching,
            CheckedOutputs::Required,
            CheckedOutputs::Ignored,
        ] {
            let request = CheckOptions {
                selection: Self::options(asked, false).selection,
                outputs,
                ..CheckOptions::default()
            };
            let doors = Rebuilding {
                executor: &LocalExecutor,
                cancel: &Cancel::default(),
                clock: &self.clock(),
            };
            let answer = check(&self.surroundings(), &request, doors);
            all.push(format!("{:#?}", answer.map_err(|it| it.to_string())));
        }
        all
    }

    /// Does something without any snapshot, and without leaving one.
    fn without_snapshots<T>(&self, act: impl FnOnce() -> T) -> T {
        let away = |folder: &PathBuf| folder.with_extension("away");
        for folder in self.folders() {
            drop(fs::rename(&folder, away(&folder)));
        }
        let done = act();
        for folder in self.folders() {
            drop(fs::remove_dir_all(&folder));
            drop(fs::rename(away(&folder), &folder));
        }
        done
    }
}

fn content(file: &str, number: u8) -> String {
    match file {
        "values.toml" => format!("[limit]\nk1 = {number}\nk2 = 7\n"),
        "script.sh" => format!("# {number}\ncat /dev/null $1 > $2 2>/dev/null || : > $2\n"),
        "lib.sh" => format!("# {number}\n"),
        _ => format!("{file} {number}\n"),
    }
}

fn copy(from: &PathBuf, to: &PathBuf) {
    let Ok(files) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).expect("made");
    for file in files.flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

/// Longer than a tick of the clock of files: what was written before can be trusted to show the next change.
const SETTLED: Duration = Duration::from_millis(13);

proptest! {
    #![proptest_config(Config { cases: 12, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn a_look_by_a_snapshot_answers_as_one_without(
        all in prop::collection::vec((steps(), asked()), 4..14),
    ) {
        let mut looking = Looking::new();
        for (number, (step, asked)) in all.iter().enumerate() {
            looking.happens(step);
            // Now and then what was written is too young to be trusted.
            if number % 4 != 3 {
                sleep(SETTLED);
            }
            let with = looking.answers(*asked);
            let without = looking.without_snapshots(|| looking.answers(*asked));
            for (with, without) in with.iter().zip(&without) {
                prop_assert_eq!(with, without, "after {:?}", step);
            }
            if let Step::Materialize([], None, _) = step {
                looking.lock_is_whole()?;
            }
        }
    }
}

/// Which partitions of assets are settled.
fn settled(looking: &Looking, lock: LockLines) -> Vec<String> {
    let project = looking.project();
    let selection =
        crate::app::selection::select(&project, &select(&[]), crate::app::selection::Range::Assets);
    let (goals, _) = selection.expect("a selection").into_goals();
    let instance = crate::app::instance::InstanceAccess::open(&project).expect("an instance");
    let look = ProjectLook::begin(&project, &goals, LookBasis::Instance(&instance.store), lock);
    let mut all = Vec::new();
    for (id, set) in look.settled_assets(&project) {
        let (key, keys) = (
            project.graph().key(id),
            project.keys().get(project.graph().partitions(id)),
        );
        all.extend(set.iter().map(|index| match keys.key(index) {
            Some(partition) => format!("{key}@{partition}"),
            None => key.to_string(),
        }));
    }
    all.sort();
    all
}

#[test]
fn an_edit_of_an_environment_opens_nothing_of_others() {
    let mut looking = Looking::new();
    let all = Step::Materialize(&[], None, false);
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    let before = settled(&looking, LockLines::Kept);
    assert!(!before.is_empty());
    looking.happens(&Step::Declare("limit = 5", "limit = 6"));
    assert_eq!(settled(&looking, LockLines::Kept), before);
    looking.happens(&Step::Environment(Some("prod")));
    assert_eq!(settled(&looking, LockLines::Kept), Vec::<String>::new());
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    // The key was added to another instance.
    let mut in_prod = before;
    in_prod.retain(|it| it != "site@k1");
    assert_eq!(settled(&looking, LockLines::Kept), in_prod);
    looking.happens(&Step::Declare("limit = 6", "limit = 7"));
    in_prod.retain(|it| !it.starts_with("day") && !it.starts_with("running") && it != "all");
    assert_eq!(settled(&looking, LockLines::Kept), in_prod);
}

#[test]
fn one_change_opens_what_reads_it() {
    let mut looking = Looking::new();
    let all = Step::Materialize(&[], None, false);
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    let mut all = vec![
        "all",
        "day@2026-01-01",
        "day@2026-01-02",
        "found",
        "running@2026-01-01",
        "running@2026-01-02",
        "site@k1",
        "sites",
        "tree",
    ];
    // A command observes the source of all else.
    assert_eq!(settled(&looking, LockLines::Kept), all);
    looking.happens(&Step::Write("raw/2026-01-02.txt", 1));
    all.retain(|it| !["all", "day@2026-01-02", "running@2026-01-02"].contains(it));
    assert_eq!(settled(&looking, LockLines::Kept), all);
    looking.happens(&Step::Write("folder/a", 1));
    all.retain(|it| !["tree", "sites"].contains(it));
    assert_eq!(settled(&looking, LockLines::Kept), all);
}
