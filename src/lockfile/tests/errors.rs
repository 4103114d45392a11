//! What is said of a file that cannot be read, and what of it can be.

use miette::Diagnostic;

use super::{HEADER, file, lines_of};
use crate::lockfile::{LockError, parse, salvage};

pub(super) const GOOD: &str = "clean 1 c=9e1f0c3a77d21b05 i=5b0c0000000000000000000000000001 o=c41d0000000000000000000000000002";
const C: &str = "c=9e1f0c3a77d21b05";
const I: &str = "i=5b0c0000000000000000000000000001";
const O: &str = "o=c41d0000000000000000000000000002";
const X: &str = "x=77aa0000000000000000000000000003";

/// Texts that are refused as a whole, whoever reads them.
pub(super) fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let good = format!("{GOOD}\n");
    vec![
        (
            "newer format",
            text("# a title\nformat 12 rule 3 more\nclean 1 q=7\n"),
        ),
        (
            "newer format below",
            text(&file(&["torn", "format 3 rule 2"])),
        ),
        ("great format", text("format 99999999999 rule 2\n")),
        ("unknown rule", text(&format!("format 1 rule 7\n{good}"))),
        (
            "pointer",
            text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
        ),
        (
            "nul",
            [HEADER.as_bytes(), b"clean \0\0\0 x\x1b[31m\n"].concat(),
        ),
        (
            "latin-1",
            [HEADER.as_bytes(), b"Z\xfcrich - c=1\n"].concat(),
        ),
    ]
}

/// Lines that are damaged, each in a file of its own.
pub(super) fn damaged() -> Vec<(&'static str, String)> {
    let line = |words: &[&str]| words.join(" ");
    vec![
        ("no key", "clean".to_owned()),
        ("no name", line(&["@", "-", O])),
        ("escape", line(&["100%", "-", C, I, O])),
        ("key", line(&["clean", "a%0Ab", C, I, O])),
        ("end of a block", line(&["clean", "a...", "n=1", C, X, O])),
        (
            "range in a key",
            line(&["clean", "a...b...c", "n=1", C, X, O]),
        ),
        ("no field", line(&["clean", "1", C, I, O, "and"])),
        ("unknown field", line(&["clean", "1", C, I, O, "when=2013"])),
        ("field of blocks", line(&["clean", "1", "n=3", C, I, O])),
        (
            "field of lines",
            line(&["clean", "1...2", "n=3", C, I, X, O]),
        ),
        ("field of assets", line(&["@raw", "1", C, O])),
        (
            "label of a source",
            line(&["@raw", "1", &O.replace("o=", "o.a=")]),
        ),
        ("twice", line(&["clean", "1", C, I, O, O])),
        ("code twice", line(&["clean", "1", C, C, I, O])),
        (
            "deps twice",
            line(&["clean", "1", C, I, O, "d=00000000", "d=00000000"]),
        ),
        ("torn digest", line(&["clean", "1", C, "i=5b0c", O])),
        (
            "upper case",
            line(&["clean", "1", C, &I.replace("5b", "5B"), O]),
        ),
        ("empty value", line(&["clean", "1", C, I, "o="])),
        ("no version of a source", line(&["@raw", "1", "o=~"])),
        ("number", line(&["clean", "1...2", "n=0", C, X, O])),
        ("deps", line(&["clean", "1", C, I, O, "d=1f09a2c4,"])),
        ("no fingerprint", line(&["clean", "1", C, O])),
        ("no output", line(&["clean", "1", C, I])),
        ("no count", line(&["clean", "1...2", C, X, O])),
        ("no version", line(&["@raw", "1"])),
        ("definition", "+ up/loads x".to_owned()),
        ("no added key", "+ uploads -".to_owned()),
        ("key with a space", "+ uploads a b".to_owned()),
        ("header", "format 1".to_owned()),
        ("header with more", "format 1 rule 2 x".to_owned()),
        ("header of old", "format 0 rule 2".to_owned()),
        ("no marker", "<<<<<< ours".to_owned()),
        ("no base", "||||||| base".to_owned()),
    ]
}

pub(super) fn error_of(text: &[u8]) -> LockError {
    parse("Assets.lock", text).expect_err("a text that cannot be read")
}

fn code_of(error: &LockError) -> String {
    error.code().expect("every error has a code").to_string()
}

#[test]
fn who_writes_anew_leaves_out_only_damaged_lines() {
    let good = parse("Assets.lock", file(&[GOOD]).as_bytes()).expect("a good line");
    let others: Vec<String> = ["2", "3"]
        .map(|key| GOOD.replace(" 1 ", &format!(" {key} ")))
        .into();
    for (case, line) in damaged() {
        let text = file(&[GOOD, &line]);
        let error = error_of(text.as_bytes());
        let LockError::Damaged { lines, .. } = &error else {
            panic!("{case}: {error}");
        };
        assert_eq!(
            lines.iter().map(|it| it.line).collect::<Vec<_>>(),
            [4],
            "{case}"
        );
        let (lock, told) = salvage("Assets.lock", text.as_bytes()).expect("the rest is read");
        assert_eq!((&lock, &told), (&good.lock, lines), "{case}");
    }
    let torn = file(&[&others[0], &others[1], GOOD]);
    for cut in 1..GOOD.len() {
        let text = &torn.as_bytes()[..torn.len() - cut];
        let (lock, told) = salvage("Assets.lock", text).expect("the rest is read");
        assert_eq!(
            (lock.assets[0].lines.len(), told.len()),
            (2, 1),
            "{cut} bytes are missing"
        );
        assert_eq!(code_of(&error_of(text)), "assetctl::lockfile::damaged");
    }
}

#[test]
fn who_writes_anew_does_not_lose_what_others_can_read() {
    for (case, text) in refused() {
        let error = salvage("Assets.lock", &text).expect_err(case);
        assert_eq!(code_of(&error), code_of(&error_of(&text)), "{case}");
        assert_ne!(code_of(&error), "assetctl::lockfile::damaged", "{case}");
    }
    for (text, lines) in [("", 0), ("\n", 0), ("# only a comment\n", 0), (GOOD, 0)] {
        let (lock, _) = salvage("Assets.lock", text.as_bytes()).expect("nothing to lose");
        assert_eq!(lines_of(&lock).len(), 2 + lines, "{text:?}");
        assert!(parse("Assets.lock", text.as_bytes()).is_err(), "{text:?}");
    }
    let headless = format!("{GOOD}\n");
    assert_eq!(
        code_of(&error_of(headless.as_bytes())),
        "assetctl::lockfile::no_header"
    );
    let (lock, _) = salvage("Assets.lock", headless.as_bytes()).expect("a good line");
    assert_eq!(lines_of(&lock).len(), 3);
}

#[test]
fn of_many_damaged_lines_the_first_are_shown() {
    for (lines, message, shown) in [
        (1, "line 3 of `Assets.lock` cannot be read", 1),
        (20, "20 lines of `Assets.lock` cannot be read", 20),
        (
            30,
            "30 lines of `Assets.lock` cannot be read; here are the first 20",
            20,
        ),
    ] {
        let error = error_of(file(&vec!["torn"; lines]).as_bytes());
        let others = error.related().into_iter().flatten().count();
        assert_eq!((error.to_string().as_str(), 1 + others), (message, shown));
    }
}
