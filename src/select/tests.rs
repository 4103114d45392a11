//! The language as a whole, on a graph of literals and on random ones.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::model::{AssetGraph, AssetId, AssetKey, SelectionText};
use crate::select::{
    Attribute, Depth, Expression, IsValue, Lookups, PartitionsValue, SelectedAssets, Selection,
    SelectionError, SelectionErrorKind, StatusValue, Value, evaluate, parse,
};

fn graph(manifest: &str) -> AssetGraph {
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
        ("!core", "!", "`!` must stand in double quotes"),
        ("key:'core'", "'", "`'` must stand in double quotes"),
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
            "a partition can only be named of an asset that stands alone",
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
        ("key:NOT", "a name or value that is `NOT` is quoted"),
        ("core & lone", "write `and`"),
        ("core,lone", "several selections are several arguments"),
        ("gruop:core", "did you mean `group`?"),
        ("is:red", "its values are `external`, `materializable`"),
        ("owner:ann@x", "a value that holds `@` is quoted"),
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

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z][a-z0-9_/.-]{0,4}",
        "[ -~]{0,5}",
        Just("not".to_owned()),
        "[0-9*a]{1,3}",
    ];
    text.prop_map(|text| Value { text, span: 0..0 })
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let optional = || proptest::option::of(value());
    prop_oneof![
        value().prop_map(Attribute::Key),
        proptest::option::of((value(), optional())).prop_map(Attribute::Tag),
        optional().prop_map(Attribute::Group),
        optional().prop_map(Attribute::Kind),
        optional().prop_map(Attribute::Owner),
        value().prop_map(Attribute::Changed),
        prop_oneof![Just(IsValue::External), Just(IsValue::Materializable)].prop_map(Attribute::Is),
        prop_oneof![Just(PartitionsValue::None), Just(PartitionsValue::Multi)]
            .prop_map(Attribute::Partitions),
        prop_oneof![Just(StatusValue::Fresh), Just(StatusValue::Failed)]
            .prop_map(Attribute::Status),
    ]
}

fn depth() -> impl Strategy<Value = Option<Depth>> {
    proptest::option::of(prop_oneof![
        Just(Depth::Unlimited),
        (0u32..12).prop_map(Depth::Levels)
    ])
}

fn expression(
    leaf: impl Strategy<Value = Expression> + 'static,
) -> impl Strategy<Value = Expression> {
    leaf.prop_recursive(5, 24, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let several = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            boxed.clone().prop_map(Expression::Not),
            boxed.clone().prop_map(Expression::Sinks),
            boxed.clone().prop_map(Expression::Roots),
            several.clone().prop_map(Expression::And),
            several.prop_map(Expression::Or),
            (depth(), boxed, depth()).prop_map(|(up, of, down)| {
                let up = if down.is_none() {
                    up.or(Some(Depth::Unlimited))
                } else {
                    up
                };
                Expression::Traversal { up, of, down }
            }),
        ]
    })
}

fn any_leaf() -> impl Strategy<Value = Expression> {
    prop_oneof![
        Just(Expression::All(0..0)),
        (value(), proptest::option::of(value()))
            .prop_map(|(name, partition)| Expression::Name { name, partition }),
        attribute().prop_map(|attribute| Expression::Attribute {
            attribute,
            span: 0..0,
        }),
    ]
}

/// The expression with all places forgotten.
fn placeless(expression: &Expression) -> Expression {
    let value = |value: &Value| Value {
        text: value.text.clone(),
        span: 0..0,
    };
    let optional = |it: &Option<Value>| it.as_ref().map(value);
    let boxed = |of: &Expression| Box::new(placeless(of));
    let all = |parts: &[Expression]| parts.iter().map(placeless).collect::<Vec<_>>();
    match expression {
        Expression::All(_) => Expression::All(0..0),
        Expression::Name { name, partition } => Expression::Name {
            name: value(name),
            partition: optional(partition),
        },
        Expression::Attribute { attribute, .. } => Expression::Attribute {
            attribute: match attribute {
                Attribute::Key(it) => Attribute::Key(value(it)),
                Attribute::Tag(it) => {
                    Attribute::Tag(it.as_ref().map(|(name, it)| (value(name), optional(it))))
                }
                Attribute::Group(it) => Attribute::Group(optional(it)),
                Attribute::Kind(it) => Attribute::Kind(optional(it)),
                Attribute::Owner(it) => Attribute::Owner(optional(it)),
                Attribute::Changed(it) => Attribute::Changed(value(it)),
                other => other.clone(),
            },
            span: 0..0,
        },
        Expression::Not(of) => Expression::Not(boxed(of)),
        Expression::Sinks(of) => Expression::Sinks(boxed(of)),
        Expression::Roots(of) => Expression::Roots(boxed(of)),
        Expression::And(parts) => Expression::And(all(parts)),
        Expression::Or(parts) => Expression::Or(all(parts)),
        Expression::Traversal { up, of, down } => Expression::Traversal {
            up: *up,
            of: boxed(of),
            down: *down,
        },
    }
}

/// Assets `a0`, `a1`, …, each reading some before it, and one source that some read.
fn random_graph() -> impl Strategy<Value = (AssetGraph, Vec<BTreeSet<usize>>)> {
    let edges = proptest::collection::vec(proptest::collection::btree_set(0usize..12, 0..3), 1..9);
    edges.prop_map(|edges| {
        let mut manifest = "[source.s]\npath = \"s.csv\"\n".to_owned();
        let mut upstream = vec![BTreeSet::new()];
        for (at, ups) in edges.iter().enumerate() {
            let ups: BTreeSet<_> = ups.iter().map(|up| up % (at + 1)).collect();
            let name = |up: &usize| match up {
                0 => "\"s\"".to_owned(),
                up => format!("\"a{}\"", up - 1),
            };
            let deps: Vec<_> = ups.iter().map(name).collect();
            let deps = deps.join(", ");
            let asset = format!("[asset.a{at}]\ngroup = \"g{}\"\ndeps = [{deps}]\n", at % 3);
            manifest += &asset;
            manifest += "command = \"x {{output}}\"\n";
            upstream.push(ups);
        }
        (graph(&manifest), upstream)
    })
}

/// An oracle that knows sets of numbers only: number 0 is the source.
struct Naive<'a> {
    upstream: &'a [BTreeSet<usize>],
}

impl Naive<'_> {
    fn buildable(&self) -> BTreeSet<usize> {
        (1..self.upstream.len()).collect()
    }

    fn steps(&self, from: &BTreeSet<usize>, up: bool) -> BTreeSet<usize> {
        let reads = |a: usize, b: usize| self.upstream[a].contains(&b);
        (0..self.upstream.len())
            .filter(|to| {
                from.iter()
                    .any(|of| if up { reads(*of, *to) } else { reads(*to, *of) })
            })
            .collect()
    }

    fn reach(&self, from: &BTreeSet<usize>, depth: Depth, up: bool) -> BTreeSet<usize> {
        let levels = match depth {
            Depth::Levels(levels) => levels as usize,
            Depth::Unlimited => self.upstream.len(),
        };
        (0..levels).fold(from.clone(), |reached, _| {
            &reached | &self.steps(&reached, up)
        })
    }

    fn ends(&self, set: &BTreeSet<usize>, up: bool) -> BTreeSet<usize> {
        let lonely = |member: &usize| {
            let next = self.steps(&BTreeSet::from([*member]), up);
            self.reach(&next, Depth::Unlimited, up).is_disjoint(set)
        };
        set.iter().copied().filter(lonely).collect()
    }

    fn set(&self, expression: &Expression) -> BTreeSet<usize> {
        match expression {
            Expression::All(_) => self.buildable(),
            Expression::Name { name, .. } => BTreeSet::from([match name.text.as_str() {
                "s" => 0,
                asset => asset[1..].parse::<usize>().expect("a number") + 1,
            }]),
            Expression::Attribute {
                attribute: Attribute::Group(Some(group)),
                ..
            } => {
                let group: usize = group.text[1..].parse().expect("a number");
                self.buildable()
                    .into_iter()
                    .filter(|it| (it - 1) % 3 == group)
                    .collect()
            }
            Expression::Attribute { .. } => BTreeSet::from([0]),
            Expression::Not(of) => &self.buildable() - &self.set(of),
            Expression::And(parts) => parts
                .iter()
                .map(|part| self.set(part))
                .reduce(|a, b| &a & &b)
                .unwrap_or_default(),
            Expression::Or(parts) => parts.iter().flat_map(|part| self.set(part)).collect(),
            Expression::Sinks(of) => self.ends(&self.set(of), false),
            Expression::Roots(of) => self.ends(&self.set(of), true),
            Expression::Traversal { up, of, down } => {
                let of = self.set(of);
                let up = up.map(|depth| &self.reach(&of, depth, true) & &self.buildable());
                let down = down.map(|depth| self.reach(&of, depth, false));
                &up.unwrap_or_default() | &down.unwrap_or_default()
            }
        }
    }
}

/// What stands for something in every random graph, and is evaluated without being looked up.
fn known_leaf() -> impl Strategy<Value = Expression> {
    let named = |text: &str| Value {
        text: text.to_owned(),
        span: 0..0,
    };
    let name = |text: &str| Expression::Name {
        name: named(text),
        partition: None,
    };
    let attribute = |attribute| Expression::Attribute {
        attribute,
        span: 0..0,
    };
    prop_oneof![
        Just(Expression::All(0..0)),
        Just(name("s")),
        Just(name("a0")),
        Just(attribute(Attribute::Group(Some(named("g1"))))),
        Just(attribute(Attribute::Group(Some(named("g2"))))),
        Just(attribute(Attribute::Is(IsValue::External))),
    ]
}

/// The words of the language, right and wrong, with and without white space around them.
fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        " ", " ", " ", "and", " or ", "not ", "NOT", "sinks(", "roots", "(", ")", "+", "+1", "2+",
        "*", "core", "out@eu", "@", "\"a b\"", "\"", "key:", "tag:", "group:", "is:", "external",
        "status:", "stale", "changed:", "<null>", "=", ":", "st*", "\\", "é", "\u{a0}", "!",
    ])
}

/// Reads a text: what can be read is printed as what reads the same, and evaluated; what cannot has errors that point
/// into it.
fn is_read_or_refused(text: &str) {
    match parse(text) {
        Ok(selection) => {
            let printed = selection.to_string();
            let again = parse(&printed).expect(&printed);
            let (one, other) = (&selection.expression, &again.expression);
            assert_eq!(placeless(one), placeless(other), "{text:?}: {printed}");
            let mut errors = Vec::new();
            let lookups = Lookups::default();
            let _ = evaluate(&small(), &[selection], &lookups, &mut errors);
            points_into(text, &errors);
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "{text:?}");
            points_into(text, &errors);
        }
    }
}

fn points_into(text: &str, errors: &[SelectionError]) {
    for error in errors {
        assert_eq!(error.text, text);
        assert!(
            text.get(error.span.clone()).is_some(),
            "{text:?}: {error:?}"
        );
    }
}

fn evaluated(graph: &AssetGraph, expression: &Expression) -> BTreeSet<usize> {
    let selection = Selection {
        text: String::new(),
        expression: expression.clone(),
    };
    let found = found(graph, &[selection]).expect("all names are known");
    found.assets.iter().map(AssetId::index).collect()
}

proptest! {
    #[test]
    fn any_text_is_a_selection_or_has_errors_within_it(text in "\\PC*") {
        is_read_or_refused(&text);
    }

    #[test]
    fn so_is_any_text_of_its_own_words(words in proptest::collection::vec(word(), 0..12)) {
        is_read_or_refused(&words.concat());
    }

    #[test]
    fn what_is_printed_reads_as_what_was_printed(expression in expression(any_leaf())) {
        let text = expression.to_string();
        let parsed = parse(&text);
        let read = parsed.as_ref().map(|selection| placeless(&selection.expression));
        prop_assert_eq!(read, Ok(expression), "{}", text);
    }

    #[test]
    fn agrees_with_an_oracle_of_sets(
        (graph, upstream) in random_graph(),
        expression in expression(known_leaf()),
    ) {
        let naive = Naive { upstream: &upstream };
        prop_assert_eq!(evaluated(&graph, &expression), naive.set(&expression), "{}", expression);
    }

    #[test]
    fn algebra(
        (graph, _) in random_graph(),
        x in expression(known_leaf()),
        y in expression(known_leaf()),
    ) {
        let not = |it: &Expression| Expression::Not(Box::new(it.clone()));
        let and = |a: &Expression, b: &Expression| Expression::And(vec![a.clone(), b.clone()]);
        let or = |a: &Expression, b: &Expression| Expression::Or(vec![a.clone(), b.clone()]);
        let set = |it: &Expression| evaluated(&graph, it);
        let made = and(&x, &Expression::All(0..0));
        prop_assert_eq!(set(&not(&not(&x))), set(&made));
        prop_assert_eq!(set(&and(&x, &x)), set(&x));
        prop_assert_eq!(set(&not(&and(&x, &y))), set(&or(&not(&x), &not(&y))));
        prop_assert_eq!(set(&not(&or(&x, &y))), set(&and(&not(&x), &not(&y))));
        let up = |it: &Expression, depth| Expression::Traversal {
            up: Some(depth),
            of: Box::new(it.clone()),
            down: None,
        };
        let (narrow, wide) = (and(&x, &y), x);
        prop_assert!(set(&up(&narrow, Depth::Unlimited)).is_subset(&set(&up(&wide, Depth::Unlimited))));
        prop_assert!(set(&up(&wide, Depth::Levels(1))).is_subset(&set(&up(&wide, Depth::Levels(2)))));
    }
}
