//! Fingerprints of cells: what their deps contribute, as far as it is known.

use crate::digest::{Digest, Field};
use crate::model::{
    AssetId, CodeVersion, DataVersion, Dep, Fingerprint, PartitionKey, PartitionRef, PartitionSet,
};
use crate::plan::blocks::{Blocks, MappedVersions};
use crate::plan::fingerprint::{FingerprintParts, fingerprint};
use crate::plan::judge::{Judge, Place, version_at, version_of};
use crate::plan::scope::Cell;
use crate::plan::survey::{Known, Survey, WIDE};

impl Judge<'_> {
    /// The fingerprint that a cell has if all upstreams that are unknown come out as they are recorded; `None` if one is
    /// absent or was never made, or there are many.
    pub(super) fn fingerprint_if_upstreams_stand(&mut self, at: &Place<'_>) -> Option<Fingerprint> {
        let code_version = self.facts.code[at.number]?;
        let mut contributions = Vec::with_capacity(at.asset.deps.len());
        let mut blocks = Blocks::default();
        for dep in &at.asset.deps {
            let set = self.scope.mapped(at.row.asset, dep, at.index);
            let row = self.scope.row(dep.asset)?;
            let standing = |index: u32| {
                let cell = row.cell(index)?;
                let outputs = &self.facts.versions[row.versions_of(cell)];
                if !outputs.contains(&Known::Unknown) {
                    return version_at(outputs, dep.output);
                }
                let last = self.facts.recorded.materialized(cell.index())?;
                let outputs: Vec<_> = last.outputs.iter().copied().map(Known::Version).collect();
                version_at(&outputs, dep.output)
            };
            if set.len() >= WIDE {
                return None;
            }
            let versions: Option<Vec<DataVersion>> = set.iter().map(standing).collect();
            let versions = versions?;
            let mapped = MappedVersions {
                read: (dep.asset, dep.output),
                keys: self.scope.keys(dep.asset),
                set: &set,
                version: |index| {
                    let rank = set.rank(index).expect("only what is mapped is folded");
                    versions[rank as usize]
                },
            };
            contributions.push(blocks.contribution(&mapped, &mut self.folding));
        }
        Some(self.fold(at, code_version, &contributions))
    }

    pub(super) fn fingerprint_of(
        &mut self,
        at: &Place<'_>,
        code_version: CodeVersion,
    ) -> Option<Fingerprint> {
        let mut contributions = std::mem::take(&mut self.contributions);
        contributions.clear();
        for dep in &at.asset.deps {
            let set = self.scope.mapped(at.row.asset, dep, at.index);
            let Some(contribution) = self.contribution(dep, &set) else {
                self.contributions = contributions;
                return None;
            };
            contributions.push(contribution);
        }
        let fingerprint = self.fold(at, code_version, &contributions);
        self.contributions = contributions;
        Some(fingerprint)
    }

    /// What the fingerprint of a cell folds of its configuration.
    pub fn config_of(&self, cell: Cell) -> Vec<Field> {
        self.config_fields(&self.place(cell))
    }

    pub(super) fn config_fields(&self, at: &Place<'_>) -> Vec<Field> {
        let keys = self.scope.keys(at.row.asset);
        let index = at.index;
        self.facts
            .configs
            .fields(at.number, PartitionRef { keys, index })
    }

    pub(super) fn fold(
        &mut self,
        at: &Place<'_>,
        code_version: CodeVersion,
        contributions: &[Digest],
    ) -> Fingerprint {
        let (keys, index) = (self.scope.keys(at.row.asset), at.index);
        let key = keys.key(index);
        let key = key.as_ref().map(PartitionKey::as_str);
        let of_key = (PartitionRef { keys, index }, key);
        let configs = &self.facts.configs;
        configs.fill_fields(at.number, of_key, &mut self.config_scratch);
        let parts = FingerprintParts {
            asset: &at.asset.key,
            code_version,
            partition: key,
            config: &self.config_scratch,
            graph: self.scope.graph(),
            deps: &at.asset.deps,
            contributions,
        };
        fingerprint(&parts, &mut self.folding)
    }

    /// What the partitions that a dep reads contribute; `None` if the version of one is unknown or absent.
    pub(super) fn contribution(&mut self, dep: &Dep, set: &PartitionSet) -> Option<Digest> {
        self.survey(dep, set);
        if self.known(dep.asset, dep.output, set) != Some(true) {
            return None;
        }
        let (scope, facts) = (self.scope, &self.facts);
        let mapped = MappedVersions {
            read: (dep.asset, dep.output),
            keys: scope.keys(dep.asset),
            set,
            version: |index| version_of(scope, facts, dep.asset, dep.output, index),
        };
        Some(self.blocks.contribution(&mapped, &mut self.folding))
    }

    /// Looks at a whole upstream row once, where much of it is asked about and it is final.
    pub(super) fn survey(&mut self, dep: &Dep, set: &PartitionSet) {
        if set.len() < WIDE || self.surveys.contains_key(&dep.asset) {
            return;
        }
        let deps = self.scope.graph().deps(dep.asset);
        if let Some(row) = self.scope.row(dep.asset)
            && deps.iter().all(|own| own.asset != dep.asset)
        {
            let places = row.cells().flat_map(|cell| row.versions_of(cell));
            let survey = Survey::new(&self.facts.versions, places);
            self.surveys.insert(dep.asset, survey);
        }
    }

    /// `Some(true)` if all these versions are known, `Some(false)` if one is absent for good, `None` if one is unknown.
    pub(super) fn known(
        &self,
        asset: AssetId,
        output: Option<u32>,
        set: &PartitionSet,
    ) -> Option<bool> {
        if set.is_empty() {
            return Some(true);
        }
        let row = self.scope.row(asset)?;
        let mut absent = false;
        if let Some(survey) = self.surveys.get(&asset)
            && set.is_subset(&row.set)
        {
            for range in set.ranges() {
                let first = row.versions_of(row.cell(range.start)?);
                let width = first.len();
                let places = first.start..first.start + range.len() * width;
                let lacks = survey.lacks(&places, |place| {
                    output.is_none_or(|it| (place - first.start) % width == it as usize)
                });
                match lacks {
                    (true, _) => return None,
                    (false, lacks) => absent |= lacks,
                }
            }
            return Some(!absent);
        }
        for index in set.iter() {
            let slots = row.versions_of(row.cell(index)?);
            let slots = match output {
                Some(output) => slots.start + output as usize..slots.start + output as usize + 1,
                None => slots,
            };
            for known in &self.facts.versions[slots] {
                match known {
                    Known::Unknown => return None,
                    Known::Absent | Known::Unreadable => absent = true,
                    Known::Version(_) => {}
                }
            }
        }
        Some(!absent)
    }
}
