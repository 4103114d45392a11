//! The types of partitions definitions, and what a table declares.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::partitions::files::ReadDefinition;
use crate::manifest::partitions::{files, keys, time};
use crate::manifest::suggest::did_you_mean;
use crate::model::Cadence;

/// What `type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> Option<Self> {
        let Some(value) = table.get("type") else {
            let problem = Problem::MissingKey {
                table: table.heading.to_string(),
                key: "type",
                help: "write `type = \"static\"`, `\"daily\"` or another one of docs/manifest.md",
            };
            problems.add(problem, [Label::new(table.location, "of which type?")]);
            return None;
        };
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
    pub(super) fn read_flat(
        self,
        table: &Table<'_>,
        problems: &mut Problems,
    ) -> Option<ReadDefinition> {
        match self {
            Self::Static => {
                table.only(&["type", "keys"], problems);
                keys::read_static(table, problems)
            }
            Self::Time(cadence) => time::read(table, cadence, problems),
            Self::Files => files::read_files(table, problems),
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
                problems.add(problem, [Label::new(location, "not here")]);
                None
            }
        }
    }
}
