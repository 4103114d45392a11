//! The JSON lines of `materialize --in-memory --json` after those of events, one for each output.

use serde::Serialize;

use crate::model::{DataVersion, PartitionKey, RunId, StepName};
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"type":"output",…}`
#[derive(Debug, Serialize)]
pub struct OutputLine<'a> {
    schema: u32,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Text<RunId>>,
    step: Text<&'a StepName>,
    asset: &'a str,
    partition: Option<&'a str>,
    output: Option<&'a str>,
    path: &'a str,
    data_version: Text<DataVersion>,
    output_bytes: u64,
}

impl<'a> OutputLine<'a> {
    /// The line about an output of a step in a run: its name, its path, its version and its size in bytes.
    #[must_use]
    pub fn new(
        run: Option<RunId>,
        step: &'a StepName,
        (output, path): (Option<&'a str>, &'a str),
        version: DataVersion,
        bytes: u64,
    ) -> Self {
        Self {
            schema: SCHEMA,
            r#type: "output",
            run: run.map(Text),
            asset: step.asset.as_str(),
            partition: step.partition.as_ref().map(PartitionKey::as_str),
            step: Text(step),
            output,
            path,
            data_version: Text(version),
            output_bytes: bytes,
        }
    }
}
