//! `[partitions.NAME]`, and definitions that are written in place.
//!
//! Definitions of several dimensions are read last, as they name others. A definition in place is kept without a name,
//! once for all places that repeat it.

mod files;
mod keys;
mod kind;
mod multi;
mod time;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partition_placeholder::{Partitioning, Scope};
use crate::manifest::partitions::files::ReadDefinition;
use crate::manifest::partitions::kind::Kind;
use crate::manifest::suggest::did_you_mean;
use crate::model::{
    DeclaredPartitions, DefinitionId, Location, MultiKeys, Name, PartitionKeys,
    PartitionsDefinition,
};

pub(super) use files::{Decides, FilePattern};
pub(super) use keys::{read_key, read_keys};

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
                    Some(kind) => match kind.read_flat(&table, problems) {
                        None => Partitions::Faulty,
                        Some(read) => {
                            Partitions::By(definitions.add(name, read, value.key_location))
                        }
                    },
                };
                definitions
                    .by_name
                    .entry(value.key)
                    .or_insert((partitions, value.key_location));
            }
        }
        for (value, table, id) in products {
            let product = multi::read(&table, &mut definitions, problems);
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
                Some(Kind::Multi) => match multi::read(&inline, self, problems) {
                    None => Partitions::Faulty,
                    Some(product) => {
                        Partitions::By(self.add_inline(product.into(), value.location()))
                    }
                },
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

    /// The name of a table, if it is one; reports one that is none or that is taken.
    fn check_name(&self, value: &Value<'a>, problems: &mut Problems) -> Option<Name> {
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
        name.ok()
    }

    /// The definition of a name, or of a list of keys.
    fn named_or_listed(&mut self, value: &Value<'a>, problems: &mut Problems) -> Partitions {
        if value.as_elements().is_some() {
            return match keys::of_list(value, problems) {
                None => Partitions::Faulty,
                Some(read) => Partitions::By(self.add_inline(read, value.location())),
            };
        }
        let Some(name) = value.as_text() else {
            let expected = "the name of a partitions definition, a list of keys, or a table";
            value.wrong_type(expected, problems);
            return Partitions::Faulty;
        };
        self.find(name.value, name.location(), problems)
    }

    /// The definition of a name; one that nobody declares is reported.
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
        problems.add(problem, [Label::new(location, "not declared")]);
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
        match kind.read_flat(table, problems) {
            None => Partitions::Faulty,
            Some(read) => Partitions::By(self.add_inline(read, value.location())),
        }
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
