//! `partitions list --json`.

use jiff::Timestamp;
use serde::ser::{Serialize, Serializer};

use crate::model::{AssetKey, ListedDimension, ListedKeys, PartitionKey, PartitionsReport};
use crate::wire::SCHEMA;

/// `{"schema":1,"definition":…,"type":…,"count":…,"first":…,"last":…,…}`
#[derive(Debug, serde::Serialize)]
pub struct PartitionsDocument<'a> {
    schema: u32,
    definition: &'a str,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a str>,
    count: u32,
    first: Option<PartitionKey>,
    last: Option<PartitionKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dimensions: Vec<DimensionShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<KeysShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Neighbour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Neighbour>,
}

#[derive(Debug, serde::Serialize)]
struct DimensionShape<'a> {
    name: &'a str,
    definition: &'a str,
    #[serde(rename = "type")]
    type_name: &'static str,
    count: u32,
}

#[derive(Debug, serde::Serialize)]
struct KeyShape {
    key: PartitionKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Timestamp>,
}

/// The key before or after one; `null` where there is none.
#[derive(Debug, serde::Serialize)]
struct Neighbour(Option<PartitionKey>);

/// The listed keys, each made when it is written.
#[derive(Debug)]
struct KeysShape<'a>(&'a PartitionsReport);

impl<'a> From<&'a PartitionsReport> for PartitionsDocument<'a> {
    fn from(report: &'a PartitionsReport) -> Self {
        let neighbours = match report.listed {
            ListedKeys::One(index) => Some(report.neighbours(index)),
            ListedKeys::Ends | ListedKeys::All | ListedKeys::Some(_) => None,
        };
        let (previous, next) = neighbours.unzip();
        let (first, last) = report.ends();
        let schedule = report.schedule.as_ref();
        Self {
            schema: SCHEMA,
            definition: &report.definition,
            type_name: report.type_name,
            asset: report.asset.as_ref().map(AssetKey::as_str),
            count: report.keys.len(),
            first,
            last,
            cron: schedule.map(|it| it.cron.as_str()),
            format: schedule.map(|it| it.format.as_str()),
            timezone: schedule.map(|it| it.timezone.as_str()),
            dimensions: report.dimensions.iter().map(DimensionShape::from).collect(),
            keys: (report.listed != ListedKeys::Ends).then_some(KeysShape(report)),
            previous: previous.map(Neighbour),
            next: next.map(Neighbour),
        }
    }
}

impl<'a> From<&'a ListedDimension> for DimensionShape<'a> {
    fn from(dimension: &'a ListedDimension) -> Self {
        Self {
            name: dimension.name.as_str(),
            definition: &dimension.definition,
            type_name: dimension.type_name,
            count: dimension.count,
        }
    }
}

impl Serialize for KeysShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = |(index, key): (u32, PartitionKey)| {
            let window = self.0.keys.window(index);
            KeyShape {
                key,
                start: window.map(|window| window.start),
                end: window.map(|window| window.end),
            }
        };
        serializer.collect_seq(self.0.listed().map(shape))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::PartitionsDocument;
    use crate::model::{
        AssetKey, Cadence, ListedKeys, ListedSchedule, NamedKeys, PartitionKey, PartitionKeys,
        PartitionSet, PartitionsReport, TimeKeys, TimePartitions, TimeSettings,
    };

    fn json(report: &PartitionsReport) -> String {
        serde_json::to_string(&PartitionsDocument::from(report)).expect("JSON")
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
        let keys = ["b", "a", "c"].map(|key| PartitionKey::parse(key).expect("a key"));
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
}
