//! What may come next where a selection is typed.

use crate::model::{AssetGraph, ByValue};
use crate::select::ast::{ATTRIBUTES, IsValue, PartitionsValue, Quoted, StatusValue};
use crate::select::lexer::is_reserved;
use crate::select::lexer::{is_plain, is_plain_partition};

/// How many continuations are offered at most.
const OFFERED: usize = 500;

/// What a selection that begins with `typed` may go on to: whole texts that begin like it, quoted where the language
/// asks for it. Where only one fits that is no end, it is what that may go on to: a shell closes quotes behind a text that is
/// alone.
pub fn continuations(typed: &str, graph: &AssetGraph) -> Vec<String> {
    let (before, word) = last_word(typed);
    let words = words_at(before, word, graph);
    let whole: Vec<String> = words.iter().map(|word| format!("{before}{word}")).collect();
    if let [only] = whole.as_slice()
        && only.ends_with([':', '(', ' ', '/'])
        && only != typed
    {
        let further = continuations(only, graph);
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

/// The keys of assets and sources that begin with `start`; of too many, what [`fitting`] gives.
pub fn fitting_names(graph: &AssetGraph, start: &str) -> Vec<String> {
    let keys = graph.asset_keys();
    let names: Vec<&str> = keys.starting_with(start).map(|it| keys.get(it)).collect();
    fitting(&names, start)
}

/// Those of a sorted list that begin with `start`. Of too many only the next part of their paths is told, and where that is
/// too much, too, the first of them and the last.
pub fn fitting(words: &[&str], start: &str) -> Vec<String> {
    let mut rest = beginning(words, start);
    if rest.len() <= OFFERED {
        return rest.iter().map(|word| (*word).to_owned()).collect();
    }
    let last = rest.last().map(|word| (*word).to_owned());
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

/// A value as it is written.
pub fn written(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else {
        Quoted(value).to_string()
    }
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
fn words_at(before: &str, word: &str, graph: &AssetGraph) -> Vec<String> {
    if let Some((attribute, value)) = word.split_once(':')
        && !word.starts_with('"')
    {
        let value = value.trim_start_matches('"');
        let values = values(attribute, value, graph).into_iter();
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
        let names = fitting_names(graph, start);
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
fn beginning<'a, 'w>(words: &'a [&'w str], start: &str) -> &'a [&'w str] {
    let from = words.partition_point(|it| *it < start);
    let rest = &words[from..];
    &rest[..rest.partition_point(|it| it.starts_with(start))]
}

/// A value as it is compared with what was typed, and as it is written.
struct OfferedValue {
    plain: String,
    quoted: String,
}

/// The values of an attribute; of long lists only those that begin with `start`.
fn values(attribute: &str, start: &str, graph: &AssetGraph) -> Vec<OfferedValue> {
    let fixed = |word: &str| OfferedValue {
        plain: word.to_owned(),
        quoted: word.to_owned(),
    };
    let open = |words: Vec<String>| -> Vec<OfferedValue> {
        let value = |word: String| OfferedValue {
            quoted: written(&word),
            plain: word,
        };
        words.into_iter().map(value).collect()
    };
    let or_none = |words: &ByValue<String>| {
        let words: Vec<&str> = words.keys().map(String::as_str).collect();
        let mut values = open(fitting(&words, start));
        values.push(fixed("<null>"));
        values
    };
    match attribute {
        "key" => open(fitting_names(graph, start)),
        "group" => or_none(&graph.labels().groups),
        "kind" => or_none(&graph.labels().kinds),
        "owner" => or_none(&graph.labels().owners),
        "tag" => {
            let tag = |(name, value): (&String, &String)| match value.as_str() {
                "" => OfferedValue {
                    plain: name.clone(),
                    quoted: written(name),
                },
                value => OfferedValue {
                    plain: format!("{name}={value}"),
                    quoted: format!("{}={}", written(name), written(value)),
                },
            };
            let tags = graph.labels().tags.iter();
            let tags =
                tags.flat_map(|(name, values)| values.keys().map(move |value| (name, value)));
            let tags = tags.map(tag);
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
        "job" => {
            let jobs = graph.settings().jobs.iter();
            open(jobs.map(|job| job.name.to_string()).collect())
        }
        _ => Vec::new(),
    }
}

/// A name as it is written: quoted, too, where it is a word of the language.
fn name_word(name: &str) -> String {
    if is_reserved(name) {
        format!("\"{name}\"")
    } else {
        written(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{continuations, fitting};
    use crate::select::tests::graph;

    const MANIFEST: &str = r#"
[source.or]
path = "1"
group = "core"
kinds = ["csv"]
owners = ["ann@example.com"]
tags = { layer = "core" }
[source.and]
path = "2"
group = "group two"
owners = ["team:data"]
tags = { layer = "raw zone", pii = "" }
[source.kitchen]
path = "3"
[source."stg/orders"]
path = "4"
[source."stg/users"]
path = "5"
"#;

    #[test]
    fn what_may_come_next() {
        let graph = graph(MANIFEST);
        for (typed, expected) in [
            ("stg", &["stg/orders", "stg/users"][..]),
            ("k", &["key:", "kind:", "kitchen"]),
            ("an", &["\"and\""]),
            ("kitchen ", &["kitchen and ", "kitchen or "]),
            (
                "kitchen or k",
                &["kitchen or key:", "kitchen or kind:", "kitchen or kitchen"],
            ),
            ("kitchen+ a", &["kitchen+ \"and\"", "kitchen+ and "]),
            (
                "key:\"a \\\" b\" ",
                &["key:\"a \\\" b\" and ", "key:\"a \\\" b\" or "],
            ),
            ("\"an", &["\"and\""]),
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
            assert_eq!(continuations(typed, &graph), expected, "{typed}");
        }
        assert_eq!(continuations("", &graph).len(), 10 + 3 + 5);
        let behind = continuations("(kitchen or stg/users) a", &graph);
        assert_eq!(behind.len(), 10 + 3 + 5);
        assert_eq!(behind[0], "(kitchen or stg/users) and key:");
    }

    #[test]
    fn of_too_many_names_the_next_part_is_told() {
        let mut names: Vec<String> = (0..800).map(|i| format!("raw/{i:03}")).collect();
        names.extend((0..800).map(|i| format!("stg/{:02}/{i:03}", i / 20)));
        names.extend((0..800).map(|i| format!("t{i:03}")));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
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
