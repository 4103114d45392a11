//! Which upstream partitions a dep reads: as declared, or inferred from the two definitions.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::{Definitions, Partitions};
use crate::manifest::suggest::did_you_mean;
use crate::model::{DefinitionId, PartitionMapping, TimePartitions};

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

/// A mapping that does not fit: why, and what would.
struct Misfit {
    message: String,
    help: String,
}

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
    let fitting = match name {
        None if start.is_some() || end.is_some() => sides.time_window(start, end),
        None => sides.infer(),
        Some(name) => {
            let text = name.text(problems)?;
            match text.value {
                "time_window" => sides.time_window(start, end),
                kind @ ("identity" | "all") if start.is_some() || end.is_some() => sides.misfit(
                    format!("offsets are for `time_window`, and this is `{kind}`"),
                ),
                "identity" => sides.identity(),
                "all" => Ok(PartitionMapping::All),
                other => {
                    let help = did_you_mean(other, ["identity", "all", "time_window"], "");
                    name.invalid(format!("there is no mapping `{other}`"), help, problems);
                    return None;
                }
            }
        }
    };
    match fitting {
        Ok(mapping) => Some(mapping),
        Err(Misfit { message, help }) => {
            let (location, label) = match name {
                Some(name) => (name.location(), "does not fit"),
                None => (value.location(), "needs a mapping that fits"),
            };
            problems.add(
                Problem::Mapping { message, help },
                [Label::new(location, label)],
            );
            None
        }
    }
}

impl Sides<'_> {
    /// The first rule that fits: `all` with an unpartitioned side, windows of one zone, the same definition.
    fn infer(&self) -> Result<PartitionMapping, Misfit> {
        let (Some(down), Some(up)) = self.definitions() else {
            return Ok(PartitionMapping::All);
        };
        if self.time(down).is_some() && self.time(up).is_some() {
            return self.time_window(None, None);
        }
        if down == up || self.definitions.get(down) == self.definitions.get(up) {
            return Ok(PartitionMapping::Identity);
        }
        self.misfit(format!(
            "no mapping between {} and {} suggests itself",
            self.definitions.describe(up),
            self.definitions.describe(down)
        ))
    }

    fn identity(&self) -> Result<PartitionMapping, Misfit> {
        match self.definitions() {
            (None, None) | (Some(_), Some(_)) => Ok(PartitionMapping::Identity),
            _ => self.misfit(format!(
                "`identity` needs the same keys on both sides, and {}",
                self.describe()
            )),
        }
    }

    fn time_window(
        &self,
        start: Option<i32>,
        end: Option<i32>,
    ) -> Result<PartitionMapping, Misfit> {
        let (down, up) = self.definitions();
        let time = |id: Option<DefinitionId>| self.time(id?);
        let (Some(down), Some(up)) = (time(down), time(up)) else {
            let message = format!("`time_window` needs time windows, and {}", self.describe());
            return self.misfit(message);
        };
        if down.timezone() != up.timezone() {
            return Err(Misfit {
                message: format!(
                    "the two sides are in different time zones: {}",
                    self.describe()
                ),
                help: "give both definitions the same `timezone`".to_owned(),
            });
        }
        let (start_offset, end_offset) = (start.unwrap_or(0), end.unwrap_or(0));
        if start_offset > end_offset {
            return Err(Misfit {
                message: format!(
                    "the offsets leave no window: {start_offset} is after {end_offset}"
                ),
                help: "`start_offset` is at most `end_offset`; both are 0 where they are left out"
                    .to_owned(),
            });
        }
        Ok(PartitionMapping::TimeWindow {
            start_offset,
            end_offset,
        })
    }

    fn misfit(&self, message: String) -> Result<PartitionMapping, Misfit> {
        Err(Misfit {
            message,
            help: self.choices(),
        })
    }

    fn definitions(&self) -> (Option<DefinitionId>, Option<DefinitionId>) {
        (self.downstream.definition(), self.upstream.definition())
    }

    fn time(&self, id: DefinitionId) -> Option<&TimePartitions> {
        self.definitions.get(id).windows()
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
