//! Answers that are kept: they are given again, and never a moment longer than they are true.
//!
//! What an answer should be is asked of a copy of the project that keeps nothing.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use crate::sandbox::Sandbox;

const PROGRAM: &str = env!("CARGO_BIN_EXE_assetctl");

/// The kept answer of `list`.
const LIST: &str = ".assetctl/list.cache";

/// A project whose answers are long enough to be worth keeping.
fn project() -> Sandbox {
    let mut manifest = String::from(
        "[project]\ninclude = [\"parts/*.toml\"]\n\n[partitions.found]\ntype = \"files\"\npattern = \"in/{{partition}}.csv\"\n\n\
         [partitions.added]\ntype = \"dynamic\"\n\n\
         [asset.of_file]\npartitions = \"found\"\ncommand = \"echo $GREETING > {{output}}\"\noutputs = \"out/{{partition}}.csv\"\n\
         env = { GREETING = { from_env = \"GREETING\" } }\n\n\
         [asset.of_key]\npartitions = \"added\"\ncommand = \"echo > {{output}}\"\noutputs = \"keys/{{partition}}.csv\"\n\n",
    );
    let long = "x".repeat(200);
    for i in 0..400 {
        write!(manifest, "[source.s{i:03}_{long}]\npath = \"data/{i}\"\n\n")
            .expect("writing to a String cannot fail");
    }
    Sandbox::new()
        .with_file("Assets.toml", &manifest)
        .with_file("parts/one.toml", "[source.of_part]\npath = \"part\"\n")
        .with_file("in/a.csv", "1\n")
        .with_file(".assetctl/.keep", "")
}

fn list(sandbox: &Sandbox, words: &[&str]) -> String {
    let words = [&["env"], words].concat();
    sandbox.run_command(&words).success().stdout().to_owned()
}

/// The answer of a copy of the project that keeps nothing.
fn truth(sandbox: &Sandbox, words: &[&str]) -> String {
    let user = sandbox.project().with_file_name("home");
    let copy = Sandbox::new()
        .with_env("HOME", &user.display().to_string())
        .with_copy(&sandbox.project(), "");
    for kept in [LIST, ".assetctl/manifest.cache"] {
        if copy.path(kept).exists() {
            copy.remove(kept);
        }
    }
    list(&copy, words)
}

/// The file that holds a kept answer: another one after each time that it is written.
fn inode(sandbox: &Sandbox, kept: &str) -> u64 {
    let path = sandbox.path(kept);
    let metadata = path.metadata();
    metadata
        .unwrap_or_else(|error| panic!("{kept}: {error}"))
        .ino()
}

const ALL: [&str; 2] = [PROGRAM, "list"];

/// Whether the answer to `words` comes from what is kept: who is asked to make it, keeps it.
fn is_kept(sandbox: &Sandbox, words: &[&str]) -> bool {
    let before = inode(sandbox, LIST);
    list(sandbox, words);
    inode(sandbox, LIST) == before
}

#[test]
fn an_answer_is_given_again_until_a_declaration_changes() {
    type Change = fn(&Sandbox);
    let changes: &[(&str, Change)] = &[
        ("the manifest", |it| {
            it.edit("Assets.toml", "[source.s007_", "[source.s7_7_");
        }),
        ("the manifest, in what is not listed", |it| {
            it.edit("Assets.toml", "path = \"data/7\"", "path = \"data/x\"");
        }),
        ("an included file", |it| {
            it.edit("parts/one.toml", "of_part", "of_trap");
        }),
        ("a new included file", |it| {
            it.write("parts/two.toml", "[source.of_two]\npath = \"two\"\n");
        }),
        ("an included file is gone", |it| it.remove("parts/two.toml")),
        ("an included file has another name", |it| {
            let text = it.read("parts/one.toml");
            it.remove("parts/one.toml");
            it.write("parts/first.toml", &text);
        }),
    ];
    let sandbox = project();
    list(&sandbox, &ALL);
    for (case, change) in changes {
        assert!(is_kept(&sandbox, &ALL), "before: {case}");
        change(&sandbox);
        assert!(!is_kept(&sandbox, &ALL), "{case}");
        assert_eq!(list(&sandbox, &ALL), truth(&sandbox, &ALL), "{case}");
        let json = [PROGRAM, "list", "--json"];
        assert_eq!(list(&sandbox, &json), truth(&sandbox, &json), "{case}");
        list(&sandbox, &ALL);
    }
}

#[test]
fn an_answer_to_one_question_is_none_to_another() {
    let sandbox = project();
    let name = format!("s001_{}", "x".repeat(200));
    let elsewhere = sandbox.project().display().to_string();
    let questions: &[&[&str]] = &[
        &ALL,
        &[PROGRAM, "list", "--json"],
        &[PROGRAM, "list", "-v"],
        &[PROGRAM, "list", "-q"],
        &[PROGRAM, "list", &name],
        &[PROGRAM, "list", "of_file", "of_part"],
        &[PROGRAM, "list", "key:s00*"],
        &[PROGRAM, "list", "group:none"],
        &[PROGRAM, "list", "--color", "always"],
        &["COLUMNS=40", PROGRAM, "list"],
        &["COLUMNS=90", PROGRAM, "list"],
        &["LANG=C.UTF-8", PROGRAM, "list"],
        &["GREETING=hello", PROGRAM, "list"],
        &[PROGRAM, "-C", &elsewhere, "list"],
    ];
    let true_ones: Vec<String> = questions
        .iter()
        .map(|words| truth(&sandbox, words))
        .collect();
    // Each question behind each other one.
    for (first, _) in questions.iter().zip(&true_ones) {
        for (then, expected) in questions.iter().zip(&true_ones) {
            list(&sandbox, first);
            assert_eq!(&list(&sandbox, then), expected, "{then:?} behind {first:?}");
        }
    }
}

#[test]
fn what_is_damaged_or_of_another_program_is_not_given() {
    let sandbox = project();
    let expected = list(&sandbox, &ALL);
    let kept = sandbox.bytes(LIST);
    let path = sandbox.path(LIST);
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    for at in [0, 15, 16, 31, 32, 1_000, kept.len() - 1] {
        let mut bytes = kept.clone();
        bytes[at] ^= 1;
        damaged.push(bytes);
    }
    for len in [0, 10, 32, kept.len() - 1] {
        damaged.push(kept[..len].to_vec());
    }
    damaged.push([kept.as_slice(), b"more\n"].concat());
    for bytes in damaged {
        fs::write(&path, &bytes).expect("the sandbox can be written");
        assert_eq!(list(&sandbox, &ALL), expected);
        assert_eq!(sandbox.bytes(LIST), kept, "it is kept anew");
    }

    let other = sandbox.path("program");
    fs::copy(PROGRAM, &other).expect("the sandbox can be written");
    let other = other.to_str().expect("temporary folders have plain names");
    assert!(is_kept(&sandbox, &ALL));
    assert!(!is_kept(&sandbox, &[other, "list"]), "another program");
    assert!(is_kept(&sandbox, &[other, "list"]));
    let file = File::options()
        .append(true)
        .open(other)
        .expect("it is there");
    let later = SystemTime::now() + Duration::from_mins(1);
    file.set_modified(later)
        .expect("the sandbox can be written");
    drop(file);
    assert!(!is_kept(&sandbox, &[other, "list"]), "a new build of it");
}

#[test]
fn completions_know_the_keys_of_now() {
    let sandbox = project();
    let words = |word: &str| {
        let asked = [
            "ASSETCTL_COMPLETE=fish",
            PROGRAM,
            "--",
            "assetctl",
            "explain",
            word,
        ];
        let offered = list(&sandbox, &asked);
        assert_eq!(offered, truth(&sandbox, &asked), "{word}");
        offered
    };
    assert_eq!(words("of_file@"), "of_file@a\n");
    assert_eq!(words("of_key@"), "");
    sandbox.write("in/b.csv", "2\n");
    assert_eq!(words("of_file@"), "of_file@b\nof_file@a\n");
    sandbox.remove("in/a.csv");
    assert_eq!(words("of_file@"), "of_file@b\n");
    sandbox.run(&["partitions", "add", "added", "k"]).success();
    assert_eq!(words("of_key@"), "of_key@k\n");
    sandbox
        .run(&["partitions", "remove", "added", "k"])
        .success();
    assert_eq!(words("of_key@"), "");
    sandbox.edit("parts/one.toml", "of_part", "of_trap");
    assert_eq!(words("of_"), "of_file\nof_key\nof_trap\n");
    sandbox.edit(
        "Assets.toml",
        "partitions = \"found\"",
        "partitions = \"added\"",
    );
    sandbox.run(&["partitions", "add", "added", "z"]).success();
    assert_eq!(words("of_file@"), "of_file@z\n");
}
