//! The version of one value of a TOML, YAML or JSON file.
//!
//! The three formats become one: JSON values, of which the canonical text is hashed: members sorted, no spaces, integers
//! apart from floats. What JSON has no word for becomes text: a date, an infinity. So a value may move from one format to
//! another and keep its version.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use miette::NamedSource;
use serde_json::{Map, Number, Value};

use crate::hash::version::Place;
use crate::hash::{HashError, SyntaxError, Versions, version};
use crate::model::{DataVersion, ValueText};
use crate::sys::file::{FileKind, Follow};

/// A file of values is read whole, and takes many times its length in memory.
const LONGEST: u64 = 64_000_000;

/// Flow collections of YAML within each other; the parser looks at all that are open at each word.
const DEEPEST: usize = 1_000;

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFound {
    /// Its version.
    pub version: DataVersion,
    /// The value as texts.
    pub text: ValueText,
}

#[derive(Clone, Copy)]
enum Format {
    Toml,
    Yaml,
    Json,
}

/// What a parser said, and where.
struct Mistake {
    offset: usize,
    reason: String,
}

impl Versions<'_> {
    /// The value at the dotted `key` in the file at `path`; `None` when the file or the key is absent.
    ///
    /// A number names the entry of an array, from 0. A name may itself hold dots, where no shorter name leads to a value.
    pub fn of_value(&self, path: &str, key: &str) -> Result<Option<ValueFound>, HashError> {
        let Some(document) = self.document(path)? else {
            return Ok(None);
        };
        Ok(find(&document, key).map(|value| {
            let json = canonical(value);
            ValueFound {
                version: version::value(&json),
                text: ValueText {
                    json,
                    words: words(value),
                },
            }
        }))
    }

    fn document(&self, path: &str) -> Result<Option<Arc<Value>>, HashError> {
        let place = Place::declared(path);
        let format = format_of(place.named)?;
        let Some(stamp) = self.stamp(place, Follow::Links)? else {
            return Ok(None);
        };
        if stamp.kind() == FileKind::Directory {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(HashError::unreadable(place.named, error));
        }
        let lock = || {
            let documents = self.documents.lock();
            documents.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((known, document)) = lock().get(path)
            && *known == stamp
        {
            return Ok(Some(Arc::clone(document)));
        }
        let is_settled = self.ticker.is_settled(&stamp);
        let read = self.read_stable(place, |file, stamp| {
            if stamp.size > LONGEST {
                let reason = format!("it has more than {} MB", LONGEST / 1_000_000);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
            }
            let mut bytes = Vec::new();
            file.as_ref().take(LONGEST).read_to_end(&mut bytes)?;
            Ok(bytes)
        })?;
        let Some((read_stamp, bytes)) = read else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| HashError::not_text(place.named, "the content of"))?;
        let document =
            Arc::new(parse(format, &text).map_err(|mistake| locate(path, text, mistake))?);
        if is_settled && read_stamp == stamp {
            lock().insert(path.to_owned(), (stamp, Arc::clone(&document)));
        }
        Ok(Some(document))
    }
}

/// The values that a TOML, YAML or JSON file with this text holds; its name says which of them it is.
///
/// # Errors
///
/// [`HashError::Format`] by its name, [`HashError::Syntax`] by its text.
pub fn parse_values(path: &str, text: &str) -> Result<Value, HashError> {
    let format = format_of(Path::new(path))?;
    parse(format, text).map_err(|mistake| locate(path, text.to_owned(), mistake))
}

/// The value at the dotted `key`, as a source with a `key` names it.
pub fn value_at<'v>(document: &'v Value, key: &str) -> Option<&'v Value> {
    find(document, key)
}

fn format_of(path: &Path) -> Result<Format, HashError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("toml") => Ok(Format::Toml),
        Some("yaml" | "yml") => Ok(Format::Yaml),
        Some("json") => Ok(Format::Json),
        _ => Err(HashError::Format {
            path: path.display().to_string(),
        }),
    }
}

fn parse(format: Format, text: &str) -> Result<Value, Mistake> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - content.len();
    let parsed = match format {
        Format::Toml => toml::from_str(content)
            .map(|table| from_toml(toml::Value::Table(table)))
            .map_err(|error| Mistake {
                offset: error.span().map_or(0, |span| span.start),
                reason: error.message().to_owned(),
            }),
        Format::Yaml => parse_yaml(content).map_err(|error| {
            let (line, column) = error
                .location()
                .map_or((1, 1), |at| (at.line(), at.column()));
            mistake(content, (line, column), &error.to_string())
        }),
        Format::Json => serde_json::from_str(content)
            .map_err(|error| mistake(content, (error.line(), error.column()), &error.to_string())),
    };
    parsed.map_err(|mistake| Mistake {
        offset: mistake.offset + skipped,
        ..mistake
    })
}

fn parse_yaml(text: &str) -> Result<Value, serde_yaml_ng::Error> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        deepest = deepest.max(depth);
    }
    if deepest > DEEPEST {
        let reason = format!("more than {DEEPEST} nested collections");
        return Err(serde::de::Error::custom(reason));
    }
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    value.apply_merge()?;
    Ok(from_yaml(value))
}

/// A mistake whose parser counts lines and columns from 1, and repeats them at the end of what it says.
fn mistake(text: &str, (line, column): (usize, usize), said: &str) -> Mistake {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.max(1) - 1)
        .map(str::len)
        .sum();
    let within = text[before..].char_indices().nth(column.max(1) - 1);
    let reason = said
        .rsplit_once(" at line ")
        .map_or(said, |(reason, _)| reason);
    Mistake {
        offset: within.map_or(text.len(), |(at, _)| before + at),
        reason: reason.to_owned(),
    }
}

fn locate(path: &str, text: String, mistake: Mistake) -> HashError {
    let before = text.get(..mistake.offset).unwrap_or(&text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    HashError::Syntax(Box::new(SyntaxError {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        reason: mistake.reason,
        at: before.len().into(),
        text: NamedSource::new(path, text),
    }))
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => float(number),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(values) => values.into_iter().map(from_toml).collect(),
        toml::Value::Table(members) => members
            .into_iter()
            .map(|(name, value)| (name, from_toml(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn from_yaml(value: serde_yaml_ng::Value) -> Value {
    match value {
        serde_yaml_ng::Value::Null => Value::Null,
        serde_yaml_ng::Value::Bool(truth) => truth.into(),
        serde_yaml_ng::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_yaml_ng::Value::String(text) => Value::String(text),
        serde_yaml_ng::Value::Sequence(values) => values.into_iter().map(from_yaml).collect(),
        serde_yaml_ng::Value::Mapping(members) => members
            .into_iter()
            .map(|(name, value)| (member_name(from_yaml(name)), from_yaml(value)))
            .collect::<Map<_, _>>()
            .into(),
        serde_yaml_ng::Value::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            Value::Object([(name, from_yaml(tagged.value))].into_iter().collect())
        }
    }
}

/// YAML allows any value as a name.
fn member_name(name: Value) -> String {
    match name {
        Value::String(text) => text,
        other => canonical(&other),
    }
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    key.match_indices('.')
        .find_map(|(dot, _)| find(member(value, &key[..dot])?, &key[dot + 1..]))
        .or_else(|| member(value, key))
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(values) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
            values.get(name.parse::<usize>().ok()?)
        }
        _ => None,
    }
}

fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.iter().map(scalar).collect(),
        value => scalar(value).map(|word| vec![word]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
