//! `graph`: what is read by what.

use crate::answer::{GraphEdge, GraphReport, GraphVertex};
use crate::app::error::AppError;
use crate::app::list::{kind, partitions};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{Range, select};
use crate::model::{AssetGraph, AssetId, GraphRequest};

/// The graph and what the user should know of the selection: all of it, or what is selected. What is named alone is shown
/// with everything up- and downstream of it.
pub fn graph(
    project: &OpenProject,
    request: &GraphRequest,
) -> Result<(GraphReport, Vec<Notice>), AppError> {
    let graph = project.graph();
    let selection = select(project, &request.selection, Range::All)?;
    let mut shown = related(graph, selection.alone());
    for id in selection.assets() {
        shown[id.index()] = true;
    }
    let ids = || graph.order().iter().copied().filter(|id| shown[id.index()]);
    let report = GraphReport {
        assets: ids().map(|id| vertex(graph, id)).collect(),
        edges: ids()
            .flat_map(|id| edges(graph, id))
            .filter(|(from, _)| shown[from.index()])
            .map(|(_, edge)| edge)
            .collect(),
    };
    Ok((report, selection.into_notices()))
}

/// Which assets and sources are among `named`, or up- or downstream of one of them.
fn related(graph: &AssetGraph, named: &[AssetId]) -> Vec<bool> {
    let mut up = vec![false; graph.len()];
    for id in named {
        up[id.index()] = true;
    }
    let mut down = up.clone();
    for id in graph.order().iter().rev() {
        if up[id.index()] {
            for above in graph.upstream(*id) {
                up[above.index()] = true;
            }
        }
    }
    for id in graph.order() {
        if down[id.index()] {
            for below in graph.downstream(*id) {
                down[below.index()] = true;
            }
        }
    }
    up.iter()
        .zip(&down)
        .map(|(up, down)| *up || *down)
        .collect()
}

fn vertex(graph: &AssetGraph, id: AssetId) -> GraphVertex {
    let declaration = graph.get(id);
    GraphVertex {
        key: declaration.key().clone(),
        kind: kind(declaration),
        group: declaration.about().group.clone(),
        partitions: partitions(graph, id),
    }
}

/// What an asset reads, in declared order, then what it runs after.
fn edges(graph: &AssetGraph, id: AssetId) -> Vec<(AssetId, GraphEdge)> {
    let Some(asset) = graph.asset(id) else {
        return Vec::new();
    };
    let reads = asset.deps.iter().map(|dep| {
        let edge = GraphEdge {
            from: graph.key(dep.asset).clone(),
            to: asset.key.clone(),
            input: Some(dep.input.clone()),
            mapping: Some(dep.mapping.name().to_owned()),
        };
        (dep.asset, edge)
    });
    let runs_after = asset.after.iter().map(|after| {
        let edge = GraphEdge {
            from: graph.key(*after).clone(),
            to: asset.key.clone(),
            input: None,
            mapping: None,
        };
        (*after, edge)
    });
    reads.chain(runs_after).collect()
}
