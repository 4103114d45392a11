//! Typed access to a parsed TOML file: every refusal is a problem at its span, and reading goes on.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::manifest::diagnostic::{Problems, did_you_mean};
use crate::manifest::error::Problem;
use crate::manifest::file::{SourceFile, Text};
use crate::model::Location;

/// A table of a manifest file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// The file that holds it.
    pub file: &'a SourceFile,
    /// What it is, for messages.
    pub heading: Heading<'a>,
    /// Where it is named.
    pub location: Location,
    entries: &'a DeTable<'a>,
}

/// What a table is called in messages: `[asset.clean]`, `[project]`, a dep.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heading<'a> {
    /// The whole file.
    File,
    /// `[kind]`.
    Only(&'static str),
    /// `[kind.name]`.
    Named(&'static str, &'a str),
    /// A table that is a value.
    Inline(&'static str),
}

/// A value with its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    /// The file that holds it.
    pub file: &'a SourceFile,
    /// Its key.
    pub key: &'a str,
    /// Where the key stands.
    pub key_location: Location,
    inner: &'a Spanned<DeValue<'a>>,
}

impl<'a> Table<'a> {
    /// The top level of a file.
    pub(super) fn of_file(file: &'a SourceFile, entries: &'a DeTable<'a>) -> Self {
        Self {
            file,
            heading: Heading::File,
            location: file.location(0..0),
            entries,
        }
    }

    /// The entries as they were parsed.
    pub(super) fn entries(&self) -> &'a DeTable<'a> {
        self.entries
    }

    /// Reports the keys that are not among `known`.
    pub(super) fn only(&self, known: &[&'static str], problems: &mut Problems) {
        self.only_or(known, |_| None, problems);
    }

    /// The same, where some of the others have a help of their own.
    pub(super) fn only_or(
        &self,
        known: &[&'static str],
        help_for: impl Fn(&Value<'_>) -> Option<String>,
        problems: &mut Problems,
    ) {
        for value in self.values() {
            if !known.contains(&value.key) {
                let similar = || {
                    let known = known.iter().copied();
                    did_you_mean(value.key, known, "the keys are listed in docs/manifest.md")
                };
                let help = help_for(&value).unwrap_or_else(similar);
                let problem = Problem::UnknownKey {
                    key: value.key.to_owned(),
                    table: self.heading.to_string(),
                    help,
                };
                problems.at(value.key_location, "no such key", problem);
            }
        }
    }

    /// All entries, in the order of the file.
    pub(super) fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let file = self.file;
        self.entries
            .iter()
            .map(move |(key, inner)| Value::new(file, key, inner))
    }

    /// The keys of the table `key`, if it is one.
    pub(super) fn names_of(&self, key: &'static str) -> impl Iterator<Item = &'a str> + use<'a> {
        let table = self.get(key).and_then(|it| it.as_table(Heading::Only(key)));
        let values = table.map(|table| table.values());
        values.into_iter().flatten().map(|value| value.key)
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        Value::in_table(self.file, self.entries, key)
    }

    /// The value of `key`, which has to be there.
    pub(super) fn required(
        &self,
        key: &'static str,
        label: &str,
        help: &'static str,
        problems: &mut Problems,
    ) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            let problem = Problem::MissingKey {
                table: self.heading.to_string(),
                key,
                help,
            };
            problems.at(self.location, label, problem);
        }
        value
    }

    /// The table `key`, if it is there and is one.
    pub(super) fn table(
        &self,
        key: &str,
        heading: Heading<'a>,
        problems: &mut Problems,
    ) -> Option<Table<'a>> {
        self.get(key)?.table(heading, problems)
    }

    /// The string `key`, if it is there and is one.
    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<Text<'a>> {
        self.get(key)?.text(problems)
    }

    /// The strings of `key`: a list of them, or one.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Vec<Text<'a>> {
        self.get(key)
            .map_or_else(Vec::new, |value| value.texts(problems))
    }

    /// The boolean `key`, if it is there and is one.
    pub(super) fn boolean(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        self.get(key)?.boolean(problems)
    }

    /// The whole number `key`, if it is there and fits.
    pub(super) fn integer(&self, key: &str, problems: &mut Problems) -> Option<i32> {
        self.get(key)?.integer(problems)
    }

    /// The tables `[kind.NAME]`, in the order of the file.
    pub(super) fn named_tables(
        &self,
        kind: &'static str,
        problems: &mut Problems,
    ) -> Vec<(Value<'a>, Table<'a>)> {
        let Some(group) = self.table(kind, Heading::Only(kind), problems) else {
            return Vec::new();
        };
        let named = |value: Value<'a>| {
            let table = value.table(Heading::Named(kind, value.key), problems)?;
            Some((value, table))
        };
        group.values().filter_map(named).collect()
    }
}

impl<'a> Value<'a> {
    fn new(
        file: &'a SourceFile,
        key: &'a Spanned<DeString<'a>>,
        inner: &'a Spanned<DeValue<'a>>,
    ) -> Self {
        Self {
            file,
            key: key.get_ref(),
            key_location: file.location(key.span()),
            inner,
        }
    }

    /// The value of `key` in a table of a file.
    pub(super) fn in_table(
        file: &'a SourceFile,
        table: &'a DeTable<'a>,
        key: &str,
    ) -> Option<Self> {
        let (key, inner) = table.get_key_value(key)?;
        Some(Self::new(file, key, inner))
    }

    /// Where the value stands.
    pub(super) fn location(&self) -> Location {
        self.file.location(self.inner.span())
    }

    /// The value as it was parsed.
    pub(super) fn parsed(&self) -> &'a Spanned<DeValue<'a>> {
        self.inner
    }

    /// Whether the value is a string, and not a scalar that a placeholder stands for.
    pub(super) fn is_string(&self) -> bool {
        self.inner.get_ref().is_str()
    }

    /// The value, if it is a string; nothing is reported. So is a scalar that a placeholder in quotes stands for.
    pub(super) fn as_text(&self) -> Option<Text<'a>> {
        let is_quoted = || self.file.as_str()[self.inner.span()].starts_with(['"', '\'']);
        let value: &'a str = match self.inner.get_ref() {
            DeValue::String(value) => value,
            DeValue::Integer(number) if number.radix() == 10 && is_quoted() => number.as_str(),
            DeValue::Float(number) if is_quoted() => number.as_str(),
            DeValue::Boolean(true) if is_quoted() => "true",
            DeValue::Boolean(false) if is_quoted() => "false",
            _ => return None,
        };
        Some(Text::new(self.file, value, self.inner.span()))
    }

    /// The elements, if it is an array; nothing is reported.
    pub(super) fn as_elements(&self) -> Option<impl Iterator<Item = Value<'a>> + use<'a>> {
        let whole = *self;
        let array = self.inner.get_ref().as_array()?;
        Some(array.iter().map(move |inner| Value { inner, ..whole }))
    }

    /// The table, if it is one; nothing is reported.
    pub(super) fn as_table(&self, heading: Heading<'a>) -> Option<Table<'a>> {
        let entries = self.inner.get_ref().as_table()?;
        Some(Table {
            file: self.file,
            heading,
            location: self.key_location,
            entries,
        })
    }

    /// The boolean, if it is one; nothing is reported.
    pub(super) fn as_boolean(&self) -> Option<bool> {
        self.inner.get_ref().as_bool()
    }

    /// The elements of an array, or the value itself as the only one.
    pub(super) fn one_or_more(&self) -> Vec<Value<'a>> {
        match self.as_elements() {
            Some(elements) => elements.collect(),
            None => vec![*self],
        }
    }

    /// The string.
    pub(super) fn text(&self, problems: &mut Problems) -> Option<Text<'a>> {
        let text = self.as_text();
        if text.is_none() {
            self.wrong_type("a string", problems);
        }
        text
    }

    /// The strings: a list of them, or one.
    pub(super) fn texts(&self, problems: &mut Problems) -> Vec<Text<'a>> {
        let values = self.one_or_more();
        let text = |value: &Value<'a>| {
            let text = value.as_text();
            if text.is_none() {
                value.wrong_type("a string or a list of strings", problems);
            }
            text
        };
        values.iter().filter_map(text).collect()
    }

    /// The boolean.
    pub(super) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        let boolean = self.as_boolean();
        if boolean.is_none() {
            self.wrong_type("`true` or `false`", problems);
        }
        boolean
    }

    /// The whole number.
    pub(super) fn integer(&self, problems: &mut Problems) -> Option<i32> {
        let DeValue::Integer(integer) = self.inner.get_ref() else {
            self.wrong_type("a whole number", problems);
            return None;
        };
        let number = i32::from_str_radix(integer.as_str(), integer.radix());
        if number.is_err() {
            self.invalid(
                format!("`{}` is out of range", self.key),
                "a number between -2147483648 and 2147483647",
                problems,
            );
        }
        number.ok()
    }

    /// The table.
    pub(super) fn table(&self, heading: Heading<'a>, problems: &mut Problems) -> Option<Table<'a>> {
        let table = self.as_table(heading);
        if table.is_none() {
            self.wrong_type("a table", problems);
        }
        table
    }

    /// Reports that the value is not of the expected type.
    pub(super) fn wrong_type(&self, expected: &'static str, problems: &mut Problems) {
        let problem = Problem::WrongType {
            key: self.key.to_owned(),
            expected,
            example: self.example(expected),
        };
        let found = format!("this is {}", self.found());
        problems.at(self.location(), found, problem);
    }

    /// Reports that the value means nothing.
    pub(super) fn invalid(
        &self,
        message: impl Into<String>,
        help: impl Into<String>,
        problems: &mut Problems,
    ) {
        let problem = Problem::InvalidValue {
            message: message.into(),
            help: help.into(),
        };
        problems.at(self.location(), "here", problem);
    }

    /// The value, if it is a date or a time.
    pub(super) fn as_date(&self) -> Option<String> {
        let date = self.inner.get_ref().as_datetime()?;
        Some(date.to_string())
    }

    /// The value as JSON, for what is kept as it is; a part of it that JSON has no word for is reported.
    pub(super) fn json(&self, problems: &mut Problems) -> Option<serde_json::Value> {
        match json(self.inner) {
            Ok(value) => Some(value),
            Err(NotJson { what, range }) => {
                let problem = Problem::InvalidValue {
                    message: format!("{what} cannot be written as JSON"),
                    help: "write it as a string, as `\"2024-01-01\"`".to_owned(),
                };
                problems.at(self.file.location(range), "here", problem);
                None
            }
        }
    }

    fn example(&self, expected: &str) -> String {
        let key = self.key;
        let written = &self.file.as_str()[self.inner.span()];
        let scalar = !matches!(
            self.inner.get_ref(),
            DeValue::Array(_) | DeValue::Table(_) | DeValue::String(_)
        );
        match expected {
            "`true` or `false`" => format!("`{key} = true`"),
            "a whole number" => format!("`{key} = 1`"),
            "a table" => format!("`{key} = {{ … }}`, or as a section of its own"),
            "a string" | "a string or a list of strings" if scalar => {
                format!("`{key} = \"{written}\"`")
            }
            "a string" => format!("`{key} = \"…\"`"),
            "a string or a list of strings" => format!("`{key} = [\"…\"]`"),
            _ if expected.starts_with("a duration") => format!("`{key} = \"30m\"`"),
            _ if expected.starts_with("a date") => format!("`{key} = \"2013-01-01\"`"),
            _ => format!("`{key} = \"…\"`"),
        }
    }

    fn found(&self) -> &'static str {
        match self.inner.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        }
    }
}

impl fmt::Display for Heading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Only(kind) => write!(f, "`[{kind}]`"),
            Self::Named(kind, name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if !name.is_empty() && name.chars().all(plain) {
                    write!(f, "`[{kind}.{name}]`")
                } else {
                    write!(f, "`[{kind}.{name:?}]`")
                }
            }
            Self::Inline(what) => f.write_str(what),
        }
    }
}

/// A value that JSON has no word for, and where it stands.
struct NotJson {
    what: String,
    range: Range<usize>,
}

fn json(value: &Spanned<DeValue<'_>>) -> Result<serde_json::Value, NotJson> {
    let unfit = |what: String| NotJson {
        what,
        range: value.span(),
    };
    Ok(match value.get_ref() {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| unfit(format!("the number {integer}")))?
            .into(),
        DeValue::Float(float) => {
            let number = float.as_str().parse::<f64>().ok();
            let number = number.and_then(serde_json::Number::from_f64);
            number
                .ok_or_else(|| unfit(format!("the number `{}`", float.as_str())))?
                .into()
        }
        DeValue::Boolean(boolean) => (*boolean).into(),
        DeValue::Datetime(datetime) => return Err(unfit(format!("the date `{datetime}`"))),
        DeValue::Array(array) => array.iter().map(json).collect::<Result<_, _>>()?,
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| Ok((key.get_ref().to_string(), json(value)?)))
            .collect::<Result<serde_json::Map<_, _>, _>>()?
            .into(),
    })
}
