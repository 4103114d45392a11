//! What `list` and `graph` answer.

use serde::Serialize;

use crate::answer::fields;
use crate::model::{About, AssetKey, Name};

/// The declared assets and sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// In order of declaration.
    pub assets: Vec<Listing>,
}

/// Whether something is made or only observed.
///
/// ```
/// assert_eq!(assetctl::DeclarationKind::Source.word(), "source");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclarationKind {
    /// An asset.
    Asset,
    /// A source asset.
    Source,
}

impl DeclarationKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Source => "source",
        }
    }
}

/// One asset or source, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// What people say of it.
    #[serde(flatten, serialize_with = "fields::about")]
    pub about: About,
    /// The name of its partitions definition, or the type of one that is declared inline.
    pub partitions: Option<String>,
    /// What it reads.
    pub deps: Vec<ListedDep>,
    /// What it writes; of a source, where it is.
    pub outputs: Vec<ListedOutput>,
    /// Where it is declared.
    pub location: ListedPlace,
}

/// A dep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedDep {
    /// The input's name.
    pub input: Name,
    /// What it reads.
    pub asset: AssetKey,
    /// The output that it reads; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The name of its partition mapping.
    pub mapping: String,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedOutput {
    /// Its name; `None` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its path, as written.
    pub path: String,
}

/// A place in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedPlace {
    /// The file, relative to the project root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// Where something is declared, and how that became a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredIn {
    /// The place.
    #[serde(flatten)]
    pub place: ListedPlace,
    /// The name as it is written, where it is made once for each value of a list: `raw/{{each.name}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The place of the command that prints the file, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed_by: Option<ListedPlace>,
}

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
    use crate::answer::{
        DeclarationKind, Document, GraphEdge, GraphReport, GraphVertex, ListReport, ListedDep,
        ListedOutput, ListedPlace, Listing,
    };
    use crate::model::{About, Name};
    use crate::testkit;

    #[test]
    fn one_asset_with_everything() {
        let flights = testkit::asset("flights");
        let report = ListReport {
            assets: vec![Listing {
                key: testkit::asset("clean"),
                kind: DeclarationKind::Asset,
                about: About {
                    description: Some("Typed".into()),
                    group: None,
                    tags: vec![("team".into(), "core".into()), ("wip".into(), "".into())],
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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":[{"key":"clean","kind":"asset","tags":{"team":"core","wip":""},"kinds":["python"],"owners":[],"#,
                r#""description":"Typed","metadata":{"sla":{"hours":3}},"partitions":"day","#,
                r#""deps":[{"input":"flights","asset":"flights","mapping":"identity"}],"#,
                r#""outputs":[{"path":"build/{{partition}}.csv"}],"location":{"file":"Assets.toml","line":12}}]}"#,
            )
        );
    }

    #[test]
    fn an_edge_that_is_read_and_one_that_is_not() {
        let key = |text| testkit::asset(text);
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
