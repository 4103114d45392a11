//! What `graph` answers.

use crate::answer::DeclarationKind;
use crate::model::{AssetKey, Name};
use serde::Serialize;

/// The graph of assets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GraphReport {
    /// Assets and sources, upstream before downstream.
    pub assets: Vec<GraphVertex>,
    /// What is read by what, in the order of `assets`.
    pub edges: Vec<GraphEdge>,
}

/// An asset or source in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphVertex {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// The group it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its partitions definition, as in a list.
    pub partitions: Option<String>,
}

/// One asset reads, or runs after, another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphEdge {
    /// The upstream.
    pub from: AssetKey,
    /// The downstream.
    pub to: AssetKey,
    /// The input's name; `None` for an asset that only runs after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Name>,
    /// The name of the partition mapping; `None` for an asset that only runs after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
}

#[cfg(test)]
mod tests {
    use crate::answer::{DeclarationKind, Document, GraphEdge, GraphReport, GraphVertex};
    use crate::model::{AssetKey, Name};

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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":[{"key":"flights","kind":"source","partitions":"day"}],"#,
                r#""edges":[{"from":"flights","to":"clean","input":"flights","mapping":"identity"},{"from":"setup","to":"clean"}]}"#,
            )
        );
    }
}
