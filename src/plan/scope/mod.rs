//! The asset partitions that a request is about, as dense cells.
//!
//! A scope has a row for each asset and source that the request reaches, upstream before downstream, and in each row the
//! set of partitions that it reaches. Cells are numbered through all rows, so that what is known of them stands in plain
//! columns. The whole grid of a project is never built: only what was asked for and what that needs.

mod reach;
mod settled;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;

use crate::model::{
    Asset, AssetGraph, AssetId, AssetKey, Dep, KeysByDefinition, PartitionKey, PartitionKeys,
    PartitionRef, PartitionSet, Place, SourceAsset, StepName,
};
use crate::plan::scope::reach::{reached_sets, selected_sets};

pub use reach::{Upstream, order_mapping, reached};
pub use settled::SettledPartitions;

/// What a request may do with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was selected.
    Selected,
    /// Something selected needs it: it is brought up to date too.
    Needed,
    /// Something selected needs it, and it is read as it is: nobody brings it up to date, or it is settled.
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
        Self::among(
            graph,
            keys,
            selection,
            upstream,
            &SettledPartitions::default(),
        )
    }

    /// The selection and what it needs, up to what is settled: that is read as it is, and nothing of what it needs is in the
    /// scope. What is selected is not settled.
    pub fn among(
        graph: &'a AssetGraph,
        keys: &'a KeysByDefinition,
        selection: &[(AssetId, PartitionSet)],
        upstream: Upstream,
        settled: &SettledPartitions,
    ) -> Self {
        let selected = selected_sets(graph, selection);
        let sets = reached_sets((graph, keys), &selected, upstream, settled);
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
                let settled = match settled.of(id).filter(|_| !graph.is_source(id)) {
                    Some(settled) => settled.intersection(set),
                    None => PartitionSet::empty(),
                };
                let selected = std::mem::take(&mut selected[id.index()]);
                scope.push_row(id, set.clone(), (selected, settled));
            }
        }
        scope
    }

    fn push_row(
        &mut self,
        asset: AssetId,
        set: PartitionSet,
        (selected, settled): (PartitionSet, PartitionSet),
    ) {
        let row = Row {
            asset,
            set,
            selected,
            settled,
            base: self.cells,
            version_base: self.versions,
            width: self.graph.outputs(asset).max(1),
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

    /// The asset of a cell; `None` if it is a source's.
    pub fn asset_at(&self, cell: Cell) -> Option<&'a Asset> {
        self.graph.asset(self.row_of_cell(cell).asset)
    }

    /// The keys of an asset's or source's definition.
    pub fn keys(&self, asset: AssetId) -> &'a PartitionKeys {
        self.keys.get(self.graph.partitions(asset))
    }

    /// Whether two have the same partitions definition, or neither has one: then equal indexes are equal keys.
    pub fn same_keys(&self, one: AssetId, other: AssetId) -> bool {
        self.graph.partitions(one) == self.graph.partitions(other)
    }

    /// The cell of an asset partition; `None` if the request does not reach it.
    pub fn cell(&self, asset: AssetId, index: u32) -> Option<Cell> {
        self.row(asset)?.cell(index)
    }

    /// The cell of a partition by its key; `None` if there is no such key, or the request does not reach it.
    pub fn find(&self, asset: AssetId, key: Option<&PartitionKey>) -> Option<Cell> {
        self.cell(asset, self.keys(asset).index_of_partition(key)?)
    }

    /// The row of an asset or source by its name, as a lock file has it.
    pub fn row_named(&self, name: &AssetKey) -> Option<&Row> {
        self.row(self.graph.find(name.as_str())?)
    }

    /// Where the versions of a cell are.
    pub fn versions_of(&self, cell: Cell) -> Range<usize> {
        self.row_of_cell(cell).versions_of(cell)
    }

    /// Why the keys of an asset, or of what it reads, are not all known.
    pub fn fault(&self, asset: AssetId) -> Option<&'a str> {
        if !self.keys.have_faults() {
            return None;
        }
        let read = self.graph.deps(asset).iter().map(|dep| dep.asset);
        let mut all = std::iter::once(asset).chain(read);
        all.find_map(|id| self.keys.fault_of(self.graph.partitions(id)?))
    }

    fn is_external(&self, asset: AssetId) -> bool {
        !self.graph.is_source(asset) && !self.graph.is_materializable(asset)
    }

    /// What the request may do with `cell`.
    pub fn role(&self, cell: Cell) -> Role {
        let row = self.row_of_cell(cell);
        if row.is_settled(cell) {
            return Role::Given;
        }
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

/// The number of an asset partition in a [`crate::plan::Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u32);

impl Cell {
    /// The cell as an index into dense columns.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The partitions of one asset or source that a request reaches.
#[derive(Clone, Debug)]
pub struct Row {
    /// The asset or source.
    pub asset: AssetId,
    /// Which of its partitions.
    pub set: PartitionSet,
    /// Which of these were selected.
    pub selected: PartitionSet,
    /// Which of these are settled.
    settled: PartitionSet,
    /// The number of the first cell.
    base: u32,
    /// The number of the first version: an asset has one for each output.
    version_base: u32,
    /// How many versions each cell has.
    width: u32,
}

impl Row {
    /// The cell of a partition; `None` if the request does not reach it.
    pub fn cell(&self, index: u32) -> Option<Cell> {
        self.set.rank(index).map(|rank| Cell(self.base + rank))
    }

    /// Whether a cell of this row is settled.
    pub fn is_settled(&self, cell: Cell) -> bool {
        !self.settled.is_empty() && self.settled.contains(self.index_of(cell))
    }

    /// All cells of the row.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = Cell> + use<> {
        (self.base..self.base + self.set.len()).map(Cell)
    }

    /// Where the versions of all cells of this row stand.
    pub fn versions(&self) -> Range<usize> {
        let start = self.version_base as usize;
        start..start + (self.set.len() * self.width) as usize
    }

    /// The partition of a cell of this row.
    ///
    /// # Panics
    ///
    /// If the cell belongs to another row.
    pub fn index_of(&self, cell: Cell) -> u32 {
        self.set
            .nth(cell.0 - self.base)
            .expect("the cell belongs to the row")
    }

    /// Where the versions of a cell of this row stand.
    pub fn versions_of(&self, cell: Cell) -> Range<usize> {
        let start = (self.version_base + (cell.0 - self.base) * self.width) as usize;
        start..start + self.width as usize
    }
}

impl Scope<'_> {
    /// The upstream partitions that a partition reads through a dep.
    pub fn mapped(&self, asset: AssetId, dep: &Dep, index: u32) -> PartitionSet {
        dep.mapping
            .upstream_of(self.keys(asset), self.keys(dep.asset), index..index + 1)
    }

    /// The upstream partitions that run before a partition without being read: of the assets of its `after`.
    pub fn before(&self, asset: AssetId, after: AssetId, index: u32) -> PartitionSet {
        order_mapping(self.graph, asset, after).upstream_of(
            self.keys(asset),
            self.keys(after),
            index..index + 1,
        )
    }

    /// The cells that `cell` waits for, of its deps and of its `after`, in order.
    pub fn upstream_cells(&self, cell: Cell, each: impl FnMut(Cell)) {
        self.upstream_cells_of(cell, |_| true, each);
    }

    /// As [`Self::upstream_cells`], of those assets alone that `concern`: what a partition reads of the others is not
    /// enumerated, which may be very much.
    pub fn upstream_cells_of(
        &self,
        cell: Cell,
        concern: impl Fn(AssetId) -> bool,
        mut each: impl FnMut(Cell),
    ) {
        let (id, partition) = self.at(cell);
        let Some(asset) = self.graph.asset(id) else {
            return;
        };
        for dep in asset.deps.iter().filter(|dep| concern(dep.asset)) {
            self.cells_of(dep.asset, &self.mapped(id, dep, partition.index), &mut each);
        }
        for after in asset.after.iter().filter(|after| concern(**after)) {
            self.cells_of(*after, &self.before(id, *after, partition.index), &mut each);
        }
    }

    /// The cells that wait for `cell`, each once for each way in which it does.
    pub fn downstream_cells(&self, cell: Cell, mut each: impl FnMut(Cell)) {
        let (id, partition) = self.at(cell);
        let range = partition.index..partition.index + 1;
        for down in self.graph.downstream(id).iter().chain(self.own_dep(id)) {
            let Some(asset) = self.graph.asset(*down) else {
                continue;
            };
            let (downstream, upstream) = (self.keys(*down), self.keys(id));
            for dep in asset.deps.iter().filter(|dep| dep.asset == id) {
                let set = dep
                    .mapping
                    .downstream_of(downstream, upstream, range.clone());
                self.cells_of(*down, &set, &mut each);
            }
            for after in asset.after.iter().filter(|after| **after == id) {
                let mapping = order_mapping(self.graph, *down, *after);
                let set = mapping.downstream_of(downstream, upstream, range.clone());
                self.cells_of(*down, &set, &mut each);
            }
        }
    }

    fn cells_of(&self, asset: AssetId, set: &PartitionSet, each: &mut impl FnMut(Cell)) {
        let Some(row) = self.row(asset) else { return };
        for index in set.iter() {
            if let Some(cell) = row.cell(index) {
                each(cell);
            }
        }
    }

    fn own_dep(&self, id: AssetId) -> Option<&AssetId> {
        self.graph
            .deps(id)
            .iter()
            .map(|dep| &dep.asset)
            .find(|asset| **asset == id)
    }
}

/// What a partition needs of an upstream asset and what does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonexistentKeys {
    /// What is read.
    pub upstream: AssetId,
    /// The keys that do not exist.
    pub keys: Vec<PartitionKey>,
}

impl Scope<'_> {
    /// The partitions that may run and need an upstream key that does not exist, or of which it is not known.
    ///
    /// Only partitions that lack a key are looked at.
    pub fn lacking_keys(&self) -> HashSet<Cell> {
        let mut lacking = HashSet::new();
        for row in &self.rows {
            if self.fault(row.asset).is_some() {
                lacking.extend(row.cells());
                continue;
            }
            for dep in self.refusing(row) {
                let (downstream, upstream) = (self.keys(row.asset), self.keys(dep.asset));
                for range in self.may_run(row).ranges() {
                    let found = dep.mapping.lacking(downstream, upstream, range);
                    lacking.extend(found.iter().filter_map(|at| row.cell(at)));
                }
            }
        }
        lacking
    }

    /// The first dep of a partition that needs keys that do not exist.
    pub fn nonexistent_keys(&self, cell: Cell) -> Option<NonexistentKeys> {
        let row = self.row_of_cell(cell);
        let downstream = self.keys(row.asset);
        self.refusing(row).find_map(|dep| {
            let upstream = self.keys(dep.asset);
            let mapped = dep.mapping.mapped(downstream, upstream, row.index_of(cell));
            let keys = mapped.nonexistent;
            (!keys.is_empty()).then_some(NonexistentKeys {
                upstream: dep.asset,
                keys,
            })
        })
    }

    fn refusing<'s>(&'s self, row: &Row) -> impl Iterator<Item = &'s Dep> {
        let deps = self.graph.deps(row.asset).iter();
        deps.filter(|dep| !dep.allow_missing)
    }

    fn may_run<'r>(&self, row: &'r Row) -> &'r PartitionSet {
        match self.upstream {
            Upstream::Close | Upstream::CloseToExternal => &row.set,
            Upstream::Given => &row.selected,
        }
    }
}
