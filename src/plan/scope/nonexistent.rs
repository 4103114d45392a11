//! Upstream keys that a scope needs and that do not exist.

use crate::model::{AssetId, Dep, Nonexistent, PartitionKey};
use crate::plan::scope::{Row, Scope, Upstream};

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

impl Scope<'_> {
    /// Needed upstream keys that do not exist, for the partitions that may run.
    ///
    /// Only partitions that lack a key are looked at.
    #[must_use]
    pub fn nonexistent_keys(&self) -> Vec<NonexistentKey> {
        let mut found = Vec::new();
        for row in &self.rows {
            for (index, dep) in self.graph.deps(row.asset).iter().enumerate() {
                if dep.nonexistent == Nonexistent::Refused {
                    self.push_nonexistent(row, index, dep, &mut found);
                }
            }
        }
        found
    }

    fn push_nonexistent(
        &self,
        row: &Row,
        index: usize,
        dep: &Dep,
        found: &mut Vec<NonexistentKey>,
    ) {
        let (downstream, upstream) = (self.keys(row.asset), self.keys(dep.asset));
        let may_run = match self.upstream {
            Upstream::Close | Upstream::CloseToExternal => &row.set,
            Upstream::Given => &row.selected,
        };
        for range in may_run.ranges() {
            let lacking = dep.mapping.lacking(downstream, upstream, range);
            found.extend(lacking.iter().map(|at| NonexistentKey {
                asset: row.asset,
                partition: downstream.key(at),
                dep: index,
                keys: dep.mapping.mapped(downstream, upstream, at).nonexistent,
            }));
        }
    }
}
