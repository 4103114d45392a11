//! What `partitions map` answers.

use serde::{Serialize, Serializer};

use crate::model::{AssetKey, Name, PartitionKey, PartitionKeys, PartitionSet};

/// Which partitions of one side of a dep belong to a partition of the other.
#[derive(Clone, Debug, Serialize)]
pub struct MapReport {
    /// The asset that reads.
    pub asset: AssetKey,
    /// The input.
    pub input: Name,
    /// What is read.
    #[serde(rename = "upstream_asset")]
    pub upstream: AssetKey,
    /// The name of the mapping.
    pub mapping: &'static str,
    /// The partition that was asked about; `None` where its side has no partitions.
    pub partition: Option<PartitionKey>,
    /// The partitions of the other side.
    #[serde(flatten)]
    pub mapped: MappedKeys,
}

/// The partitions of the other side.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum MappedKeys {
    /// Upstream partitions that are needed.
    Upstream {
        /// Those that exist.
        upstream: KeySet,
        /// Needed keys that do not exist.
        nonexistent: Vec<PartitionKey>,
    },
    /// Downstream partitions that need it.
    Downstream {
        /// All of them.
        downstream: KeySet,
    },
}

/// Some keys of a definition, each made when it is written; `null` for the partition of an unpartitioned asset.
#[derive(Clone, Debug)]
pub struct KeySet {
    /// The keys of the definition.
    pub keys: PartitionKeys,
    /// Which of them.
    pub set: PartitionSet,
}

impl Serialize for KeySet {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.keys.walk(&self.set))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::answer::{Document, KeySet, MapReport, MappedKeys};
    use crate::model::{AssetKey, Name, NamedKeys, PartitionKey, PartitionKeys, PartitionSet};

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
                upstream: KeySet {
                    keys: keys.clone(),
                    set: [0, 2].into_iter().collect(),
                },
                nonexistent: vec![parse("d")],
            },
        };
        let json = |report: &MapReport| serde_json::to_string(&Document::new(report));
        let head = r#"{"schema":1,"asset":"clean","input":"flights","upstream_asset":"flights","mapping":"specific","partition":"#;
        assert_eq!(
            json(&report).expect("JSON"),
            format!(r#"{head}"x","upstream":["a","c"],"nonexistent":["d"]}}"#)
        );
        report.partition = None;
        report.mapped = MappedKeys::Downstream {
            downstream: KeySet {
                keys: PartitionKeys::Unpartitioned,
                set: PartitionSet::single(0),
            },
        };
        assert_eq!(
            json(&report).expect("JSON"),
            format!(r#"{head}null,"downstream":[null]}}"#)
        );
    }
}
