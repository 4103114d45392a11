//! Fields whose JSON is not their type's: what `#[serde(serialize_with)]` and `skip_serializing_if` name in the reports.

#![expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "the signatures that serde asks for"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::model::{About, Evidence, Origin, ResourceUsage, StepName};

/// `{"asset":…,"partition":…}`, in place.
pub fn asset_partition<S: Serializer>(
    step: &impl std::borrow::Borrow<StepName>,
    out: S,
) -> Result<S::Ok, S::Error> {
    let StepName { asset, partition } = step.borrow();
    let mut map = out.serialize_map(Some(2))?;
    map.serialize_entry("asset", asset)?;
    map.serialize_entry("partition", partition)?;
    map.end()
}

/// `{"step":…,"asset":…}`, in place, and `"partition"` where there is one.
pub fn step<S: Serializer>(step: &StepName, out: S) -> Result<S::Ok, S::Error> {
    let mut map = out.serialize_map(None)?;
    map.serialize_entry("step", step)?;
    map.serialize_entry("asset", &step.asset)?;
    if let Some(partition) = &step.partition {
        map.serialize_entry("partition", partition)?;
    }
    map.end()
}

/// `{"cpu_ms":…,"peak_bytes":…,"outcome":"failed"}`, in place.
pub fn failed_with<S: Serializer>(usage: &ResourceUsage, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct FailedShape<'a> {
        #[serde(flatten)]
        usage: &'a ResourceUsage,
        outcome: &'static str,
    }
    let outcome = "failed";
    FailedShape { usage, outcome }.serialize(out)
}

/// `{"accepted":false,"origin":"command"}`, in place.
pub fn origin<S: Serializer>(origin: &Origin, out: S) -> Result<S::Ok, S::Error> {
    let mut map = out.serialize_map(Some(2))?;
    map.serialize_entry("accepted", &(*origin == Origin::Accepted))?;
    map.serialize_entry("origin", origin)?;
    map.end()
}

/// `{"group":…,"tags":{…},"kinds":[…],"owners":[…],"description":…,"metadata":{…}}`, in place.
pub fn about<S: Serializer>(about: &About, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct AboutShape<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        group: &'a Option<String>,
        tags: BTreeMap<&'a String, serde_json::Value>,
        kinds: &'a [String],
        owners: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        description: &'a Option<String>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<&'a String, serde_json::Value>,
    }
    let value = |json: &String| serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into());
    let (metadata, tags) = (about.metadata.iter(), about.tags.iter());
    AboutShape {
        group: &about.group,
        tags: tags.map(|(name, it)| (name, it.to_json())).collect(),
        kinds: &about.kinds,
        owners: &about.owners,
        description: &about.description,
        metadata: metadata.map(|(name, json)| (name, value(json))).collect(),
    }
    .serialize(out)
}

/// Names and their values, as a map in order of names.
pub fn pairs<S: Serializer>(pairs: &[(String, String)], out: S) -> Result<S::Ok, S::Error> {
    let sorted: BTreeMap<&String, &String> = pairs.iter().map(|(name, it)| (name, it)).collect();
    sorted.serialize(out)
}

/// `"fail"` or `"end"`.
pub fn leftovers<S: Serializer>(may_end: &bool, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(if *may_end { "end" } else { "fail" })
}

/// Whole milliseconds.
pub fn milliseconds<S: Serializer>(time: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    let whole = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    time.as_ref().map(whole).serialize(out)
}

/// Whether records alone were judged by.
pub fn is_recorded<S: Serializer>(evidence: &Evidence, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_bool(*evidence == Evidence::Recorded)
}

/// Whether it is what it mostly is.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
