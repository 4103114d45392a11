//! The asset partitions that a request is about, as dense cells.
//!
//! A scope has a row for each asset and source that the request reaches, upstream before downstream, and in each row the
//! set of partitions that it reaches. Cells are numbered through all rows, so that what is known of them stands in plain
//! columns. The whole grid of a project is never built: only what was asked for and what that needs.

use std::ops::Range;

use crate::model::{
    AssetGraph, AssetId, Dep, KeysByDefinition, Nonexistent, PartitionKey, PartitionKeys,
    PartitionMapping, PartitionRef, PartitionSet,
};

/// The number of an asset partition in a [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u32);

impl Cell {
    /// The cell as an index into dense columns.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

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

/// The partitions of one asset or source that a request reaches.
#[derive(Clone, Debug)]
pub struct Row {
    /// The asset or source.
    pub asset: AssetId,
    /// Which of its partitions.
    pub set: PartitionSet,
    /// Which of these were selected.
    pub selected: PartitionSet,
    /// The number of the first cell.
    base: u32,
    /// The number of the first version: an asset has one for each output.
    version_base: u32,
    /// How many versions each cell has.
    width: u32,
}

/// A dep of a partition whose upstream key does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonexistentKey {
    /// The downstream asset.
    pub asset: AssetId,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// The index of the dep.
    pub dep: usize,
    /// The keys that do not exist upstream.
    pub keys: Vec<PartitionKey>,
}

/// Whether what the selection needs is brought up to date or read as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Brought up to date, all the way up.
    Close,
    /// Read as it is: only direct upstreams belong to the scope.
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
    #[must_use]
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
        let width = self
            .graph
            .asset(asset)
            .map_or(1, |asset| asset.outputs.len().max(1)) as u32;
        self.row_of[asset.index()] = self.rows.len() as u32;
        let (base, version_base) = (self.cells, self.versions);
        self.cells += set.len();
        self.versions += set.len() * width;
        self.rows.push(Row {
            asset,
            set,
            selected,
            base,
            version_base,
            width,
        });
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &'a AssetGraph {
        self.graph
    }

    /// The rows, upstream before downstream.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of an asset or source; `None` if the request does not reach it.
    #[must_use]
    pub fn row(&self, asset: AssetId) -> Option<&Row> {
        self.rows.get(self.row_of[asset.index()] as usize)
    }

    /// The number of the row of an asset that the request reaches.
    #[must_use]
    pub fn number_of(&self, asset: AssetId) -> usize {
        self.row_of[asset.index()] as usize
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> u32 {
        self.cells
    }

    /// How many versions there are: one for each output of each cell.
    #[must_use]
    pub fn versions(&self) -> u32 {
        self.versions
    }

    /// The row that `cell` belongs to.
    #[must_use]
    pub fn row_of_cell(&self, cell: Cell) -> &Row {
        let after = self.rows.partition_point(|row| row.base <= cell.0);
        &self.rows[after - 1]
    }

    /// The asset or source and the partition that `cell` stands for.
    #[must_use]
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
    #[must_use]
    pub fn partition(&self, cell: Cell) -> Option<PartitionKey> {
        let (_, partition) = self.at(cell);
        partition.keys.key(partition.index)
    }

    /// The keys of an asset's or source's definition.
    #[must_use]
    pub fn keys(&self, asset: AssetId) -> &'a PartitionKeys {
        self.keys.of(self.graph.get(asset))
    }

    /// The cell of an asset partition; `None` if the request does not reach it.
    #[must_use]
    pub fn cell(&self, asset: AssetId, index: u32) -> Option<Cell> {
        self.row(asset)?.cell(index)
    }

    /// What the request may do with `cell`.
    #[must_use]
    pub fn role(&self, cell: Cell) -> Role {
        let row = self.row_of_cell(cell);
        if row.selected.contains(row.index_of(cell)) {
            return Role::Selected;
        }
        match self.upstream {
            Upstream::Close => Role::Needed,
            Upstream::Given => Role::Given,
        }
    }

    /// The upstream partitions that a partition reads through a dep.
    #[must_use]
    pub fn mapped(&self, asset: AssetId, dep: &Dep, index: u32) -> PartitionSet {
        dep.mapping
            .upstream_of(self.keys(asset), self.keys(dep.asset), index..index + 1)
    }

    /// The upstream partitions that run before a partition without being read: of the assets of its `after`.
    #[must_use]
    pub fn before(&self, asset: AssetId, after: AssetId, index: u32) -> PartitionSet {
        order_mapping(self.graph, asset, after).upstream_of(
            self.keys(asset),
            self.keys(after),
            index..index + 1,
        )
    }

    /// The cells that `cell` waits for, of its deps and of its `after`, in order.
    pub fn upstream_cells(&self, cell: Cell, mut each: impl FnMut(Cell)) {
        let (id, partition) = self.at(cell);
        let Some(asset) = self.graph.asset(id) else {
            return;
        };
        for dep in &asset.deps {
            self.cells_of(dep.asset, &self.mapped(id, dep, partition.index), &mut each);
        }
        for after in &asset.after {
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

    /// Needed upstream keys that do not exist, for the rows that may run.
    #[must_use]
    pub fn nonexistent_keys(&self) -> Vec<NonexistentKey> {
        let mut found = Vec::new();
        for row in &self.rows {
            for (index, dep) in self.graph.deps(row.asset).iter().enumerate() {
                let complete = matches!(dep.mapping, PartitionMapping::All);
                if complete || dep.nonexistent == Nonexistent::Dropped {
                    continue;
                }
                found.extend(self.nonexistent_of_dep(row, index, dep));
            }
        }
        found
    }

    fn nonexistent_of_dep(&self, row: &Row, index: usize, dep: &Dep) -> Vec<NonexistentKey> {
        let (downstream, upstream) = (self.keys(row.asset), self.keys(dep.asset));
        if downstream_is_covered(dep, downstream, upstream, &row.set) {
            return Vec::new();
        }
        let of = |at: u32| NonexistentKey {
            asset: row.asset,
            partition: downstream.key(at),
            dep: index,
            keys: dep.mapping.mapped(downstream, upstream, at).nonexistent,
        };
        row.set
            .iter()
            .map(of)
            .filter(|found| !found.keys.is_empty())
            .collect()
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

impl Row {
    /// The cell of a partition; `None` if the request does not reach it.
    #[must_use]
    pub fn cell(&self, index: u32) -> Option<Cell> {
        self.set.rank(index).map(|rank| Cell(self.base + rank))
    }

    /// All cells of the row.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = Cell> + use<> {
        (self.base..self.base + self.set.len()).map(Cell)
    }

    /// The partition of a cell of this row.
    ///
    /// # Panics
    ///
    /// If the cell belongs to another row.
    #[must_use]
    pub fn index_of(&self, cell: Cell) -> u32 {
        self.set
            .nth(cell.0 - self.base)
            .expect("the cell belongs to the row")
    }

    /// Where the versions of a cell of this row stand.
    #[must_use]
    pub fn versions_of(&self, cell: Cell) -> Range<usize> {
        let start = (self.version_base + (cell.0 - self.base) * self.width) as usize;
        start..start + self.width as usize
    }
}

/// Whether all keys that a dep asks for exist, seen from the ends of the set: windows in between exist if these do.
fn downstream_is_covered(
    dep: &Dep,
    downstream: &PartitionKeys,
    upstream: &PartitionKeys,
    set: &PartitionSet,
) -> bool {
    let exists = |index| {
        dep.mapping
            .mapped(downstream, upstream, index)
            .nonexistent
            .is_empty()
    };
    let contiguous = downstream.time().is_some() && upstream.time().is_some();
    match dep.mapping {
        PartitionMapping::All | PartitionMapping::Last => true,
        PartitionMapping::Specific(_)
        | PartitionMapping::Static(_)
        | PartitionMapping::MultiToSingle { .. }
        | PartitionMapping::Multi(_) => false,
        PartitionMapping::Identity if !downstream.is_partitioned() => true,
        PartitionMapping::Identity | PartitionMapping::TimeWindow { .. } => {
            contiguous && set.first().is_none_or(exists) && set.last().is_none_or(exists)
        }
    }
}

/// How `after` orders partitions: key by key within one definition, all before all else.
fn order_mapping(graph: &AssetGraph, asset: AssetId, after: AssetId) -> PartitionMapping {
    let definition = |id| graph.definition(id).map(|it| &it.definition);
    if definition(asset) == definition(after) {
        PartitionMapping::Identity
    } else {
        PartitionMapping::All
    }
}

fn selected_sets(graph: &AssetGraph, selection: &[(AssetId, PartitionSet)]) -> Vec<PartitionSet> {
    let mut sets = vec![PartitionSet::empty(); graph.len()];
    for (id, set) in selection {
        sets[id.index()] = sets[id.index()].union(set);
    }
    sets
}

/// Downstream before upstream, so that each row is complete when it is asked what it needs.
fn reached_sets(
    graph: &AssetGraph,
    keys: &KeysByDefinition,
    selected: &[PartitionSet],
    upstream: Upstream,
) -> Vec<PartitionSet> {
    let mut reached = selected.to_vec();
    for id in graph.order().iter().rev().copied() {
        let from = match upstream {
            Upstream::Close => &reached,
            Upstream::Given => selected,
        };
        if from[id.index()].is_empty() {
            continue;
        }
        let mut set = from[id.index()].clone();
        let Some(asset) = graph.asset(id) else {
            continue;
        };
        let own = keys.of(graph.get(id));
        if upstream == Upstream::Close {
            for dep in asset.deps.iter().filter(|dep| dep.asset == id) {
                set = earlier_windows(&dep.mapping, own, set);
            }
            reached[id.index()] = set.clone();
        }
        let deps = asset
            .deps
            .iter()
            .map(|dep| (dep.asset, dep.mapping.clone()));
        let after = asset
            .after
            .iter()
            .map(|after| (*after, order_mapping(graph, id, *after)));
        for (up, mapping) in deps.chain(after) {
            let upstream_keys = keys.of(graph.get(up));
            let mut needed = reached[up.index()].clone();
            for range in set.ranges() {
                needed = needed.union(&mapping.upstream_of(own, upstream_keys, range));
            }
            reached[up.index()] = needed;
        }
    }
    reached
}

/// A set with all earlier windows that a dep of an asset on itself asks for, again and again.
fn earlier_windows(
    mapping: &PartitionMapping,
    keys: &PartitionKeys,
    set: PartitionSet,
) -> PartitionSet {
    if let (PartitionMapping::TimeWindow { end_offset: -1, .. }, Some(last)) = (mapping, set.last())
    {
        return PartitionSet::from_range(0..last + 1);
    }
    let mut set = set;
    loop {
        let mut grown = set.clone();
        for range in set.ranges() {
            grown = grown.union(&mapping.upstream_of(keys, keys, range));
        }
        if grown == set {
            return set;
        }
        set = grown;
    }
}

#[cfg(test)]
mod tests;
