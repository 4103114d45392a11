//! Values of configuration: what TOML, YAML and JSON have in common, without dates, nulls and numbers that are none.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(Finite),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<ConfigValue>),
    /// A table, sorted by key.
    Table(BTreeMap<String, ConfigValue>),
}

/// A number that is neither infinite nor NaN.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Finite(f64);

impl Finite {
    /// The number, if it is finite.
    pub fn new(number: f64) -> Option<Self> {
        // The two zeros are one value.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Finite {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Finite {}

impl ConfigValue {
    /// A value of a JSON document; `Err` says what has no value here.
    ///
    /// # Errors
    ///
    /// If it is null, or a number that is out of range.
    pub fn of_json(value: &serde_json::Value) -> Result<Self, &'static str> {
        use serde_json::Value;
        Ok(match value {
            Value::Null => return Err("null"),
            Value::Bool(boolean) => Self::Boolean(*boolean),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                (None, Some(float)) if number.is_f64() => {
                    Self::Float(Finite::new(float).ok_or("a number out of range")?)
                }
                _ => return Err("a number out of range"),
            },
            Value::String(text) if text.contains('\0') => return Err("a text with a NUL"),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(values) => {
                Self::List(values.iter().map(Self::of_json).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Self::Table(
                members
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::of_json(value)?)))
                    .collect::<Result<_, &'static str>>()?,
            ),
        })
    }

    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Boolean(boolean) => (*boolean).into(),
            Self::Integer(integer) => (*integer).into(),
            Self::Float(float) => float.get().into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Table(members) => members
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// The value as the text of JSON: members sorted, no spaces.
    pub fn json(&self) -> String {
        self.to_json().to_string()
    }

    /// The text of a scalar, or those of a list of scalars; `None` for a table, and for a list that holds lists or tables.
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Self::List(values) => values.iter().map(Self::scalar).collect(),
            value => value.scalar().map(|word| vec![word]),
        }
    }

    /// The text of a scalar: a text itself, `true`, `1`, `0.5`.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Float(float) => Some(format!("{:?}", float.get())),
            Self::Boolean(_) | Self::Integer(_) => Some(self.json()),
            Self::List(_) | Self::Table(_) => None,
        }
    }

    /// The value that a text is in TOML; `None` if it is none, or a date, or a number that is not finite.
    pub fn parse_toml(text: &str) -> Option<Self> {
        let document = format!("value = {text}");
        let mut table: toml::Table = toml::from_str(&document).ok()?;
        let value = table.remove("value").filter(|_| table.is_empty())?;
        Self::of_toml(value)
    }

    fn of_toml(value: toml::Value) -> Option<Self> {
        Some(match value {
            toml::Value::String(text) if text.contains('\0') => return None,
            toml::Value::String(text) => Self::Text(text),
            toml::Value::Integer(integer) => Self::Integer(integer),
            toml::Value::Float(float) => Self::Float(Finite::new(float)?),
            toml::Value::Boolean(boolean) => Self::Boolean(boolean),
            toml::Value::Datetime(_) => return None,
            toml::Value::Array(values) => Self::List(
                values
                    .into_iter()
                    .map(Self::of_toml)
                    .collect::<Option<_>>()?,
            ),
            toml::Value::Table(members) => Self::Table(
                members
                    .into_iter()
                    .map(|(key, value)| Some((key, Self::of_toml(value)?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// The value as TOML on one line.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => toml_string(text),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::toml).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Table(members) if members.is_empty() => "{}".to_owned(),
            Self::Table(members) => {
                let member = |(key, value): (&String, &Self)| {
                    format!("{} = {}", toml_key(key), value.toml())
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{ {} }}", members.join(", "))
            }
            Self::Float(float) => format!("{:?}", float.get()),
            Self::Boolean(_) | Self::Integer(_) => self.json(),
        }
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match self {
            Self::Table(members) => members.get(first)?.at(rest),
            _ => None,
        }
    }

    /// What it is, for messages: `an integer`, and of a scalar which.
    pub fn in_words(&self) -> String {
        match self {
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            scalar => scalar.json(),
        }
    }
}

/// A key as TOML writes it: bare where that is possible.
pub(super) fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        toml_string(key)
    }
}

/// A text as a basic string of TOML.
fn toml_string(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            '\r' => written.push_str("\\r"),
            control if control.is_ascii_control() => {
                let _ = write!(written, "\\u{:04X}", control as u32);
            }
            other => written.push(other),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ConfigValue, Finite};

    fn any_value() -> impl Strategy<Value = ConfigValue> {
        let scalar = prop_oneof![
            any::<bool>().prop_map(ConfigValue::Boolean),
            any::<i64>().prop_map(ConfigValue::Integer),
            any::<f64>().prop_filter_map("finite", |it| Finite::new(it).map(ConfigValue::Float)),
            "\\PC{0,8}|[\\x01-\\x7f]{0,6}".prop_map(ConfigValue::Text),
        ];
        scalar.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(ConfigValue::List),
                proptest::collection::btree_map("[a-z. \"]{0,4}", inner, 0..4)
                    .prop_map(ConfigValue::Table),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(value in any_value()) {
            prop_assert_eq!(ConfigValue::parse_toml(&value.toml()), Some(value.clone()), "{}", value.toml());
            let json: serde_json::Value = serde_json::from_str(&value.json()).expect("JSON");
            prop_assert_eq!(ConfigValue::of_json(&json), Ok(value));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,20}") {
            let _ = ConfigValue::parse_toml(&text);
        }
    }

    #[test]
    fn words_of_values() {
        for (toml, words) in [
            ("10", Some(&["10"][..])),
            ("0.5", Some(&["0.5"])),
            ("1e300", Some(&["1e300"])),
            ("1.0", Some(&["1.0"])),
            ("true", Some(&["true"])),
            ("\"a b\"", Some(&["a b"])),
            ("[1, \"x\"]", Some(&["1", "x"])),
            ("[]", Some(&[])),
            ("[[1]]", None),
            ("{ a = 1 }", None),
        ] {
            let value = ConfigValue::parse_toml(toml).expect("TOML");
            let words = words.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(value.words(), words, "{toml}");
        }
        for bad in ["2024-01-01", "nan", "inf", "ten", "1\nb = 2", ""] {
            assert_eq!(ConfigValue::parse_toml(bad), None, "{bad}");
        }
    }
}
