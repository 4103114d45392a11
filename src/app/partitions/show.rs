//! `partitions show`: how the partitions of an asset are.

use crate::answer::{ShownPartitions, ShownRow};
use crate::app::error::{AppError, RequestError};
use crate::app::list::definition_label;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::find;
use crate::app::status::status;
use crate::model::{PartitionKeys, SelectionText, ShowPartitionsRequest, StatusOptions};

/// With how many outer keys each still has a row of its own.
const ROWS: u32 = 40;

/// How the partitions of an asset are, and what the user should know of the instance.
pub fn show_partitions(
    project: &OpenProject,
    request: &ShowPartitionsRequest,
) -> Result<(ShownPartitions, Vec<Notice>), AppError> {
    let graph = project.graph();
    let id = find(project, request.asset.as_str())?;
    let unpartitioned = || RequestError::Unpartitioned {
        asset: request.asset.to_string(),
    };
    let declared = graph.definition(id).ok_or_else(unpartitioned)?;
    let asked = StatusOptions {
        selection: SelectionText::naming(&request.asset).into(),
        ..StatusOptions::default()
    };
    let (report, notices) = status(project, &asked)?;
    let only = report.assets.into_iter().next();
    let status = only.ok_or_else(unpartitioned)?;
    let shown = ShownPartitions {
        asset: status.key,
        kind: status.kind,
        counts: status.counts,
        last: status.last,
        partitions: status.partitions,
        definition: definition_label(declared),
        rows: rows(project.keys().get(graph.partitions(id))),
    };
    Ok((shown, notices))
}

/// A row for each key of the outermost dimension where these are few, else one for all.
fn rows(keys: &PartitionKeys) -> Vec<ShownRow> {
    let row = |outer, start: u32, count: u32| ShownRow {
        outer,
        first: count.checked_sub(1).and_then(|_| keys.key(start)),
        last: count.checked_sub(1).and_then(|last| keys.key(start + last)),
        count,
    };
    let outermost = keys.multi().and_then(|multi| multi.dimensions().first());
    match outermost.map(|outermost| &outermost.keys) {
        Some(outer) if (1..=ROWS).contains(&outer.len()) => {
            let count = keys.len() / outer.len();
            let rows = outer
                .range()
                .map(|at| row(outer.key(at), at * count, count));
            rows.collect()
        }
        _ => vec![row(None, 0, keys.len())],
    }
}
