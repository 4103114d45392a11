//! The asset partitions that a request is about, as dense cells.
//!
//! A scope has a row for each asset and source that the request reaches, upstream before downstream, and in each row the
//! set of partitions that it reaches. Cells are numbered through all rows, so that what is known of them stands in plain
//! columns. The whole grid of a project is never built: only what was asked for and what that needs.

mod cell;
mod edges;
mod nonexistent;
mod reach;
mod row;

use std::ops::Range;

use crate::model::{
    Asset, AssetGraph, AssetId, Dep, KeysByDefinition, PartitionKey, PartitionKeys, PartitionRef,
    PartitionSet, Place, SourceAsset, StepName,
};
use crate::plan::scope::reach::{reached_sets, selected_sets};

pub use cell::Cell;
pub use nonexistent::NonexistentKeys;
pub use reach::Upstream;
pub use row::Row;

/// What a request may do with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was selected.
    Selected,
    /// Something selected needs it: it is brought up to date too.
    Needed,
    /// Something selected needs it, and it is read as it is.
    Given,
}

/// The asset partitions that a request is about.
#[derive(Debug)]
pub struct Scope<'a> {
    graph: &'a AssetGraph,
    keys: &'a KeysByDefinition,
    upstream: Upstream,
    rows: Vec<Row>,
    /// The row of each asset id; `u32::MAX` where it has none.
    row_of: Vec<u32>,
    cells: u32,
    versions: u32,
}

impl<'a> Scope<'a> {
    /// The selection and what it needs.
    pub fn new(
        graph: &'a AssetGraph,
        keys: &'a KeysByDefinition,
        selection: &[(AssetId, PartitionSet)],
        upstream: Upstream,
    ) -> Self {
        let selected = selected_sets(graph, selection);
        let sets = reached_sets(graph, keys, &selected, upstream);
        let mut scope = Self {
            graph,
            keys,
            upstream,
            rows: Vec::new(),
            row_of: vec![u32::MAX; graph.len()],
            cells: 0,
            versions: 0,
        };
        let mut selected = selected;
        for (id, set) in graph.order().iter().map(|id| (*id, &sets[id.index()])) {
            if !set.is_empty() {
                scope.push_row(id, set.clone(), std::mem::take(&mut selected[id.index()]));
            }
        }
        scope
    }

    fn push_row(&mut self, asset: AssetId, set: PartitionSet, selected: PartitionSet) {
        let outputs = self
            .graph
            .asset(asset)
            .map_or(1, |asset| asset.outputs.len());
        let row = Row {
            asset,
            set,
            selected,
            base: self.cells,
            version_base: self.versions,
            width: outputs.max(1) as u32,
        };
        self.row_of[asset.index()] = self.rows.len() as u32;
        self.cells += row.set.len();
        self.versions += row.set.len() * row.width;
        self.rows.push(row);
    }

    /// The graph.
    pub fn graph(&self) -> &'a AssetGraph {
        self.graph
    }

    /// The rows, upstream before downstream.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of assets, each with the asset.
    pub fn asset_rows(&self) -> impl Iterator<Item = (&Row, &'a Asset)> {
        let graph = self.graph;
        let rows = self.rows.iter();
        rows.filter_map(|row| Some((row, graph.asset(row.asset)?)))
    }

    /// The rows of sources, each with the source.
    pub fn source_rows(&self) -> impl Iterator<Item = (&Row, &'a SourceAsset)> {
        let graph = self.graph;
        let rows = self.rows.iter();
        rows.filter_map(|row| Some((row, graph.source(row.asset)?)))
    }

    /// The name of a cell.
    pub fn step_name(&self, cell: Cell) -> StepName {
        let (asset, _) = self.at(cell);
        StepName {
            asset: self.graph.key(asset).clone(),
            partition: self.partition(cell),
        }
    }

    /// The path of a source's data, where it is one path.
    pub fn source_path(&self, cell: Cell) -> Option<String> {
        let (id, partition) = self.at(cell);
        let path = match &self.graph.source(id)?.place {
            Place::Paths(paths) => match paths.as_slice() {
                [path] => path.template(),
                _ => return None,
            },
            Place::Value { path, .. } => path,
            Place::Observed { .. } => return None,
        };
        Some(path.path(partition).into_owned())
    }

    /// The upstream partitions that cells, which are neighbours, read through a dep.
    pub fn read_by(&self, cells: &[Cell], dep: &Dep) -> PartitionSet {
        let (id, indexes) = self.neighbours(cells);
        dep.mapping
            .upstream_of(self.keys(id), self.keys(dep.asset), indexes)
    }

    /// The asset of cells, which are neighbours, and their indexes.
    pub fn neighbours(&self, cells: &[Cell]) -> (AssetId, Range<u32>) {
        let (id, first) = self.at(cells[0]);
        (id, first.index..first.index + cells.len() as u32)
    }

    /// The row of an asset or source; `None` if the request does not reach it.
    pub fn row(&self, asset: AssetId) -> Option<&Row> {
        self.rows.get(self.row_of[asset.index()] as usize)
    }

    /// The number of the row of an asset that the request reaches.
    pub fn number_of(&self, asset: AssetId) -> usize {
        self.row_of[asset.index()] as usize
    }

    /// How many cells there are.
    pub fn cells(&self) -> u32 {
        self.cells
    }

    /// How many versions there are: one for each output of each cell.
    pub fn versions(&self) -> u32 {
        self.versions
    }

    /// The row that `cell` belongs to.
    pub fn row_of_cell(&self, cell: Cell) -> &Row {
        let after = self.rows.partition_point(|row| row.base <= cell.0);
        &self.rows[after - 1]
    }

    /// The asset or source and the partition that `cell` stands for.
    pub fn at(&self, cell: Cell) -> (AssetId, PartitionRef<'a>) {
        let row = self.row_of_cell(cell);
        (
            row.asset,
            PartitionRef {
                keys: self.keys(row.asset),
                index: row.index_of(cell),
            },
        )
    }

    /// The partition key of `cell`; `None` where its asset is unpartitioned.
    pub fn partition(&self, cell: Cell) -> Option<PartitionKey> {
        let (_, partition) = self.at(cell);
        partition.keys.key(partition.index)
    }

    /// The keys of an asset's or source's definition.
    pub fn keys(&self, asset: AssetId) -> &'a PartitionKeys {
        self.keys.of(self.graph.get(asset))
    }

    /// The cell of an asset partition; `None` if the request does not reach it.
    pub fn cell(&self, asset: AssetId, index: u32) -> Option<Cell> {
        self.row(asset)?.cell(index)
    }

    /// Why the keys of an asset, or of what it reads, are not all known.
    pub fn fault(&self, asset: AssetId) -> Option<&'a str> {
        if !self.keys.have_faults() {
            return None;
        }
        let read = self.graph.deps(asset).iter().map(|dep| dep.asset);
        let mut all = std::iter::once(asset).chain(read);
        all.find_map(|id| self.keys.fault(self.graph.get(id)))
    }

    fn is_external(&self, asset: AssetId) -> bool {
        let asset = self.graph.asset(asset);
        asset.is_some_and(|asset| asset.recipe.is_none())
    }

    /// What the request may do with `cell`.
    pub fn role(&self, cell: Cell) -> Role {
        let row = self.row_of_cell(cell);
        if row.selected.contains(row.index_of(cell)) {
            return Role::Selected;
        }
        match self.upstream {
            Upstream::CloseToExternal if self.is_external(row.asset) => Role::Given,
            Upstream::Close | Upstream::CloseToExternal => Role::Needed,
            Upstream::Given => Role::Given,
        }
    }
}

#[cfg(test)]
mod tests;
