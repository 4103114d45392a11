//! The JSON lines of `materialize --in-memory` after those of events, one for each output.

use serde::Serialize;

use crate::answer::fields;
use crate::model::{DataVersion, RunId, StepName};

/// `{"type":"output","run":…,"step":…,"asset":…,"partition":…,"output":…,"path":…,"data_version":…,"output_bytes":…}`
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "output")]
pub struct OutputLine<'a> {
    /// The run that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The step that it is an output of.
    pub step: &'a StepName,
    /// The step's asset and partition.
    #[serde(flatten, serialize_with = "fields::asset_partition")]
    pub of: &'a StepName,
    /// The name of the output, where there are several.
    pub output: Option<&'a str>,
    /// The path that the manifest gives it.
    pub path: &'a str,
    /// Its version.
    pub data_version: DataVersion,
    /// How many bytes it has.
    pub output_bytes: u64,
}
