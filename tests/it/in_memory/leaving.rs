//! The folder that commands work in is gone afterwards, however a step or assetctl ends.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::in_memory;
use crate::sandbox::{Sandbox, Started, await_that};

/// Each command tells the path of its output; `waits` and `stubborn` go on until they are told to stop.
const MANIFEST: &str = r#"
[asset.good]
command = "echo {{output}} > $HOME/where; mkdir $(dirname {{output}})/more; echo 1 > {{output}}; rmdir $(dirname {{output}})/more"
outputs = "build/good.txt"

[asset.reads]
deps = "good"
command = "echo {{input}} > $HOME/where; cp {{input}} {{output}}; test ! -e $HOME/is_bad"
outputs = "build/reads.txt"

[asset.locks_up]
command = "echo {{output}} > $HOME/where; echo 1 > {{output}}; chmod 500 $(dirname {{output}}); exit 3"
outputs = "build/locks_up.txt"

[asset.dies]
command = "echo {{output}} > $HOME/where; echo 1 > {{output}}; kill -9 $$"
outputs = "build/dies.txt"

[asset.waits]
command = "sh wait.sh {{output}}"
outputs = "build/waits.txt"

[asset.stubborn]
command = "trap '' INT TERM; sh wait.sh {{output}}"
outputs = "build/stubborn.txt"
"#;

const WAIT: &str = r#"echo some > "$1"
echo "$1" > "$HOME/telling"
mv "$HOME/telling" "$HOME/where"
while [ ! -e "$HOME/stop" ]; do sleep 0.02; done
"#;

#[test]
fn after_success_and_after_failure() {
    for (asset, code) in [("good", 0), ("reads", 0), ("locks_up", 1), ("dies", 1)] {
        let project = project();
        let _ = in_memory(&project, &[asset]).exits(code);
        let folder = folder(&project);
        assert!(is_gone(&folder), "{asset}: {}", folder.display());
        assert_eq!(
            fs::read_dir(home(&project).with_file_name("tmp"))
                .unwrap()
                .count(),
            0
        );
    }
}

#[test]
fn after_an_interrupt() {
    for (asset, interrupts) in [("waits", 1), ("stubborn", 2)] {
        let project = project();
        let started = start(&project, asset);
        let folder = folder(&project);
        assert!(folder.is_dir());
        for _ in 0..interrupts {
            started.signal(Signal::INT);
        }
        let _ = started.wait().exits(130);
        assert!(is_gone(&folder), "{asset}");
    }
}

#[test]
fn after_assetctl_itself_was_killed() {
    for asset in ["waits", "stubborn"] {
        let project = project();
        let started = start(&project, asset);
        let folder = folder(&project);
        started.signal(Signal::KILL);
        assert!(started.was_killed());
        await_that("the folder is gone", || !folder.exists());
        fs::write(home(&project).join("stop"), "").expect("it can be written");
        await_that("all is gone", || is_gone(&folder));
    }
}

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("wait.sh", WAIT)
}

fn home(project: &Sandbox) -> PathBuf {
    project.project().with_file_name("home")
}

/// Starts a run, and waits until its command runs.
fn start(project: &Sandbox, asset: &str) -> Started {
    let started = project.start(&["materialize", "--in-memory", asset]);
    let told = home(project).join("where");
    await_that("the command runs", || told.exists());
    started
}

/// The folder that the run works in, as a command has told.
fn folder(project: &Sandbox) -> PathBuf {
    let told = fs::read_to_string(home(project).join("where")).expect("a command has told");
    let path = Path::new(told.trim());
    let is_ours = |it: &&Path| {
        let name = it.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("assetctl-"))
    };
    let folder = path.ancestors().find(is_ours);
    folder.expect("it lies in a private folder").to_owned()
}

/// Whether neither the folder is there nor the file that says whose it is.
fn is_gone(folder: &Path) -> bool {
    !folder.exists() && !folder.with_extension("lock").exists()
}
