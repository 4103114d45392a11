//! `[partitions.NAME]`, and definitions that are written in place.

use std::collections::HashMap;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::template::Scope;
use crate::model::{
    Cadence, DeclaredPartitions, DefinitionId, InvalidTimePartitions, Location, Name, PartitionKey,
    PartitionsDefinition, TimePartitions, TimeSetting, TimeSettings,
};

/// The partitions definitions of a project.
#[derive(Debug, Default)]
pub(super) struct Definitions<'a> {
    declared: Vec<DeclaredPartitions>,
    by_name: HashMap<&'a str, (Partitions, Location)>,
    /// Definitions in place, by their encoded form.
    inline: HashMap<Vec<u8>, Partitions>,
}

/// The partitions of an asset or a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partitions {
    /// It has none.
    None,
    /// Those of a definition.
    By(DefinitionId),
    /// The definition is wrong, which is reported.
    Faulty,
}

impl Partitions {
    /// The definition, if there is a right one.
    pub(super) fn definition(self) -> Option<DefinitionId> {
        match self {
            Self::By(id) => Some(id),
            Self::None | Self::Faulty => None,
        }
    }
}

impl<'a> Definitions<'a> {
    /// Reads the definitions of a file.
    pub(super) fn read(&mut self, file: &Table<'a>, problems: &mut Problems) {
        for (value, table) in file.named_tables("partitions", problems) {
            let name = Name::parse(value.key);
            if let Err(error) = &name {
                let problem = Problem::InvalidName {
                    name: value.key.to_owned(),
                    what: "a partitions definition",
                    reason: error.to_string(),
                };
                problems.add(problem, [Label::new(value.key_location, "this name")]);
            }
            if let Some((_, first)) = self.by_name.get(value.key) {
                let problem = Problem::DuplicateName {
                    name: value.key.to_owned(),
                };
                let labels = [
                    Label::new(value.key_location, "declared again here"),
                    Label::new(*first, "declared here"),
                ];
                problems.add(problem, labels);
            }
            let partitions = match read_definition(&table, problems) {
                None => Partitions::Faulty,
                Some(definition) => self.add(name.ok(), definition, value.key_location),
            };
            self.by_name
                .entry(value.key)
                .or_insert((partitions, value.key_location));
        }
    }

    /// Reads `partitions` of an asset or a source: a name, or a definition in place.
    pub(super) fn of(&mut self, table: &Table<'a>, problems: &mut Problems) -> Partitions {
        let Some(value) = table.get("partitions") else {
            return Partitions::None;
        };
        if let Some(inline) = value.as_table(Heading::Inline("the partitions definition")) {
            return match read_definition(&inline, problems) {
                None => Partitions::Faulty,
                Some(definition) => self.add_inline(definition, value.location()),
            };
        }
        let Some(name) = value.as_text() else {
            value.wrong_type("the name of a partitions definition, or a table", problems);
            return Partitions::Faulty;
        };
        if let Some((partitions, _)) = self.by_name.get(name.value) {
            return *partitions;
        }
        let problem = Problem::UnknownPartitions {
            name: name.value.to_owned(),
            help: did_you_mean(
                name.value,
                self.by_name.keys().copied(),
                &format!("declare it as `[partitions.{}]`", name.value),
            ),
        };
        problems.add(problem, [Label::new(name.location(), "not declared")]);
        Partitions::Faulty
    }

    /// What templates of that which has these partitions may name.
    pub(super) fn scope(&self, partitions: Partitions) -> Scope<'_> {
        match partitions {
            Partitions::None => Scope::Unpartitioned,
            Partitions::By(id) => Scope::Partitioned(self.get(id)),
            Partitions::Faulty => Scope::Unknown,
        }
    }

    /// A definition.
    pub(super) fn get(&self, id: DefinitionId) -> &PartitionsDefinition {
        &self.declared[id.0 as usize].definition
    }

    /// What a definition is called in messages.
    pub(super) fn describe(&self, id: DefinitionId) -> String {
        let declared = &self.declared[id.0 as usize];
        let kind = declared.definition.type_name();
        match &declared.name {
            Some(name) => format!("`{name}` ({kind})"),
            None => format!("a {kind} definition"),
        }
    }

    /// All definitions, in the order of their ids.
    pub(super) fn into_declared(self) -> Vec<DeclaredPartitions> {
        self.declared
    }

    /// Equal definitions in place are one: an asset and a source that repeat it have the same partitions.
    fn add_inline(&mut self, definition: PartitionsDefinition, location: Location) -> Partitions {
        let encoded = postcard::to_stdvec(&definition).unwrap_or_default();
        if let Some(partitions) = self.inline.get(&encoded) {
            return *partitions;
        }
        let partitions = self.add(None, definition, location);
        self.inline.insert(encoded, partitions);
        partitions
    }

    fn add(
        &mut self,
        name: Option<Name>,
        definition: PartitionsDefinition,
        location: Location,
    ) -> Partitions {
        self.declared.push(DeclaredPartitions {
            name,
            definition,
            location,
        });
        Partitions::By(DefinitionId(self.declared.len() as u32 - 1))
    }
}

fn read_definition(table: &Table<'_>, problems: &mut Problems) -> Option<PartitionsDefinition> {
    let Some(kind) = table.get("type") else {
        let problem = Problem::MissingKey {
            table: table.heading.to_string(),
            key: "type",
            help: "write `type = \"static\"`, `\"daily\"` or `\"monthly\"`",
        };
        problems.add(problem, [Label::new(table.location, "of which type?")]);
        return None;
    };
    let name = kind.text(problems)?.value;
    let cadence = match name {
        "static" => {
            table.only(&["type", "keys"], problems);
            return read_static(table, problems);
        }
        "daily" => Cadence::Daily,
        "monthly" => Cadence::Monthly,
        _ => {
            let help = did_you_mean(name, ["static", "daily", "monthly"], "");
            let message = format!("there is no type `{name}` of partitions definitions");
            kind.invalid(message, help, problems);
            return None;
        }
    };
    table.only(&["type", "start", "end", "timezone", "format"], problems);
    read_time(table, cadence, problems)
}

fn read_static(table: &Table<'_>, problems: &mut Problems) -> Option<PartitionsDefinition> {
    let Some(value) = table.get("keys") else {
        let problem = Problem::MissingKey {
            table: table.heading.to_string(),
            key: "keys",
            help: "list the keys: `keys = [\"eu\", \"us\"]`",
        };
        problems.add(problem, [Label::new(table.location, "without keys")]);
        return None;
    };
    let before = problems.len();
    let mut seen: HashMap<&str, Location> = HashMap::new();
    let mut keys = Vec::new();
    for text in value.texts(problems) {
        let invalid = |reason: String| Problem::InvalidPartitionKey {
            key: text.value.escape_debug().to_string(),
            reason,
        };
        match PartitionKey::parse(text.value) {
            Err(error) => {
                let label = Label::new(text.location(), "this key");
                problems.add(invalid(error.to_string()), [label]);
            }
            Ok(key) => match seen.insert(text.value, text.location()) {
                None => keys.push(key),
                Some(first) => {
                    let labels = [
                        Label::new(text.location(), "given again here"),
                        Label::new(first, "given here"),
                    ];
                    problems.add(invalid("it is given twice".to_owned()), labels);
                }
            },
        }
    }
    (problems.len() == before).then(|| PartitionsDefinition::Static(keys.into()))
}

fn read_time(
    table: &Table<'_>,
    cadence: Cadence,
    problems: &mut Problems,
) -> Option<PartitionsDefinition> {
    let Some(start) = table.get("start") else {
        let problem = Problem::MissingKey {
            table: table.heading.to_string(),
            key: "start",
            help: "name the first window: `start = \"2013-01-01\"`",
        };
        problems.add(problem, [Label::new(table.location, "without a start")]);
        return None;
    };
    let start_text = time_text(&start, problems);
    let end_text = table.get("end").map(|end| time_text(&end, problems));
    let timezone = table.text("timezone", problems);
    let format = table.text("format", problems);
    let start_text = start_text?;
    let settings = TimeSettings {
        end: match &end_text {
            None => None,
            Some(text) => Some(text.as_deref()?),
        },
        timezone: timezone.map_or("UTC", |text| text.value),
        format: format.map(|text| text.value),
        ..TimeSettings::new(cadence, &start_text)
    };
    let error = match TimePartitions::new(settings) {
        Ok(time) => return Some(PartitionsDefinition::time(time)),
        Err(error) => error,
    };
    let or_table = |key: &str| {
        table
            .get(key)
            .map_or(table.location, |value| value.location())
    };
    let (location, label, help) = match &error {
        InvalidTimePartitions::UnknownZone(_) => (
            or_table("timezone"),
            "unknown",
            "zones are named as `Europe/Berlin`, `America/New_York` or `UTC`",
        ),
        InvalidTimePartitions::NotInFormat { setting, .. } => (
            or_table(if *setting == TimeSetting::End {
                "end"
            } else {
                "start"
            }),
            "not such a time",
            "write it in the definition's format, or as a date like 2013-01-31",
        ),
        InvalidTimePartitions::BadFormat { .. } => (
            or_table("format"),
            "this format",
            "formats are those of strftime, as `%Y-%m-%d`",
        ),
        InvalidTimePartitions::TooCoarse { .. } => (
            or_table("format"),
            "does not tell windows apart",
            "days need a year, a month and a day; months a year and a month",
        ),
        InvalidTimePartitions::EndBeforeStart { .. } => (
            or_table("end"),
            "before the start",
            "the first window starts at `start`, the last ends at `end`",
        ),
        _ => (
            table.location,
            "this definition",
            "windows start at the ticks of a cron expression",
        ),
    };
    let problem = Problem::InvalidPartitions {
        reason: error.to_string(),
        help,
    };
    problems.add(problem, [Label::new(location, label)]);
    None
}

fn time_text(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    if let Some(date) = value.as_date() {
        return Some(date);
    }
    let text = value.as_text();
    if text.is_none() {
        value.wrong_type("a date, as `\"2013-01-01\"`", problems);
    }
    text.map(|text| text.value.to_owned())
}
