//! An instance that is damaged, newer, locked, full or not to be written.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{Said, project};
use crate::sandbox::Sandbox;

const DATABASE: &str = ".assetctl/instance.db";

/// A project whose one asset is fresh.
fn built() -> Sandbox {
    let sandbox = project();
    sandbox.run(&["materialize", "clean"]).success();
    sandbox
}

#[test]
fn damage_is_told_and_survived() {
    let mut said = Said::default();
    let sandbox = built();
    let whole = sandbox.bytes(DATABASE);
    let shown = whole.len() / 3;
    let mut lengths = vec![shown, 1, 15, 16, 99, 100, 101, 511, 513, 4095, 4097];
    lengths.extend((0..16).map(|it| whole.len() * it / 16 + 7));
    for length in lengths {
        fs::write(sandbox.path(DATABASE), &whole[..length]).expect("the instance can be written");
        let _ = fs::remove_file(sandbox.path(".assetctl/instance.db-wal"));
        if length == shown {
            said.of("read", &sandbox, &["status"], 0);
            said.of("written", &sandbox, &["materialize", "clean"], 0);
        } else {
            sandbox.run(&["status"]).success();
            sandbox.run(&["materialize", "clean"]).success();
        }
        assert_eq!(sandbox.read("build/clean.csv"), "1\n", "{length} bytes");
        sandbox.materialize(&["clean"]).success().ran_nothing();
        if length == shown {
            fs::write(sandbox.path(DATABASE), &whole[..length])
                .expect("the instance can be written");
            let _ = fs::remove_file(sandbox.path(".assetctl/instance.db-wal"));
            said.of("accepted", &sandbox, &["accept", "clean"], 0);
            sandbox.materialize(&["clean"]).success().ran_nothing();
        }
    }
    for case in 0..12_u32 {
        let mut bytes = whole.clone();
        let digest = blake3::hash(&case.to_le_bytes());
        let mut noise = vec![0; 64 << (case % 6)];
        let mut reader = blake3::Hasher::new()
            .update(digest.as_bytes())
            .finalize_xof();
        reader.fill(&mut noise);
        let at = usize::from(digest.as_bytes()[0]) * (bytes.len() - noise.len()) / 255;
        bytes[at..at + noise.len()].copy_from_slice(&noise);
        fs::write(sandbox.path(DATABASE), &bytes).expect("the instance can be written");
        let _ = fs::remove_file(sandbox.path(".assetctl/instance.db-wal"));
        sandbox.run(&["status"]).success();
        sandbox.run(&["materialize", "clean"]).success();
        sandbox.materialize(&["clean"]).success().ran_nothing();
    }
    said.compare("damaged");
}

#[test]
fn damage_that_only_writing_meets_is_put_right() {
    let sandbox = built();
    let manifest = sandbox.read("Assets.toml");
    let dynamic = r#"
[partitions.upload]
type = "dynamic"

[asset.by_upload]
partitions = "upload"
command = "echo > {{output}}"
outputs = "build/uploads/{{partition}}"
"#;
    sandbox.write("Assets.toml", format!("{manifest}{dynamic}"));
    let keys = ["partitions", "add", "upload", "k1", "k2"];
    sandbox.run(&keys).success();
    sandbox.run(&["materialize"]).success();
    let whole = sandbox.bytes(DATABASE);
    let pages = whole.len() / 4096;
    for (page, within) in (0..pages).flat_map(|page| [(page, 0), (page, 3), (page, 2011)]) {
        let mut bytes = whole.clone();
        // The first page begins with the header of the file.
        let at = page * 4096 + if page == 0 { within.max(100) } else { within };
        bytes[at] ^= 0xff;
        fs::write(sandbox.path(DATABASE), &bytes).expect("the instance can be written");
        let _ = fs::remove_file(sandbox.path(".assetctl/instance.db-wal"));
        let text = format!("{page} {within}\n");
        sandbox.write("raw.csv", &text);
        sandbox
            .run(&["materialize", "clean"])
            .exits_with_one_of(&[0, 3]);
        sandbox.run(&["materialize", "clean"]).success();
        assert_eq!(sandbox.read("build/clean.csv"), text, "{at}");
        sandbox.materialize(&["clean"]).success().ran_nothing();
    }
}

#[test]
fn a_damaged_key_in_a_sound_file_is_set_aside() {
    let manifest = r#"
[partitions.upload]
type = "dynamic"

[asset.by_upload]
partitions = "upload"
command = "echo > {{output}}"
outputs = "build/uploads/{{partition}}"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let keys = ["partitions", "add", "upload", "k1", "zz-last"];
    sandbox.run(&keys).success();
    drop(connection(&sandbox));
    let mut bytes = sandbox.bytes(DATABASE);
    // In the table and in its index alike, and the order stays.
    let places: Vec<usize> = (0..bytes.len() - 7)
        .filter(|at| &bytes[*at..*at + 7] == b"zz-last")
        .collect();
    assert_eq!(places.len(), 2, "a row and its entry in the index");
    for at in places {
        bytes[at + 6] = 0xff;
    }
    fs::write(sandbox.path(DATABASE), &bytes).expect("the instance can be written");
    let found: String = connection(&sandbox)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("it can be read");
    assert_eq!(found, "ok");

    sandbox.run(&["status"]).success();
    let first = sandbox.materialize(&[]).success();
    first.ran(&["by_upload@k1"]);
    let moved = format!("{DATABASE}.damaged-1");
    assert!(first.stderr().contains(&moved), "{}", first.stderr());
    assert_eq!(sandbox.bytes(&moved), bytes, "kept as it was");
    sandbox.materialize(&[]).success().ran_nothing();
    let keys = ["partitions", "list", "upload", "--keys"];
    assert_eq!(sandbox.run(&keys).success().stdout(), "k1\n");
}

#[test]
fn a_newer_instance_is_left_alone() {
    let sandbox = built();
    connection(&sandbox)
        .pragma_update(None, "user_version", 999)
        .expect("it can be written");
    let before = sandbox.bytes(DATABASE);
    let mut said = Said::default();
    said.of("read", &sandbox, &["status"], 3);
    said.of("written", &sandbox, &["materialize"], 3);
    said.of("in JSON", &sandbox, &["status", "--json"], 3);
    assert_eq!(sandbox.bytes(DATABASE), before);
    said.compare("newer");
}

#[test]
fn an_instance_that_another_process_keeps_locked() {
    let sandbox = built();
    sandbox.write("raw.csv", "2\n");
    let other = connection(&sandbox);
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else has it");
    let mut said = Said::default();
    said.of("read", &sandbox, &["status", "clean"], 0);
    said.of("written", &sandbox, &["materialize", "clean"], 3);
    assert_eq!(sandbox.read("build/clean.csv"), "1\n");
    other.execute_batch("ROLLBACK").expect("it was begun");
    sandbox.run(&["materialize", "clean"]).success();
    said.compare("locked");
}

#[test]
fn a_project_that_cannot_be_written() {
    let sandbox = built();
    sandbox.write("raw.csv", "2\n");
    let Some(stranger) = Stranger::of(&sandbox) else {
        return;
    };
    let mut said = Said::default();
    for (case, arguments, code) in [
        ("status", &["status", "clean"][..], 0),
        ("plan", &["plan", "clean"], 0),
        ("explain", &["explain", "clean"], 0),
        ("a run", &["materialize", "clean"], 3),
    ] {
        stranger.says(&mut said, case, arguments, code);
    }
    assert_eq!(sandbox.read("build/clean.csv"), "1\n");
    said.compare("read_only");
}

#[test]
fn a_full_disk() {
    let sandbox = Sandbox::new();
    let Some(mount) = SmallDisk::at(&sandbox.project(), "1m") else {
        return;
    };
    sandbox.write(
        "Assets.toml",
        r#"
[asset.large]
command = "head -c 2000000 /dev/zero > {{output}}"
outputs = "build/large"
"#,
    );
    let mut said = Said::default();
    said.of("a command fills it", &sandbox, &["materialize"], 1);
    sandbox.edit("Assets.toml", "2000000", "10000");
    sandbox.run(&["materialize"]).success();
    fs::write(sandbox.path("filler"), vec![0; 2_000_000]).expect_err("it is small");
    sandbox.edit("Assets.toml", "10000", "20000");
    said.of("it is full before", &sandbox, &["materialize"], 3);
    assert_eq!(sandbox.bytes("build/large").len(), 10_000);
    for (answers, arguments) in [
        ("stale", &["status"][..]),
        ("run", &["plan"]),
        ("is stale", &["explain", "large"]),
        ("materialized", &["history", "large"]),
        ("large", &["list", "status:stale"]),
    ] {
        let told = sandbox.run(arguments).success();
        assert!(told.stdout().contains(answers), "{}", told.stdout());
    }
    sandbox.run(&["check"]).exits(1);
    sandbox.remove("filler");
    sandbox.run(&["materialize"]).success();
    sandbox.materialize(&[]).success().ran_nothing();
    drop(mount);
    said.compare("full_disk");
}

fn connection(sandbox: &Sandbox) -> Connection {
    Connection::open(sandbox.path(DATABASE)).expect("there is an instance")
}

/// Another user, who may read the project and not write it.
struct Stranger<'a>(&'a Sandbox);

impl<'a> Stranger<'a> {
    /// `None`, with a line that says so, where this test does not run as root or no other user can be taken on.
    fn of(sandbox: &'a Sandbox) -> Option<Self> {
        let words = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "true",
        ];
        let is_root = rustix::process::geteuid().is_root();
        if !is_root || !works(&words) {
            println!("skipped: needs root and setpriv");
            return None;
        }
        open_to_all(&sandbox.path(".."));
        Some(Self(sandbox))
    }

    #[track_caller]
    fn says(&self, said: &mut Said, case: &str, arguments: &[&str], code: i32) {
        let binary = env!("CARGO_BIN_EXE_assetctl");
        let mut words = vec![
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            binary,
        ];
        words.extend(arguments);
        let outcome = self.0.run_command(&words).exits(code);
        said.add(case, self.0, arguments, &outcome.said());
    }
}

/// Lets everybody read, and nobody but the owner write.
fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("it is ours") {
            open_to_all(&entry.expect("readable").path());
        }
    }
}

/// A small file system in memory; unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None`, with a line that says so, where it cannot be mounted.
    fn at(folder: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let place = folder.to_str().expect("temporary folders have plain names");
        if works(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", place]) {
            return Some(Self(folder.to_owned()));
        }
        println!("skipped: cannot mount a small file system");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let place = self.0.to_str().expect("temporary folders have plain names");
        works(&["umount", place]);
    }
}

fn works(words: &[&str]) -> bool {
    let output = std::process::Command::new(words[0])
        .args(&words[1..])
        .output();
    output.is_ok_and(|it| it.status.success())
}
