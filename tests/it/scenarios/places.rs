//! What lies at the places of outputs: what no step has made is never removed without a word.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

const FILE: &str = "[asset.made]\ncommand = \"echo made > {{output}}\"\noutputs = \"made.txt\"\n";
const FOLDER: &str = "[asset.made]\ncommand = \"echo 1 > {{output}}/one\"\noutputs = \"made/\"\n";

fn project(manifest: &str) -> Sandbox {
    Sandbox::new().with_file("Assets.toml", &format!("[project]\n{manifest}"))
}

/// The paths of all that is kept aside, below the folders of its runs, in order.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let folder = sandbox.path(".assetctl/set-aside");
    let entries = walkdir::WalkDir::new(&folder).into_iter();
    let files = entries
        .filter_map(Result::ok)
        .filter(|entry| !entry.file_type().is_dir());
    let below = |entry: walkdir::DirEntry| {
        let below: PathBuf = entry
            .path()
            .strip_prefix(&folder)
            .ok()?
            .iter()
            .skip(1)
            .collect();
        Some(below.to_string_lossy().into_owned())
    };
    let mut all: Vec<String> = files.filter_map(below).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_file_that_no_step_made_is_kept_aside_and_named() {
    for staging in [true, false] {
        let sandbox = project(&format!("{FILE}staging = {staging}\n"));
        sandbox.write("made.txt", "precious\n");
        let plan = sandbox.run(&["plan"]).success();
        assert!(
            plan.stdout().contains("made.txt was not made by any step"),
            "{}",
            plan.stdout()
        );
        let plan = sandbox.run(&["plan", "--json"]).success();
        let aside = r#""set_aside":[{"asset":"made","count":1,"path":"made.txt"}]"#;
        assert!(plan.stdout().contains(aside), "{}", plan.stdout());
        sandbox.edit("Assets.toml", "echo made", "exit 3; echo made");
        sandbox.run(&["materialize"]).exits(1);
        assert_eq!(
            sandbox.read("made.txt"),
            "precious\n",
            "a failure replaces nothing"
        );
        assert!(kept(&sandbox).is_empty());
        sandbox.edit("Assets.toml", "exit 3; echo made", "echo made");
        let ran = sandbox.run(&["materialize"]).success();
        assert!(
            ran.stderr()
                .contains("made: made.txt was not made by any step"),
            "{}",
            ran.stderr()
        );
        let place = ran
            .stderr()
            .split("it is kept: ")
            .nth(1)
            .and_then(|it| it.lines().next());
        let place = place.expect("the place is named");
        assert_eq!(sandbox.read(place), "precious\n");
        assert_eq!(sandbox.read("made.txt"), "made\n");
        let again = sandbox.run(&["materialize", "--force"]).success();
        assert!(!again.stderr().contains("kept"), "{}", again.stderr());
        assert_eq!(kept(&sandbox), ["made.txt"]);
    }
}

#[test]
fn what_is_set_aside_is_an_event() {
    let sandbox = project(FILE);
    sandbox.write("made.txt", "precious\n");
    let ran = sandbox.run(&["materialize", "--json"]).success();
    let event = ran
        .stdout()
        .lines()
        .find(|it| it.contains("output_set_aside"));
    let event = event.expect("there is such an event");
    for part in [
        r#""step":"made""#,
        r#""path":"made.txt""#,
        r#""kept":".assetctl/set-aside/"#,
    ] {
        assert!(event.contains(part), "{event}");
    }
}

#[test]
fn several_files_of_an_asset_are_counted() {
    let sandbox = project(
        "[partitions.k]\ntype = \"static\"\nkeys = [\"a\", \"b\", \"c\"]\n[asset.made]\npartitions = \"k\"\n\
         command = \"echo made > {{output}}\"\noutputs = \"out/{{partition}}.txt\"\n",
    );
    for key in ["a", "b", "c"] {
        sandbox.write(&format!("out/{key}.txt"), "precious\n");
    }
    let ran = sandbox.run(&["materialize"]).success();
    assert_eq!(
        ran.stderr().matches("not made by any step").count(),
        1,
        "{}",
        ran.stderr()
    );
    assert!(ran.stderr().contains("and 2 more"), "{}", ran.stderr());
    assert_eq!(kept(&sandbox), ["out/a.txt", "out/b.txt", "out/c.txt"]);
}

#[test]
fn a_folder_that_holds_something_is_refused_before_anything_runs() {
    for (manifest, accepts) in [
        (FOLDER.to_owned(), true),
        (FILE.replace("made.txt", "made"), false),
    ] {
        for staging in [true, false] {
            let sandbox = project(&format!(
                "{manifest}staging = {staging}\n[asset.other]\ncommand = \"echo x > {{{{output}}}}\"\noutputs = \"other.txt\"\n"
            ));
            sandbox.write("made/mine", "precious\n");
            for verb in ["plan", "materialize"] {
                let refused = sandbox.run(&[verb]).exits(2);
                assert!(
                    refused
                        .stderr()
                        .contains("assetctl::engine::occupied_output")
                );
                assert!(
                    refused.stderr().contains("made is a folder"),
                    "{}",
                    refused.stderr()
                );
            }
            assert!(!sandbox.path("other.txt").exists(), "nothing has run");
            sandbox.run(&["materialize", "other"]).success();
            assert_eq!(sandbox.read("made/mine"), "precious\n");
            if accepts {
                let accepting = project(&manifest);
                accepting.write("made/mine", "precious\n");
                accepting.run(&["accept", "made"]).success();
                accepting.run(&["materialize"]).success();
                assert_eq!(accepting.read("made/mine"), "precious\n");
            }
            sandbox.run(&["plan", "--replace"]).success();
            let ran = sandbox.run(&["materialize", "--replace"]).success();
            assert!(
                ran.stderr().contains("it is kept: .assetctl/set-aside/"),
                "{}",
                ran.stderr()
            );
            assert_eq!(kept(&sandbox), ["made/mine"]);
            assert!(!sandbox.path("made/mine").exists());
        }
    }
}

#[test]
fn an_empty_folder_is_no_loss() {
    for manifest in [FOLDER.to_owned(), FILE.replace("made.txt", "made")] {
        for staging in [true, false] {
            let sandbox = project(&format!("{manifest}staging = {staging}\n"));
            fs::create_dir(sandbox.path("made")).expect("made");
            sandbox.run(&["materialize"]).success();
            assert!(kept(&sandbox).is_empty());
        }
    }
}

#[test]
fn what_was_made_before_is_ours() {
    type Change<'a> = &'a dyn Fn(&Sandbox);
    let unlocked = format!("{FILE}lock = false\n");
    let cases: [(&str, &str, Change<'_>); 6] = [
        ("wiped", FILE, &|sandbox| {
            sandbox.run(&["wipe", "made", "--yes"]).success();
        }),
        ("renamed", FILE, &|sandbox| {
            sandbox.edit("Assets.toml", "asset.made", "asset.new");
        }),
        (
            "known to the lock file alone, and stale",
            FILE,
            &|sandbox| {
                sandbox.remove(".assetctl");
                sandbox.edit("Assets.toml", "echo made", "echo  made");
            },
        ),
        (
            "known to the lock file alone by another name",
            FILE,
            &|sandbox| {
                sandbox.remove(".assetctl");
                sandbox.edit("Assets.toml", "asset.made", "asset.new");
            },
        ),
        ("begun and never recorded", &unlocked, &|sandbox| {
            for name in ["instance.db", "instance.db-wal", "instance.db-shm"] {
                let _ = fs::remove_file(sandbox.path(".assetctl").join(name));
            }
        }),
        ("from a file to a folder", FILE, &|sandbox| {
            sandbox.edit("Assets.toml", "made.txt\"", "made.txt/\"");
            sandbox.edit("Assets.toml", "> {{output}}", "> {{output}}/x");
        }),
    ];
    for (case, manifest, change) in cases {
        let sandbox = project(manifest);
        sandbox.run(&["materialize"]).success();
        change(&sandbox);
        let ran = sandbox.run(&["materialize"]).success();
        assert!(!ran.stderr().contains("kept"), "{case}: {}", ran.stderr());
        assert!(kept(&sandbox).is_empty(), "{case}");
    }
    let sandbox = project(&unlocked);
    sandbox.run(&["materialize"]).success();
    sandbox.remove(".assetctl");
    let ran = sandbox.run(&["materialize"]).success();
    assert!(
        ran.stderr().contains("it is kept"),
        "nobody knows any more: {}",
        ran.stderr()
    );
}

#[test]
fn a_folder_of_ours_gives_way_to_a_file_unless_it_was_changed() {
    for changed in [false, true] {
        let sandbox = project(FOLDER);
        sandbox.run(&["materialize"]).success();
        sandbox.edit("Assets.toml", "made/\"", "made\"");
        sandbox.edit("Assets.toml", "/one", "");
        if changed {
            sandbox.write("made/mine", "precious\n");
            sandbox.run(&["materialize"]).exits(2);
            assert_eq!(sandbox.read("made/mine"), "precious\n");
            sandbox.run(&["materialize", "--replace"]).success();
            assert_eq!(kept(&sandbox), ["made/mine", "made/one"]);
        } else {
            sandbox.run(&["materialize"]).success();
            assert!(kept(&sandbox).is_empty());
        }
        assert_eq!(sandbox.read("made"), "1\n");
    }
}

#[test]
fn another_path_is_another_place() {
    let sandbox = project(FILE);
    sandbox.run(&["materialize"]).success();
    sandbox.write("new.txt", "precious\n");
    sandbox.edit("Assets.toml", "made.txt", "new.txt");
    let ran = sandbox.run(&["materialize"]).success();
    assert!(
        ran.stderr().contains("new.txt was not made by any step"),
        "{}",
        ran.stderr()
    );
    assert_eq!(kept(&sandbox), ["new.txt"]);
}

#[test]
fn an_altered_output_is_named_and_strays_are_kept() {
    for staging in [true, false] {
        let sandbox = project(&format!("{FILE}staging = {staging}\n"));
        sandbox.run(&["materialize"]).success();
        sandbox.write("made.txt", "by hand\n");
        let ran = sandbox.run(&["materialize"]).success();
        assert!(
            ran.stderr()
                .contains("made.txt was altered since it was recorded"),
            "{}",
            ran.stderr()
        );
        let folder = project(&format!("{FOLDER}staging = {staging}\n"));
        folder.run(&["materialize"]).success();
        folder.write("made/mine/deep", "precious\n");
        let ran = folder.run(&["materialize"]).success();
        assert!(
            ran.stderr().contains("made/mine was not made by any step"),
            "{}",
            ran.stderr()
        );
        assert_eq!(kept(&folder), ["made/mine/deep"]);
        assert!(!folder.path("made/mine").exists());
    }
}

#[test]
fn what_the_project_is_made_of_is_no_output() {
    for path in [
        "Assets.toml",
        "Assets.lock",
        ".git/",
        ".git/hooks/x",
        "sub/",
        "sub/Assets.toml",
        "link/hooks",
        "own/x",
    ] {
        let sandbox = Sandbox::new()
            .with_file(
                "Assets.toml",
                &format!(
                    "[project]\ninclude = [\"sub/Assets.toml\"]\n[asset.x]\ncommand = \"echo > {{{{output}}}}\"\noutputs = \"{path}\"\n"
                ),
            )
            .with_file("sub/Assets.toml", "[asset.y]\ncommand = \"echo > {{output}}\"\noutputs = \"y\"\n")
            .with_file(".git/config", "precious\n");
        symlink(".git", sandbox.path("link")).expect("linked");
        symlink(".assetctl", sandbox.path("own")).expect("linked");
        fs::create_dir(sandbox.path(".assetctl")).expect("made");
        let refused = sandbox.run(&["materialize"]).exits(2);
        assert!(
            refused
                .stderr()
                .contains("assetctl::manifest::invalid_path"),
            "{path}: {}",
            refused.stderr()
        );
    }
}

#[test]
fn wipe_follows_no_link_out_of_the_project() {
    let sandbox = project(&FILE.replace("made.txt", "link/made.txt"));
    let outside = tempfile::tempdir().expect("a folder");
    symlink(outside.path(), sandbox.path("link")).expect("linked");
    sandbox.run(&["materialize"]).success();
    let wiped = sandbox
        .run(&["wipe", "made", "--outputs", "--yes"])
        .success();
    assert!(
        wiped.stderr().contains("link/made.txt stays"),
        "{}",
        wiped.stderr()
    );
    assert!(outside.path().join("made.txt").exists());
}

#[test]
fn nothing_is_kept_behind_links() {
    let outside = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("secret");
    fs::write(&secret, "root:x:0:0\n").expect("written");
    for (name, folder) in [
        (".assetctl", true),
        (".assetctl/lockfile.written", false),
        (".assetctl/logs", true),
        (".assetctl/instance.db", false),
        ("Assets.lock", false),
    ] {
        let sandbox = project(FILE);
        if name.contains('/') {
            fs::create_dir(sandbox.path(".assetctl")).expect("made");
        }
        let to = if folder { outside.path() } else { &secret };
        symlink(to, sandbox.path(name)).expect("linked");
        for arguments in [&["materialize"] as &[&str], &["status"], &["check"]] {
            let ran = sandbox.run(arguments);
            let ran = match (name, arguments) {
                // It is judged without the lock file, and that is said.
                ("Assets.lock", ["status"]) => ran.success(),
                _ => ran.exits(3),
            };
            let said = ran.said();
            assert!(said.contains("link"), "{name} {arguments:?}: {said}");
            assert!(!said.contains("root:x"), "{name} {arguments:?}: {said}");
        }
        assert_eq!(fs::read_to_string(&secret).expect("read"), "root:x:0:0\n");
        assert_eq!(
            fs::read_dir(outside.path()).expect("read").count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn a_line_is_not_added_through_a_link() {
    let sandbox = project(FILE);
    symlink("/etc/hosts", sandbox.path(".gitignore")).expect("linked");
    let refused = sandbox.run(&["init"]).exits(3);
    assert!(refused.stderr().contains("link"), "{}", refused.stderr());
    assert!(sandbox.path(".gitignore").is_symlink());
}

/// A step in place moves its previous outputs aside, to where one rename leads.
#[test]
fn a_step_in_place_works_on_another_file_system() {
    let memory = Path::new("/dev/shm");
    let sandbox = project(
        "[asset.made]\ncommand = \"test ! -e stop && date +%N > results/a/made.txt && echo 1 > results/d/x\"\n\
         outputs = [\"results/a/made.txt\", \"results/d/\"]\nvolatile = true\n",
    );
    let device = |path: &Path| path.metadata().map(|it| it.dev()).ok();
    if device(memory).is_none() || device(memory) == device(&sandbox.project()) {
        return;
    }
    let other = tempfile::tempdir_in(memory).expect("a folder");
    symlink(other.path(), sandbox.path("results")).expect("linked");
    sandbox.write("results/a/made.txt", "precious\n");
    sandbox.run(&["materialize"]).success();
    let aside = walkdir::WalkDir::new(other.path().join(".assetctl/set-aside"));
    let mut aside = aside.into_iter().filter_map(Result::ok);
    let file = aside.find(|entry| entry.file_type().is_file());
    let file = file.expect("it is kept on its own file system");
    assert_eq!(fs::read_to_string(file.path()).expect("read"), "precious\n");
    let before = sandbox.read("results/a/made.txt");
    sandbox.write("stop", "");
    sandbox.run(&["materialize"]).exits(1);
    assert_eq!(sandbox.read("results/a/made.txt"), before, "it is put back");
    sandbox.remove("stop");
    sandbox.run(&["materialize"]).success();
    assert!(!other.path().join(".assetctl/aside").exists());
}

#[test]
fn a_group_may_write_where_the_umask_lets_it() {
    let sandbox = project(FILE);
    let program = env!("CARGO_BIN_EXE_assetctl");
    let script = format!("umask 002 && {program} materialize");
    sandbox.run_command(&["sh", "-c", &script]).success();
    for name in [
        "instance.db",
        "instance.mark",
        "instance.lock",
        "lockfile.lock",
        "stat.cache",
    ] {
        let mode = fs::metadata(sandbox.path(".assetctl").join(name)).expect("it is there");
        assert_eq!(mode.permissions().mode() & 0o777, 0o664, "{name}");
    }
}

#[test]
fn a_folder_in_place_of_the_mark_is_named() {
    let sandbox = project(FILE);
    sandbox.run(&["materialize"]).success();
    sandbox.remove(".assetctl/instance.mark");
    fs::create_dir_all(sandbox.path(".assetctl/instance.mark/x")).expect("made");
    sandbox.remove("made.txt");
    let refused = sandbox.run(&["materialize"]).exits(3);
    assert!(
        refused.stderr().contains("instance.mark"),
        "{}",
        refused.stderr()
    );
}

#[test]
fn a_name_that_no_file_can_have_is_an_error_of_the_manifest() {
    let long = "x".repeat(300);
    let sandbox = project(&FILE.replace("made.txt", &format!("{long}.txt")));
    let refused = sandbox.run(&["materialize"]).exits(2);
    assert!(
        refused.stderr().contains("255 bytes"),
        "{}",
        refused.stderr()
    );
    let sandbox = project(&format!(
        "[partitions.k]\ntype = \"static\"\nkeys = [\"{long}\"]\n[asset.made]\npartitions = \"k\"\n\
         command = \"echo > {{{{output}}}}\"\noutputs = \"{{{{partition}}}}.txt\"\n"
    ));
    sandbox.run(&["materialize"]).exits(2);
    sandbox.edit("Assets.toml", &long, "short");
}

#[test]
fn wipe_removes_only_what_was_made() {
    let sandbox = project(&format!("{FILE}{}", FILE.replace("made", "other")));
    sandbox.write("other.txt", "precious\n");
    sandbox.run(&["materialize", "made"]).success();
    let wiped = sandbox.run(&["wipe", "*", "--outputs", "--yes"]).success();
    assert!(
        wiped.stderr().contains("other.txt stays"),
        "{}",
        wiped.stderr()
    );
    assert_eq!(sandbox.read("other.txt"), "precious\n");
    assert!(!sandbox.path("made.txt").exists());
}
