//! What git makes of two versions of a lock file, and what is read of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{lines_of, of_keys};
use crate::lockfile::{parse, print};
use crate::model::Lock;

fn days(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|day| format!("day-{day:04}")).collect()
}

/// The keys 0 to 499 and five more from each of these.
fn with_days(starts: &[usize]) -> Lock {
    let mut keys = days(0, 500);
    for start in starts {
        keys.extend(days(*start, start + 5));
    }
    of_keys("clean", &keys)
}

/// What `git merge-file` makes of `ours` and `theirs`, and the number of conflicts.
fn merged(options: &[&str], base: &str, ours: &str, theirs: &str) -> (String, i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let texts = [("ours", ours), ("base", base), ("theirs", theirs)];
    for (name, text) in texts {
        fs::write(folder.path().join(name), text).expect("the file can be written");
    }
    run_git(folder.path(), options)
}

fn run_git(folder: &Path, options: &[&str]) -> (String, i32) {
    let output = Command::new("git")
        .args(["merge-file", "-p"])
        .args(options)
        .args(["ours", "base", "theirs"])
        .current_dir(folder)
        .output()
        .expect("git is installed");
    let text = String::from_utf8(output.stdout).expect("the files are UTF-8");
    (text, output.status.code().expect("git was not killed"))
}

#[test]
fn branches_that_append_keys() {
    let both = lines_of(&with_days(&[500, 600]));
    let [base, ours, theirs] = [&[][..], &[500], &[600]].map(|starts| print(&with_days(starts)));
    for (options, markers) in [
        (&["--union"][..], false),
        (&[], true),
        (&["--diff3"], true),
        (&["--zdiff3", "--marker-size=9"], true),
    ] {
        let (text, conflicts) = merged(options, &base, &ours, &theirs);
        let parsed = parse("Assets.lock", text.as_bytes()).expect("what git leaves is read");
        assert_eq!(lines_of(&parsed.lock), both, "{options:?}");
        assert_eq!(
            text.contains("<<<<<<<"),
            markers && conflicts > 0,
            "{options:?}"
        );
    }
}

#[test]
fn branches_that_run_the_same_keys() {
    let changed = |seed: &str| {
        let mut lock = with_days(&[]);
        for line in &mut lock.assets[0].lines[100..105] {
            let key = line.partition.clone();
            *line = super::line(key, seed);
        }
        lock
    };
    let [base, ours, theirs] = [with_days(&[]), changed("ours"), changed("theirs")];
    let [base_text, our_text, their_text] = [&base, &ours, &theirs].map(print);
    let mut both = [lines_of(&ours), lines_of(&theirs)].concat();
    both.sort();
    both.dedup();
    for options in [&["--union"][..], &[], &["--diff3"], &["--zdiff3"]] {
        let (text, _) = merged(options, &base_text, &our_text, &their_text);
        let parsed = parse("Assets.lock", text.as_bytes()).expect("what git leaves is read");
        assert_eq!(lines_of(&parsed.lock), both, "{options:?}");
        assert!(!parsed.tidy, "{options:?}");
        let tidied = parse("Assets.lock", print(&parsed.lock).as_bytes()).expect("a text of ours");
        assert_eq!(lines_of(&tidied.lock), both, "writing decides nothing");
    }
}
