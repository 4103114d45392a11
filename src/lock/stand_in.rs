//! What stands in for fingerprints where folded blocks are judged or read.
//!
//! A stand-in folds the code version, the keys, and of each dep which upstream keys each key reads, the versions of
//! the sources among them, and the outputs of every line or block that any of them reads. If it is what it was when all was
//! fresh, everything is as it was then.

use std::ops::Range;

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::lock::judge::LockJudge;
use crate::lock::rows::{labels, of_label};
use crate::model::{Asset, AssetId, CodeVersion, Dep, PartitionMapping, PartitionSet};
use crate::plan::{Cell, output_read, version_at};

impl LockJudge<'_> {
    /// The stand-in for the partitions of one whole block, or for one that reads a part of a folded one; `None` where
    /// something that they read is not locked or not there.
    ///
    /// # Panics
    ///
    /// If the cell is a source's.
    pub fn stand_in_of(&mut self, cell: Cell, range: Range<u32>) -> Option<Digest> {
        let spot = self.spot(cell);
        let code = self.code[spot.number]?;
        self.stand_in(spot.row.asset, spot.asset, code, range)
    }

    pub(super) fn stand_in(
        &mut self,
        id: AssetId,
        asset: &Asset,
        code: CodeVersion,
        range: Range<u32>,
    ) -> Option<Digest> {
        let keys = self.scope.keys(id);
        let mut folding = Folding::new();
        folding.digest("code", code.0);
        for key in keys.texts(range.clone()) {
            folding.text("key", &key);
        }
        for dep in &asset.deps {
            folding.text("input", dep.input.as_str());
            if let Some(output) = output_read(self.scope.graph(), dep) {
                folding.text("output", &output);
            }
            if dep.mapping != PartitionMapping::Identity {
                self.fold_edges(id, dep, range.clone(), &mut folding);
            }
            let upstream = self.scope.keys(dep.asset);
            let read = dep.mapping.upstream_of(keys, upstream, range.clone());
            let read = self.without_due(dep.asset, read);
            if self.scope.graph().source(dep.asset).is_some() {
                folding.digest("sources", self.contribution_of(dep, &read).ok()?);
            } else {
                self.fold_lines(dep, &read, &mut folding)?;
            }
        }
        Some(folding.finish(Kind::StandIn))
    }

    /// Which upstream keys each key reads.
    fn fold_edges(&self, id: AssetId, dep: &Dep, range: Range<u32>, folding: &mut Folding) {
        let (keys, upstream) = (self.scope.keys(id), self.scope.keys(dep.asset));
        for index in range {
            let read = dep.mapping.upstream_of(keys, upstream, index..index + 1);
            for range in self.without_due(dep.asset, read).ranges() {
                let first = upstream.texts(range.start..range.start + 1).next();
                folding.text("from", &first.unwrap_or_default());
                folding.number("count", range.len() as u64);
            }
        }
    }

    /// The outputs of all lines and blocks that hold any of these partitions.
    fn fold_lines(&self, dep: &Dep, read: &PartitionSet, folding: &mut Folding) -> Option<()> {
        let scope = self.scope;
        let keys = scope.keys(dep.asset);
        let label = dep
            .output
            .map(|output| labels(scope, dep.asset)[output as usize].clone());
        let label = label.flatten();
        for range in read.ranges() {
            let mut index = range.start;
            while index < range.end {
                let cell = scope.cell(dep.asset, index)?;
                if let Some((block, held)) = self.block(cell) {
                    folding.text("first", block.first.as_str());
                    folding.text("last", block.last.as_str());
                    let output = of_label(&block.outputs, label.as_deref())?;
                    folding.digest("block", output.version?.0);
                    // Lines inside of the block count for their own keys.
                    index += 1;
                    while index < range.end.min(held.end)
                        && self.line(scope.cell(dep.asset, index)?).is_none()
                    {
                        index += 1;
                    }
                    continue;
                }
                let row = scope.row_of_cell(cell);
                let version = version_at(&self.versions[row.versions_of(cell)], dep.output)?;
                folding.text(
                    "line",
                    &keys.texts(index..index + 1).next().unwrap_or_default(),
                );
                folding.digest("version", version.0);
                index += 1;
            }
        }
        Some(())
    }
}
