//! A file of run config as a table, whatever it is written in.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::SourceFile;
use crate::manifest::load::parse;
use crate::model::{
    ConfigPath, ConfigValue, Finite, Location, Setting, SettingEntry, SettingTable,
};

/// Reads a file whose name ends like this.
pub(super) fn read_document(
    file: &SourceFile,
    extension: &str,
    problems: &mut Problems,
) -> Option<SettingTable> {
    match extension.to_ascii_lowercase().as_str() {
        "toml" => {
            let before = problems.len();
            let parsed = parse(file, problems);
            if problems.len() > before {
                return None;
            }
            Some(of_table(&Table::of_file(file, parsed.get_ref()), problems))
        }
        "json" => {
            let read = serde_json::from_str::<DocumentValue>(file.as_str());
            let mistake =
                |error: serde_json::Error| (error.to_string(), (error.line(), error.column()));
            of_nodes(file, read.map_err(mistake), problems)
        }
        "yaml" | "yml" => {
            let read = serde_yaml_ng::from_str::<DocumentValue>(file.as_str());
            let mistake = |error: serde_yaml_ng::Error| {
                let at = error
                    .location()
                    .map_or((1, 1), |at| (at.line(), at.column()));
                (error.to_string(), at)
            };
            of_nodes(file, read.map_err(mistake), problems)
        }
        _ => {
            let problem = Problem::RunConfig {
                path: file.path().to_owned(),
                message: "a file of run config is TOML, YAML or JSON by its name".to_owned(),
                help: "let its name end in `.toml`, `.yaml` or `.json`".to_owned(),
            };
            problems.add(problem, []);
            None
        }
    }
}

/// What a table of TOML sets.
fn of_table(table: &Table<'_>, problems: &mut Problems) -> SettingTable {
    let entry = |value: Value<'_>| {
        let setting = match value.as_table(Heading::Inline("the table")) {
            Some(table) => Setting::Table(of_table(&table, problems)),
            None => match ConfigValue::of_json(&value.json(problems)?) {
                Ok(value) => Setting::Value(value),
                Err(what) => {
                    value.invalid(
                        format!("{what} is not a value"),
                        "write another value",
                        problems,
                    );
                    return None;
                }
            },
        };
        Some(SettingEntry {
            key: value.key.to_owned(),
            setting,
            key_location: value.key_location,
            location: value.location(),
        })
    };
    table.values().filter_map(entry).collect()
}

type Read = Result<DocumentValue, (String, (usize, usize))>;

/// What the top of a document of YAML or JSON sets.
fn of_nodes(file: &SourceFile, read: Read, problems: &mut Problems) -> Option<SettingTable> {
    let node = match read {
        Ok(node) => node,
        Err((message, (line, column))) => {
            let offset = file.offset(line, column);
            let reason = message.split(" at line ").next().unwrap_or_default();
            let problem = Problem::RunConfig {
                path: file.path().to_owned(),
                message: reason.to_owned(),
                help: "correct the file".to_owned(),
            };
            problems.at(file.location(offset..offset), "here", problem);
            return None;
        }
    };
    match node {
        DocumentValue::Null => Some(Vec::new()),
        DocumentValue::Table(members) => {
            Some(table_of(file, members, &ConfigPath::default(), problems))
        }
        _ => {
            let problem = Problem::RunConfig {
                path: file.path().to_owned(),
                message: "wanted a table at its top".to_owned(),
                help: "write sections, as `asset`".to_owned(),
            };
            problems.add(problem, []);
            None
        }
    }
}

fn table_of(
    file: &SourceFile,
    members: Vec<(String, DocumentValue)>,
    at: &ConfigPath,
    problems: &mut Problems,
) -> SettingTable {
    let entry = |(key, node): (String, DocumentValue)| {
        let path = at.then(&key);
        let setting = match node {
            DocumentValue::Table(members) => {
                Setting::Table(table_of(file, members, &path, problems))
            }
            other => Setting::Value(value_of(file, other, &path, problems)?),
        };
        Some(SettingEntry {
            key,
            setting,
            key_location: Location::default(),
            location: Location::default(),
        })
    };
    members.into_iter().filter_map(entry).collect()
}

fn value_of(
    file: &SourceFile,
    node: DocumentValue,
    at: &ConfigPath,
    problems: &mut Problems,
) -> Option<ConfigValue> {
    Some(match node {
        DocumentValue::Null => {
            let problem = Problem::RunConfig {
                path: format!("{}: {at}", file.path()),
                message: "null is not a value".to_owned(),
                help: "remove the key, or write a value".to_owned(),
            };
            problems.add(problem, []);
            return None;
        }
        DocumentValue::Value(value) => value,
        DocumentValue::List(nodes) => {
            let nodes = nodes.into_iter().enumerate();
            let values = nodes.filter_map(|(number, node)| {
                value_of(file, node, &at.then(&number.to_string()), problems)
            });
            ConfigValue::List(values.collect())
        }
        DocumentValue::Table(members) => {
            let members = members.into_iter().filter_map(|(key, node)| {
                let value = value_of(file, node, &at.then(&key), problems)?;
                Some((key, value))
            });
            ConfigValue::Table(members.collect())
        }
    })
}

/// A part of a document in which no key stands twice.
enum DocumentValue {
    Null,
    Value(ConfigValue),
    List(Vec<DocumentValue>),
    Table(Vec<(String, DocumentValue)>),
}

impl<'de> Deserialize<'de> for DocumentValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = DocumentValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Null)
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Value(ConfigValue::Boolean(boolean)))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Value(ConfigValue::Integer(integer)))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<DocumentValue, E> {
        let integer = i64::try_from(integer).map_err(|_| E::custom("a number is out of range"))?;
        self.visit_i64(integer)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<DocumentValue, E> {
        let number = Finite::new(number).ok_or_else(|| E::custom("a number is not finite"))?;
        Ok(DocumentValue::Value(ConfigValue::Float(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DocumentValue, E> {
        if text.contains('\0') {
            return Err(E::custom("a text holds a NUL"));
        }
        Ok(DocumentValue::Value(ConfigValue::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<DocumentValue, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element()? {
            nodes.push(node);
        }
        Ok(DocumentValue::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DocumentValue, A::Error> {
        let mut members: Vec<(String, DocumentValue)> = Vec::new();
        while let Some((key, node)) = map.next_entry::<String, DocumentValue>()? {
            if members.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("the key `{key}` is given twice")));
            }
            members.push((key, node));
        }
        Ok(DocumentValue::Table(members))
    }
}
