//! `[each.NAME]`: lists of values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::each::list_files::{ParsedList, VALUES};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::model::{FileId, Location};

/// The key of a value by which it is known.
pub(super) const NAME: &str = "name";

/// All lists of a project.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Lists<'a> {
    lists: Vec<ValueList<'a>>,
}

/// A list of values.
#[derive(Debug)]
pub(super) struct ValueList<'a> {
    pub name: &'a str,
    location: Location,
    /// The file that it is read from.
    pub file: Option<FileId>,
    pub values: Vec<ListValue<'a>>,
}

/// A value of a list.
#[derive(Debug)]
pub(super) struct ListValue<'a> {
    /// What it is known by.
    pub name: String,
    /// Its keys, those of `default` included.
    pub members: DeTable<'a>,
    /// Where it is written, or where the list names the file that holds it.
    pub location: Location,
}

impl<'a> Lists<'a> {
    /// Reads the lists in `tables`; those in files have been parsed.
    pub(in crate::manifest) fn read(
        tables: &[Table<'a>],
        in_files: &[ParsedList<'a>],
        problems: &mut Problems,
    ) -> Self {
        let mut lists: Vec<ValueList<'a>> = Vec::new();
        for table in tables {
            for (name, list) in table.named_tables("each", problems) {
                problems.name(name.key, name.key_location, "a list");
                if let Some(first) = lists.iter().find(|it| it.name == name.key) {
                    problems.duplicate_name(name.key, name.key_location, first.location);
                }
                let file = list.get("file").map(|file| file.location());
                let parsed = in_files.iter().find(|it| Some(it.place) == file);
                lists.push(ValueList {
                    name: name.key,
                    location: name.key_location,
                    file: parsed.map(|it| it.file),
                    values: read_values(list, parsed, problems),
                });
            }
        }
        Self { lists }
    }

    /// The list that `text` names; reports it where there is none.
    pub(super) fn named(&self, text: Text<'_>, problems: &mut Problems) -> Option<&ValueList<'a>> {
        let found = self.find(text.value);
        if found.is_none() {
            let known = self.lists.iter().map(|list| list.name);
            let otherwise = format!("declare it as `[each.{}]`", text.value);
            let help = did_you_mean(text.value, known, &otherwise);
            let name = text.value.to_owned();
            let problem = Problem::UnknownEach { name, help };
            problems.at(text.location(), "not declared", problem);
        }
        found
    }

    /// The list of this name.
    pub(super) fn find(&self, name: &str) -> Option<&ValueList<'a>> {
        self.lists.iter().find(|list| list.name == name)
    }
}

fn read_values<'a>(
    list: Table<'a>,
    parsed: Option<&ParsedList<'a>>,
    problems: &mut Problems,
) -> Vec<ListValue<'a>> {
    list.only(&[VALUES, "file", "key", "default"], problems);
    let default = list.table("default", Heading::Inline("`default`"), problems);
    if let Some(name) = default.and_then(|default| default.get(NAME)) {
        let help = "each value has a name of its own: write it there";
        name.invalid("`default` has a `name`", help, problems);
    }
    let file = list.get("file");
    if let (None, Some(key)) = (file, list.get("key")) {
        let help = "remove it, or name the file with `file`";
        problems.conflict("`key` is for a list from a file", help, [key.key_location]);
    }
    let mut reader = ListReader {
        default: default.map(|table| table.entries()),
        heading: list.heading.to_string(),
        named: HashMap::new(),
        values: Vec::new(),
        problems,
    };
    match (list.get(VALUES), file) {
        (Some(values), Some(file)) => {
            let keys = [values.key_location, file.key_location];
            let message = "a list has either `values` or a `file`";
            reader.problems.conflict(message, "keep one of them", keys);
        }
        (None, None) => {
            let help = "as `values = [\"orders\", \"items\"]`, or `file = \"tables.yaml\"`";
            list.required(VALUES, "without values", help, reader.problems);
        }
        (Some(values), None) => reader.written(&values),
        (None, Some(file)) => {
            file.text(reader.problems);
            if let Some(key) = list.get("key") {
                key.text(reader.problems);
            }
            if let Some(parsed) = parsed {
                reader.in_file(parsed.place, &parsed.table);
            }
        }
    }
    reader.values
}

struct ListReader<'r, 'a> {
    default: Option<&'r DeTable<'a>>,
    /// The list, for messages.
    heading: String,
    named: HashMap<String, Location>,
    values: Vec<ListValue<'a>>,
    problems: &'r mut Problems,
}

impl<'a> ListReader<'_, 'a> {
    fn written(&mut self, values: &Value<'a>) {
        let Some(elements) = values.as_elements() else {
            values.wrong_type("a list of texts or tables", self.problems);
            return;
        };
        let mut count = 0;
        for element in elements {
            count += 1;
            self.value(element.parsed(), element.location(), "this value");
        }
        if count == 0 {
            let message = format!("{} has no values", self.heading);
            let help = "list them, as `values = [\"orders\"]`; a list that may be empty is read from a `file`";
            self.report(values.location(), "an empty list", message, help);
        }
    }

    fn in_file(&mut self, location: Location, table: &DeTable<'a>) {
        let values = table.get(VALUES).and_then(|it| it.get_ref().as_array());
        for (number, value) in (1..).zip(values.into_iter().flat_map(|values| values.iter())) {
            self.value(value, location, &format!("value {number} in this file"));
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'a>>, location: Location, label: &str) {
        let help =
            "a value is a text, or a table with a `name`, as `{ name = \"users\", limit = 10 }`";
        let mut members = match value.get_ref() {
            DeValue::Table(members) => members.clone(),
            DeValue::String(_) | DeValue::Integer(_) => {
                let name = Spanned::new(value.span(), DeString::Borrowed(NAME));
                DeTable::from_iter([(name, value.clone())])
            }
            _ => {
                let message = format!(
                    "{} has a value that is neither a text nor a table",
                    self.heading
                );
                return self.report(location, label, message, help);
            }
        };
        let name = members.get(NAME).and_then(|name| match name.get_ref() {
            DeValue::String(_) | DeValue::Integer(_) => scalar_text(name.get_ref()),
            _ => None,
        });
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let message = format!("{} has a value without a name", self.heading);
            return self.report(location, label, message, help);
        };
        match self.named.entry(name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(location);
            }
            Entry::Occupied(first) => {
                let message = format!("{} has two values named `{name}`", self.heading);
                let help = "rename one of them, or remove it".to_owned();
                let problem = Problem::EachValues { message, help };
                let mut labels = vec![Label::new(location, label)];
                if *first.get() != location {
                    labels.push(Label::new(*first.get(), "the first one"));
                }
                return self.problems.add(problem, labels);
            }
        }
        for (key, value) in self.default.into_iter().flatten() {
            if !members.contains_key(&**key.get_ref()) {
                members.insert(key.clone(), value.clone());
            }
        }
        self.values.push(ListValue {
            name,
            members,
            location,
        });
    }

    fn report(&mut self, location: Location, label: &str, message: String, help: &str) {
        let help = help.to_owned();
        let problem = Problem::EachValues { message, help };
        self.problems.at(location, label, problem);
    }
}

/// A value as text, if it is not a list or a table.
pub(super) fn scalar_text(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.to_string(),
            Err(_) => number.to_string(),
        },
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}
