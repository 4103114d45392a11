//! `docs/errors.md` against the source: every code of a diagnostic has its paragraph, and no paragraph outlives its code.
//!
//! A code stands in the source as `code(assetctl::room::kind)` or, for failures of steps, as a text. Codes that only tests
//! make up do not count.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

#[test]
fn every_code_has_a_paragraph_and_every_paragraph_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/errors.md")).expect("the page is there");
    let codes = codes_below(&root.join("src"));
    assert!(codes.len() > 50, "codes are found at all: {codes:?}");

    let headings: Vec<&str> = page.lines().filter_map(heading).collect();
    let documented: BTreeSet<String> = headings.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(headings.len(), documented.len(), "a code is explained once");
    let difference = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        one.difference(other).cloned().collect()
    };
    assert_eq!(
        (
            difference(&codes, &documented),
            difference(&documented, &codes)
        ),
        (vec![], vec![]),
        "codes without a paragraph, and paragraphs without a code"
    );
    let empty: Vec<&str> = page
        .split("\n### ")
        .skip(1)
        .filter(|section| {
            section
                .split_once('\n')
                .is_none_or(|(_, text)| text.trim().is_empty())
        })
        .collect();
    assert!(empty.is_empty(), "headings with nothing below: {empty:?}");
}

/// The code that a line of the page is about.
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("### `")?.strip_suffix('`')
}

fn codes_below(folder: &Path) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for entry in WalkDir::new(folder) {
        let path = entry.expect("the source can be read").into_path();
        let is_source = path.extension().is_some_and(|it| it == "rs");
        let is_test = path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs");
        if is_source && !is_test {
            let text = fs::read_to_string(&path).expect("source files are readable text");
            codes.extend(codes_in(&text));
        }
    }
    codes
}

/// The codes in a source file, up to its tests.
fn codes_in(text: &str) -> Vec<String> {
    let end = text.find("#[cfg(test)]\nmod tests {");
    let text = &text[..end.unwrap_or(text.len())];
    let mut codes = Vec::new();
    for (start, delimiter) in [("code(", ')'), ("\"", '"')] {
        let opening = format!("{start}assetctl::");
        for (at, _) in text.match_indices(&opening) {
            let rest = &text[at + start.len()..];
            let code = rest
                .split(delimiter)
                .next()
                .expect("a split has a first part");
            codes.push(code.to_owned());
        }
    }
    codes
}

#[test]
fn codes_are_found_in_attributes_and_in_texts_but_not_in_tests() {
    let text = concat!(
        "#[diagnostic(code(assetctl::store::locked), help(\"wait\"))]\n",
        "code: \"assetctl::engine::timed_out\",\n",
        "#[cfg(test)]\nmod tests {\n    \"assetctl::engine::exit\"\n}\n",
    );
    assert_eq!(
        codes_in(text),
        ["assetctl::store::locked", "assetctl::engine::timed_out"]
    );
}
