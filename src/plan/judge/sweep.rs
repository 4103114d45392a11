//! Judging the cells of a row that do not touch each other.
//!
//! In most rows each dep reads the upstream's partition of the same key, or the same set of partitions for every key. Then
//! no key has to be mapped, what a set contributes is folded once, and for each cell there is left what is its own: its key
//! and the versions at it. No cell needs another's verdict, so several threads may share them.

use std::ops::Range;
use std::sync::OnceLock;

use crate::digest::{Digest, Field, Folding};
use crate::model::{Asset, Dep, EffectiveConfig, Fingerprint, PartitionMapping, PartitionRef};
use crate::plan::blocks::contribution_of;
use crate::plan::fingerprint::{FingerprintParts, fingerprint};
use crate::plan::judge::{Judge, Place, Verdict, version_at};
use crate::plan::scope::Row;

/// How many cells one thread judges at a time.
const PART: usize = 4096;

/// Does the second for each number below the first, in any order and on any thread.
pub type Share = fn(usize, &(dyn Fn(usize) + Sync));

/// What a dep reads for every cell of a row.
enum Reading<'a> {
    /// The partition of the same key.
    Same { row: &'a Row, output: Option<u32> },
    /// The same partitions for every key, which contribute this; `None` while a version is unknown or absent.
    Fixed(Option<Digest>),
}

/// A row whose cells can be judged each for itself.
pub(super) struct Sweep<'j, 'a> {
    judge: &'j Judge<'a>,
    number: usize,
    row: &'a Row,
    asset: &'a Asset,
    readings: Vec<Reading<'a>>,
    /// The configuration, where it differs between partitions.
    config: Option<&'j EffectiveConfig>,
}

impl<'a> Judge<'a> {
    /// The verdicts on the cells of a row, in order, as far as they follow from what is known without asking the instance;
    /// nothing for a row whose deps read something else for each key.
    pub(super) fn sweep(&mut self, number: usize, share: Share) -> Vec<Option<Verdict>> {
        let row = &self.scope.rows()[number];
        let Some(asset) = self.scope.graph().asset(row.asset) else {
            return Vec::new();
        };
        let Some(readings) = self.readings(row, asset) else {
            return Vec::new();
        };
        let sweep = Sweep {
            judge: self,
            number,
            row,
            asset,
            readings,
            config: self.facts.configs.get(number),
        };
        sweep.verdicts(share)
    }

    fn readings(&mut self, row: &'a Row, asset: &'a Asset) -> Option<Vec<Reading<'a>>> {
        let readings = asset.deps.iter().map(|dep| self.reading(row, dep));
        readings.collect()
    }

    fn reading(&mut self, row: &'a Row, dep: &Dep) -> Option<Reading<'a>> {
        if dep.asset == row.asset {
            return None;
        }
        match dep.mapping {
            PartitionMapping::Identity
            | PartitionMapping::TimeWindow {
                start_offset: 0,
                end_offset: 0,
            } if self.scope.same_keys(row.asset, dep.asset) => Some(Reading::Same {
                row: self.scope.row(dep.asset)?,
                output: dep.output,
            }),
            PartitionMapping::All | PartitionMapping::Last | PartitionMapping::Specific(_) => {
                let set = self.scope.mapped(row.asset, dep, row.set.first()?);
                Some(Reading::Fixed(self.contribution(dep, &set)))
            }
            _ => None,
        }
    }
}

impl Sweep<'_, '_> {
    fn verdicts(&self, share: Share) -> Vec<Option<Verdict>> {
        let cells = self.row.set.len() as usize;
        let parts = cells.div_ceil(PART);
        let judged: Vec<OnceLock<Vec<Option<Verdict>>>> =
            (0..parts).map(|_| OnceLock::new()).collect();
        share(parts, &|part| {
            let start = part * PART;
            judged[part].get_or_init(|| self.part(start..(start + PART).min(cells)));
        });
        judged
            .into_iter()
            .flat_map(|part| part.into_inner().unwrap_or_default())
            .collect()
    }

    fn part(&self, ranks: Range<usize>) -> Vec<Option<Verdict>> {
        let mut scratch = Scratch::default();
        let keys = self.judge.scope.keys(self.row.asset);
        let mut cells = self.row.cells().skip(ranks.start);
        let mut verdicts = Vec::with_capacity(ranks.len());
        for indexes in self.row.set.ranked(ranks.start as u32..ranks.end as u32) {
            for (key, index) in keys.texts(indexes.clone()).zip(indexes) {
                let at = Place {
                    number: self.number,
                    row: self.row,
                    asset: self.asset,
                    cell: cells.next().expect("each key of a row has a cell"),
                    index,
                };
                let fold = || self.fold(&at, &key, &mut scratch);
                verdicts.push(self.judge.verdict_known(&at, fold));
            }
        }
        verdicts
    }

    /// The fingerprint of a cell; `None` while something upstream is unknown or absent.
    fn fold(&self, at: &Place<'_>, key: &str, scratch: &mut Scratch) -> Option<Fingerprint> {
        let code_version = self.judge.facts.code[self.number]?;
        scratch.contributions.clear();
        for reading in &self.readings {
            let contribution = match reading {
                Reading::Fixed(contribution) => (*contribution)?,
                Reading::Same { row, output } => {
                    let slots = row.versions_of(row.cell(at.index)?);
                    let version = version_at(&self.judge.facts.versions[slots], *output)?;
                    contribution_of(key, version, &mut scratch.folding)
                }
            };
            scratch.contributions.push(contribution);
        }
        if let Some(config) = self.config {
            let keys = self.judge.scope.keys(self.row.asset);
            let index = at.index;
            let partition = PartitionRef { keys, index };
            config.fill_partition_fields(partition, key, &mut scratch.config);
        }
        let parts = FingerprintParts {
            asset: &self.asset.key,
            code_version,
            partition: Some(key),
            config: &scratch.config,
            graph: self.judge.scope.graph(),
            deps: &self.asset.deps,
            contributions: &scratch.contributions,
        };
        Some(fingerprint(&parts, &mut scratch.folding))
    }
}

/// What is used again for each cell.
#[derive(Default)]
struct Scratch {
    folding: Folding,
    config: Vec<Field>,
    contributions: Vec<Digest>,
}
