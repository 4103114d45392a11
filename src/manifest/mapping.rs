//! Which upstream partitions a dep reads: as declared, or inferred from the two definitions.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::{Definitions, Partitions};
use crate::manifest::suggest::did_you_mean;
use crate::model::{DefinitionId, PartitionMapping, PartitionsDefinition, TimePartitions};

/// The two sides of a dep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    /// The partitions of the asset that reads.
    pub downstream: Partitions,
    /// The partitions of what is read.
    pub upstream: Partitions,
    /// All definitions.
    pub definitions: &'a Definitions<'a>,
    /// What both are called.
    pub names: (&'a str, &'a str),
}

const WINDOW: PartitionMapping = PartitionMapping::TimeWindow {
    start_offset: 0,
    end_offset: 0,
};

/// Reads the mapping of a dep, or infers it. Where a definition is wrong, nothing is said about the mapping.
pub(super) fn read(
    value: &Value<'_>,
    table: Option<Table<'_>>,
    sides: Sides<'_>,
    problems: &mut Problems,
) -> Option<PartitionMapping> {
    if sides.downstream == Partitions::Faulty || sides.upstream == Partitions::Faulty {
        return Some(PartitionMapping::All);
    }
    let name = table.and_then(|table| table.get("mapping"));
    let mut offset = |key: &str| match table.filter(|table| table.get(key).is_some()) {
        None => Some(None),
        Some(table) => table.integer(key, problems).map(Some),
    };
    let (start, end) = (offset("start_offset"), offset("end_offset"));
    let (start, end) = (start?, end?);
    let wants_window = start.is_some() || end.is_some();
    let mapping = match name {
        None if wants_window => WINDOW,
        None => return infer(value, sides, problems),
        Some(name) => {
            let text = name.text(problems)?;
            match text.value {
                "identity" => PartitionMapping::Identity,
                "all" => PartitionMapping::All,
                "time_window" => WINDOW,
                other => {
                    let help = did_you_mean(other, ["identity", "all", "time_window"], "");
                    name.invalid(format!("there is no mapping `{other}`"), help, problems);
                    return None;
                }
            }
        }
    };
    let refused = |message: String, problems: &mut Problems| {
        let problem = Problem::Mapping {
            message,
            help: sides.choices(),
        };
        let location = name.map_or(value.location(), |name| name.location());
        problems.add(problem, [Label::new(location, "does not fit")]);
        None
    };
    let kind = mapping.name();
    match (mapping, sides.definitions()) {
        (PartitionMapping::All, _)
        | (PartitionMapping::Identity, (None, None) | (Some(_), Some(_)))
            if wants_window =>
        {
            refused(
                format!("offsets are for `time_window`, and this is `{kind}`"),
                problems,
            )
        }
        (PartitionMapping::All, _) => Some(PartitionMapping::All),
        (PartitionMapping::Identity, (None, None) | (Some(_), Some(_))) => {
            Some(PartitionMapping::Identity)
        }
        (PartitionMapping::Identity, _) => refused(
            format!(
                "`identity` needs the same keys on both sides, and {}",
                sides.describe()
            ),
            problems,
        ),
        (PartitionMapping::TimeWindow { .. }, (Some(down), Some(up))) => {
            let (Some(down), Some(up)) = (sides.time(down), sides.time(up)) else {
                let message = format!("`time_window` needs time windows, and {}", sides.describe());
                return refused(message, problems);
            };
            if down.timezone() != up.timezone() {
                return zones_differ(value, sides, problems);
            }
            let (start_offset, end_offset) = (start.unwrap_or(0), end.unwrap_or(0));
            if start_offset > end_offset {
                let message =
                    format!("the offsets leave no window: {start_offset} is after {end_offset}");
                let problem = Problem::Mapping {
                    message,
                    help:
                        "`start_offset` is at most `end_offset`; both are 0 where they are left out"
                            .to_owned(),
                };
                problems.add(problem, [Label::new(value.location(), "this dep")]);
                return None;
            }
            Some(PartitionMapping::TimeWindow {
                start_offset,
                end_offset,
            })
        }
        (PartitionMapping::TimeWindow { .. }, _) => refused(
            format!("`time_window` needs time windows, and {}", sides.describe()),
            problems,
        ),
    }
}

fn infer(value: &Value<'_>, sides: Sides<'_>, problems: &mut Problems) -> Option<PartitionMapping> {
    let (Some(down), Some(up)) = sides.definitions() else {
        return Some(PartitionMapping::All);
    };
    if let (Some(down), Some(up)) = (sides.time(down), sides.time(up)) {
        if down.timezone() != up.timezone() {
            return zones_differ(value, sides, problems);
        }
        return Some(WINDOW);
    }
    if down == up || sides.definitions.get(down) == sides.definitions.get(up) {
        return Some(PartitionMapping::Identity);
    }
    let problem = Problem::Mapping {
        message: format!(
            "no mapping between {} and {} suggests itself",
            sides.definitions.describe(up),
            sides.definitions.describe(down)
        ),
        help: sides.choices(),
    };
    problems.add(problem, [Label::new(value.location(), "needs a mapping")]);
    None
}

fn zones_differ<T>(value: &Value<'_>, sides: Sides<'_>, problems: &mut Problems) -> Option<T> {
    let problem = Problem::Mapping {
        message: format!(
            "the two sides are in different time zones: {}",
            sides.describe()
        ),
        help: "give both definitions the same `timezone`".to_owned(),
    };
    problems.add(problem, [Label::new(value.location(), "this dep")]);
    None
}

impl Sides<'_> {
    fn definitions(&self) -> (Option<DefinitionId>, Option<DefinitionId>) {
        (self.downstream.definition(), self.upstream.definition())
    }

    fn time(&self, id: DefinitionId) -> Option<&TimePartitions> {
        match self.definitions.get(id) {
            PartitionsDefinition::Time(time) => Some(time),
            PartitionsDefinition::Static(_) => None,
        }
    }

    fn describe(&self) -> String {
        let side = |name: &str, id: Option<DefinitionId>| match id {
            None => format!("`{name}` has no partitions"),
            Some(id) => match self.time(id) {
                Some(time) => format!(
                    "`{name}` has {} in {}",
                    self.definitions.describe(id),
                    time.timezone().iana_name().unwrap_or("UTC")
                ),
                None => format!("`{name}` has {}", self.definitions.describe(id)),
            },
        };
        let (down, up) = self.definitions();
        format!("{}, {}", side(self.names.1, up), side(self.names.0, down))
    }

    /// The mappings that fit both sides.
    fn choices(&self) -> String {
        let time = |id: Option<DefinitionId>| id.is_some_and(|id| self.time(id).is_some());
        let choices = match self.definitions() {
            (down, up) if time(down) && time(up) => {
                "`time_window` (windows that overlap), `identity` (the same key) or `all` (every key)"
            }
            (Some(_), Some(_)) => "`identity` (the same key) or `all` (every key)",
            _ => "`all` (every key), which needs not be written here",
        };
        format!("choose one that fits: {choices}")
    }
}
