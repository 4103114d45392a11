//! Lists of partition keys.

use std::collections::HashMap;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::partitions::files::ReadDefinition;
use crate::model::{Location, PART_SEPARATOR, PartitionKey, PartitionsDefinition};

/// Reads the keys of a static definition.
pub(super) fn read_static(table: &Table<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
    let Some(value) = table.get("keys") else {
        let problem = Problem::MissingKey {
            table: table.heading.to_string(),
            key: "keys",
            help: "list the keys: `keys = [\"eu\", \"us\"]`",
        };
        problems.add(problem, [Label::new(table.location, "without keys")]);
        return None;
    };
    of_list(&value, problems)
}

/// The static definition of a list of keys.
pub(super) fn of_list(value: &Value<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
    let keys = read_keys(value, problems)?;
    let bar = keys
        .iter()
        .find(|(key, _)| key.as_str().contains(PART_SEPARATOR));
    Some(ReadDefinition {
        bar: bar.map(|(_, location)| *location),
        definition: PartitionsDefinition::Static(keys.into_iter().map(|(key, _)| key).collect()),
        pattern: None,
    })
}

/// Reads keys, each given once, with their places.
pub(in crate::manifest) fn read_keys(
    value: &Value<'_>,
    problems: &mut Problems,
) -> Option<Vec<(PartitionKey, Location)>> {
    let before = problems.len();
    let mut seen: HashMap<&str, Location> = HashMap::new();
    let mut keys = Vec::new();
    for text in value.texts(problems) {
        let Some(key) = read_key(text, problems) else {
            continue;
        };
        let Some(first) = seen.insert(text.value, text.location()) else {
            keys.push((key, text.location()));
            continue;
        };
        let labels = [
            Label::new(text.location(), "given again here"),
            Label::new(first, "given here"),
        ];
        problems.add(invalid(text.value, "it is given twice"), labels);
    }
    (problems.len() == before).then_some(keys)
}

/// Reads a key.
pub(in crate::manifest) fn read_key(
    text: Text<'_>,
    problems: &mut Problems,
) -> Option<PartitionKey> {
    let key = PartitionKey::parse(text.value);
    if let Err(error) = &key {
        let label = Label::new(text.location(), "this key");
        problems.add(invalid(text.value, &error.to_string()), [label]);
    }
    key.ok()
}

fn invalid(key: &str, reason: &str) -> Problem {
    Problem::InvalidPartitionKey {
        key: key.escape_debug().to_string(),
        reason: reason.to_owned(),
    }
}
