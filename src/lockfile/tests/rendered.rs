//! What people are told of a file that cannot be read.

use std::fmt::Write;
use std::fs;

use super::errors::{GOOD, damaged, error_of, refused};
use super::file;
use crate::lockfile::{LockError, LockPlace};

#[test]
fn what_is_said() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let mut said = String::new();
    let mut say = |case: &str, error: &LockError| {
        writeln!(said, "━━━ {case}\n{}\n", rendered(error)).expect("a String takes everything");
    };
    fs::create_dir(root.path().join("Assets.lock")).expect("a folder can be made");
    say(
        "directory",
        &LockPlace::in_root(root.path())
            .read()
            .expect_err("it cannot be read"),
    );
    let gone = root.path().join("gone");
    say(
        "no folder",
        &LockPlace::in_root(&gone)
            .write_text(b"")
            .expect_err("it cannot be written"),
    );
    say("empty", &error_of(b""));
    say("blank", &error_of(b"\n\n"));
    say("no header", &error_of(format!("{GOOD}\n").as_bytes()));
    for (case, text) in refused() {
        say(case, &error_of(&text));
    }
    for (case, line) in damaged() {
        say(case, &error_of(file(&[&line]).as_bytes()));
    }
    say("torn", &error_of(&file(&[GOOD, GOOD]).as_bytes()[..200]));
    say(
        "colours",
        &error_of(file(&["\u{1b}[31mclean \u{9b}31m"]).as_bytes()),
    );
    let mut apart = [GOOD; 30];
    apart[9] = "torn";
    apart[15] = "clean - x";
    apart[28] = "+ x";
    say("several", &error_of(file(&apart).as_bytes()));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("messages", said);
    });
}

fn rendered(error: &LockError) -> String {
    use miette::{GraphicalReportHandler, GraphicalTheme};

    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false)
        .render_report(&mut text, error)
        .expect("a String can be written");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}
