//! What the verbs of `partitions` answer.
//!
//! Keys stand in these reports as the keys of a definition and a set of indexes into them, so that a million keys cost
//! what a few ranges do until they are written.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer::{DeclarationKind, PartitionRun, StatusCounts};
use crate::model::{AssetKey, Name, PartitionKey, PartitionKeys, PartitionSet};

/// A partitions definition and its keys.
#[derive(Clone, Debug)]
pub struct PartitionsReport {
    /// Its name, or the type of one that is declared inline.
    pub definition: String,
    /// The word for its type.
    pub type_name: &'static str,
    /// The asset or source by which it was named.
    pub asset: Option<AssetKey>,
    /// Where its windows come from, if its keys are windows.
    pub schedule: Option<ListedSchedule>,
    /// Its dimensions, if it has several.
    pub dimensions: Vec<ListedDimension>,
    /// All its keys.
    pub keys: PartitionKeys,
    /// Which of them are listed.
    pub listed: ListedKeys,
}

/// Where windows come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedSchedule {
    /// The cron expression at whose ticks they start.
    pub cron: String,
    /// The strftime format of their keys.
    pub format: String,
    /// The name of their time zone.
    pub timezone: String,
}

/// A dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedDimension {
    /// Its name.
    pub name: Name,
    /// The name of its definition, or the type of one that is declared inline.
    pub definition: String,
    /// The word for its definition's type.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// How many keys it has.
    pub count: u32,
}

/// Which keys are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedKeys {
    /// None: the first, the last and the number say enough.
    Ends,
    /// All, in the order in which they are shown.
    All,
    /// These, in the order in which they are shown.
    Some(PartitionSet),
    /// The one of this index, and its neighbours.
    One(u32),
}

impl PartitionsReport {
    /// The first and the last key, as they are shown.
    pub fn ends(&self) -> (Option<PartitionKey>, Option<PartitionKey>) {
        let at = |place: u32| self.keys.key(self.keys.shown_at(place));
        match self.keys.len().checked_sub(1) {
            None => (None, None),
            Some(last) => (at(0), at(last)),
        }
    }

    /// The key that is shown at a place.
    pub fn key_at(&self, place: u32) -> Option<PartitionKey> {
        self.keys.key(self.keys.shown_at(place))
    }

    /// The keys that are shown before and after that of an index.
    pub fn neighbours(&self, index: u32) -> (Option<PartitionKey>, Option<PartitionKey>) {
        let place = self.keys.place_of(index);
        let at = |place: u32| self.keys.key(self.keys.shown_at(place));
        let after = Some(place + 1).filter(|after| *after < self.keys.len());
        (place.checked_sub(1).and_then(at), after.and_then(at))
    }

    /// The listed keys in order, each with its index.
    pub fn listed(&self) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + '_> {
        match &self.listed {
            ListedKeys::Ends => Box::new(std::iter::empty()),
            ListedKeys::All => self.all(),
            ListedKeys::Some(set) => match &self.keys {
                PartitionKeys::Time(_) => {
                    let keys = set.iter().zip(self.keys.walk(set));
                    Box::new(keys.filter_map(|(index, key)| Some((index, key?))))
                }
                keys => self.one_by_one(keys.shown_of(set).into_iter()),
            },
            ListedKeys::One(index) => {
                Box::new(self.keys.key(*index).map(|key| (*index, key)).into_iter())
            }
        }
    }

    fn all(&self) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + '_> {
        if let PartitionKeys::Time(_) = &self.keys {
            let keys = self.keys.range().zip(self.keys.walk_all());
            return Box::new(keys.filter_map(|(index, key)| Some((index, key?))));
        }
        self.one_by_one(self.keys.shown())
    }

    fn one_by_one<'a>(
        &'a self,
        indexes: impl Iterator<Item = u32> + 'a,
    ) -> Box<dyn Iterator<Item = (u32, PartitionKey)> + 'a> {
        Box::new(indexes.filter_map(|index| Some((index, self.keys.key(index)?))))
    }
}

impl Serialize for PartitionsReport {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let neighbours = match self.listed {
            ListedKeys::One(index) => {
                let (previous, next) = self.neighbours(index);
                Some(Neighbours { previous, next })
            }
            ListedKeys::Ends | ListedKeys::All | ListedKeys::Some(_) => None,
        };
        let (first, last) = self.ends();
        PartitionsShape {
            definition: &self.definition,
            type_name: self.type_name,
            asset: self.asset.as_ref(),
            count: self.keys.len(),
            first,
            last,
            schedule: self.schedule.as_ref(),
            dimensions: &self.dimensions,
            keys: (self.listed != ListedKeys::Ends).then_some(Keys(self)),
            neighbours,
        }
        .serialize(out)
    }
}

#[derive(Serialize)]
struct PartitionsShape<'a> {
    definition: &'a str,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a AssetKey>,
    count: u32,
    first: Option<PartitionKey>,
    last: Option<PartitionKey>,
    #[serde(flatten)]
    schedule: Option<&'a ListedSchedule>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dimensions: &'a [ListedDimension],
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Keys<'a>>,
    #[serde(flatten)]
    neighbours: Option<Neighbours>,
}

/// The keys before and after the only one that is listed; `null` where there is none.
#[derive(Serialize)]
struct Neighbours {
    previous: Option<PartitionKey>,
    next: Option<PartitionKey>,
}

/// The listed keys, each made when it is written.
struct Keys<'a>(&'a PartitionsReport);

impl Serialize for Keys<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct ListedKey {
            key: PartitionKey,
            #[serde(skip_serializing_if = "Option::is_none")]
            start: Option<Timestamp>,
            #[serde(skip_serializing_if = "Option::is_none")]
            end: Option<Timestamp>,
        }
        out.collect_seq(self.0.listed().map(|(index, key)| {
            let window = self.0.keys.window(index);
            let (start, end) = window.map(|window| (window.start, window.end)).unzip();
            ListedKey { key, start, end }
        }))
    }
}

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

/// How the partitions of an asset are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownPartitions {
    /// The asset or source.
    pub asset: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// The name of its definition, or the type of one that is declared inline.
    pub definition: String,
    /// How many partitions have which status.
    pub counts: StatusCounts,
    /// When one of its partitions was last materialized, or observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Its partitions in order of keys: neighbours of equal state as one.
    pub partitions: Vec<PartitionRun>,
    /// Its partitions in rows of one outer key each; one row without a key where there is but one dimension.
    #[serde(skip)]
    pub rows: Vec<ShownRow>,
}

/// Neighbouring partitions that are drawn in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRow {
    /// The key of the outermost dimension.
    pub outer: Option<PartitionKey>,
    /// The first partition.
    pub first: Option<PartitionKey>,
    /// The last partition.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
}

/// What became of a set of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysReport {
    /// The definition.
    pub definition: Name,
    /// What changed.
    #[serde(flatten)]
    pub changed: ChangedKeys,
    /// How many keys there are now.
    pub count: u32,
}

/// What changed, and what was so already; both in the order in which the keys were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ChangedKeys {
    /// Keys came.
    Added {
        /// Those that were not there.
        added: Vec<PartitionKey>,
        /// Those that were there.
        present: Vec<PartitionKey>,
    },
    /// Keys went.
    Removed {
        /// Those that were there.
        removed: Vec<PartitionKey>,
        /// Those that were not there.
        absent: Vec<PartitionKey>,
        /// Assets and sources whose records of removed keys stay.
        recorded: Vec<AssetKey>,
    },
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::answer::{
        Document, KeySet, ListedKeys, ListedSchedule, MapReport, MappedKeys, PartitionsReport,
    };
    use crate::model::{
        AssetKey, Cadence, Name, NamedKeys, PartitionKeys, PartitionSet, TimeKeys, TimePartitions,
        TimeSettings,
    };
    use crate::testkit;

    fn json(report: &PartitionsReport) -> String {
        serde_json::to_string(&Document::new(report)).expect("JSON")
    }

    #[test]
    fn windows() {
        let days = TimePartitions::new(TimeSettings {
            end: Some("2024-01-04"),
            ..TimeSettings::new(Cadence::Daily, "2024-01-01")
        });
        let days = Arc::new(days.expect("a definition"));
        let mut report = PartitionsReport {
            definition: "day".into(),
            type_name: "daily",
            asset: AssetKey::parse("clean").ok(),
            schedule: Some(ListedSchedule {
                cron: "0 0 * * *".into(),
                format: "%Y-%m-%d".into(),
                timezone: "UTC".into(),
            }),
            dimensions: vec![],
            keys: PartitionKeys::Time(TimeKeys::at(&days, jiff::Timestamp::MAX)),
            listed: ListedKeys::Ends,
        };
        let head = concat!(
            r#"{"schema":1,"definition":"day","type":"daily","asset":"clean","count":3,"first":"2024-01-01","last":"2024-01-03","#,
            r#""cron":"0 0 * * *","format":"%Y-%m-%d","timezone":"UTC""#,
        );
        assert_eq!(json(&report), format!("{head}}}"));
        let third =
            r#"{"key":"2024-01-03","start":"2024-01-03T00:00:00Z","end":"2024-01-04T00:00:00Z"}"#;
        report.listed = ListedKeys::One(2);
        let neighbours = r#""previous":"2024-01-02","next":null"#;
        assert_eq!(
            json(&report),
            format!(r#"{head},"keys":[{third}],{neighbours}}}"#)
        );
        report.listed = ListedKeys::Some(PartitionSet::single(2));
        assert_eq!(json(&report), format!(r#"{head},"keys":[{third}]}}"#));
    }

    #[test]
    fn names_in_the_order_in_which_they_were_added() {
        let keys = ["b", "a", "c"].map(testkit::key);
        let mut report = PartitionsReport {
            definition: "uploads".into(),
            type_name: "dynamic",
            asset: None,
            schedule: None,
            dimensions: vec![],
            keys: PartitionKeys::Named(NamedKeys::growing(keys.into())),
            listed: ListedKeys::All,
        };
        let head = r#"{"schema":1,"definition":"uploads","type":"dynamic","count":3,"first":"b","last":"c""#;
        let all = r#""keys":[{"key":"b"},{"key":"a"},{"key":"c"}]"#;
        assert_eq!(json(&report), format!("{head},{all}}}"));
        report.listed = ListedKeys::One(0);
        let one = r#""keys":[{"key":"a"}],"previous":"b","next":"c""#;
        assert_eq!(json(&report), format!("{head},{one}}}"));
    }

    #[test]
    fn both_ways() {
        let flights = testkit::asset("flights");
        let parse = |key: &str| testkit::key(key);
        let keys: Arc<[_]> = ["a", "b", "c"].map(parse).into();
        let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
        let mut report = MapReport {
            asset: testkit::asset("clean"),
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
