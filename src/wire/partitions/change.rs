//! `partitions add --json` and `partitions remove --json`.

use serde::Serialize;

use crate::model::{AssetKey, ChangedKeys, KeysReport, PartitionKey};
use crate::wire::SCHEMA;

/// `{"schema":1,"definition":…,"added":[…],"present":[…],"count":…}`, or `removed`, `absent` and `recorded`.
#[derive(Debug, Serialize)]
pub struct KeysDocument<'a> {
    schema: u32,
    definition: &'a str,
    #[serde(flatten)]
    changed: ChangedShape<'a>,
    count: u32,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ChangedShape<'a> {
    Added {
        added: &'a [PartitionKey],
        present: &'a [PartitionKey],
    },
    Removed {
        removed: &'a [PartitionKey],
        absent: &'a [PartitionKey],
        recorded: &'a [AssetKey],
    },
}

impl<'a> From<&'a KeysReport> for KeysDocument<'a> {
    fn from(report: &'a KeysReport) -> Self {
        Self {
            schema: SCHEMA,
            definition: report.definition.as_str(),
            changed: match &report.changed {
                ChangedKeys::Added { added, present } => ChangedShape::Added { added, present },
                ChangedKeys::Removed {
                    removed,
                    absent,
                    recorded,
                } => ChangedShape::Removed {
                    removed,
                    absent,
                    recorded,
                },
            },
            count: report.count,
        }
    }
}
