//! `graph --format json`, and `graph --json`.

use serde::Serialize;

use crate::model::{GraphEdge, GraphReport, GraphVertex, Name};
use crate::wire::SCHEMA;

/// `{"schema":1,"assets":[{"key":…,"kind":…}],"edges":[{"from":…,"to":…}]}`
#[derive(Debug, Serialize)]
pub struct GraphDocument<'a> {
    schema: u32,
    assets: Vec<VertexShape<'a>>,
    edges: Vec<EdgeShape<'a>>,
}

#[derive(Debug, Serialize)]
struct VertexShape<'a> {
    key: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    partitions: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct EdgeShape<'a> {
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<&'a str>,
}

impl<'a> From<&'a GraphReport> for GraphDocument<'a> {
    fn from(report: &'a GraphReport) -> Self {
        Self {
            schema: SCHEMA,
            assets: report.assets.iter().map(VertexShape::from).collect(),
            edges: report.edges.iter().map(EdgeShape::from).collect(),
        }
    }
}

impl<'a> From<&'a GraphVertex> for VertexShape<'a> {
    fn from(asset: &'a GraphVertex) -> Self {
        Self {
            key: asset.key.as_str(),
            kind: asset.kind.word(),
            group: asset.group.as_deref(),
            partitions: asset.partitions.as_deref(),
        }
    }
}

impl<'a> From<&'a GraphEdge> for EdgeShape<'a> {
    fn from(edge: &'a GraphEdge) -> Self {
        Self {
            from: edge.from.as_str(),
            to: edge.to.as_str(),
            input: edge.input.as_ref().map(Name::as_str),
            mapping: edge.mapping.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GraphDocument;
    use crate::model::{AssetKey, DeclarationKind, GraphEdge, GraphReport, GraphVertex, Name};

    #[test]
    fn an_edge_that_is_read_and_one_that_is_not() {
        let key = |text| AssetKey::parse(text).expect("a key");
        let report = GraphReport {
            assets: vec![GraphVertex {
                key: key("flights"),
                kind: DeclarationKind::Source,
                group: None,
                partitions: Some("day".into()),
            }],
            edges: vec![
                GraphEdge {
                    from: key("flights"),
                    to: key("clean"),
                    input: Some(Name::of_asset(&key("flights"))),
                    mapping: Some("identity".into()),
                },
                GraphEdge {
                    from: key("setup"),
                    to: key("clean"),
                    input: None,
                    mapping: None,
                },
            ],
        };
        assert_eq!(
            serde_json::to_string(&GraphDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":[{"key":"flights","kind":"source","partitions":"day"}],"#,
                r#""edges":[{"from":"flights","to":"clean","input":"flights","mapping":"identity"},{"from":"setup","to":"clean"}]}"#,
            )
        );
    }
}
