//! What may come next where a selection is typed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::AssetGraph;
use crate::select::ast::{ATTRIBUTES, IsValue, PartitionsValue, StatusValue};
use crate::select::lexer::is_plain;
use crate::select::parser::is_reserved;
use crate::select::print::Quoted;

/// How many continuations are offered at most.
const OFFERED: usize = 500;

/// The words of a project that selections can hold, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// The keys of assets and sources.
    pub names: Vec<String>,
    groups: Vec<String>,
    kinds: Vec<String>,
    owners: Vec<String>,
    tags: Vec<(String, String)>,
}

impl Vocabulary {
    /// The words of what a graph declares.
    #[must_use]
    pub fn of(graph: &AssetGraph) -> Self {
        let abouts = || graph.ids().map(|id| graph.get(id).about());
        let sorted = |words: BTreeSet<&str>| words.into_iter().map(str::to_owned).collect();
        let tags: BTreeSet<_> = abouts().flat_map(|about| &about.tags).collect();
        Self {
            names: sorted(graph.ids().map(|id| graph.key(id).as_str()).collect()),
            groups: sorted(
                abouts()
                    .filter_map(|about| about.group.as_deref())
                    .collect(),
            ),
            kinds: sorted(
                abouts()
                    .flat_map(|it| &it.kinds)
                    .map(String::as_str)
                    .collect(),
            ),
            owners: sorted(
                abouts()
                    .flat_map(|it| &it.owners)
                    .map(String::as_str)
                    .collect(),
            ),
            tags: tags
                .into_iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        }
    }
}

/// What a selection that begins with `typed` may go on to: whole texts that begin like it, quoted where the language
/// asks for it.
///
/// Only the last word is looked at; whether it may stand there is for the parser to say.
#[must_use]
pub fn continuations(typed: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let (before, word) = typed.split_at(start_of_last_word(typed));
    let words = match word.split_once(':') {
        Some((attribute, value)) if !word.starts_with('"') => {
            let value = value.trim_start_matches('"');
            let values = values(attribute, value, vocabulary).into_iter();
            let fitting = values.filter(|known| known.plain.starts_with(value));
            let whole = |known: Value| format!("{attribute}:{}", known.quoted);
            fitting.map(whole).take(OFFERED).collect()
        }
        _ => first_words(word.trim_start_matches('"'), vocabulary),
    };
    words.iter().map(|word| format!("{before}{word}")).collect()
}

/// Where the last word begins, behind white space, a parenthesis, or the levels of a traversal.
fn start_of_last_word(typed: &str) -> usize {
    let mut start = 0;
    let mut quoted = false;
    for (at, c) in typed.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && (c.is_whitespace() || matches!(c, '(' | '+')) {
            start = at + c.len_utf8();
        }
    }
    start
}

/// Attributes, functions and names.
fn first_words(word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let attributes = ATTRIBUTES.iter().map(|name| format!("{name}:"));
    let functions = ["sinks(", "roots("].map(str::to_owned).into_iter();
    let names = beginning(&vocabulary.names, word).iter();
    let names = names.map(|name| name_word(name));
    let fixed = attributes
        .chain(functions)
        .filter(|it| it.starts_with(word));
    fixed.chain(names).take(OFFERED).collect()
}

/// Those of a sorted list that begin with `start`.
fn beginning<'a>(words: &'a [String], start: &str) -> &'a [String] {
    let from = words.partition_point(|it| it.as_str() < start);
    let rest = &words[from..];
    &rest[..rest.partition_point(|it| it.starts_with(start))]
}

/// A value as it is compared with what was typed, and as it is written.
struct Value {
    plain: String,
    quoted: String,
}

/// The values of an attribute; of long lists only those that begin with `start`.
fn values(attribute: &str, start: &str, vocabulary: &Vocabulary) -> Vec<Value> {
    let fixed = |word: &str| Value {
        plain: word.to_owned(),
        quoted: word.to_owned(),
    };
    let open = |words: &[String]| -> Vec<Value> {
        let value = |word: &String| Value {
            plain: word.clone(),
            quoted: quoted(word),
        };
        beginning(words, start).iter().map(value).collect()
    };
    let or_none = |words: &[String]| {
        let mut values = open(words);
        values.push(fixed("<null>"));
        values
    };
    match attribute {
        "key" => open(&vocabulary.names),
        "group" => or_none(&vocabulary.groups),
        "kind" => or_none(&vocabulary.kinds),
        "owner" => or_none(&vocabulary.owners),
        "tag" => {
            let tag = |(name, value): &(String, String)| match value.as_str() {
                "" => Value {
                    plain: name.clone(),
                    quoted: quoted(name),
                },
                value => Value {
                    plain: format!("{name}={value}"),
                    quoted: format!("{}={}", quoted(name), quoted(value)),
                },
            };
            let tags = vocabulary.tags.iter().map(tag);
            tags.chain([fixed("<null>")]).collect()
        }
        "is" => IsValue::ALL.iter().map(|(word, _)| fixed(word)).collect(),
        "partitions" => {
            let all = PartitionsValue::ALL.iter();
            all.map(|(word, _)| fixed(word)).collect()
        }
        "status" => {
            let all = StatusValue::ALL.iter();
            all.map(|(word, _)| fixed(word)).collect()
        }
        _ => Vec::new(),
    }
}

/// A name as it is written: quoted, too, where it is a word of the language.
fn name_word(name: &str) -> String {
    if is_reserved(name) {
        format!("\"{name}\"")
    } else {
        quoted(name)
    }
}

/// A value as it is written.
fn quoted(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else {
        Quoted(value).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, continuations};

    fn vocabulary() -> Vocabulary {
        let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Vocabulary {
            names: words(&["a b", "and", "kitchen", "stg/orders", "stg/users"]),
            groups: words(&["core", "group two"]),
            kinds: words(&["csv"]),
            owners: words(&["ann@example.com", "team:data"]),
            tags: vec![
                tag("layer", "core"),
                tag("layer", "raw zone"),
                tag("pii", ""),
            ],
        }
    }

    #[test]
    fn what_may_come_next() {
        let vocabulary = vocabulary();
        for (typed, expected) in [
            ("stg", &["stg/orders", "stg/users"][..]),
            ("k", &["key:", "kind:", "kitchen"]),
            ("r", &["roots("]),
            ("an", &["\"and\""]),
            ("\"a ", &["\"a b\""]),
            ("2+sta", &["2+status:"]),
            ("+stg/o", &["+stg/orders"]),
            ("sinks(stg/u", &["sinks(stg/users"]),
            ("kitchen and not gr", &["kitchen and not group:"]),
            (
                "group:",
                &["group:core", "group:\"group two\"", "group:<null>"],
            ),
            ("group:\"group t", &["group:\"group two\""]),
            ("key:stg/o", &["key:stg/orders"]),
            ("tag:la", &["tag:layer=core", "tag:layer=\"raw zone\""]),
            ("tag:p", &["tag:pii"]),
            ("owner:t", &["owner:\"team:data\""]),
            ("kind:c", &["kind:csv"]),
            ("is:e", &["is:external"]),
            ("partitions:m", &["partitions:multi"]),
            ("status:f", &["status:fresh", "status:failed"]),
            ("changed:", &[]),
            ("nope:", &[]),
            ("zzz", &[]),
        ] {
            assert_eq!(continuations(typed, &vocabulary), expected, "{typed}");
        }
        assert_eq!(continuations("", &vocabulary).len(), 9 + 2 + 5);
    }
}
