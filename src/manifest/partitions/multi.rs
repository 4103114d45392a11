//! Definitions of several dimensions.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::Definitions;
use crate::manifest::partitions::kind::Kind;
use crate::model::{DefinitionId, Dimension, Name, PartitionsDefinition};

/// Reads a definition of several dimensions; those that are written in place become definitions without a name.
pub(super) fn read<'a>(
    table: &Table<'a>,
    definitions: &mut Definitions<'a>,
    problems: &mut Problems,
) -> Option<PartitionsDefinition> {
    table.only(&["type", "dimensions"], problems);
    let Some(value) = table.get("dimensions") else {
        let problem = Problem::MissingKey {
            table: table.heading.to_string(),
            key: "dimensions",
            help: "name them: `dimensions = { date = \"day\", region = [\"eu\", \"us\"] }`",
        };
        problems.add(problem, [Label::new(table.location, "without dimensions")]);
        return None;
    };
    let before = problems.len();
    let entries = value.table(Heading::Inline("the dimensions"), problems)?;
    let mut dimensions = Vec::new();
    for entry in entries.values() {
        let name = Name::parse(entry.key);
        if let Err(error) = &name {
            let problem = Problem::InvalidName {
                name: entry.key.to_owned(),
                what: "a dimension",
                reason: error.to_string(),
            };
            problems.add(problem, [Label::new(entry.key_location, "this name")]);
        }
        let definition = read_dimension(&entry, definitions, problems);
        if let (Ok(name), Some(definition)) = (name, definition) {
            dimensions.push(Dimension { name, definition });
        }
    }
    if entries.values().count() < 2 {
        let problem = Problem::InvalidPartitions {
            reason: "a multi definition has two or more dimensions".to_owned(),
            help: "with one dimension, use its own type of definition",
        };
        problems.add(problem, [Label::new(value.location(), "too few")]);
    }
    dimensions.sort_by(|a, b| a.name.cmp(&b.name));
    (problems.len() == before).then(|| PartitionsDefinition::Multi(dimensions.into()))
}

/// A dimension: a name, a list of keys, or a definition in place. One that is wrong is reported, if it is not yet.
fn read_dimension<'a>(
    value: &Value<'a>,
    definitions: &mut Definitions<'a>,
    problems: &mut Problems,
) -> Option<DefinitionId> {
    let partitions = match value.as_table(Heading::Inline("the dimension")) {
        Some(table) => {
            let kind = Kind::read(&table, problems)?;
            definitions.flat_in_place(kind, &table, value, problems)
        }
        None => definitions.named_or_listed(value, problems),
    };
    let id = partitions.definition()?;
    if matches!(definitions.get(id), PartitionsDefinition::Multi(_)) {
        let problem = Problem::InvalidPartitions {
            reason: "a dimension cannot have dimensions itself".to_owned(),
            help: "write its dimensions beside the others",
        };
        problems.add(
            problem,
            [Label::new(value.location(), "has several dimensions")],
        );
        return None;
    }
    if let Some(bar) = definitions.bars.get(&id) {
        let problem = Problem::InvalidPartitions {
            reason: format!("a key of the dimension `{}` holds a `|`", value.key),
            help: "`|` joins the parts of a key of several dimensions: write the key without it",
        };
        let mut labels = vec![Label::new(*bar, "holds a `|`")];
        if value.as_text().is_some() {
            labels.push(Label::new(value.location(), "a dimension here"));
        }
        problems.add(problem, labels);
        return None;
    }
    Some(id)
}
