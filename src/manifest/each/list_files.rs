//! The files that lists are read from. Each becomes TOML, whose values are copied into the tables.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use toml::de::DeTable;

use crate::hash::{HashError, parse_values, value_at};
use crate::manifest::diagnostic::{Problems, did_you_mean};
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::file::{SourceFile, Text};
use crate::manifest::{paths, project_files};
use crate::model::{FileId, Location};

/// The key that holds the list in the TOML that a file becomes.
pub(super) const VALUES: &str = "values";

/// The files of lists, and what they hold.
#[derive(Debug, Default)]
pub(in crate::manifest) struct ListFiles {
    /// The files, each once; their ids follow those of the manifest files.
    pub sources: Vec<Arc<SourceFile>>,
    texts: Vec<ListText>,
}

/// What a list reads from its file, as TOML.
#[derive(Debug)]
struct ListText {
    /// Where the list names the file.
    place: Location,
    file: FileId,
    toml: String,
}

/// A list that was read from a file.
#[derive(Debug)]
pub(in crate::manifest) struct ParsedList<'a> {
    /// Where the list names the file.
    pub place: Location,
    /// The file.
    pub file: FileId,
    /// A table with the values.
    pub table: DeTable<'a>,
}

impl ListFiles {
    /// Reads the files of all lists in `tables`.
    pub(in crate::manifest) fn read(
        tables: &[Table<'_>],
        root: &Path,
        problems: &mut Problems,
    ) -> Self {
        let mut files = Self::default();
        for table in tables {
            // What is wrong with the tables themselves is reported when the lists are read.
            for (_, list) in table.named_tables("each", &mut Problems::default()) {
                let text = |key| list.get(key).and_then(|value| value.as_text());
                let Some(file) = text("file") else {
                    continue;
                };
                let list = files.list(file, text("key"), tables.len(), root, problems);
                files.texts.extend(list);
            }
        }
        files
    }

    fn list(
        &mut self,
        file: Text<'_>,
        key: Option<Text<'_>>,
        manifests: usize,
        root: &Path,
        problems: &mut Problems,
    ) -> Option<ListText> {
        let mut refuse = |place: Text<'_>, message: String, help: String| {
            let problem = Problem::EachValues { message, help };
            problems.at(place.location(), "here", problem);
        };
        let folded = paths::fold_literal(file.file.folder(), file.value);
        let path = folded.path.as_literal().unwrap_or_default();
        if folded.outside || path.is_empty() {
            let message = format!("`{}` is not a file of the project", file.value);
            let help = "lists are read from files of the project, so that each clone has them";
            refuse(file, message, help.to_owned());
            return None;
        }
        let source = match self.source(path, manifests, root) {
            Ok(source) => source,
            Err(problem) => {
                problems.at(file.location(), "the file of this list", problem);
                return None;
            }
        };
        let document = match parse_values(path, source.as_str()) {
            Ok(document) => document,
            Err(HashError::Syntax(error)) => {
                let at = error.at.offset();
                let end = source.as_str()[at..].chars().next();
                let location = source.location(at..at + end.map_or(0, char::len_utf8));
                let message = error.reason;
                problems.at(location, "here", Problem::Syntax { message });
                return None;
            }
            Err(error) => {
                let help = "lists are read from files that end in .toml, .yaml, .yml or .json";
                refuse(file, error.to_string(), help.to_owned());
                return None;
            }
        };
        let found = match key {
            None => &document,
            Some(key) => {
                let Some(found) = value_at(&document, key.value) else {
                    let known = document.as_object().into_iter().flatten();
                    let known = known.map(|(name, _)| name.as_str());
                    let help = did_you_mean(key.value, known, "`key` leads to the list, as `a.b`");
                    refuse(key, format!("`{path}` has no `{}`", key.value), help);
                    return None;
                };
                found
            }
        };
        let Some(values) = found.as_array() else {
            let what = key.map_or_else(
                || format!("`{path}`"),
                |key| format!("`{}` in `{path}`", key.value),
            );
            let help = match document.as_object() {
                Some(_) if key.is_none() => "`key = \"…\"` names the list in it",
                _ => "a list holds texts, or tables with a `name`",
            };
            let message = format!("{what} is not a list");
            refuse(key.unwrap_or(file), message, help.to_owned());
            return None;
        };
        let values: Result<Vec<toml::Value>, &'static str> = values.iter().map(to_toml).collect();
        let table = values.map(|values| [(VALUES.to_owned(), toml::Value::Array(values))]);
        let toml = table
            .map(|table| toml::to_string(&toml::Table::from_iter(table)).map_err(|_| "a value"));
        match toml {
            Ok(Ok(toml)) => Some(ListText {
                place: file.location(),
                file: source.id(),
                toml,
            }),
            Ok(Err(what)) | Err(what) => {
                let message = format!("`{path}` holds {what} in its list, which cannot be used");
                let help = "a list holds texts, or tables with a `name`";
                refuse(file, message, help.to_owned());
                None
            }
        }
    }

    fn source(
        &mut self,
        path: &str,
        manifests: usize,
        root: &Path,
    ) -> Result<Arc<SourceFile>, Problem> {
        if let Some(known) = self.sources.iter().find(|source| source.path() == path) {
            return Ok(Arc::clone(known));
        }
        let text = project_files::read(root, path)?;
        let id = u16::try_from(manifests + self.sources.len()).map_err(|_| Problem::Include {
            message: "the project has more than 65,535 files of manifests and lists".to_owned(),
            help: "keep several lists in one file",
        })?;
        let source = Arc::new(SourceFile::new(FileId(id), path.to_owned(), text));
        self.sources.push(Arc::clone(&source));
        Ok(source)
    }
}

/// The lists that were read from files.
pub(in crate::manifest) fn parse_lists(files: &ListFiles) -> Vec<ParsedList<'_>> {
    let parsed = files.texts.iter().map(|text| ParsedList {
        place: text.place,
        file: text.file,
        table: DeTable::parse_recoverable(&text.toml).0.into_inner(),
    });
    parsed.collect()
}

/// A value as TOML; a member that is null is left out.
fn to_toml(value: &Json) -> Result<toml::Value, &'static str> {
    Ok(match value {
        Json::Null => return Err("`null`"),
        Json::Bool(truth) => toml::Value::Boolean(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => toml::Value::Integer(number),
            (None, Some(number)) if value.is_f64() => toml::Value::Float(number),
            _ => return Err("a whole number above 9223372036854775807"),
        },
        Json::String(text) => toml::Value::String(text.clone()),
        Json::Array(values) => {
            let values: Result<Vec<toml::Value>, _> = values.iter().map(to_toml).collect();
            toml::Value::Array(values?)
        }
        Json::Object(members) => {
            let mut table = toml::Table::new();
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(name.clone(), to_toml(value)?);
            }
            toml::Value::Table(table)
        }
    })
}
