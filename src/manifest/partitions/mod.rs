//! `[partitions.NAME]`, and definitions that are written in place.
//!
//! Definitions of several dimensions are read last, as they name others. A definition in place is kept without a name,
//! once for all places that repeat it.

mod keys;
mod time;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::keys::ReadDefinition;
use crate::manifest::template::{Partitioning, Scope};
use crate::model::{
    Cadence, DeclaredPartitions, DefinitionId, Dimension, Location, MultiKeys, Name, PartitionKeys,
    PartitionsDefinition,
};

pub(super) use keys::{Decides, FilePattern, read_key, read_keys};

/// The partitions definitions of a project.
#[derive(Debug, Default)]
pub(super) struct Definitions<'a> {
    declared: Vec<DeclaredPartitions>,
    by_name: HashMap<&'a str, (Partitions, Location)>,
    /// Definitions in place, by their encoded form.
    inline: HashMap<Vec<u8>, DefinitionId>,
    /// Where a key or format holds a `|`, so that the definition can be no dimension.
    bars: HashMap<DefinitionId, Location>,
    patterns: Vec<(DefinitionId, FilePattern)>,
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
    /// Those of a definition that was read, if it was right.
    fn read(definition: Option<DefinitionId>) -> Self {
        definition.map_or(Self::Faulty, Self::By)
    }

    /// The definition, if there is a right one.
    pub(super) fn definition(self) -> Option<DefinitionId> {
        match self {
            Self::By(id) => Some(id),
            Self::None | Self::Faulty => None,
        }
    }
}

impl<'a> Definitions<'a> {
    /// Reads the named definitions of all files.
    pub(super) fn read(files: &[Table<'a>], problems: &mut Problems) -> Self {
        let mut definitions = Self::default();
        let mut products: Vec<(Value<'a>, Table<'a>, DefinitionId)> = Vec::new();
        for file in files {
            for (value, table) in file.named_tables("partitions", problems) {
                let name = definitions.check_name(&value, problems);
                let partitions = match Kind::read(&table, problems) {
                    None => Partitions::Faulty,
                    Some(Kind::Multi) => {
                        let nothing = PartitionsDefinition::Multi([].into());
                        let id = definitions.add(name, nothing.into(), value.key_location);
                        products.push((value, table, id));
                        Partitions::By(id)
                    }
                    Some(Kind::Dynamic) => {
                        table.only(&["type"], problems);
                        let dynamic = PartitionsDefinition::Dynamic;
                        let id = definitions.add(name, dynamic.into(), value.key_location);
                        Partitions::By(id)
                    }
                    Some(kind) => {
                        let read = kind.read_flat(&table, problems);
                        Partitions::read(
                            read.map(|read| definitions.add(name, read, value.key_location)),
                        )
                    }
                };
                definitions
                    .by_name
                    .entry(value.key)
                    .or_insert((partitions, value.key_location));
            }
        }
        for (value, table, id) in products {
            let product = read_multi(&table, &mut definitions, problems);
            if let Some(product) = product {
                definitions.declared[id.0 as usize].definition = product;
            } else {
                let faulty = (Partitions::Faulty, value.key_location);
                definitions.by_name.insert(value.key, faulty);
            }
        }
        definitions
    }

    /// Reads `partitions` of an asset or a source: a name, or a definition in place.
    pub(super) fn of(&mut self, table: &Table<'a>, problems: &mut Problems) -> Partitions {
        let Some(value) = table.get("partitions") else {
            return Partitions::None;
        };
        if let Some(inline) = value.as_table(Heading::Inline("the partitions definition")) {
            return match Kind::read(&inline, problems) {
                None => Partitions::Faulty,
                Some(Kind::Multi) => {
                    let product = read_multi(&inline, self, problems);
                    Partitions::read(
                        product.map(|product| self.add_inline(product.into(), value.location())),
                    )
                }
                Some(kind) => self.flat_in_place(kind, &inline, &value, problems),
            };
        }
        self.named_or_listed(&value, problems)
    }

    /// What templates of that which has these partitions may name.
    pub(super) fn scope(&self, partitions: Partitions) -> Scope<'_> {
        match partitions {
            Partitions::None => Scope::Unpartitioned,
            Partitions::By(id) => Scope::Partitioned(Partitioning {
                definition: self.get(id),
                declared: &self.declared,
            }),
            Partitions::Faulty => Scope::Unknown,
        }
    }

    /// A definition.
    pub(super) fn get(&self, id: DefinitionId) -> &PartitionsDefinition {
        &self.declared[id.0 as usize].definition
    }

    /// All definitions, by id.
    pub(super) fn declared(&self) -> &[DeclaredPartitions] {
        &self.declared
    }

    /// The keys of a definition that lists all of them, if these are at most `limit`.
    pub(super) fn listed(&self, id: DefinitionId, limit: u32) -> Option<PartitionKeys> {
        let few = |keys: PartitionKeys| (keys.len() <= limit).then_some(keys);
        match self.get(id) {
            PartitionsDefinition::Static(_) => few(self.get(id).declared_keys(Timestamp::MAX)?),
            PartitionsDefinition::Multi(dimensions) => {
                let keys = dimensions.iter().map(|dimension| {
                    let listed = self.listed(dimension.definition, limit)?;
                    Some((dimension.name.clone(), listed))
                });
                let product = MultiKeys::new(keys.collect::<Option<_>>()?)?;
                few(PartitionKeys::Multi(product))
            }
            PartitionsDefinition::Time { .. }
            | PartitionsDefinition::Dynamic
            | PartitionsDefinition::Files(_) => None,
        }
    }

    /// The files whose presence decides which keys exist, with the definitions whose keys these are.
    pub(super) fn patterns(&self) -> &[(DefinitionId, FilePattern)] {
        &self.patterns
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

    /// The name of a table, if it is valid; reports an invalid or repeated name.
    fn check_name(&self, value: &Value<'a>, problems: &mut Problems) -> Option<Name> {
        let name = problems.name(value.key, value.key_location, "a partitions definition");
        if let Some((_, first)) = self.by_name.get(value.key) {
            problems.duplicate_name(value.key, value.key_location, *first);
        }
        name
    }

    /// The definition of a name, or of a list of keys.
    fn named_or_listed(&mut self, value: &Value<'a>, problems: &mut Problems) -> Partitions {
        if value.as_elements().is_some() {
            let read = keys::of_list(value, problems);
            return Partitions::read(read.map(|read| self.add_inline(read, value.location())));
        }
        let Some(name) = value.as_text() else {
            let expected = "the name of a partitions definition, a list of keys, or a table";
            value.wrong_type(expected, problems);
            return Partitions::Faulty;
        };
        self.find(name.value, name.location(), problems)
    }

    /// The definition of a name; one that nobody declares is reported.
    /// The definition of this name.
    pub(super) fn named(&self, value: &Value<'a>, problems: &mut Problems) -> Option<DefinitionId> {
        let name = value.text(problems)?;
        self.find(name.value, name.location(), problems)
            .definition()
    }

    fn find(&self, name: &str, location: Location, problems: &mut Problems) -> Partitions {
        if let Some((partitions, _)) = self.by_name.get(name) {
            return *partitions;
        }
        let problem = Problem::UnknownPartitions {
            name: name.to_owned(),
            help: did_you_mean(
                name,
                self.by_name.keys().copied(),
                &format!("declare it as `[partitions.{name}]`"),
            ),
        };
        problems.at(location, "not declared", problem);
        Partitions::Faulty
    }

    /// Reads a definition of one dimension in place.
    fn flat_in_place(
        &mut self,
        kind: Kind,
        table: &Table<'_>,
        value: &Value<'_>,
        problems: &mut Problems,
    ) -> Partitions {
        let read = kind.read_flat(table, problems);
        Partitions::read(read.map(|read| self.add_inline(read, value.location())))
    }

    /// Equal definitions in place are one: an asset and a source that repeat it have the same partitions.
    fn add_inline(&mut self, read: ReadDefinition, location: Location) -> DefinitionId {
        let encoded = postcard::to_stdvec(&read.definition).unwrap_or_default();
        if let Some(id) = self.inline.get(&encoded) {
            return *id;
        }
        let id = self.add(None, read, location);
        self.inline.insert(encoded, id);
        id
    }

    fn add(
        &mut self,
        name: Option<Name>,
        read: ReadDefinition,
        location: Location,
    ) -> DefinitionId {
        let id = DefinitionId(self.declared.len() as u32);
        self.declared.push(DeclaredPartitions {
            name,
            definition: read.definition,
            location,
        });
        self.patterns
            .extend(read.pattern.map(|pattern| (id, pattern)));
        self.bars.extend(read.bar.map(|bar| (id, bar)));
        id
    }
}

/// What `type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A list of keys.
    Static,
    /// Time windows.
    Time(Cadence),
    /// Several dimensions.
    Multi,
    /// Keys that the instance holds.
    Dynamic,
    /// Keys that are files.
    Files,
}

const TYPES: [(&str, Kind); 9] = [
    ("static", Kind::Static),
    ("hourly", Kind::Time(Cadence::Hourly)),
    ("daily", Kind::Time(Cadence::Daily)),
    ("weekly", Kind::Time(Cadence::Weekly)),
    ("monthly", Kind::Time(Cadence::Monthly)),
    ("cron", Kind::Time(Cadence::Cron)),
    ("multi", Kind::Multi),
    ("dynamic", Kind::Dynamic),
    ("files", Kind::Files),
];

impl Kind {
    /// The type of a table; reports one that is missing or unknown.
    fn read(table: &Table<'_>, problems: &mut Problems) -> Option<Self> {
        let help = "write `type = \"static\"`, `\"daily\"` or another one of docs/manifest.md";
        let value = table.required("type", "of which type?", help, problems)?;
        let name = value.text(problems)?.value;
        let found = TYPES.iter().find(|(word, _)| *word == name);
        if found.is_none() {
            let help = did_you_mean(name, TYPES.iter().map(|(word, _)| *word), "");
            let message = format!("there is no type `{name}` of partitions definitions");
            value.invalid(message, help, problems);
        }
        found.map(|(_, kind)| *kind)
    }

    /// Reads a definition of one dimension that can stand in place.
    fn read_flat(self, table: &Table<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
        match self {
            Self::Static => {
                table.only(&["type", "keys"], problems);
                keys::read_static(table, problems)
            }
            Self::Time(cadence) => time::read(table, cadence, problems),
            Self::Files => keys::read_files(table, problems),
            Self::Multi | Self::Dynamic => {
                let (message, help) = if self == Self::Multi {
                    (
                        "a dimension cannot have dimensions itself",
                        "write its dimensions beside the others",
                    )
                } else {
                    (
                        "a dynamic definition needs a name",
                        "the instance keeps its keys under that name: declare it as `[partitions.NAME]`",
                    )
                };
                let problem = Problem::InvalidPartitions {
                    reason: message.to_owned(),
                    help,
                };
                let location = table.get("type").map_or(table.location, |it| it.location());
                problems.at(location, "not here", problem);
                None
            }
        }
    }
}

/// Reads a definition of several dimensions; those that are written in place become definitions without a name.
fn read_multi<'a>(
    table: &Table<'a>,
    definitions: &mut Definitions<'a>,
    problems: &mut Problems,
) -> Option<PartitionsDefinition> {
    table.only(&["type", "dimensions"], problems);
    let help = "name them: `dimensions = { date = \"day\", region = [\"eu\", \"us\"] }`";
    let value = table.required("dimensions", "without dimensions", help, problems)?;
    let before = problems.len();
    let entries = value.table(Heading::Inline("the dimensions"), problems)?;
    let mut dimensions = Vec::new();
    for entry in entries.values() {
        let name = problems.name(entry.key, entry.key_location, "a dimension");
        let definition = read_dimension(&entry, definitions, problems);
        if let (Some(name), Some(definition)) = (name, definition) {
            dimensions.push(Dimension { name, definition });
        }
    }
    if entries.values().count() < 2 {
        let problem = Problem::InvalidPartitions {
            reason: "a multi definition has two or more dimensions".to_owned(),
            help: "with one dimension, use its own type of definition",
        };
        problems.at(value.location(), "too few", problem);
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
        problems.at(value.location(), "has several dimensions", problem);
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
