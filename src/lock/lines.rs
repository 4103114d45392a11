//! The lines of asset partitions, from what was recorded of them.

use std::collections::{HashMap, HashSet};

use crate::lock::{LockChanges, right_cells};
use crate::model::{
    Asset, AssetKey, CodePrefix, ContributionPrefix, DataVersion, DataVersionRule, Fingerprint,
    Lock, LockLine, LockedAsset, LockedOutput, Materialization, PartitionKey, PartitionSet,
    Provenance, Status,
};
use crate::plan::{Cell, Evaluation, Role};

/// The lines of one asset, with their cells.
pub type LinesOfCells = (AssetKey, Vec<(Cell, LockLine)>);

/// The lines of all cells of an evaluation that are fresh and selected or needed, as far as `lock` has them not or
/// otherwise. What is read as it is was not judged, and what stands
/// `in_block`, unless it was made just now, needs no line.
pub fn fresh_lines(
    evaluation: &mut Evaluation<'_>,
    lock: &Lock,
    in_block: Option<&[bool]>,
    concerns: impl Fn(Role) -> bool,
) -> Vec<LinesOfCells> {
    let scope = evaluation.scope();
    let in_block = |cell: Cell| in_block.is_some_and(|of| of[cell.index()]);
    let locked = lock.by_asset();
    let mut all = Vec::new();
    let rows = scope.asset_rows();
    for (row, asset) in rows.filter(|(_, asset)| asset.locked) {
        let known = KnownLines::of(locked.get(&asset.key).copied());
        let keys = scope.keys(row.asset);
        let mut cells = row.cells();
        let mut lines = Vec::new();
        for range in row.set.ranges() {
            for (key, cell) in keys.texts(range).zip(cells.by_ref()) {
                if !concerns(scope.role(cell)) || !is_fresh(evaluation, cell) {
                    continue;
                }
                if in_block(cell) && !was_made_now(evaluation, cell) {
                    continue;
                }
                let Some(line) = fresh_line(evaluation, asset, cell) else {
                    continue;
                };
                if !known.have(&key, &line) {
                    lines.push((cell, line));
                }
            }
        }
        if !lines.is_empty() {
            all.push((asset.key.clone(), lines));
        }
    }
    all
}

/// Lines without their cells.
pub fn without_cells(lines: Vec<LinesOfCells>) -> Vec<(AssetKey, Vec<LockLine>)> {
    let plain = |lines: Vec<(Cell, LockLine)>| lines.into_iter().map(|(_, line)| line).collect();
    let lines = lines.into_iter();
    lines.map(|(asset, lines)| (asset, plain(lines))).collect()
}

/// The line of a materialization.
pub fn line_of(asset: &Asset, made: &Materialization) -> LockLine {
    let outputs = made.outputs.iter().map(|output| output.version);
    let contributions = made.inputs.iter().map(|input| input.contribution.into());
    LockLine {
        partition: made.partition.clone(),
        code: CodePrefix::from(made.code_version),
        fingerprint: made.fingerprint,
        outputs: outputs_of(asset, made.fingerprint, outputs),
        contributions: contributions.collect(),
        stand_in: None,
    }
}

/// Whether a cell is stale although the run that has just ended has made it: its inputs changed while its command ran.
pub fn is_unsettled(evaluation: &Evaluation<'_>, cell: Cell) -> bool {
    evaluation.status(cell) == Status::Stale && was_made_now(evaluation, cell)
}

/// Whether the run that has just ended has made a cell: what came out need not be what its block holds.
pub fn was_made_now(evaluation: &Evaluation<'_>, cell: Cell) -> bool {
    let last = evaluation.recorded(cell);
    last.is_some_and(|last| last.provenance == Provenance::ThisRun)
}

/// Whether a cell is fresh, after a run or without one, whatever an attempt with other inputs came to since. What is read as it is was
/// not judged.
pub fn is_fresh(evaluation: &Evaluation<'_>, cell: Cell) -> bool {
    evaluation.scope().role(cell) != Role::Given && evaluation.is_fresh(cell)
}

/// The line of a fresh cell; `None` if the version of an input is not known any more.
pub fn fresh_line(evaluation: &mut Evaluation<'_>, asset: &Asset, cell: Cell) -> Option<LockLine> {
    let mut contributions = Vec::with_capacity(asset.deps.len());
    for dep in 0..asset.deps.len() {
        let judge = evaluation.judge_mut();
        let contribution = judge.read(cell, dep, |blocks, folding, mapped| {
            blocks.contribution(mapped, folding)
        })?;
        contributions.push(ContributionPrefix::from(contribution));
    }
    let partition = evaluation.scope().partition(cell);
    let last = evaluation.recorded(cell)?;
    Some(LockLine {
        partition,
        code: CodePrefix::from(last.code_version),
        fingerprint: last.fingerprint,
        outputs: outputs_of(asset, last.fingerprint, last.outputs.iter().copied()),
        contributions: contributions.into(),
        stand_in: None,
    })
}

fn outputs_of(
    asset: &Asset,
    fingerprint: Fingerprint,
    versions: impl Iterator<Item = DataVersion>,
) -> Box<[LockedOutput]> {
    let output = |(index, version): (usize, DataVersion)| LockedOutput {
        label: asset.output_label(index).map(Into::into),
        version: written(asset, fingerprint, version),
    };
    let known = asset.outputs.len();
    versions.take(known).enumerate().map(output).collect()
}

/// The lines that a lock file has for one asset, by the text of their keys, which is empty without partitions. `None` for
/// several lines, after a merge: they are to become one.
struct KnownLines<'a>(HashMap<&'a str, Option<&'a LockLine>>);

impl<'a> KnownLines<'a> {
    fn of(locked: Option<&'a LockedAsset>) -> Self {
        let mut known = HashMap::new();
        for line in locked.into_iter().flat_map(|it| &it.lines) {
            let key = line.partition.as_ref().map_or("", PartitionKey::as_str);
            known
                .entry(key)
                .and_modify(|known| *known = None)
                .or_insert(Some(line));
        }
        Self(known)
    }

    /// Whether there is one line, and it says the same. What stands in for a folded block does not count: it belongs to
    /// several lines.
    fn have(&self, key: &str, line: &LockLine) -> bool {
        let Some(Some(known)) = self.0.get(key) else {
            return false;
        };
        known.fingerprint == line.fingerprint
            && known.code == line.code
            && known.contributions == line.contributions
            && known.outputs == line.outputs
    }
}

/// How the version of an output is written: not at all where the fingerprint stands in. An output that was accepted keeps
/// its version, which is another one then.
fn written(asset: &Asset, fingerprint: Fingerprint, version: DataVersion) -> Option<DataVersion> {
    let stands_in =
        asset.data_version == DataVersionRule::Inputs && version == DataVersion(fingerprint.0);
    (!stands_in).then_some(version)
}

/// Of the cells whose `lines` differ from what is locked those whose locked line stays, because it is right. What was made
/// now gets its line, and so does all that it was made of, and all that reads what changes by this: the lines of a file
/// have to fit together.
pub fn staying(evaluation: &Evaluation<'_>, lock: &Lock, lines: &[LinesOfCells]) -> HashSet<Cell> {
    let scope = evaluation.scope();
    let differing: HashSet<Cell> = lines
        .iter()
        .flat_map(|(_, lines)| lines.iter().map(|(cell, _)| *cell))
        .collect();
    let by_asset = lock.by_asset();
    let mut old = HashSet::new();
    for (asset, lines) in lines {
        let locked = by_asset.get(asset).into_iter().flat_map(|it| &it.lines);
        let locked: HashSet<Option<&PartitionKey>> =
            locked.map(|line| line.partition.as_ref()).collect();
        let lines = lines.iter();
        let known = lines.filter(|(_, line)| locked.contains(&line.partition.as_ref()));
        old.extend(known.map(|(cell, _)| *cell));
    }
    let is_old = |cell: &Cell| old.contains(cell) && !was_made_now(evaluation, *cell);
    if !differing.iter().any(is_old) {
        return HashSet::new();
    }
    let right = right_cells(evaluation, lock);
    let mut staying: HashSet<Cell> = differing.iter().copied().filter(is_old).collect();
    staying.retain(|cell| right[cell.index()]);
    let mut replaced: Vec<Cell> = Vec::new();
    for cell in scope.asset_rows().flat_map(|(row, _)| row.cells()) {
        let is_judged = scope.role(cell) != Role::Given && is_fresh(evaluation, cell);
        if is_judged
            && !staying.contains(&cell)
            && (differing.contains(&cell) || !right[cell.index()])
        {
            replaced.push(cell);
        }
    }
    while let Some(cell) = replaced.pop() {
        let mut replace = |other: Cell| {
            if staying.remove(&other) {
                replaced.push(other);
            }
        };
        scope.upstream_cells_of(cell, |_| true, &mut replace);
        if differing.contains(&cell) {
            scope.downstream_cells(cell, &mut replace);
        }
    }
    staying
}

/// Lets go what says that asset partitions are fresh whose inputs changed while their commands ran. What stands in a block
/// with one of them gets lines of its own.
pub fn unsettled_lines(
    evaluation: &Evaluation<'_>,
    lock: &Lock,
    mut in_block: Option<&mut [bool]>,
) -> LockChanges {
    let scope = evaluation.scope();
    let locked = lock.by_asset();
    let mut changes = LockChanges::default();
    for row in scope.rows() {
        let cells = row.cells().filter(|cell| is_unsettled(evaluation, *cell));
        let unsettled: PartitionSet = cells.map(|cell| row.index_of(cell)).collect();
        let Some(locked) = locked.get(scope.graph().key(row.asset)) else {
            continue;
        };
        if unsettled.is_empty() {
            continue;
        }
        let all = scope.keys(row.asset);
        let keys: HashSet<_> = unsettled.iter().map(|index| all.key(index)).collect();
        let lines = locked.lines.iter().map(|line| &line.partition);
        let lines = lines.filter(|key| keys.contains(key)).cloned();
        changes.drop_lines(&locked.asset, lines.collect());
        let mut gone = Vec::new();
        for block in &locked.blocks {
            let range = block.range(all);
            let Some(range) = range.filter(|range| unsettled.meets(range)) else {
                continue;
            };
            gone.push(block.clone());
            if let Some(in_block) = &mut in_block {
                let cells = range.filter_map(|index| row.cell(index));
                cells.for_each(|cell| in_block[cell.index()] = false);
            }
        }
        changes.drop_blocks(&locked.asset, gone);
    }
    changes
}
