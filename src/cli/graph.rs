//! `graph`: what depends on what, as text, for Graphviz, and for Mermaid.

use std::collections::HashMap;

use clap::{Args, ValueEnum};

use crate::answer::{DeclarationKind, GraphEdge, GraphReport};
use crate::app;
use crate::cli::args::{ConfigurationArgs, selection};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::text::{BOLD, DIM, put, styled};
use crate::model::{AssetKey, GraphRequest};

/// Words of `graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl graph
  assetctl graph --format dot | dot -Tsvg > graph.svg
  assetctl graph report --format mermaid        all that is up- and downstream of it
  assetctl graph 'group:core'                   exactly these")]
pub struct GraphArgs {
    /// Names, or expressions such as '+clean and not group:core'; see `assetctl help selection` [default: all]
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// How to draw it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: GraphFormat,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// How to draw a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A line for each asset, with what it reads
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// JSON, as --json
    Json,
}

/// Draws the graph of what is selected.
pub fn run(args: &GraphArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let selection = selection(&args.selection);
    let (report, notices) = app::graph(&project, &GraphRequest { selection })?;
    if session.tell(&notices) {
        if args.format == GraphFormat::Json {
            output::answer_json(&session.document(&report))?;
        } else {
            session.answer(&report, || match args.format {
                GraphFormat::Text | GraphFormat::Json => text(&report),
                GraphFormat::Dot => dot(&report),
                GraphFormat::Mermaid => mermaid(&report),
            })?;
        }
    }
    Ok(VerbExit::Yes)
}

/// A line for each asset, upstream first, with what it reads.
fn text(report: &GraphReport) -> String {
    let mut upstream: HashMap<&AssetKey, Vec<&GraphEdge>> = HashMap::new();
    for edge in &report.edges {
        upstream.entry(&edge.to).or_default().push(edge);
    }
    let mut text = String::new();
    for asset in &report.assets {
        let name = match asset.kind {
            DeclarationKind::Asset => styled(BOLD, asset.key.as_str()).to_string(),
            DeclarationKind::Source => format!("{} {}", asset.key, styled(DIM, "(source)")),
        };
        let partitions = asset
            .partitions
            .as_ref()
            .map_or_else(String::new, |definition| {
                styled(DIM, format!(" by {definition}")).to_string()
            });
        put!(&mut text, "{name}{partitions}\n");
        for edge in upstream.get(&asset.key).into_iter().flatten() {
            let how = match &edge.mapping {
                None => styled(DIM, " (runs after it)".to_owned()),
                Some(mapping) if mapping == "identity" => styled(DIM, String::new()),
                Some(mapping) => styled(DIM, format!(" ({mapping})")),
            };
            put!(&mut text, "  ← {}{how}\n", edge.from);
        }
    }
    text
}

/// A `digraph`.
fn dot(report: &GraphReport) -> String {
    let mut text =
        "digraph assets {\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n"
            .to_owned();
    for asset in &report.assets {
        let shape = match asset.kind {
            DeclarationKind::Asset => "",
            DeclarationKind::Source => ", shape = ellipse",
        };
        let partitions = asset
            .partitions
            .as_ref()
            .map_or_else(String::new, |it| format!("\\n{}", escaped(it)));
        let key = escaped(asset.key.as_str());
        put!(
            &mut text,
            "  \"{key}\" [label = \"{key}{partitions}\"{shape}];\n"
        );
    }
    for edge in &report.edges {
        let style = match &edge.mapping {
            None => " [style = dashed]".to_owned(),
            Some(mapping) if mapping == "identity" => String::new(),
            Some(mapping) => format!(" [label = \"{}\"]", escaped(mapping)),
        };
        put!(
            &mut text,
            "  \"{}\" -> \"{}\"{style};\n",
            escaped(edge.from.as_str()),
            escaped(edge.to.as_str())
        );
    }
    text.push_str("}\n");
    text
}

/// A `flowchart`.
fn mermaid(report: &GraphReport) -> String {
    let ids: HashMap<_, _> = report
        .assets
        .iter()
        .enumerate()
        .map(|(index, asset)| (&asset.key, index))
        .collect();
    let mut text = "flowchart LR\n".to_owned();
    for (index, asset) in report.assets.iter().enumerate() {
        let key = asset.key.as_str().replace('"', "#quot;");
        match asset.kind {
            DeclarationKind::Asset => put!(&mut text, "  a{index}[\"{key}\"]\n"),
            DeclarationKind::Source => put!(&mut text, "  a{index}([\"{key}\"])\n"),
        }
    }
    for edge in &report.edges {
        let (Some(from), Some(to)) = (ids.get(&edge.from), ids.get(&edge.to)) else {
            continue;
        };
        let arrow = match &edge.mapping {
            None => "-.->".to_owned(),
            Some(mapping) if mapping == "identity" => "-->".to_owned(),
            Some(mapping) => format!("-->|{mapping}|"),
        };
        put!(&mut text, "  a{from} {arrow} a{to}\n");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{dot, mermaid, text};
    use crate::answer::{DeclarationKind, GraphEdge, GraphReport, GraphVertex};
    use crate::cli::fixtures::{asset, plain};
    use crate::model::AssetKey;

    fn report() -> GraphReport {
        let vertex = |key, kind, partitions: Option<&str>| GraphVertex {
            key,
            kind,
            group: None,
            partitions: partitions.map(str::to_owned),
        };
        let edge = |from, to, mapping: Option<&str>| GraphEdge {
            from,
            to: asset(to),
            input: None,
            mapping: mapping.map(str::to_owned),
        };
        let raw = AssetKey::of_path("./a \"b\".csv");
        GraphReport {
            assets: vec![
                vertex(raw.clone(), DeclarationKind::Source, None),
                vertex(asset("clean"), DeclarationKind::Asset, Some("day")),
                vertex(asset("year"), DeclarationKind::Asset, None),
            ],
            edges: vec![
                edge(raw.clone(), "clean", Some("identity")),
                edge(asset("clean"), "year", Some("all")),
                edge(raw, "year", None),
            ],
        }
    }

    #[test]
    fn formats() {
        insta::assert_snapshot!(plain(&text(&report())), @r#"
        ./a "b".csv (source)
        clean by day
          ← ./a "b".csv
        year
          ← clean (all)
          ← ./a "b".csv (runs after it)
        "#);
        insta::assert_snapshot!(dot(&report()), @r#"
        digraph assets {
          rankdir = LR;
          node [shape = box, fontname = "sans-serif"];
          "./a \"b\".csv" [label = "./a \"b\".csv", shape = ellipse];
          "clean" [label = "clean\nday"];
          "year" [label = "year"];
          "./a \"b\".csv" -> "clean";
          "clean" -> "year" [label = "all"];
          "./a \"b\".csv" -> "year" [style = dashed];
        }
        "#);
        insta::assert_snapshot!(mermaid(&report()), @r#"
        flowchart LR
          a0(["./a #quot;b#quot;.csv"])
          a1["clean"]
          a2["year"]
          a0 --> a1
          a1 -->|all| a2
          a0 -.-> a2
        "#);
    }
}
