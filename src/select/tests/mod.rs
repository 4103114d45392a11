//! The language as a whole, on a graph of literals; on random ones in `properties`.

mod properties;

use crate::model::{AssetGraph, AssetKey, SelectionText};
use crate::select::{
    Expression, Lookups, SelectedAssets, Selection, SelectionError, SelectionErrorKind, evaluate,
    parse,
};

pub(super) fn graph(manifest: &str) -> AssetGraph {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("Assets.toml"), manifest).expect("written");
    let root = folder.path().canonicalize().expect("it is there");
    let manifest = crate::manifest::load(&root).expect("the test's manifest is right");
    manifest.graph
}

/// `raw → stg → core → out`, `lone`, and an external asset.
fn small() -> AssetGraph {
    graph(
        r#"
[source.raw]
path = "raw.csv"
owners = ["team:raw"]
[asset."stg/orders"]
deps = "raw"
command = "a {{output}}"
group = "staging"
tags = { layer = "staging", pii = "" }
kinds = ["sql"]
[asset.core]
deps = "stg/orders"
command = "b {{output}}"
group = "core"
owners = ["ann@example.com"]
[asset.out]
deps = ["core", "made_elsewhere"]
command = "c {{output}}"
partitions = { type = "static", keys = ["eu", "us"] }
[asset.lone]
command = "d {{output}}"
[asset.made_elsewhere]
outputs = "elsewhere.csv"
"#,
    )
}

fn selected(graph: &AssetGraph, text: &str) -> Result<Vec<String>, Vec<SelectionError>> {
    let selection = parse(text)?;
    let found = found(graph, &[selection])?;
    let names = found.assets.iter().map(|id| graph.key(id).to_string());
    Ok(names.collect())
}

fn found(
    graph: &AssetGraph,
    selections: &[Selection],
) -> Result<SelectedAssets, Vec<SelectionError>> {
    let mut errors = Vec::new();
    let found = evaluate(graph, selections, &Lookups::default(), &mut errors);
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(errors)
    }
}

#[test]
fn selections() {
    let graph = small();
    for (text, expected) in [
        ("*", "stg/orders core out lone"),
        ("core", "core"),
        ("raw", "raw"),
        ("\"core\"", "core"),
        ("+core", "stg/orders core"),
        ("core+", "core out"),
        ("1+out", "core out"),
        ("0+out", "out"),
        ("raw+", "raw stg/orders core out"),
        ("+raw", ""),
        ("+raw+", "raw stg/orders core out"),
        ("raw + 1", "raw stg/orders"),
        ("key:stg*", "stg/orders"),
        ("key:*", "raw stg/orders core out lone made_elsewhere"),
        ("key:nope", ""),
        ("key:c*e", "core"),
        ("key:*re", "core made_elsewhere"),
        ("key:*or", ""),
        ("key:*o*", "stg/orders core out lone"),
        ("key:cor", ""),
        ("key:\"\"", ""),
        ("group:\"st*\"", "stg/orders"),
        ("group:<null>", "out lone"),
        ("tag:pii", "stg/orders"),
        ("tag:layer", ""),
        ("tag:layer=*", "stg/orders"),
        ("tag:\"layer\"=staging", "stg/orders"),
        ("tag:pii=<null>", "stg/orders"),
        ("tag:layer=<null>", ""),
        ("tag:<null>", "core out lone"),
        ("kind:sql", "stg/orders"),
        ("kind:<null>", "core out lone"),
        (
            "owner:\"ann@example.com\" or owner:\"team:raw\"",
            "raw core",
        ),
        ("is:external", "raw made_elsewhere"),
        ("is:materializable", "stg/orders core out lone"),
        ("partitions:static", "out"),
        ("partitions:none and *", "stg/orders core lone"),
        ("partitions:<null> and *", "stg/orders core lone"),
        ("99999999999+out", "stg/orders core out"),
        ("raw+99999999999", "raw stg/orders core out"),
        ("kind:\"*\" or owner:\"*\"", ""),
        ("not core", "stg/orders out lone"),
        ("NOT core AND not lone", "stg/orders out"),
        ("core or lone and out", "core"),
        ("(core or out) and +out", "core out"),
        ("not not core", "core"),
        ("sinks(*)", "out lone"),
        ("roots(*)", "stg/orders lone"),
        ("roots(raw or core)", "raw"),
        ("+sinks(core or stg/orders)", "stg/orders core"),
        ("(*)+", "stg/orders core out lone"),
        ("out@eu or lone", "out lone"),
        ("out@\"a (b)\"", "out"),
    ] {
        let found = selected(&graph, text).map(|names| names.join(" "));
        assert_eq!(found.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn errors_point_into_the_argument() {
    let graph = small();
    for (text, place, message) in [
        ("", "", "a selection is not empty"),
        ("  ", "", "a selection is not empty"),
        (
            "core and",
            "",
            "expected a name, an attribute or `(`, found the end",
        ),
        ("(core", "(", "this parenthesis is not closed"),
        (
            "core)",
            ")",
            "expected `and`, `or`, `+` or the end, found `)`",
        ),
        (
            "core lone",
            "lone",
            "expected `and`, `or`, `+` or the end, found `lone`",
        ),
        (
            "*core",
            "*core",
            "`*core` is a clause of `--steps`, not of a selection",
        ),
        (
            "++core",
            "++",
            "`++` is a clause of `--steps`, not of a selection",
        ),
        (
            "core++",
            "core++",
            "`++` is a clause of `--steps`, not of a selection",
        ),
        ("+*", "*", "expected a name, found `*`"),
        ("*+", "+", "expected `and`, `or` or the end, found `+`"),
        ("+not core", "not", "expected a term, found `not`"),
        ("sinks core", "core", "expected `(`, found `core`"),
        (
            "owner:ann@x",
            "@x",
            "expected `and`, `or`, `+` or the end, found `@x`",
        ),
        (
            "tag:a=b=c",
            "=",
            "expected `and`, `or`, `+` or the end, found `=`",
        ),
        ("!core", "!", "`!` must be in double quotes"),
        ("key:'core'", "'", "`'` must be in double quotes"),
        ("key:and", "and", "expected a key, found `and`"),
        ("key:\"core", "\"core", "the quoted text has no end"),
        ("colour:red", "colour", "there is no attribute `colour`"),
        ("is:red", "red", "`is:` has no value `red`"),
        ("core+1+", "+", "expected `and`, `or` or the end, found `+`"),
        ("(core+1+)", "+", "expected `and`, `or` or `)`, found `+`"),
        (
            "1++core",
            "+",
            "expected a name, an attribute or `(`, found `+`",
        ),
        ("is:<null>", "<null>", "expected a value, found `<null>`"),
        ("key:<null>", "<null>", "expected a key, found `<null>`"),
        (
            "core And lone",
            "And",
            "expected `and`, `or`, `+` or the end, found `And`",
        ),
        ("coer", "coer", "there is no asset or source `coer`"),
        (
            "+out@eu",
            "eu",
            "a partition can only be named for a single asset",
        ),
        ("out@", "@", "expected a partition key, found the end"),
    ] {
        let errors = selected(&graph, text).expect_err(text);
        let found: Vec<_> = errors
            .iter()
            .map(|error| (&text[error.span.clone()], error.to_string()))
            .collect();
        assert!(
            found.contains(&(place, message.to_owned())),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn what_is_wrong_by_itself_is_told_at_once() {
    let errors = selected(&small(), "colour:red or is:red or status:odd").expect_err("three");
    assert_eq!(errors.len(), 3);
    let errors = selected(&small(), "coer or oot+").expect_err("two names");
    let helps: Vec<_> = errors.iter().map(|error| error.help.as_deref()).collect();
    assert_eq!(
        helps,
        [Some("did you mean `core`?"), Some("did you mean `out`?")]
    );
}

#[test]
fn help_names_what_was_probably_meant() {
    let graph = small();
    for (text, help) in [
        (
            "*core",
            "`+core` goes all the way; a glob is written `key:\"*core\"`",
        ),
        ("++core", "`2+name` goes 2 levels up, `name+2` down"),
        ("core+++", "`3+name` goes 3 levels up, `name+3` down"),
        ("core Or lone", "write `or`"),
        ("key:NOT", "quote a name or value that is `NOT`"),
        ("core & lone", "write `and`"),
        ("core,lone", "several selections are several arguments"),
        ("gruop:core", "did you mean `group`?"),
        ("is:red", "its values are `external`, `materializable`"),
        ("owner:ann@x", "quote a value with `@`"),
        ("(core", "close it with `)`"),
    ] {
        let errors = selected(&graph, text).expect_err(text);
        let helps: Vec<_> = errors.iter().map(|error| error.help.as_deref()).collect();
        assert_eq!(helps, [Some(help)], "{text}");
    }
}

#[test]
fn names_that_stand_alone_are_kept_with_their_partitions() {
    let graph = small();
    let selections = ["lone or out@eu", "core", "+lone"].map(|text| parse(text).expect(text));
    let found = found(&graph, &selections).expect("all exist");
    let out = graph.find("out").expect("it is declared");
    assert!(!found.whole.contains(out) && found.named.contains(out));
    let mentions: Vec<_> = found
        .mentions
        .iter()
        .map(|mention| {
            let partition = mention.partition.as_ref();
            let partition = partition.map(|key| (key.text.as_str(), key.span.clone()));
            let place = (mention.selection, mention.span.clone());
            (graph.key(mention.asset).as_str(), place, partition)
        })
        .collect();
    assert_eq!(
        mentions,
        [
            ("lone", (0, 0..4), None),
            ("out", (0, 8..11), Some(("eu", 12..14))),
            ("core", (1, 0..4), None),
        ]
    );
}

#[test]
fn a_name_counts_where_it_is_selected_by_its_expression() {
    let graph = small();
    for (texts, expected) in [
        (&["lone and core", "*"][..], ""),
        (&["lone or not core"], "lone"),
        (&["+core and core", "*"], "core"),
        (&["sinks(core or out)"], "out"),
    ] {
        let selections: Vec<_> = texts.iter().map(|text| parse(text).expect(text)).collect();
        let found = found(&graph, &selections).expect("all exist");
        let named: Vec<_> = found
            .named
            .iter()
            .map(|id| graph.key(id).as_str())
            .collect();
        assert_eq!(named.join(" "), expected, "{texts:?}");
    }
}

#[test]
fn what_is_wrong_in_one_place_hides_nothing_in_another() {
    let graph = small();
    let selections = ["nope or out@eu", "coer"].map(|text| parse(text).expect(text));
    let mut errors = Vec::new();
    let found = evaluate(&graph, &selections, &Lookups::default(), &mut errors);
    assert_eq!((errors.len(), found.mentions.len()), (2, 1));
}

#[test]
fn the_text_of_a_key_names_it_whatever_it_holds() {
    for key in ["core", "and", "./a \"b\" \\ c@d(e).csv"] {
        let text = SelectionText::naming(&AssetKey::of_path(key));
        let read = parse(text.as_str()).expect(key);
        let is_named = matches!(
            &read.expression,
            Expression::Name { name, partition: None } if name.text == key
        );
        assert!(is_named, "{text}: {read:?}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_long_lists_are_none() {
    for deep in [
        "(".repeat(100_000),
        "not ".repeat(100_000),
        "sinks(".repeat(100_000),
    ] {
        let errors = parse(&deep).expect_err("too deep");
        assert_eq!(errors[0].kind, SelectionErrorKind::TooDeep);
    }
    for part in ["core", "(core)", "not not core", "sinks(core)"] {
        let long = vec![part; 2_000].join(" or ");
        let found = selected(&small(), &long).expect("long is fine");
        assert_eq!(found, ["core"], "{part}");
    }
}
