//! A project that things happen to, and what its verbs answer.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use jiff::Timestamp;
use proptest::prelude::*;

use super::steps::{Asked, Damage, FILES, Step};

use crate::answer::{Event, EventSink};
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

struct Silent;

impl EventSink for Silent {
    fn emit(&mut self, _: &Event) {}
}

impl Progress for Silent {
    fn begins(&mut self, _: &RunPlace<'_>) {}
    fn notice(&mut self, _: &Notice) {}
}

/// A project, and who looks at it when.
pub(super) struct Looking {
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
    pub(super) fn new() -> Self {
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

    pub(super) fn project(&self) -> OpenProject {
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

    pub(super) fn happens(&mut self, step: &Step) {
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
            hooks: &[],
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
    pub(super) fn lock_is_whole(&self) -> Result<(), TestCaseError> {
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
                    hooks: &[],
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
    pub(super) fn answers(&self, asked: Asked) -> Vec<String> {
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
    pub(super) fn without_snapshots<T>(&self, act: impl FnOnce() -> T) -> T {
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
