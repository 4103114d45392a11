//! What values a configuration may have.

use serde::{Deserialize, Serialize};

use crate::model::config::{
    ConfigFault, ConfigPath, ConfigProblem, ConfigValue, Finite, Setting, SettingEntry,
    SettingTable,
};
use crate::model::name::Location;

/// The keys of a table, in declared order.
pub type SchemaTable = Vec<(String, ConfigSchema)>;

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigSchema {
    /// Its type.
    pub kind: ConfigKind,
    /// The value where none is given.
    pub default: Option<ConfigValue>,
    /// Whether it has to have a value.
    pub required: bool,
    /// The only values that it may have; all where there is none.
    pub choices: Vec<ConfigValue>,
    /// The least number, or length.
    pub min: Option<Finite>,
    /// The greatest number, or length.
    pub max: Option<Finite>,
    /// For people.
    pub description: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigKind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A list, of elements that are all like this.
    List(Option<Box<ConfigSchema>>),
    /// A table, with these keys and no others.
    Table(Option<SchemaTable>),
    /// Anything.
    Any,
}

impl ConfigKind {
    /// The name of it in a schema.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::List(_) => "list",
            Self::Table(_) => "table",
            Self::Any => "any",
        }
    }

    /// With its article.
    fn in_words(&self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Boolean => "a boolean",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Any => "a value",
        }
    }
}

impl ConfigSchema {
    /// A schema of this type that asks for nothing else.
    pub fn of_kind(kind: ConfigKind, location: Location) -> Self {
        Self {
            kind,
            default: None,
            required: true,
            choices: Vec::new(),
            min: None,
            max: None,
            description: None,
            location,
        }
    }

    /// The schema that a declared setting stands for where there is no other.
    pub fn of_setting(entry: &SettingEntry) -> Self {
        let kind = match &entry.setting {
            Setting::Value(value) => ConfigKind::of_value(value, entry.location),
            Setting::Text(_) | Setting::FromEnv(_) => ConfigKind::Text,
            Setting::List(elements) => {
                let is_text = |it: &Setting| {
                    matches!(it, Setting::Text(_) | Setting::Value(ConfigValue::Text(_)))
                };
                let of = elements
                    .iter()
                    .all(is_text)
                    .then(|| Box::new(Self::of_kind(ConfigKind::Text, entry.location)));
                ConfigKind::List(of)
            }
            Setting::Table(entries) => {
                let key = |it: &SettingEntry| (it.key.clone(), Self::of_setting(it));
                ConfigKind::Table(Some(entries.iter().map(key).collect()))
            }
        };
        Self::of_kind(kind, entry.location)
    }

    /// The value as this schema takes it: an integer is taken for a float.
    ///
    /// What is wrong goes to `faults`, with its path, `at` this one.
    pub fn fit(
        &self,
        value: ConfigValue,
        at: (&ConfigPath, Location),
        faults: &mut Vec<ConfigFault>,
    ) -> Option<ConfigValue> {
        let (path, location) = at;
        let before = faults.len();
        let value = match (&self.kind, value) {
            (ConfigKind::Float, ConfigValue::Integer(integer)) => {
                #[expect(clippy::cast_precision_loss, reason = "as every number of that type")]
                let float = Finite::new(integer as f64).map(ConfigValue::Float);
                float.unwrap_or(ConfigValue::Integer(integer))
            }
            (ConfigKind::List(Some(of)), ConfigValue::List(values)) => {
                let each = |(number, value): (usize, ConfigValue)| {
                    of.fit(value, (&path.then(&number.to_string()), location), faults)
                };
                ConfigValue::List(values.into_iter().enumerate().filter_map(each).collect())
            }
            (ConfigKind::Table(Some(keys)), ConfigValue::Table(members)) => {
                let each = |(key, value): (String, ConfigValue)| {
                    let at = path.then(&key);
                    let Some(schema) = find(keys, &key) else {
                        faults.push(unknown(at, location, keys));
                        return None;
                    };
                    Some((key, schema.fit(value, (&at, location), faults)?))
                };
                ConfigValue::Table(members.into_iter().filter_map(each).collect())
            }
            (kind, value) if kind.takes(&value) => value,
            (kind, value) => {
                let message = format!("wanted {}, found {}", kind.in_words(), value.in_words());
                faults.push(wrong(path, location, message, true));
                return None;
            }
        };
        if faults.len() > before {
            return None;
        }
        if let Some(message) = self.refuses(&value) {
            faults.push(wrong(path, location, message, false));
            return None;
        }
        Some(value)
    }

    /// Why the bounds or the choice do not allow a value of the right type.
    fn refuses(&self, value: &ConfigValue) -> Option<String> {
        if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<String> = self.choices.iter().map(ConfigValue::json).collect();
            let found = value.in_words();
            return Some(format!(
                "wanted one of {}, found {found}",
                choices.join(", ")
            ));
        }
        #[expect(clippy::cast_precision_loss, reason = "bounds are of that type")]
        let (measure, what) = match value {
            ConfigValue::Integer(integer) => (*integer as f64, ""),
            ConfigValue::Float(float) => (float.get(), ""),
            ConfigValue::Text(text) => (text.chars().count() as f64, " characters"),
            ConfigValue::List(values) => (values.len() as f64, " elements"),
            ConfigValue::Table(members) => (members.len() as f64, " keys"),
            ConfigValue::Boolean(_) => return None,
        };
        let bound = |bound: Finite| {
            ConfigValue::Float(bound)
                .json()
                .trim_end_matches(".0")
                .to_owned()
        };
        let found = match what {
            "" => value.in_words(),
            _ => format!("{measure}"),
        };
        match (self.min, self.max) {
            (Some(min), _) if measure < min.get() => Some(format!(
                "wanted at least {}{what}, found {found}",
                bound(min)
            )),
            (_, Some(max)) if measure > max.get() => Some(format!(
                "wanted at most {}{what}, found {found}",
                bound(max)
            )),
            _ => None,
        }
    }

    /// A value that the schema takes, to be pasted.
    pub fn sample(&self) -> ConfigValue {
        if let Some(value) = self.default.as_ref().or(self.choices.first()) {
            return value.clone();
        }
        let bound = self.min.or(self.max).map_or(0.0, Finite::get);
        match &self.kind {
            ConfigKind::Text | ConfigKind::Any => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a length that somebody asks for"
                )]
                let least = self
                    .min
                    .map_or(0, |min| min.get().clamp(0.0, 80.0) as usize);
                ConfigValue::Text("x".repeat(least))
            }
            #[expect(clippy::cast_possible_truncation, reason = "a bound of an integer")]
            ConfigKind::Integer => ConfigValue::Integer(bound.ceil() as i64),
            ConfigKind::Float => {
                ConfigValue::Float(Finite::new(bound).expect("a bound is finite, and so is 0"))
            }
            ConfigKind::Boolean => ConfigValue::Boolean(false),
            ConfigKind::List(_) => ConfigValue::List(Vec::new()),
            ConfigKind::Table(keys) => {
                let keys = keys.iter().flatten().filter(|(_, key)| key.required);
                ConfigValue::Table(keys.map(|(key, it)| (key.clone(), it.sample())).collect())
            }
        }
    }

    /// The value that the text of a variable or of a word stands for: a text where that is wanted, else TOML if it parses.
    pub fn read_text(&self, text: &str) -> ConfigValue {
        let as_text = || ConfigValue::Text(text.to_owned());
        match self.kind {
            ConfigKind::Text => as_text(),
            _ => ConfigValue::parse_toml(text).unwrap_or_else(as_text),
        }
    }
}

impl ConfigKind {
    fn of_value(value: &ConfigValue, location: Location) -> Self {
        let of =
            |value: &ConfigValue| ConfigSchema::of_kind(Self::of_value(value, location), location);
        match value {
            ConfigValue::Boolean(_) => Self::Boolean,
            ConfigValue::Integer(_) => Self::Integer,
            ConfigValue::Float(_) => Self::Float,
            ConfigValue::Text(_) => Self::Text,
            ConfigValue::List(values) => {
                let mut kinds = values.iter().map(of);
                let first = kinds.next();
                let is_same = |other: ConfigSchema| Some(&other) == first.as_ref();
                let all = kinds.all(is_same);
                Self::List(first.filter(|_| all).map(Box::new))
            }
            ConfigValue::Table(members) => Self::Table(Some(
                members
                    .iter()
                    .map(|(key, it)| (key.clone(), of(it)))
                    .collect(),
            )),
        }
    }

    fn takes(&self, value: &ConfigValue) -> bool {
        matches!(
            (self, value),
            (Self::Text, ConfigValue::Text(_))
                | (Self::Integer, ConfigValue::Integer(_))
                | (Self::Float, ConfigValue::Float(_))
                | (Self::Boolean, ConfigValue::Boolean(_))
                | (Self::List(_), ConfigValue::List(_))
                | (Self::Table(_), ConfigValue::Table(_))
                | (Self::Any, _)
        )
    }
}

/// Checks what a layer sets, and gives it as the schema takes it; what is wrong is left out.
pub fn fit_table(
    keys: &[(String, ConfigSchema)],
    table: SettingTable,
    at: &ConfigPath,
    faults: &mut Vec<ConfigFault>,
) -> SettingTable {
    let each = |entry: SettingEntry| {
        let path = at.then(&entry.key);
        let Some(schema) = find(keys, &entry.key) else {
            faults.push(unknown(path, entry.key_location, keys));
            return None;
        };
        let setting = fit_setting(schema, entry.setting, (&path, entry.location), faults)?;
        Some(SettingEntry { setting, ..entry })
    };
    table.into_iter().filter_map(each).collect()
}

fn fit_setting(
    schema: &ConfigSchema,
    setting: Setting,
    at: (&ConfigPath, Location),
    faults: &mut Vec<ConfigFault>,
) -> Option<Setting> {
    let (path, location) = at;
    let mut refuse = |found: &str| {
        let message = format!("wanted {}, found {found}", schema.kind.in_words());
        faults.push(wrong(path, location, message, true));
        None
    };
    match (&schema.kind, setting) {
        (ConfigKind::Table(Some(keys)), Setting::Table(table)) => {
            Some(Setting::Table(fit_table(keys, table, path, faults)))
        }
        (ConfigKind::Table(None) | ConfigKind::Any, Setting::Table(table)) => {
            Some(Setting::Table(table))
        }
        (_, Setting::Table(_)) => refuse("a table"),
        (_, Setting::Value(value)) => schema.fit(value, at, faults).map(Setting::Value),
        (_, Setting::FromEnv(variable)) => Some(Setting::FromEnv(variable)),
        (ConfigKind::Text | ConfigKind::Any, Setting::Text(template)) => {
            Some(Setting::Text(template))
        }
        (_, Setting::Text(_)) => refuse("a text with a placeholder"),
        (ConfigKind::List(of), Setting::List(elements)) => {
            let Some(of) = of else {
                return Some(Setting::List(elements));
            };
            let each = |(number, element): (usize, Setting)| {
                fit_setting(
                    of,
                    element,
                    (&path.then(&number.to_string()), location),
                    faults,
                )
            };
            Some(Setting::List(
                elements.into_iter().enumerate().filter_map(each).collect(),
            ))
        }
        (ConfigKind::Any, Setting::List(elements)) => Some(Setting::List(elements)),
        (_, Setting::List(_)) => refuse("a list"),
    }
}

/// The schema of a key.
fn find<'s>(keys: &'s [(String, ConfigSchema)], key: &str) -> Option<&'s ConfigSchema> {
    keys.iter()
        .find(|(known, _)| known == key)
        .map(|(_, it)| it)
}

fn unknown(path: ConfigPath, location: Location, keys: &[(String, ConfigSchema)]) -> ConfigFault {
    let known = keys.iter().map(|(key, _)| key.clone()).collect();
    ConfigFault {
        path,
        location,
        problem: ConfigProblem::Unknown { known },
    }
}

fn wrong(path: &ConfigPath, location: Location, message: String, is_type: bool) -> ConfigFault {
    ConfigFault {
        path: path.clone(),
        location,
        problem: ConfigProblem::Value { message, is_type },
    }
}

/// The schema that a path leads to, as far as it is declared.
pub fn schema_of<'s>(keys: &'s SchemaTable, path: &[String]) -> Option<&'s ConfigSchema> {
    let (first, rest) = path.split_first()?;
    let schema = find(keys, first)?;
    match (&schema.kind, rest) {
        (_, []) => Some(schema),
        (ConfigKind::Table(Some(keys)), rest) => schema_of(keys, rest),
        _ => None,
    }
}
