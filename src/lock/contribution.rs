//! What lines and sources contribute to the fingerprints of what reads them.
//!
//! What stands in for fingerprints where folded blocks are judged or read.
//!
//! A stand-in folds the code version, the keys, the configuration of each where it differs between them, and of each dep which upstream keys each key reads, the versions of
//! the sources among them, and the outputs of every line or block that any of them reads. If it is what it was when all was
//! fresh, everything is as it was then.

use std::ops::Range;

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::lock::judge::{LockJudge, Spot};
use crate::lock::rows::{LockedRow, of_label};
use crate::model::{
    Asset, AssetId, CodeVersion, ContributionPrefix, Dep, LockLine, PartitionMapping, PartitionRef,
    PartitionSet,
};
use crate::plan::{
    Cell, Folded, Known, MappedVersions, Row, Survey, WIDE, contribution_of, output_read,
    version_at,
};

/// Why what a dep contributes cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// A version is not locked, or a source is not there.
    Version,
    /// A source cannot be read in this checkout.
    Unverifiable,
    /// A part of a folded block is read.
    Part,
}

impl LockJudge<'_> {
    /// The beginning of what each dep contributes now, as a line holds it; `None` where that cannot be computed from the
    /// lock file.
    pub fn contributions(&mut self, cell: Cell) -> Vec<Option<ContributionPrefix>> {
        let spot = self.spot(cell);
        let read = |dep: &Dep| {
            self.contribution(&spot, dep)
                .ok()
                .map(ContributionPrefix::from)
        };
        spot.asset.deps.iter().map(read).collect()
    }

    /// The folded blocks of which a cell reads a part.
    pub(super) fn blocks_read_in_part(&self, cell: Cell) -> Vec<(AssetId, Range<u32>)> {
        let spot = self.spot(cell);
        let mut found = Vec::new();
        for dep in &spot.asset.deps {
            let set = self.mapped(&spot, dep);
            if self.scope.row(dep.asset).is_some() {
                let blocks = &self.rows[self.scope.number_of(dep.asset)].blocks;
                let read = blocks.iter().filter(|block| set.meets(&block.range));
                found.extend(read.map(|block| (dep.asset, block.range.clone())));
            }
        }
        found
    }

    /// Whether a cell reads a part of a folded block, so that its fingerprint cannot be computed from the lock file.
    pub fn reads_a_part(&mut self, cell: Cell) -> bool {
        let spot = self.spot(cell);
        let is_part = |dep| self.contribution(&spot, dep) == Err(Lack::Part);
        spot.asset.deps.iter().any(is_part)
    }

    /// The upstream partitions that a dep reads, without those that are due.
    pub(super) fn mapped(&self, spot: &Spot<'_>, dep: &Dep) -> PartitionSet {
        self.without_due(
            dep.asset,
            self.scope.mapped(spot.row.asset, dep, spot.index),
        )
    }

    pub(super) fn without_due(&self, asset: AssetId, set: PartitionSet) -> PartitionSet {
        let due = match self.scope.row(asset) {
            Some(_) => &self.rows[self.scope.number_of(asset)].due,
            None => return set,
        };
        if due.is_empty() {
            set
        } else {
            set.difference(due)
        }
    }

    pub(super) fn contribution(&mut self, spot: &Spot<'_>, dep: &Dep) -> Result<Digest, Lack> {
        let set = self.mapped(spot, dep);
        self.contribution_of_keyed(dep, &set, self.same_key(spot, dep, &set))
    }

    /// The key of the one upstream partition that is read, where it is the reader's own and written out.
    fn same_key<'s>(&self, spot: &Spot<'s>, dep: &Dep, set: &PartitionSet) -> Option<&'s str> {
        let same_keys = self.scope.same_keys(dep.asset, spot.row.asset);
        let is_own = same_keys && set.len() == 1 && set.first() == Some(spot.index);
        spot.key.filter(|_| is_own)
    }

    /// What partitions of an upstream contribute through a dep.
    pub(super) fn contribution_of(
        &mut self,
        dep: &Dep,
        set: &PartitionSet,
    ) -> Result<Digest, Lack> {
        self.contribution_of_keyed(dep, set, None)
    }

    fn contribution_of_keyed(
        &mut self,
        dep: &Dep,
        set: &PartitionSet,
        only_key: Option<&str>,
    ) -> Result<Digest, Lack> {
        let scope = self.scope;
        let keys = scope.keys(dep.asset);
        let Some(row) = scope.row(dep.asset).filter(|_| !set.is_empty()) else {
            let (none, version) = (PartitionSet::empty(), |_| unreachable!("nothing is read"));
            let mapped = MappedVersions {
                read: (dep.asset, dep.output),
                keys,
                set: &none,
                version,
            };
            return Ok(self.blocks.contribution(&mapped, &mut self.folding));
        };
        let number = scope.number_of(dep.asset);
        let folded = self.rows[number]
            .blocks
            .iter()
            .any(|block| set.meets(&block.range));
        self.survey(row, number, set);
        if let Some(lack) = self.lack(row, number, dep, set, folded) {
            return Err(lack);
        }
        let versions = &self.versions;
        let version = |index| {
            let cell = row.cell(index).expect("what is read has a cell");
            let outputs = &versions[row.versions_of(cell)];
            version_at(outputs, dep.output).expect("the version was found known")
        };
        let mapped = MappedVersions {
            read: (dep.asset, dep.output),
            keys,
            set,
            version,
        };
        if let (false, Some(key), Some(only)) = (folded, only_key, set.first()) {
            let version = (mapped.version)(only);
            return Ok(contribution_of(key, version, &mut self.folding));
        }
        if !folded {
            return Ok(self.blocks.contribution(&mapped, &mut self.folding));
        }
        let locked = &self.rows[number];
        let label = output_read(scope.graph(), dep);
        let is_folded =
            |range: &Range<u32>| folded_in(locked, range, &self.lines, row, label.as_deref());
        let contribution =
            self.blocks
                .contribution_of_folded(&mapped, is_folded, &mut self.folding);
        contribution.ok_or(Lack::Part)
    }

    /// Why the versions of a set of partitions are not all known, if they are not. In folded blocks none is.
    fn lack(
        &self,
        row: &Row,
        number: usize,
        dep: &Dep,
        set: &PartitionSet,
        folded: bool,
    ) -> Option<Lack> {
        if !folded
            && let Some(survey) = self.surveys.get(&row.asset)
            && survey.knows_all()
            && set.is_subset(&row.set)
        {
            return None;
        }
        let is_source = self.scope.graph().is_source(row.asset);
        set.iter().find_map(|index| {
            let Some(cell) = row.cell(index) else {
                return Some(Lack::Version);
            };
            let outputs = &self.versions[row.versions_of(cell)];
            let in_block = folded
                && self.lines[cell.index()].is_none()
                && self.rows[number].block_of(index).is_some();
            if in_block || version_at(outputs, dep.output).is_some() {
                return None;
            }
            let unverifiable = is_source && outputs.contains(&Known::Unknown);
            Some(if unverifiable {
                Lack::Unverifiable
            } else {
                Lack::Version
            })
        })
    }

    /// Looks at a whole upstream row once, where much of it is asked about and it is final.
    fn survey(&mut self, row: &Row, number: usize, set: &PartitionSet) {
        let graph = self.scope.graph();
        let is_final = graph
            .deps(row.asset)
            .iter()
            .all(|own| own.asset != row.asset);
        if set.len() >= WIDE
            && is_final
            && self.rows[number].blocks.is_empty()
            && !self.surveys.contains_key(&row.asset)
        {
            let survey = Survey::new(&self.versions, row.versions());
            self.surveys.insert(row.asset, survey);
        }
    }
}

/// Whether the keys of a range are known as a folded block alone.
fn folded_in(
    locked: &LockedRow<'_>,
    range: &Range<u32>,
    lines: &[Option<&LockLine>],
    row: &Row,
    label: Option<&str>,
) -> Folded {
    let first = locked
        .blocks
        .partition_point(|block| block.range.end <= range.start);
    let mut meeting = locked.blocks[first..]
        .iter()
        .take_while(|block| block.range.start < range.end)
        .filter(|block| {
            // Lines inside of it stand for their keys.
            let inside = block.range.start.max(range.start)..block.range.end.min(range.end);
            inside.into_iter().any(|index| {
                row.cell(index)
                    .is_some_and(|cell| lines[cell.index()].is_none())
            })
        })
        .peekable();
    let Some(block) = meeting.next() else {
        return Folded::No;
    };
    let all = block.right
        || range.clone().all(|index| {
            row.cell(index)
                .is_some_and(|cell| lines[cell.index()].is_none())
        });
    let digest = of_label(&block.line.outputs, label).and_then(|output| output.version);
    match digest {
        Some(digest) if block.range == *range && all => Folded::Whole(digest.0),
        _ => Folded::Part,
    }
}

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
        if let Some(config) = self.configs.get(self.scope.number_of(id)) {
            let mut fields = Vec::new();
            for (index, key) in range.clone().zip(keys.texts(range.clone())) {
                let partition = PartitionRef { keys, index };
                config.fill_partition_fields(partition, &key, &mut fields);
                folding.number("values", fields.len() as u64);
                for field in &fields {
                    folding.text(&field.name, &field.value);
                }
            }
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
            if self.scope.graph().is_source(dep.asset) {
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
        let label = output_read(scope.graph(), dep);
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
