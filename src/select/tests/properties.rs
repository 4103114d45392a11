//! What holds for any selection, on any graph.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::model::{AssetGraph, AssetId};
use crate::select::tests::{found, graph, small};
use crate::select::{
    Attribute, Depth, Expression, GivenWord, IsValue, Lookups, PartitionsValue, Selection,
    SelectionError, StatusValue, evaluate, parse,
};

fn value() -> impl Strategy<Value = GivenWord> {
    let text = prop_oneof![
        "[a-z][a-z0-9_/.-]{0,4}",
        "[ -~]{0,5}",
        Just("not".to_owned()),
        "[0-9*a]{1,3}",
    ];
    text.prop_map(|text| GivenWord { text, span: 0..0 })
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let optional = || proptest::option::of(value());
    prop_oneof![
        value().prop_map(Attribute::Key),
        proptest::option::of((value(), optional())).prop_map(Attribute::Tag),
        optional().prop_map(Attribute::Group),
        optional().prop_map(Attribute::Kind),
        optional().prop_map(Attribute::Owner),
        value().prop_map(Attribute::Job),
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
    let value = |value: &GivenWord| GivenWord {
        text: value.text.clone(),
        span: 0..0,
    };
    let optional = |it: &Option<GivenWord>| it.as_ref().map(value);
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
                Attribute::Job(it) => Attribute::Job(value(it)),
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
    let named = |text: &str| GivenWord {
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
