//! `list --json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::model::{ListReport, ListedDep, ListedOutput, Listing};
use crate::wire::SCHEMA;

/// `{"schema":1,"assets":[…]}`
#[derive(Debug, Serialize)]
pub struct ListDocument<'a> {
    schema: u32,
    assets: Vec<ListingShape<'a>>,
}

/// `{"key":…,"kind":"asset"|"source",…}`
#[derive(Debug, Serialize)]
pub struct ListingShape<'a> {
    key: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    tags: BTreeMap<&'a str, &'a str>,
    kinds: &'a [String],
    owners: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, Value>,
    partitions: Option<&'a str>,
    deps: Vec<DepShape<'a>>,
    outputs: Vec<OutputShape<'a>>,
    location: LocationShape<'a>,
}

#[derive(Debug, Serialize)]
struct DepShape<'a> {
    input: &'a str,
    asset: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    mapping: &'a str,
}

#[derive(Debug, Serialize)]
struct OutputShape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    path: &'a str,
}

#[derive(Debug, Serialize)]
struct LocationShape<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> From<&'a ListReport> for ListDocument<'a> {
    fn from(report: &'a ListReport) -> Self {
        Self {
            schema: SCHEMA,
            assets: report.assets.iter().map(ListingShape::from).collect(),
        }
    }
}

impl<'a> From<&'a Listing> for ListingShape<'a> {
    fn from(listing: &'a Listing) -> Self {
        let about = &listing.about;
        Self {
            key: listing.key.as_str(),
            kind: listing.kind.word(),
            group: about.group.as_deref(),
            tags: about
                .tags
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            kinds: &about.kinds,
            owners: &about.owners,
            description: about.description.as_deref(),
            metadata: about
                .metadata
                .iter()
                .map(|(name, json)| (name.as_str(), parsed(json)))
                .collect(),
            partitions: listing.partitions.as_deref(),
            deps: listing.deps.iter().map(DepShape::from).collect(),
            outputs: listing.outputs.iter().map(OutputShape::from).collect(),
            location: LocationShape {
                file: &listing.location.file,
                line: listing.location.line,
            },
        }
    }
}

impl<'a> From<&'a ListedDep> for DepShape<'a> {
    fn from(dep: &'a ListedDep) -> Self {
        Self {
            input: dep.input.as_str(),
            asset: dep.asset.as_str(),
            output: dep.output.as_deref(),
            mapping: &dep.mapping,
        }
    }
}

impl<'a> From<&'a ListedOutput> for OutputShape<'a> {
    fn from(output: &'a ListedOutput) -> Self {
        Self {
            name: output.name.as_deref(),
            path: &output.path,
        }
    }
}

/// The value of a JSON text; a text that is none stands for itself.
fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::from(json))
}

#[cfg(test)]
mod tests {
    use super::ListDocument;
    use crate::model::{
        About, AssetKey, DeclarationKind, ListReport, ListedDep, ListedOutput, ListedPlace,
        Listing, Name,
    };

    #[test]
    fn one_asset_with_everything() {
        let flights = AssetKey::parse("flights").expect("a key");
        let report = ListReport {
            assets: vec![Listing {
                key: AssetKey::parse("clean").expect("a key"),
                kind: DeclarationKind::Asset,
                about: About {
                    description: Some("Typed".into()),
                    group: None,
                    tags: vec![
                        ("team".into(), "core".into()),
                        ("wip".into(), String::new()),
                    ],
                    kinds: vec!["python".into()],
                    owners: vec![],
                    metadata: vec![("sla".into(), r#"{"hours":3}"#.into())],
                },
                partitions: Some("day".into()),
                deps: vec![ListedDep {
                    input: Name::of_asset(&flights),
                    asset: flights,
                    output: None,
                    mapping: "identity".into(),
                }],
                outputs: vec![ListedOutput {
                    name: None,
                    path: "build/{{partition}}.csv".into(),
                }],
                location: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 12,
                },
            }],
        };
        assert_eq!(
            serde_json::to_string(&ListDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":[{"key":"clean","kind":"asset","tags":{"team":"core","wip":""},"kinds":["python"],"owners":[],"#,
                r#""description":"Typed","metadata":{"sla":{"hours":3}},"partitions":"day","#,
                r#""deps":[{"input":"flights","asset":"flights","mapping":"identity"}],"#,
                r#""outputs":[{"path":"build/{{partition}}.csv"}],"location":{"file":"Assets.toml","line":12}}]}"#,
            )
        );
    }
}
