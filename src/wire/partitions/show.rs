//! `partitions show --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::ShownPartitions;
use crate::wire::SCHEMA;
use crate::wire::status::{CountsShape, RunShape};

/// `{"schema":1,"asset":…,"kind":…,"definition":…,"counts":{…},"last":…,"partitions":[RUN,…]}`
#[derive(Debug, Serialize)]
pub struct ShownPartitionsDocument<'a> {
    schema: u32,
    asset: &'a str,
    kind: &'static str,
    definition: &'a str,
    counts: CountsShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Timestamp>,
    partitions: Vec<RunShape<'a>>,
}

impl<'a> From<&'a ShownPartitions> for ShownPartitionsDocument<'a> {
    fn from(shown: &'a ShownPartitions) -> Self {
        let status = &shown.status;
        Self {
            schema: SCHEMA,
            asset: status.key.as_str(),
            kind: status.kind.word(),
            definition: &shown.definition,
            counts: status.counts.into(),
            last: status.last,
            partitions: status.partitions.iter().map(RunShape::from).collect(),
        }
    }
}
