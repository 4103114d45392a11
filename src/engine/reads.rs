//! What commands read that can be looked at: the partitions of upstreams with their paths, and code.

use std::collections::HashMap;

use crate::io_manager::Giving;
use crate::look::{Workspace, find_source, watched_code};
use crate::model::{
    AssetId, Counted, DataVersionRule, Declaration, PartitionRef, PartitionSet, Place, SourceAsset,
    SourcePath, Watched, exceptions,
};
use crate::plan::{Cell, Evaluation, Known, Scope};

/// An upstream, and the output that is read of it where it is one.
pub(super) type Read = (AssetId, Option<u32>);

/// One version that is read, and where it comes from.
pub(super) struct Input {
    pub slot: usize,
    cell: Cell,
    pub watched: Vec<Watched>,
}

impl Input {
    /// The first path or pattern of it.
    pub fn path(&self) -> String {
        let first = self.watched.first();
        first.map_or_else(String::new, |watched| watched.text().to_owned())
    }
}

/// What the cells of steps read.
pub(super) fn reads<'c>(
    evaluation: &Evaluation<'_>,
    steps: impl IntoIterator<Item = &'c [Cell]>,
) -> Vec<(Read, PartitionSet)> {
    let scope = evaluation.scope();
    let mut all: HashMap<Read, Vec<PartitionSet>> = HashMap::new();
    for cells in steps {
        let (id, _) = scope.at(cells[0]);
        for dep in scope.graph().deps(id) {
            let read = all.entry((dep.asset, dep.output)).or_default();
            read.push(scope.read_by(cells, dep));
        }
    }
    let union = |(read, sets): (_, Vec<PartitionSet>)| (read, PartitionSet::union_of(sets));
    all.into_iter().map(union).collect()
}

/// The code that the asset of cells is made of.
pub(super) fn code(evaluation: &Evaluation<'_>, cells: &[Cell]) -> Vec<Watched> {
    let (id, _) = evaluation.scope().at(cells[0]);
    let asset = evaluation.scope().graph().asset(id);
    let recipe = asset.and_then(|asset| asset.recipe.as_ref());
    recipe.map_or_else(Vec::new, |recipe| watched_code(evaluation.codes(), recipe))
}

/// The versions that are read at one upstream partition, by the scope's numbering.
pub(super) fn slots(
    scope: &Scope<'_>,
    (asset, output): Read,
    index: u32,
) -> impl Iterator<Item = usize> {
    let slots = scope.cell(asset, index).map(|cell| {
        let slots = scope.row_of_cell(cell).versions_of(cell);
        match output {
            Some(output) => slots.start + output as usize..slots.start + output as usize + 1,
            None => slots,
        }
    });
    slots.into_iter().flatten()
}

/// What can be looked at of an upstream partition that is read: not what a command observes, nor what is kept in memory.
pub(super) fn inputs(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    (asset, output): Read,
    index: u32,
) -> Vec<Input> {
    let scope = evaluation.scope();
    let Some(cell) = scope.cell(asset, index) else {
        return Vec::new();
    };
    let (_, partition) = scope.at(cell);
    let first = scope.row_of_cell(cell).versions_of(cell).start;
    match scope.graph().get(asset) {
        Declaration::Asset(up) => slots(scope, (asset, output), index)
            .filter_map(|slot| {
                let path = up.outputs.get(slot - first)?.path.path(partition);
                let at_path = workspace.io_manager.giving(&path) == Giving::AtPath;
                at_path.then(|| Input {
                    slot,
                    cell,
                    watched: vec![Watched::Path(path.into_owned(), Counted::All)],
                })
            })
            .collect(),
        Declaration::Source(source) => {
            let watched = watched(source, partition);
            if watched.is_empty() {
                return Vec::new();
            }
            vec![Input {
                slot: first,
                cell,
                watched,
            }]
        }
    }
}

/// What can be looked at of a source's partition: nothing of what a command observes.
pub fn watched(source: &SourceAsset, partition: PartitionRef<'_>) -> Vec<Watched> {
    let counted = Counted::from(source.gitignored);
    match &source.place {
        Place::Paths(paths) => {
            let watched = paths.iter().map(|path| match path {
                SourcePath::Exact(path) => {
                    Watched::Path(path.path(partition).into_owned(), counted)
                }
                SourcePath::Glob(path, except) => Watched::Glob {
                    pattern: path.path(partition).into_owned(),
                    except: exceptions(except, partition),
                    counted,
                },
            });
            watched.collect()
        }
        Place::Value { path, .. } => {
            vec![Watched::Path(path.path(partition).into_owned(), counted)]
        }
        Place::Observed { .. } => Vec::new(),
    }
}

/// Whether an input has the version that it was judged by. Of outputs whose content is not what counts, nobody knows.
pub(super) fn is_as_judged(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    input: &Input,
) -> bool {
    let scope = evaluation.scope();
    let judged = evaluation.facts().versions[input.slot];
    let (id, _) = scope.at(input.cell);
    match (scope.graph().get(id), input.watched.as_slice()) {
        (Declaration::Source(_), _) => {
            find_source(workspace, scope, input.cell).is_ok_and(|now| now == judged)
        }
        (Declaration::Asset(up), [Watched::Path(path, _)])
            if up.data_version == DataVersionRule::Content =>
        {
            let found = workspace.versions.of_path(path);
            found.is_ok_and(|found| found.version().map(Known::Version) == Some(judged))
        }
        (Declaration::Asset(_), _) => true,
    }
}
