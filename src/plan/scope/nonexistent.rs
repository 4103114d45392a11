//! Upstream keys that a scope needs and that do not exist.

use std::collections::HashSet;

use crate::model::{AssetId, Dep, Nonexistent, PartitionKey, PartitionSet};
use crate::plan::scope::{Cell, Row, Scope, Upstream};

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
        deps.filter(|dep| dep.nonexistent == Nonexistent::Refused)
    }

    fn may_run<'r>(&self, row: &'r Row) -> &'r PartitionSet {
        match self.upstream {
            Upstream::Close | Upstream::CloseToExternal => &row.set,
            Upstream::Given => &row.selected,
        }
    }
}
