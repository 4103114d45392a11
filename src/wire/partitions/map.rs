//! `partitions map --json`.

use serde::Serialize;

use crate::model::{MapReport, MappedKeys, PartitionKey};
use crate::wire::SCHEMA;
use crate::wire::partitions::SetOfKeys;

/// `{"schema":1,"asset":…,"input":…,"upstream_asset":…,"mapping":…,"partition":…,"upstream":[…],"nonexistent":[…]}`
#[derive(Debug, Serialize)]
pub struct MapDocument<'a> {
    schema: u32,
    asset: &'a str,
    input: &'a str,
    upstream_asset: &'a str,
    mapping: &'a str,
    partition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<SetOfKeys<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonexistent: Option<&'a [PartitionKey]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    downstream: Option<SetOfKeys<'a>>,
}

impl<'a> From<&'a MapReport> for MapDocument<'a> {
    fn from(report: &'a MapReport) -> Self {
        let (upstream, nonexistent, downstream) = match &report.mapped {
            MappedKeys::Upstream {
                keys,
                existing: set,
                nonexistent,
            } => (Some(SetOfKeys { keys, set }), Some(&**nonexistent), None),
            MappedKeys::Downstream { keys, set } => (None, None, Some(SetOfKeys { keys, set })),
        };
        Self {
            schema: SCHEMA,
            asset: report.asset.as_str(),
            input: report.input.as_str(),
            upstream_asset: report.upstream.as_str(),
            mapping: report.mapping,
            partition: report.partition.as_ref().map(PartitionKey::as_str),
            upstream,
            nonexistent,
            downstream,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MapDocument;
    use crate::model::{
        AssetKey, MapReport, MappedKeys, Name, NamedKeys, PartitionKey, PartitionKeys, PartitionSet,
    };

    #[test]
    fn both_ways() {
        let flights = AssetKey::parse("flights").expect("a key");
        let parse = |key: &str| PartitionKey::parse(key).expect("a key");
        let keys: Arc<[_]> = ["a", "b", "c"].map(parse).into();
        let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
        let mut report = MapReport {
            asset: AssetKey::parse("clean").expect("a key"),
            input: Name::of_asset(&flights),
            upstream: flights,
            mapping: "specific",
            partition: Some(parse("x")),
            mapped: MappedKeys::Upstream {
                keys: keys.clone(),
                existing: [0, 2].into_iter().collect(),
                nonexistent: vec![parse("d")],
            },
        };
        let json = |report: &MapReport| serde_json::to_string(&MapDocument::from(report));
        let head = r#"{"schema":1,"asset":"clean","input":"flights","upstream_asset":"flights","mapping":"specific","partition":"#;
        assert_eq!(
            json(&report).expect("JSON"),
            format!(r#"{head}"x","upstream":["a","c"],"nonexistent":["d"]}}"#)
        );
        report.partition = None;
        report.mapped = MappedKeys::Downstream {
            keys: PartitionKeys::Unpartitioned,
            set: PartitionSet::single(0),
        };
        assert_eq!(
            json(&report).expect("JSON"),
            format!(r#"{head}null,"downstream":[null]}}"#)
        );
    }
}
