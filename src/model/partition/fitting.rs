//! Whether a partition mapping fits the definitions of both sides.

use crate::model::name::Name;
use crate::model::partition::definition::{DeclaredPartitions, DefinitionId, PartitionsDefinition};
use crate::model::partition::inference::{definition, windows_of_one_zone};
use crate::model::partition::key::PartitionKey;
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::multi::PART_SEPARATOR;

/// Why a mapping does not fit the definitions of its sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It needs keys on a side that is unpartitioned.
    Unpartitioned(MappingSide),
    /// Names, windows and keys of several dimensions are never the same keys.
    DifferentKinds,
    /// It needs time windows on a side that has none.
    NotWindows(MappingSide),
    /// The windows of the two sides are of different time zones.
    DifferentZones,
    /// The window would end before it starts.
    OffsetsCross {
        /// By how much its start is shifted.
        start_offset: i32,
        /// By how much its end is shifted.
        end_offset: i32,
    },
    /// It needs keys that are names on a side whose keys are not.
    NotNamed(MappingSide),
    /// It names a key that a static definition does not have.
    NoSuchKey {
        /// The side of the definition.
        side: MappingSide,
        /// The key.
        key: PartitionKey,
    },
    /// It needs several dimensions on a side that has none.
    NotMulti(MappingSide),
    /// It needs several dimensions on one side alone, and both have them.
    BothMulti,
    /// It names a dimension that a side does not have, by its place.
    NoSuchDimension {
        /// The side.
        side: MappingSide,
        /// The place.
        place: u32,
    },
    /// It says twice where the keys of an upstream dimension come from.
    DimensionTwice(Name),
    /// A dimension does not correspond to what it is mapped from.
    Dimension {
        /// The dimension: the upstream one where both sides have dimensions.
        name: Name,
        /// Why.
        misfit: Box<Misfit>,
    },
}

/// Checks that a mapping fits its two sides, of which `None` is an unpartitioned one.
pub fn fits(
    mapping: &PartitionMapping,
    definitions: &[DeclaredPartitions],
    downstream: Option<DefinitionId>,
    upstream: Option<DefinitionId>,
) -> Result<(), Misfit> {
    let sides = Sides {
        definitions,
        downstream: downstream.map(|id| definition(definitions, id)),
        upstream: upstream.map(|id| definition(definitions, id)),
    };
    sides.fit(mapping)
}

/// The words of the mappings that fit both sides, as they are written in the manifest.
pub fn choices(
    definitions: &[DeclaredPartitions],
    downstream: Option<DefinitionId>,
    upstream: Option<DefinitionId>,
) -> Vec<&'static str> {
    let kind = |id: Option<DefinitionId>| id.map(|id| Kind::of(definition(definitions, id)));
    let mut words = Vec::new();
    match (kind(downstream), kind(upstream)) {
        (Some(Kind::Windows), Some(Kind::Windows)) => {
            let zones = fits(&TOUCHING, definitions, downstream, upstream);
            words.extend(zones.is_ok().then_some("time_window"));
            words.push("identity");
        }
        (Some(Kind::Names), Some(Kind::Names)) => words.extend(["identity", "static"]),
        (Some(Kind::Multi), Some(Kind::Multi)) => words.extend(["multi", "identity"]),
        (Some(Kind::Multi), Some(_)) | (Some(_), Some(Kind::Multi)) => {
            words.push("multi_to_single");
        }
        _ => {}
    }
    words.push("all");
    if upstream.is_some() {
        words.extend(["last", "specific"]);
    }
    words
}

const TOUCHING: PartitionMapping = PartitionMapping::TimeWindow {
    start_offset: 0,
    end_offset: 0,
};

/// What keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Names,
    Windows,
    Multi,
}

impl Kind {
    fn of(definition: &PartitionsDefinition) -> Self {
        match definition {
            PartitionsDefinition::Static(_)
            | PartitionsDefinition::Dynamic
            | PartitionsDefinition::Files(_) => Self::Names,
            PartitionsDefinition::Time { .. } => Self::Windows,
            PartitionsDefinition::Multi(_) => Self::Multi,
        }
    }
}

/// The definitions of both sides.
#[derive(Clone, Copy)]
struct Sides<'a> {
    definitions: &'a [DeclaredPartitions],
    downstream: Option<&'a PartitionsDefinition>,
    upstream: Option<&'a PartitionsDefinition>,
}

impl<'a> Sides<'a> {
    fn fit(self, mapping: &PartitionMapping) -> Result<(), Misfit> {
        match mapping {
            PartitionMapping::All => Ok(()),
            PartitionMapping::Identity => self.identity(),
            PartitionMapping::Last => self.partitioned(MappingSide::Upstream).map(drop),
            PartitionMapping::Specific(keys) => {
                let upstream = self.partitioned(MappingSide::Upstream)?;
                let mut keys = keys.iter();
                keys.try_for_each(|key| self.has_key(MappingSide::Upstream, upstream, key))
            }
            PartitionMapping::Static(pairs) => self.pairs(pairs),
            PartitionMapping::TimeWindow {
                start_offset,
                end_offset,
            } => self.windows(*start_offset, *end_offset),
            PartitionMapping::MultiToSingle {
                multi,
                dimension,
                through,
            } => self.multi_to_single(*multi, *dimension, through),
            PartitionMapping::Multi(dimensions) => self.multi(dimensions),
        }
    }

    fn identity(self) -> Result<(), Misfit> {
        if self.downstream.is_none() && self.upstream.is_none() {
            return Ok(());
        }
        let downstream = self.partitioned(MappingSide::Downstream)?;
        let upstream = self.partitioned(MappingSide::Upstream)?;
        if Kind::of(downstream) == Kind::of(upstream) {
            Ok(())
        } else {
            Err(Misfit::DifferentKinds)
        }
    }

    fn pairs(self, pairs: &[(PartitionKey, PartitionKey)]) -> Result<(), Misfit> {
        let named = |side| {
            let definition = self.partitioned(side)?;
            match Kind::of(definition) {
                Kind::Names => Ok(definition),
                Kind::Windows | Kind::Multi => Err(Misfit::NotNamed(side)),
            }
        };
        let upstream = named(MappingSide::Upstream)?;
        let downstream = named(MappingSide::Downstream)?;
        for (up, down) in pairs {
            self.has_key(MappingSide::Upstream, upstream, up)?;
            self.has_key(MappingSide::Downstream, downstream, down)?;
        }
        Ok(())
    }

    fn windows(self, start_offset: i32, end_offset: i32) -> Result<(), Misfit> {
        let windows = |side| {
            let definition = self.partitioned(side)?;
            let windows = definition.windows().map(|_| definition);
            windows.ok_or(Misfit::NotWindows(side))
        };
        let upstream = windows(MappingSide::Upstream)?;
        let downstream = windows(MappingSide::Downstream)?;
        if !windows_of_one_zone(upstream, downstream) {
            return Err(Misfit::DifferentZones);
        }
        if start_offset > end_offset {
            return Err(Misfit::OffsetsCross {
                start_offset,
                end_offset,
            });
        }
        Ok(())
    }

    fn multi_to_single(
        self,
        multi: MappingSide,
        dimension: u32,
        through: &PartitionMapping,
    ) -> Result<(), Misfit> {
        let (several, single) = (self.partitioned(multi)?, self.partitioned(multi.other())?);
        if Kind::of(several) != Kind::Multi {
            return Err(Misfit::NotMulti(multi));
        }
        if Kind::of(single) == Kind::Multi {
            return Err(Misfit::BothMulti);
        }
        let (name, part) = self.dimension(multi, several, dimension)?;
        let (downstream, upstream) = match multi {
            MappingSide::Upstream => (single, part),
            MappingSide::Downstream => (part, single),
        };
        self.corresponds(name, downstream, upstream, through)
    }

    fn multi(self, dimensions: &[DimensionMapping]) -> Result<(), Misfit> {
        let several = |side| {
            let definition = self.partitioned(side)?;
            match Kind::of(definition) {
                Kind::Multi => Ok(definition),
                Kind::Names | Kind::Windows => Err(Misfit::NotMulti(side)),
            }
        };
        let upstream = several(MappingSide::Upstream)?;
        let downstream = several(MappingSide::Downstream)?;
        for (at, each) in dimensions.iter().enumerate() {
            let (name, part) = self.dimension(MappingSide::Upstream, upstream, each.upstream)?;
            let before = &dimensions[..at];
            if before.iter().any(|other| other.upstream == each.upstream) {
                return Err(Misfit::DimensionTwice(name.clone()));
            }
            match &each.source {
                DimensionSource::Keys(keys) => {
                    let mut keys = keys.iter();
                    let known =
                        keys.try_for_each(|key| self.has_key(MappingSide::Upstream, part, key));
                    known.map_err(|misfit| Misfit::of_dimension(name, misfit))?;
                }
                DimensionSource::From {
                    downstream: place,
                    mapping,
                } => {
                    let (_, from) = self.dimension(MappingSide::Downstream, downstream, *place)?;
                    self.corresponds(name, from, part, mapping)?;
                }
            }
        }
        Ok(())
    }

    fn corresponds(
        self,
        name: &Name,
        downstream: &'a PartitionsDefinition,
        upstream: &'a PartitionsDefinition,
        mapping: &PartitionMapping,
    ) -> Result<(), Misfit> {
        let sides = Sides {
            downstream: Some(downstream),
            upstream: Some(upstream),
            ..self
        };
        let fitting = sides.fit(mapping);
        fitting.map_err(|misfit| Misfit::of_dimension(name, misfit))
    }

    fn partitioned(self, side: MappingSide) -> Result<&'a PartitionsDefinition, Misfit> {
        let definition = match side {
            MappingSide::Upstream => self.upstream,
            MappingSide::Downstream => self.downstream,
        };
        definition.ok_or(Misfit::Unpartitioned(side))
    }

    fn dimension(
        self,
        side: MappingSide,
        several: &'a PartitionsDefinition,
        place: u32,
    ) -> Result<(&'a Name, &'a PartitionsDefinition), Misfit> {
        let dimension = several.dimensions().get(place as usize);
        let dimension = dimension.ok_or(Misfit::NoSuchDimension { side, place })?;
        let part = definition(self.definitions, dimension.definition);
        Ok((&dimension.name, part))
    }

    /// Whether a definition whose keys are declared has `key`; of other keys one cannot know.
    fn has_key(
        self,
        side: MappingSide,
        of: &PartitionsDefinition,
        key: &PartitionKey,
    ) -> Result<(), Misfit> {
        if self.can_have(of, key.as_str()) {
            return Ok(());
        }
        let key = key.clone();
        Err(Misfit::NoSuchKey { side, key })
    }

    fn can_have(self, of: &PartitionsDefinition, key: &str) -> bool {
        match of {
            PartitionsDefinition::Static(keys) => keys.iter().any(|known| known.as_str() == key),
            PartitionsDefinition::Multi(dimensions) => {
                let parts: Vec<_> = key.split(PART_SEPARATOR).collect();
                let parts_known = dimensions.iter().zip(&parts).all(|(dimension, part)| {
                    self.can_have(definition(self.definitions, dimension.definition), part)
                });
                parts.len() == dimensions.len() && parts_known
            }
            PartitionsDefinition::Time { .. }
            | PartitionsDefinition::Dynamic
            | PartitionsDefinition::Files(_) => true,
        }
    }
}

impl Misfit {
    fn of_dimension(name: &Name, misfit: Self) -> Self {
        Self::Dimension {
            name: name.clone(),
            misfit: Box::new(misfit),
        }
    }
}
