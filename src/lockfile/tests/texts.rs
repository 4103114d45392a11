//! Texts both ways, and texts that only the reader takes.

use super::{HEADER, added, file, key, lines_of, of_keys, source};
use crate::digest::Digest;
use crate::lockfile::{FILE_NAME, LockPlace, parse, print, salvage};
use crate::model::{
    AssetKey, CodePrefix, ContributionPrefix, DataVersion, Fingerprint, Lock, LockBlock, LockLine,
    LockedAsset, LockedOutput,
};

const I: &str = "5b0c0000000000000000000000000001";
const O: &str = "c41d0000000000000000000000000002";
const X: &str = "77aa0000000000000000000000000003";

fn digest(hex: &str) -> Digest {
    Digest::from_hex(hex).expect("hexadecimal digits")
}

fn output(label: Option<&str>, hex: Option<&str>) -> LockedOutput {
    LockedOutput {
        label: label.map(Into::into),
        version: hex.map(|hex| DataVersion(digest(hex))),
    }
}

fn lock_of(asset: &str, lines: Vec<LockLine>, blocks: Vec<LockBlock>) -> Lock {
    Lock {
        assets: vec![LockedAsset {
            asset: AssetKey::of_path(asset),
            lines,
            blocks,
        }],
        ..Lock::default()
    }
}

fn bare_line(partition: Option<&str>) -> LockLine {
    LockLine {
        partition: partition.map(key),
        code: CodePrefix(0x9e1f_0c3a_77d2_1b05),
        fingerprint: Fingerprint(digest(I)),
        outputs: [output(None, Some(O))].into(),
        contributions: [].into(),
        stand_in: None,
    }
}

#[test]
fn each_kind_of_line_both_ways() {
    let with_all = LockLine {
        outputs: [output(Some("report"), Some(O)), output(Some("data"), None)].into(),
        contributions: [ContributionPrefix(0x1f09_a2c4), ContributionPrefix(0)].into(),
        stand_in: Some(digest(X)),
        ..bare_line(Some("a b"))
    };
    let block = LockBlock {
        first: key("2013-07-01"),
        last: key(".x"),
        count: 245,
        code: CodePrefix(1),
        stand_in: digest(X),
        outputs: [output(Some("a"), Some(O)), output(None, Some(I))].into(),
    };
    let sourced = |partition| Lock {
        sources: vec![source("./raw.csv", partition)],
        ..Lock::default()
    };
    let keyed = Lock {
        added: vec![added("uploads", "-"), added("uploads", "+ x")],
        ..Lock::default()
    };
    let version = source("./raw.csv", None).version;
    for (lock, lines) in [
        (Lock::default(), vec![]),
        (
            keyed,
            vec!["+ uploads %2D".to_owned(), "+ uploads +%20x".to_owned()],
        ),
        (sourced(None), vec![format!("@./raw.csv - o={version}")]),
        (
            sourced(Some("1")),
            vec![format!("@./raw.csv 1 o={version}")],
        ),
        (
            lock_of("clean", vec![bare_line(Some("2013-07-04"))], vec![]),
            vec![format!("clean 2013-07-04 c=9e1f0c3a77d21b05 i={I} o={O}")],
        ),
        (
            lock_of("format", vec![with_all], vec![]),
            vec![format!(
                "%66ormat a%20b c=9e1f0c3a77d21b05 i={I} x={X} o.report={O} o.data=~ d=1f09a2c4,00000000"
            )],
        ),
        (
            lock_of("clean", vec![bare_line(None)], vec![block]),
            vec![
                format!("clean - c=9e1f0c3a77d21b05 i={I} o={O}"),
                format!("clean 2013-07-01...%2Ex n=245 c=0000000000000001 x={X} o.a={O} o={I}"),
            ],
        ),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let text = file(&lines);
        assert_eq!(print(&lock), text);
        let parsed = parse("Assets.lock", text.as_bytes()).expect("what was written is read");
        assert_eq!((parsed.lock, parsed.tidy), (lock, true), "{text}");
    }
}

#[test]
fn what_only_the_reader_takes() {
    let one = format!("clean 1 c=9e1f0c3a77d21b05 i={I} o={O}");
    let other = format!("clean 1 c=9e1f0c3a77d21b05 i={X} o={O}");
    let two = format!("year - c=9e1f0c3a77d21b05 i={I} o={O}");
    let tidy = |text: &str, lines: &[&str], tidy: bool| {
        let parsed = parse("Assets.lock", text.as_bytes()).unwrap_or_else(|error| {
            panic!("{text:?}: {error}");
        });
        let wanted = parse("Assets.lock", file(lines).as_bytes()).expect("a tidy text");
        assert_eq!(lines_of(&parsed.lock), lines_of(&wanted.lock), "{text:?}");
        assert_eq!(parsed.tidy, tidy, "{text:?}");
    };
    let crlf = file(&[&one, &two]).replace('\n', "\r\n");
    tidy(&crlf, &[&one, &two], true);
    tidy(
        &format!("\u{feff}{two}\n\n# x\n{one}\n{HEADER}"),
        &[&one, &two],
        true,
    );
    tidy(
        &format!("{HEADER}{HEADER}  clean\t1  c=9e1f0c3a77d21b05 o={O} i={I} \n"),
        &[&one],
        true,
    );
    tidy(
        &format!("{HEADER}cl%65an %31 c=9e1f0c3a77d21b05 i={I} o={O}\n"),
        &[&one],
        true,
    );
    tidy(&file(&[&one, &two, &one]), &[&one, &two], false);
    tidy(&file(&[&one, &two, &other]), &[&one, &two, &other], false);
    tidy(
        &file(&["+ d k", "+ e k", "+ d j", "+ d k"]),
        &["+ d k", "+ d j", "+ e k"],
        false,
    );
    tidy(&file(&["+ d k", "+ e k"]), &["+ d k", "+ e k"], true);
    let from = format!("@s 1 o={O}");
    let to = format!("@s 2 o={O}");
    tidy(&file(&[&from, &to]), &[&from, &to], true);
    let conflict = [
        "<<<<<<< HEAD",
        &one,
        "||||||| 1234",
        &two,
        "=======",
        &other,
        ">>>>>>> x",
    ];
    tidy(&file(&conflict), &[&one, &other], false);
}

#[test]
fn keys_are_written_by_definition_in_their_own_order() {
    let lock = Lock {
        added: vec![
            added("e", "z"),
            added("d", "b"),
            added("e", "a"),
            added("d", "c"),
        ],
        ..Lock::default()
    };
    assert_eq!(print(&lock), file(&["+ d b", "+ d c", "+ e z", "+ e a"]));
}

#[test]
fn a_file_is_written_only_where_it_differs() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let of_environment = LockPlace::at(root.path(), "locks/Assets.prod.lock");
    for place in [LockPlace::in_root(root.path()), of_environment] {
        written_only_where_it_differs(&place);
    }
}

fn written_only_where_it_differs(place: &LockPlace) {
    let read_lock = || place.read().expect("a lock").map(|parsed| parsed.lock);
    assert_eq!(read_lock(), None);
    assert_eq!(place.added_keys().expect("no keys"), []);
    let first = lock_of("clean", vec![bare_line(None)], vec![]);
    let second = Lock {
        added: vec![added("d", "x")],
        ..first.clone()
    };
    for (lock, written) in [(&first, true), (&first, false), (&second, true)] {
        let text = print(lock);
        assert_eq!(place.write_text(text.as_bytes()).expect("written"), written);
        assert_eq!(read_lock().as_ref(), Some(lock));
    }
    assert_eq!(place.added_keys().expect("keys"), [added("d", "x")]);
}

#[test]
fn keys_are_found_whatever_the_other_lines_are() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let keys = |text: String| {
        std::fs::write(root.path().join("Assets.lock"), text).expect("the file can be written");
        LockPlace::in_root(root.path())
            .added_keys()
            .map_err(|error| error.to_string())
    };
    let lines = [
        "+ d a",
        "torn -",
        "<<<<<<< x",
        "+ d b",
        "||||||| y",
        "+ d q",
        "=======",
        "+ d c",
        ">>>>>>> z",
    ];
    let found = vec![added("d", "a"), added("d", "b"), added("d", "c")];
    assert_eq!(keys(file(&lines)), Ok(found));
    assert_eq!(keys("formats - x".to_owned()), Ok(vec![]));
    for (text, error) in [
        ("+ d a", "line 1 of `Assets.lock` cannot be read"),
        ("x\n+ d\n", "line 2 of `Assets.lock` cannot be read"),
        (
            "format 3\n",
            "`Assets.lock` is of format 3; this assetctl reads format 2",
        ),
    ] {
        assert_eq!(keys(text.to_owned()), Err(error.to_owned()));
    }
}

#[test]
fn a_long_text_gives_what_its_lines_give() {
    let keys: Vec<String> = (0..20_000)
        .map(|number| format!("key-{number:06}"))
        .collect();
    let mut lock = of_keys("long", &keys[..12_000]);
    lock.assets.extend(of_keys("longer", &keys).assets);
    lock.sources.push(source("raw", None));
    lock.added.push(added("uploads", "a"));
    let text = print(&lock);
    let parsed = parse(FILE_NAME, text.as_bytes()).expect("a text of ours");
    assert!(parsed.tidy);
    assert_eq!(print(&parsed.lock), text);
    let doubled = format!("{text}{}\n", text.lines().last().expect("there are lines"));
    let parsed = parse(FILE_NAME, doubled.as_bytes()).expect("a text of ours");
    assert!(
        !parsed.tidy,
        "one line stands twice, far from itself or not"
    );
    assert_eq!(print(&parsed.lock), text);
    let torn = &text[..text.len() - 1];
    let (_, damaged) = salvage(FILE_NAME, torn.as_bytes()).expect("a text of ours");
    let lines: Vec<u32> = damaged.iter().map(|damaged| damaged.line).collect();
    assert_eq!(lines, [text.lines().count() as u32]);
}
