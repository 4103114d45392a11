//! What follows from the lines of a lock file for each asset partition, and why.

use std::collections::HashMap;

use crate::lock::contribution::Lack;
use crate::lock::judge::{LockJudge, Spot, Standing, has_all_outputs};
use crate::model::{
    Asset, AssetId, Cause, CodeChange, CodePrefix, ContributionPrefix, DataChange, Dep,
    DependencyChange, EnvValue, EnvVariable, LockLine, OutputChange, PartitionSet, Presence, RULE,
};
use crate::plan::Cell;

/// How many changed keys of one input are named; nobody would read more.
const KEYS_TOLD: usize = 20;

/// What a cause tells of that a lock file does not tell apart from a change of the line.
pub const CONFIG_OF_PARTITION: &str = "config";

/// How long the chain down to a root cause may get.
const CHAIN: usize = 50;

/// How an asset partition stands by the lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockStatus {
    /// Its line is right, and so are all that it reads.
    Fresh,
    /// Its line is wrong, or an output differs from the locked one.
    Stale,
    /// It stands in a block of which something has changed.
    MaybeStale,
    /// Nothing is locked of it.
    Missing,
    /// Nothing is locked of its window yet, nor of any later one.
    Due,
    /// An upstream is not fresh, so one cannot know yet.
    Pending,
    /// It reads a source that cannot be read in this checkout.
    Unverifiable,
}

/// Outputs that differ from the locked ones, by cell, with their indexes.
type ChangedOutputs = HashMap<Cell, Vec<(usize, OutputChange)>>;

impl LockJudge<'_> {
    /// The verdict on each cell, after [`Self::judge_lines`].
    pub fn verdicts(&mut self, changed_outputs: &ChangedOutputs) -> Vec<LockStatus> {
        let scope = self.scope;
        let mut verdicts = vec![LockStatus::Fresh; scope.cells() as usize];
        // Of each row, which partitions are not fresh, in order.
        let mut unfresh: Vec<Vec<u32>> = vec![Vec::new(); scope.rows().len()];
        for (number, row) in scope.rows().iter().enumerate() {
            let Some(asset) = scope.graph().asset(row.asset) else {
                continue;
            };
            for (cell, index) in row.cells().zip(row.set.iter()) {
                let spot = Spot {
                    number,
                    row,
                    asset,
                    cell,
                    index,
                    key: None,
                };
                let altered = changed_outputs.contains_key(&cell);
                let verdict = self.verdict(&spot, altered, &unfresh);
                if !matches!(verdict, LockStatus::Fresh | LockStatus::Unverifiable) {
                    unfresh[number].push(index);
                }
                verdicts[cell.index()] = verdict;
            }
        }
        verdicts
    }

    fn verdict(&mut self, spot: &Spot<'_>, altered: bool, unfresh: &[Vec<u32>]) -> LockStatus {
        let standing = self.standings[spot.cell.index()];
        match standing {
            Standing::Unlocked => return LockStatus::Missing,
            Standing::Due => return LockStatus::Due,
            _ if altered => return LockStatus::Stale,
            _ => {}
        }
        let deps = &spot.asset.deps;
        let open: Vec<bool> = deps
            .iter()
            .map(|dep| match self.scope.row(dep.asset) {
                Some(_) => {
                    let unfresh = &unfresh[self.scope.number_of(dep.asset)];
                    !unfresh.is_empty() && meets(&self.mapped(spot, dep), unfresh)
                }
                None => false,
            })
            .collect();
        let any_open = open.contains(&true);
        match standing {
            Standing::Right | Standing::Given if any_open => LockStatus::Pending,
            Standing::Right | Standing::Given => LockStatus::Fresh,
            Standing::WrongBlock => LockStatus::MaybeStale,
            Standing::Unverifiable => LockStatus::Unverifiable,
            Standing::Wrong if any_open && !self.differs(spot, &open) => LockStatus::Pending,
            _ => LockStatus::Stale,
        }
    }

    /// Whether all lines of a cell are wrong whatever those of its upstreams become that are not fresh.
    fn differs(&mut self, spot: &Spot<'_>, open: &[bool]) -> bool {
        let Some(line) = self.line(spot.cell) else {
            return true;
        };
        if self.rule != RULE
            || self.code[spot.number].map(CodePrefix::from) != Some(line.code)
            || line.contributions.len() != spot.asset.deps.len()
            || !has_all_outputs(spot.asset, line)
        {
            return true;
        }
        let closed = spot.asset.deps.iter().zip(&line.contributions).zip(open);
        closed
            .filter(|(_, open)| !**open)
            .any(|((dep, locked), _)| match self.contribution(spot, dep) {
                Ok(contribution) => ContributionPrefix::from(contribution) != *locked,
                Err(Lack::Part | Lack::Unverifiable) => false,
                Err(Lack::Version) => true,
            })
    }

    /// The causes for which a cell is not fresh, as far as its line tells; none for what is not locked.
    pub fn causes(
        &mut self,
        verdicts: &[LockStatus],
        changed_outputs: &ChangedOutputs,
        path: &dyn Fn(Cell) -> Option<String>,
        cell: Cell,
    ) -> Vec<Cause> {
        let evidence = LockEvidence {
            verdicts,
            changed_outputs,
            path,
        };
        self.chain(&evidence, cell, 0)
    }

    fn chain(&mut self, evidence: &LockEvidence<'_>, cell: Cell, depth: usize) -> Vec<Cause> {
        let spot = self.spot(cell);
        let mut causes = Vec::new();
        if evidence.verdicts[cell.index()] == LockStatus::Fresh {
            return causes;
        }
        let code = self.block(cell).map(|(block, _)| block.code);
        if let Some(line) = self.line(cell) {
            causes.extend(self.of_line(evidence, &spot, line, depth));
        } else if let Some(code) = code {
            causes.extend(self.of_code(&spot, code));
            causes.extend(self.of_missing_sources(evidence, &spot));
        }
        if let Some(outputs) = evidence.changed_outputs.get(&cell) {
            let partition = self.scope.at(cell).1;
            causes.extend(outputs.iter().map(|(index, change)| Cause::Output {
                output: spot.asset.output_label(*index),
                path: Some(spot.asset.outputs[*index].path.path(partition).into_owned()),
                change: *change,
            }));
        }
        causes
    }

    fn of_code(&self, spot: &Spot<'_>, locked: CodePrefix) -> Option<Cause> {
        if self.rule != RULE {
            return Some(Cause::Rule {
                old: self.rule,
                new: RULE,
            });
        }
        // Code that cannot be read has no version.
        let now = self.code[spot.number].map(CodePrefix::from);
        (now != Some(locked)).then(|| {
            Cause::Code(CodeChange {
                what: match now {
                    Some(_) => what_is_folded(spot.asset),
                    None => "code".to_owned(),
                },
                path: None,
                old: Some(locked.to_string()),
                new: now.map(|now| now.to_string()),
                origin: None,
                recorded_by: None,
            })
        })
    }

    fn of_line(
        &mut self,
        evidence: &LockEvidence<'_>,
        spot: &Spot<'_>,
        line: &LockLine,
        depth: usize,
    ) -> Vec<Cause> {
        let now = self.contributions(spot.cell);
        if now.len() != line.contributions.len() {
            return changed_dependencies(spot, &now, line);
        }
        let mut causes: Vec<Cause> = self.of_code(spot, line.code).into_iter().collect();
        // Above the cell itself one way is followed: all of them may be more than anybody can count.
        let most = if depth == 0 { KEYS_TOLD } else { 1 };
        let mut followed = false;
        for (at, dep) in spot.asset.deps.iter().enumerate() {
            let set = self.mapped(spot, dep);
            let same = now[at].map(|now| now == line.contributions[at]);
            let open: Vec<u32> = self.unfresh_of(evidence, dep.asset, &set, most);
            if depth > 0 && followed && !open.is_empty() {
                continue;
            }
            followed |= !open.is_empty();
            let missing = match same {
                Some(true) => Vec::new(),
                Some(false) | None => self.missing_of(dep.asset, &set, most),
            };
            let is_unknown = same.is_none() && self.scope.graph().is_source(dep.asset);
            if open.is_empty() && same != Some(false) && !is_unknown {
                continue;
            }
            let only = (set.len() == 1).then(|| set.first()).flatten();
            let told: Vec<Option<u32>> = match (open.is_empty(), missing.is_empty()) {
                (false, _) => open.into_iter().map(Some).collect(),
                (true, false) => missing.into_iter().map(Some).collect(),
                (true, true) => vec![only],
            };
            for index in told {
                let up = index.and_then(|index| self.scope.cell(dep.asset, index));
                let is_asset = !self.scope.graph().is_source(dep.asset);
                let root = match up {
                    Some(up) if is_asset && depth < CHAIN => self.chain(evidence, up, depth + 1),
                    _ => Vec::new(),
                };
                causes.push(self.data_cause(evidence, dep, index, root));
            }
        }
        let is_stale = evidence.verdicts[spot.cell.index()] == LockStatus::Stale;
        if causes.is_empty() && is_stale && !evidence.changed_outputs.contains_key(&spot.cell) {
            // All that the line tells apart is as it was, so what it does not tell apart was changed: the configuration of
            // this partition, or the line itself.
            let what = match self.configs.get(spot.number) {
                Some(_) => CONFIG_OF_PARTITION,
                None => "lock line",
            };
            causes.push(Cause::Code(CodeChange {
                what: what.to_owned(),
                path: None,
                old: None,
                new: None,
                origin: None,
                recorded_by: None,
            }));
        }
        causes
    }

    fn data_cause(
        &self,
        evidence: &LockEvidence<'_>,
        dep: &Dep,
        index: Option<u32>,
        root: Vec<Cause>,
    ) -> Cause {
        let up = index.and_then(|index| self.scope.cell(dep.asset, index));
        Cause::Data(DataChange {
            input: dep.input.clone(),
            asset: self.scope.graph().key(dep.asset).clone(),
            partition: index.and_then(|index| self.scope.keys(dep.asset).key(index)),
            path: up.and_then(evidence.path),
            old: None,
            new: None,
            presence: match up {
                Some(up) if is_open(evidence.verdicts[up.index()]) => Presence::ToBeMade,
                Some(up) => self.presence(up),
                None => Presence::There,
            },
            detail: None,
            root,
            old_path: None,
        })
    }

    /// Sources that a cell of a wrong block reads and that are not there: more than the block's line tells.
    fn of_missing_sources(&mut self, evidence: &LockEvidence<'_>, spot: &Spot<'_>) -> Vec<Cause> {
        let mut causes = Vec::new();
        for dep in &spot.asset.deps {
            let set = self.mapped(spot, dep);
            for index in self.missing_of(dep.asset, &set, KEYS_TOLD) {
                causes.push(self.data_cause(evidence, dep, Some(index), Vec::new()));
            }
        }
        causes
    }

    /// The first partitions of a source among `set` that are not there and have to be.
    fn missing_of(&mut self, source: AssetId, set: &PartitionSet, most: usize) -> Vec<u32> {
        let scope = self.scope;
        let Some(row) = scope
            .row(source)
            .filter(|_| scope.graph().is_source(source))
        else {
            return Vec::new();
        };
        let versions = &self.versions;
        let required = self.missing.entry(source).or_insert_with(|| {
            let is_absent = |cell: &Cell| versions[row.versions_of(*cell).start].is_lacking();
            let cells = row.cells().filter(is_absent);
            cells.map(|cell| row.index_of(cell)).collect()
        });
        if required.is_empty() {
            return Vec::new();
        }
        required.intersection(set).iter().take(most).collect()
    }

    /// Whether there is anything at a cell, where it is a source's.
    fn presence(&self, cell: Cell) -> Presence {
        let row = self.scope.row_of_cell(cell);
        match self.scope.graph().source(row.asset) {
            Some(_) => self.versions[row.versions_of(cell).start].presence(),
            None => Presence::There,
        }
    }

    /// The first partitions of an asset among `set` that are not fresh.
    fn unfresh_of(
        &self,
        evidence: &LockEvidence<'_>,
        asset: AssetId,
        set: &PartitionSet,
        most: usize,
    ) -> Vec<u32> {
        let is_unfresh = |index: &u32| {
            let cell = self.scope.cell(asset, *index);
            cell.is_some_and(|cell| is_open(evidence.verdicts[cell.index()]))
        };
        set.iter().filter(is_unfresh).take(most).collect()
    }
}

/// What causes are found from.
struct LockEvidence<'e> {
    verdicts: &'e [LockStatus],
    changed_outputs: &'e ChangedOutputs,
    path: &'e dyn Fn(Cell) -> Option<String>,
}

/// Another number of dependencies: which of those declared now is none of the locked ones, as far as what they contribute
/// tells.
fn changed_dependencies(
    spot: &Spot<'_>,
    now: &[Option<ContributionPrefix>],
    line: &LockLine,
) -> Vec<Cause> {
    let mut locked: Vec<_> = line.contributions.to_vec();
    let mut added = Vec::new();
    for (dep, now) in spot.asset.deps.iter().zip(now) {
        match locked.iter().position(|locked| Some(*locked) == *now) {
            Some(at) => drop(locked.remove(at)),
            None => added.push(dep.input.clone()),
        }
    }
    let gone = line.contributions.len().saturating_sub(now.len());
    let removed = (0..gone.min(1)).map(|_| Cause::DependencyRemoved);
    let more = now.len().saturating_sub(line.contributions.len());
    let added = added.into_iter().take(more.max(usize::from(gone == 0)));
    let added = added.map(|input| Cause::Dependency {
        input,
        change: DependencyChange::Added,
    });
    added.chain(removed).collect()
}

/// What the code version of an asset tells of as one: also the variables that it tracks.
fn what_is_folded(asset: &Asset) -> String {
    let variables = asset.recipe.iter().flat_map(|recipe| &recipe.env);
    let is_tracked = |variable: &&EnvVariable| matches!(variable.value, EnvValue::FromEnv { .. });
    let tracked: Vec<_> = variables.filter(is_tracked).collect();
    let has_config = asset.recipe.as_ref().is_some_and(|it| it.config.is_some());
    match (tracked.as_slice(), has_config) {
        ([], false) => "code".to_owned(),
        ([], true) => "code or config".to_owned(),
        ([only], false) => format!("code or variable {}", only.name),
        (_, false) => "code or a variable".to_owned(),
        (_, true) => "code, config or a variable".to_owned(),
    }
}

/// Whether what is there may become another.
fn is_open(verdict: LockStatus) -> bool {
    !matches!(verdict, LockStatus::Fresh | LockStatus::Unverifiable)
}

fn meets(set: &PartitionSet, sorted: &[u32]) -> bool {
    set.ranges().any(|range| {
        let first = sorted.partition_point(|index| *index < range.start);
        sorted.get(first).is_some_and(|index| *index < range.end)
    })
}
