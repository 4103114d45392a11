//! Texts of all kinds, right and wrong.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{asset, graph, messages, project};
use crate::manifest::{ManifestError, load};
use crate::model::{AssetGraph, Declaration};

#[test]
fn labels_land_right_in_any_text() {
    for text in [
        "\u{feff}[asset.a]\ncommand = 'cat {{x}}'\n",
        "[asset.a]\r\ncommand = 'cat {{x}}'\r\n",
        "# 日本語 é\n[asset.a]\n\tcommand\t=\t\"\"\"\r\n  é \\u00e9 \\\n   cat {{x}}\"\"\"\n",
        "[asset.a]\ncommand = ['日本', '{{x}}']",
    ] {
        let root = project(&[("Assets.toml", text)]);
        let errors = load(root.path()).expect_err("the placeholder is unknown");
        let places: Vec<_> = errors.errors()[0].places().collect();
        let (start, len) = (places[0].start as usize, places[0].len as usize);
        assert_eq!(&text[start..start + len], "{{x}}", "{text:?}");
        let before = &text[..start];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.trim_start_matches('\u{feff}').chars().count() + 1;
        assert_eq!(places[0].column as usize, column, "{text:?}");
        assert_eq!(places[0].line as usize, before.matches('\n').count() + 1);
    }
}

#[test]
fn all_errors_come_at_once_in_file_order() {
    let found = messages(&[(
        "Assets.toml",
        "[asset.a]\ndeps = 'x'\npriority = 'x'\n[asset.b]\nfoo = 1\nafter = 'y'\ntimeout = 'x'\ncommand = 'x'\n",
    )]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(
        found[0].contains("`x`") && found[2].contains("foo"),
        "{found:?}"
    );
}

#[test]
fn line_ends_of_the_file_are_not_part_of_commands() {
    let text = "[asset.made]\ndescription = \"\"\"\none\ntwo\"\"\"\ncommand = '''\necho 1 \\\n > {{output}}\n'''\noutputs = 'made.txt'\n";
    let plain = graph(text);
    let crlf = graph(&text.replace('\n', "\r\n"));
    let command = |graph: &AssetGraph| {
        asset(graph, "made")
            .recipe
            .clone()
            .expect("a command")
            .command
    };
    assert_eq!(command(&plain), command(&crlf));
    assert_eq!(asset(&plain, "made").about, asset(&crlf, "made").about);
}

#[test]
fn a_glob_that_cannot_be_compiled_is_an_error_wherever_it_stands() {
    let glob = "{a,".repeat(300) + &"}".repeat(300);
    for manifest in [
        format!("[project]\nignore = '{glob}'\n"),
        format!("[project]\ninclude = '{glob}'\n"),
        format!("[source.raw]\npath = '{glob}'\n"),
        format!("[source.raw]\npaths = ['*', '!{glob}']\n"),
        format!("[asset.made]\ndeps = './{glob}'\ncommand = 'true'\n"),
        format!("[asset.made]\ncode = '{glob}'\ncommand = 'true'\n"),
        format!("[asset.made]\ncode = ['*', '!{glob}']\ncommand = 'true'\n"),
    ] {
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join("Assets.toml"), &manifest).expect("written");
        let errors = load(root.path()).expect_err("it is refused");
        assert_eq!(errors.errors().len(), 1, "{manifest}");
    }
}

fn any_manifest() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("command"),
        Just("deps"),
        Just("outputs"),
        Just("partitions"),
        Just("path"),
        Just("key"),
        Just("env"),
        Just("code"),
        Just("observe"),
        Just("after"),
        Just("timeout"),
        Just("stdin"),
        Just("stdout"),
        Just("include"),
        Just("type"),
        Just("keys"),
        Just("start"),
        Just("format"),
        Just("tags"),
        Just("mapping"),
        Just("pattern"),
        Just("dimensions"),
        Just("cron"),
        Just("exists"),
        Just("exclusions"),
        Just("batch"),
        Just("x"),
    ];
    let value = prop_oneof![
        "\"[a-c{}. /*'$(<#|]{0,16}\"",
        "'[a-c{}. /*\\[\\\"$(<#|]{0,16}'",
        Just("'{{output}} {{input.a}}'".to_owned()),
        Just("'x/{{partition:%Y}}'".to_owned()),
        Just("['a', 'b.x', './c']".to_owned()),
        Just("{ asset = 'a', mapping = 'all' }".to_owned()),
        Just("{ asset = 'a', dimension = 'x' }".to_owned()),
        Just("{ asset = 'b', dimensions = { x = { from = 'y' }, y = { keys = 'k' } } }".to_owned()),
        Just("{ x = ['k', 'l'], y = 'a' }".to_owned()),
        Just("{ type = 'multi', dimensions = { x = ['k'], y = 'b' } }".to_owned()),
        Just("{ type = 'hourly', start = 2024-01-01, exists = '{{partition}}' }".to_owned()),
        Just("{ max = 3 }".to_owned()),
        Just("'x/{{partition.x}}/{{partition.y:%Y-%m-%d}}'".to_owned()),
        Just("'0 5 * * *'".to_owned()),
        Just("'multi'".to_owned()),
        Just("'files'".to_owned()),
        Just("'cron'".to_owned()),
        Just("'dynamic'".to_owned()),
        Just("{ type = 'static', keys = ['k', '..'] }".to_owned()),
        Just("true".to_owned()),
        Just("-7".to_owned()),
        Just("2013-01-01".to_owned()),
        Just("'a'".to_owned()),
        Just("'daily'".to_owned()),
    ];
    let table = "(asset|source|partitions)\\.[abc]|project|defaults";
    let section =
        (table, proptest::collection::vec((key, value), 0..5)).prop_map(|(table, entries)| {
            let lines: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {value}\n"))
                .collect();
            format!("[{table}]\n{}", lines.concat())
        });
    proptest::collection::vec(section, 0..6).prop_map(|sections| sections.concat())
}

proptest! {
    #[test]
    fn reading_never_panics(text in prop_oneof![any_manifest(), "\\PC{0,80}"]) {
        let root = project(&[("Assets.toml", &text)]);
        match load(root.path()) {
            Ok(manifest) => prop_assert!(manifest.graph.ids().all(|id| matches!(
                manifest.graph.get(id),
                Declaration::Asset(_) | Declaration::Source(_)
            ))),
            Err(errors) => {
                prop_assert!(!errors.errors().is_empty());
                for place in errors.errors().iter().flat_map(ManifestError::places) {
                    let end = (place.start + place.len) as usize;
                    prop_assert!(text.get(place.start as usize..end).is_some());
                }
            }
        }
    }
}

#[test]
fn the_examples_of_the_reference_are_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    let reference = fs::read_to_string(path).expect("the reference exists");
    let examples: Vec<&str> = reference
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() > 9, "{}", examples.len());
    for example in examples {
        let files = [("Assets.toml", example), ("pipelines/a/Assets.toml", "")];
        let warnings = load(project(&files).path()).map(|read| read.warnings);
        assert!(warnings.is_ok_and(|it| it.is_empty()), "{example}");
    }
    for script in crate::manifest::code::SCRIPTS {
        assert!(reference.contains(&format!("`.{script}`")), "{script}");
    }
}
