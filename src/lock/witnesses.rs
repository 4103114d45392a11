//! What of a lock file can make a difference for cells that are not fresh by the instance.

use std::collections::HashMap;

use crate::lock::{LockFacts, LockJudge};
use crate::model::{
    Asset, AssetKey, CodePrefix, DataVersionRule, Lock, LockLine, LockedAsset, PartitionKey, RULE,
};
use crate::plan::{Cell, Evaluation, Known, LockedResult, Role, Row, Scope};

/// What of a lock file can make a difference for cells that are not fresh by the instance.
pub struct Asked<'l> {
    /// Lines of their own, in order of cells.
    pub lines: Vec<(Cell, &'l LockLine)>,
    /// Whether doubtful cells stand in blocks.
    pub concerns_blocks: bool,
}

impl<'l> Asked<'l> {
    pub fn of(evaluation: &Evaluation<'_>, lock: &'l Lock) -> Self {
        let scope = evaluation.scope();
        let mut asked = Self {
            lines: Vec::new(),
            concerns_blocks: false,
        };
        if lock.rule != RULE {
            return asked;
        }
        for locked in &lock.assets {
            if let Some(row) = scope.row_named(&locked.asset)
                && let Some(asset) = scope.graph().asset(row.asset)
            {
                asked.ask(evaluation, (row, asset), locked);
            }
        }
        asked.lines.sort_by_key(|(cell, _)| *cell);
        asked
    }

    fn ask(
        &mut self,
        evaluation: &Evaluation<'_>,
        (row, asset): (&Row, &Asset),
        locked: &'l LockedAsset,
    ) {
        let scope = evaluation.scope();
        let doubtful = row.cells().filter(|cell| evaluation.is_doubtful(*cell));
        let doubtful: HashMap<Option<PartitionKey>, Cell> =
            doubtful.map(|cell| (scope.partition(cell), cell)).collect();
        if doubtful.is_empty() {
            return;
        }
        let in_blocks = locked.folded(scope.keys(row.asset));
        let mut cells = doubtful.values();
        if cells.any(|cell| in_blocks.contains(row.index_of(*cell))) {
            self.concerns_blocks = true;
        }
        let of_each = locked.lines.iter();
        let of_each = of_each.filter_map(|line| Some((*doubtful.get(&line.partition)?, line)));
        let lines = of_each.filter(|(cell, line)| may_count(evaluation, asset, *cell, line));
        self.lines.extend(lines);
    }

    /// Whose outputs are to be compared.
    pub fn comparable_cells(&self, scope: &Scope<'_>) -> Vec<Cell> {
        let cells = self.lines.iter().map(|(cell, _)| *cell);
        let is_by_content =
            |cell: &Cell| asset_of(scope, *cell).0.data_version == DataVersionRule::Content;
        let mut cells: Vec<Cell> = cells.filter(is_by_content).collect();
        cells.dedup();
        cells
    }

    pub fn any_unrecorded(&self, evaluation: &Evaluation<'_>) -> bool {
        let mut cells = self.lines.iter().map(|(cell, _)| *cell);
        cells.any(|cell| evaluation.is_unrecorded(cell))
    }
}

/// Whether a line may be right now, and says something else than what the instance has recorded.
fn may_count(evaluation: &Evaluation<'_>, asset: &Asset, cell: Cell, line: &LockLine) -> bool {
    let scope = evaluation.scope();
    let Some(locked) = locked_result(asset, line) else {
        return false;
    };
    let recorded = &evaluation.facts().recorded;
    let recorded = recorded.materialized(cell.index());
    if recorded.is_some_and(|last| {
        last.fingerprint == locked.fingerprint && last.outputs == locked.outputs
    }) {
        return false;
    }
    if scope.role(cell) == Role::Given {
        return true;
    }
    let code = evaluation.code_version(cell);
    let fingerprint = evaluation.verdict(cell).fingerprint;
    code.map(CodePrefix::from) == Some(line.code)
        && line.contributions.len() == asset.deps.len()
        && fingerprint.is_none_or(|now| now == line.fingerprint)
}

pub fn asset_of<'s>(scope: &'s Scope<'_>, cell: Cell) -> (&'s Asset, usize) {
    let (id, _) = scope.at(cell);
    let asset = scope.graph().asset(id);
    (asset.expect("lines are about assets"), scope.number_of(id))
}

/// What a line says; `None` where it does not name all outputs.
pub fn locked_result(asset: &Asset, line: &LockLine) -> Option<LockedResult> {
    let outputs = 0..asset.outputs.len();
    let outputs = outputs.map(|output| line.version_of(asset.output_label(output).as_deref()));
    Some(LockedResult {
        fingerprint: line.fingerprint,
        outputs: outputs.collect::<Option<_>>()?,
    })
}

/// By cell, whether its line, or that of its block, is right.
pub fn right_cells(evaluation: &Evaluation<'_>, lock: &Lock) -> Vec<bool> {
    let scope = evaluation.scope();
    let mut judge = LockJudge::new(scope, lock, lock_facts(evaluation, lock));
    // Of several right lines that one counts which is what the instance knows.
    judge.judge_lines(&|cell, line| {
        let last = evaluation.recorded(cell);
        last.is_some_and(|last| {
            let outputs = 0..last.outputs.len();
            let versions = outputs.map(|output| line.version(output));
            versions.eq(last.outputs.iter().copied().map(Some))
        })
    });
    let cells = (0..scope.cells()).map(Cell);
    cells.map(|cell| judge.is_right(cell)).collect()
}

/// By cell, whether it stands in a block that is right, and has no line of its own; `None` where none
/// can.
pub fn stands_in_block(evaluation: &Evaluation<'_>, lock: &Lock) -> Option<Vec<bool>> {
    let scope = evaluation.scope();
    if !has_blocks(scope, lock) {
        return None;
    }
    let mut judge = LockJudge::new(scope, lock, lock_facts(evaluation, lock));
    judge.judge_lines(&|_, _| false);
    let cells = (0..scope.cells()).map(Cell);
    let stands = cells.map(|cell| {
        let is_asset = scope.graph().asset(scope.at(cell).0).is_some();
        is_asset && judge.is_right(cell) && judge.block(cell).is_some()
    });
    Some(stands.collect())
}

/// What an evaluation has found, with what the lock file says of sources that are not here.
pub fn lock_facts(evaluation: &Evaluation<'_>, lock: &Lock) -> LockFacts {
    let scope = evaluation.scope();
    let mut versions = evaluation.facts().versions.clone();
    if !lock.sources.is_empty() {
        let locked: HashMap<(&AssetKey, Option<&PartitionKey>), _> = lock
            .sources
            .iter()
            .map(|line| ((&line.source, line.partition.as_ref()), line.version))
            .collect();
        for (row, source) in scope.source_rows() {
            for cell in row.cells() {
                let slot = row.versions_of(cell).start;
                if let Known::Version(_) = versions[slot] {
                    continue;
                }
                let partition = scope.partition(cell);
                let version = locked.get(&(&source.key, partition.as_ref()));
                versions[slot] = version.map_or(versions[slot], |it| Known::Version(*it));
            }
        }
    }
    LockFacts {
        code: evaluation.facts().code.clone(),
        configs: evaluation.facts().configs.clone(),
        versions,
    }
}

/// Whether partitions of a scope may stand in blocks.
fn has_blocks(scope: &Scope<'_>, lock: &Lock) -> bool {
    lock.assets.iter().any(|locked| {
        let mut blocks = locked.blocks.iter();
        blocks.any(|it| is_met(scope, &locked.asset, it.first.as_str(), it.last.as_str()))
    })
}

/// Whether a scope has partitions from one key to another.
pub fn is_met(scope: &Scope<'_>, asset: &AssetKey, first: &str, last: &str) -> bool {
    let Some(row) = scope.row_named(asset) else {
        return false;
    };
    let range = scope.keys(row.asset).range_from(first, last);
    range.is_some_and(|range| row.set.meets(&range))
}
