//! The cells that a cell waits for, and those that wait for it.

use crate::model::{AssetId, Dep, PartitionSet};
use crate::plan::scope::reach::order_mapping;
use crate::plan::scope::{Cell, Scope};

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
