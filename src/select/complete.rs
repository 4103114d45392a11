//! What may come next where a selection is typed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::AssetGraph;
use crate::select::ast::{ATTRIBUTES, IsValue, PartitionsValue, Quoted, StatusValue};
use crate::select::lexer::is_reserved;
use crate::select::lexer::{is_plain, is_plain_partition};

/// How many continuations are offered at most.
const OFFERED: usize = 500;

/// The words of a project that selections can hold, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// The keys of assets and sources.
    pub names: Vec<String>,
    /// Those of sources.
    sources: Vec<String>,
    groups: Vec<String>,
    kinds: Vec<String>,
    owners: Vec<String>,
    tags: Vec<(String, String)>,
}

impl Vocabulary {
    /// The words of what a graph declares.
    pub fn of(graph: &AssetGraph) -> Self {
        let abouts = || graph.ids().map(|id| graph.get(id).about());
        let sorted = |words: BTreeSet<&str>| words.into_iter().map(str::to_owned).collect();
        let tags: BTreeSet<_> = abouts().flat_map(|about| &about.tags).collect();
        Self {
            names: sorted(graph.ids().map(|id| graph.key(id).as_str()).collect()),
            sources: sorted(
                graph
                    .ids()
                    .filter(|id| graph.is_source(*id))
                    .map(|id| graph.key(id).as_str())
                    .collect(),
            ),
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

    /// Whether a word is the name of a source.
    pub fn is_source(&self, word: &str) -> bool {
        let known = |name: &String| name.as_str().cmp(word);
        self.sources.binary_search_by(known).is_ok()
    }

    /// A value as it is written.
    pub fn written(&self, value: &str) -> String {
        quoted(value)
    }
}

/// What a selection that begins with `typed` may go on to: whole texts that begin like it, quoted where the language
/// asks for it. Where only one fits that is no end, it is what that may go on to: a shell closes quotes behind a text that is
/// alone.
pub fn continuations(typed: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let (before, word) = last_word(typed);
    let words = words_at(before, word, vocabulary);
    let whole: Vec<String> = words.iter().map(|word| format!("{before}{word}")).collect();
    if let [only] = whole.as_slice()
        && only.ends_with([':', '(', ' ', '/'])
        && only != typed
    {
        let further = continuations(only, vocabulary);
        if !further.is_empty() {
            return further;
        }
    }
    whole
}

/// What stands before the last word, and that word: behind white space, a parenthesis, or the levels of a traversal.
pub fn last_word(typed: &str) -> (&str, &str) {
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in typed.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '+' if !quoted => start = at + c.len_utf8(),
            c if !quoted && c.is_whitespace() => start = at + c.len_utf8(),
            _ => {}
        }
    }
    typed.split_at(start)
}

/// Those of a sorted list that begin with `start`. Of too many only the next part of their paths is told, and where that is
/// too much, too, the first of them and the last.
pub fn fitting(words: &[String], start: &str) -> Vec<String> {
    let mut rest = beginning(words, start);
    if rest.len() <= OFFERED {
        return rest.to_vec();
    }
    let last = rest.last().cloned();
    let mut parts = Vec::new();
    while let Some(first) = rest.first() {
        if parts.len() == OFFERED {
            parts.extend(last);
            break;
        }
        let part = match first[start.len()..].find('/') {
            Some(at) => &first[..=start.len() + at],
            None => first,
        };
        parts.push(part.to_owned());
        rest = match part.strip_suffix('/') {
            Some(_) => &rest[beginning(rest, part).len()..],
            None => &rest[1..],
        };
    }
    parts
}

/// A partition key as it is written behind `@`.
pub fn written_key(key: &str) -> String {
    if is_plain_partition(key) {
        key.to_owned()
    } else {
        Quoted(key).to_string()
    }
}

/// What may stand in the place of the last word.
fn words_at(before: &str, word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    if let Some((attribute, value)) = word.split_once(':')
        && !word.starts_with('"')
    {
        let value = value.trim_start_matches('"');
        let values = values(attribute, value, vocabulary).into_iter();
        let fitting = values.filter(|known| known.plain.starts_with(value));
        let whole = |known: OfferedValue| format!("{attribute}:{}", known.quoted);
        return fitting.map(whole).collect();
    }
    let mut words = Vec::new();
    let place = Place::behind(before);
    if place != Place::Operator {
        let start = word.trim_start_matches('"');
        if word == start {
            words.extend(first_words(word));
        }
        let names = fitting(&vocabulary.names, start);
        words.extend(names.iter().map(|name| name_word(name)));
    }
    if place != Place::Operand {
        let operators = ["and ", "or "]
            .into_iter()
            .filter(|it| it.starts_with(word));
        words.extend(operators.map(str::to_owned));
    }
    words
}

/// What can stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A name, an attribute, or what begins an expression.
    Operand,
    /// `and` or `or`, with the blank that comes behind it.
    Operator,
    /// Behind a `+` and white space, which may belong to either side.
    Either,
}

impl Place {
    /// What can stand behind a text.
    fn behind(before: &str) -> Self {
        let said = before.trim_end();
        let last = last_word(said).1.to_lowercase();
        match said.chars().last() {
            Some('+') if said.len() < before.len() => Self::Either,
            None | Some('(' | '+') => Self::Operand,
            _ if ["and", "or", "not"].contains(&last.as_str()) => Self::Operand,
            _ => Self::Operator,
        }
    }
}

/// Attributes, functions and `not`.
fn first_words(word: &str) -> impl Iterator<Item = String> {
    let attributes = ATTRIBUTES.iter().map(|name| format!("{name}:"));
    let others = ["sinks(", "roots(", "not "].map(str::to_owned);
    attributes
        .chain(others)
        .filter(move |it| it.starts_with(word))
}

/// Those of a sorted list that begin with `start`.
fn beginning<'a>(words: &'a [String], start: &str) -> &'a [String] {
    let from = words.partition_point(|it| it.as_str() < start);
    let rest = &words[from..];
    &rest[..rest.partition_point(|it| it.starts_with(start))]
}

/// A value as it is compared with what was typed, and as it is written.
struct OfferedValue {
    plain: String,
    quoted: String,
}

/// The values of an attribute; of long lists only those that begin with `start`.
fn values(attribute: &str, start: &str, vocabulary: &Vocabulary) -> Vec<OfferedValue> {
    let fixed = |word: &str| OfferedValue {
        plain: word.to_owned(),
        quoted: word.to_owned(),
    };
    let open = |words: &[String]| -> Vec<OfferedValue> {
        let value = |word: &String| OfferedValue {
            plain: word.clone(),
            quoted: quoted(word),
        };
        fitting(words, start).iter().map(value).collect()
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
                "" => OfferedValue {
                    plain: name.clone(),
                    quoted: quoted(name),
                },
                value => OfferedValue {
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
    use super::{Vocabulary, continuations, fitting};

    fn vocabulary() -> Vocabulary {
        let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Vocabulary {
            names: words(&["a b", "and", "kitchen", "stg/orders", "stg/users"]),
            sources: Vec::new(),
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
            ("an", &["\"and\""]),
            ("kitchen ", &["kitchen and ", "kitchen or "]),
            (
                "kitchen or k",
                &["kitchen or key:", "kitchen or kind:", "kitchen or kitchen"],
            ),
            (
                "kitchen+ a",
                &["kitchen+ \"a b\"", "kitchen+ \"and\"", "kitchen+ and "],
            ),
            (
                "key:\"a \\\" b\" ",
                &["key:\"a \\\" b\" and ", "key:\"a \\\" b\" or "],
            ),
            ("\"a ", &["\"a b\""]),
            (
                "2+sta",
                &[
                    "2+status:fresh",
                    "2+status:stale",
                    "2+status:missing",
                    "2+status:failed",
                    "2+status:pending",
                    "2+status:blocked",
                    "2+status:running",
                ],
            ),
            ("chan", &["changed:"]),
            ("+stg/o", &["+stg/orders"]),
            ("sinks(stg/u", &["sinks(stg/users"]),
            (
                "kitchen and not ki",
                &["kitchen and not kind:", "kitchen and not kitchen"],
            ),
            (
                "kitchen and not gr",
                &[
                    "kitchen and not group:core",
                    "kitchen and not group:\"group two\"",
                    "kitchen and not group:<null>",
                ],
            ),
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
        assert_eq!(continuations("", &vocabulary).len(), 9 + 3 + 5);
        let behind = continuations("(kitchen or stg/users) a", &vocabulary);
        assert_eq!(behind.len(), 9 + 3 + 5);
        assert_eq!(behind[0], "(kitchen or stg/users) and key:");
    }

    #[test]
    fn of_too_many_names_the_next_part_is_told() {
        let mut names: Vec<String> = (0..800).map(|i| format!("raw/{i:03}")).collect();
        names.extend((0..800).map(|i| format!("stg/{:02}/{i:03}", i / 20)));
        names.extend((0..800).map(|i| format!("t{i:03}")));
        let told = |start| fitting(&names, start);
        let (first, last) = (&told("")[..3], told("").last().cloned());
        assert_eq!(first, ["raw/", "stg/", "t000"]);
        assert_eq!(last.as_deref(), Some("t799"));
        assert_eq!(told("raw/1").len(), 100);
        assert_eq!(told("stg/").len(), 40);
        assert_eq!(told("stg/")[..2], ["stg/00/", "stg/01/"]);
        assert_eq!(told("t").len(), 501);
        assert_eq!(told("t7").len(), 100);
    }
}
