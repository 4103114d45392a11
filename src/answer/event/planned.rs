//! What is to be done, as it is known before the first step.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::answer::event::{milliseconds, some_milliseconds};
use crate::answer::{KeyRange, PlanCounts};

/// What is to be done, as it is known before the first step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// How many steps are decided on how.
    pub counts: PlanCounts,
    /// How many assets are looked at.
    #[serde(rename = "asset_count")]
    pub assets: u32,
    /// How many partitions of them.
    #[serde(rename = "partition_count")]
    pub partitions: u32,
    /// How many commands run at once at most.
    pub jobs: usize,
    /// How long the look took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// How long the run usually takes; `None` where a step never ran.
    #[serde(
        rename = "expected_ms",
        with = "some_milliseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expected: Option<Duration>,
    /// What is fresh already, as far as it was looked at one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<KeyRange>,
    /// What cannot run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedRange>,
}

/// Neighbouring partitions of an asset that cannot run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedRange {
    /// Which.
    #[serde(flatten)]
    pub keys: KeyRange,
    /// Why, in words.
    pub reason: String,
}
