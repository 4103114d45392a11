//! What only a lock file knows, and which cells it is to be asked about.

use std::collections::{HashMap, HashSet};

use crate::model::{
    AssetId, Current, DataVersion, Fingerprint, Lock, OutputChange, Provenance, Status,
};
use crate::plan::{Cell, Evaluation, Records, Role, Witness};

/// What the lock file knows of cells that are not fresh by the instance.
#[derive(Debug, Default)]
pub struct LockedCells {
    /// Whose outputs are here just as a line says, so that they are or become fresh if it is right; upstream before
    /// downstream.
    pub here: Vec<Cell>,
    /// What the instance has recorded of those instead, where it has recorded anything.
    pub recorded: HashMap<Cell, Provenance>,
    /// Whose line is right, whose outputs are not here or cannot be told to be those of the line, and of which nothing is
    /// recorded; with the line, where they have one of their own.
    pub elsewhere: HashMap<Cell, Option<LockedResult>>,
    /// Of which of those there are outputs here, whose version is not their content.
    pub unverifiable: HashSet<Cell>,
    /// What is at the outputs of some of those instead.
    pub unlike: HashMap<Cell, Vec<(usize, OutputChange)>>,
}

/// What a line says of a materialization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedResult {
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The data version of each output, in declared order.
    pub outputs: Vec<DataVersion>,
}

impl Evaluation<'_> {
    /// Whether cells that are still not fresh stand in blocks, and a block of which the scope holds a part only is among those
    /// of the assets of the scope: blocks are judged as a whole, with all that they read. A block with a cell whose line is
    /// known to be that of its record (`has_own_line`) is wrong where another result than that is to be expected.
    pub fn meets_part_of_a_block(
        &self,
        lock: &Lock,
        has_own_line: impl Fn(AssetId, u32) -> bool,
    ) -> bool {
        let scope = self.scope();
        let (mut any_doubtful, mut any_part) = (false, false);
        for locked in lock.assets.iter().filter(|it| !it.blocks.is_empty()) {
            let Some(row) = scope.row_named(&locked.asset) else {
                continue;
            };
            let keys = scope.keys(row.asset);
            let ranges = locked.blocks.iter().filter_map(|block| block.range(keys));
            for range in ranges.filter(|range| row.set.meets(range)) {
                let within = || range.clone().filter_map(|index| row.cell(index));
                let is_outdated = |cell: Cell| {
                    self.is_doubtful(cell)
                        && !self.is_unrecorded(cell)
                        && self.changed_outputs(cell).is_none()
                        && has_own_line(row.asset, row.index_of(cell))
                };
                if !within().any(is_outdated) {
                    any_part |= within().count() < range.len();
                    any_doubtful |= within().any(|cell| self.is_doubtful(cell));
                }
            }
        }
        any_doubtful && any_part
    }

    /// Takes in what is fresh by the lock file in `wide`, which was judged with the lock file and holds this scope.
    pub fn take_witnesses_of(&mut self, wide: &Evaluation<'_>, records: &dyn Records) {
        let scope = self.scope();
        let mut here = Vec::new();
        let (mut elsewhere, mut unverifiable) = (Vec::new(), Vec::new());
        for row in scope.rows() {
            let cells = row.cells().zip(row.set.iter());
            for (cell, index) in cells.filter(|(cell, _)| self.is_doubtful(*cell)) {
                let known = wide.scope().cell(row.asset, index);
                let last = known
                    .filter(|it| wide.is_from_lock(*it))
                    .and_then(|it| wide.recorded(it).filter(|_| wide.is_fresh(it)));
                if let Some(last) = last {
                    here.push((cell, last.fingerprint, last.outputs.to_vec()));
                }
                let known = known.filter(|_| self.is_unrecorded(cell));
                let locked = known.and_then(|it| wide.locked.elsewhere.get(&it));
                elsewhere.extend(locked.map(|it| (cell, it.clone())));
                let known = known.filter(|it| wide.locked.unverifiable.contains(it));
                unverifiable.extend(known.map(|_| cell));
            }
        }
        self.locked.elsewhere.extend(elsewhere);
        self.locked.unverifiable.extend(unverifiable);
        if here.is_empty() && self.locked.elsewhere.is_empty() {
            return;
        }
        for (cell, fingerprint, outputs) in here {
            let before = self.provenance(cell);
            self.locked.recorded.extend(before.map(|it| (cell, it)));
            self.locked.here.push(cell);
            let code = self.code_version(cell);
            match (scope.role(cell), code) {
                (Role::Given, Some(code)) => {
                    let current = Current::of_lock(fingerprint, code, outputs);
                    self.judge.replace(cell, Some(&current), Vec::new());
                }
                _ => self.judge.take_witness(
                    cell,
                    Witness {
                        fingerprint,
                        outputs,
                        contributions: Box::default(),
                    },
                ),
            }
            self.locked.elsewhere.remove(&cell);
        }
        self.locked.here.sort_unstable();
        self.locked.here.dedup();
        self.judge_all(records);
        self.tell_elsewhere();
        self.decide();
    }

    /// Judges anew as if all outputs were what was recorded.
    pub fn ignore_outputs(&mut self, records: &dyn Records) {
        let changed = &self.facts().changed_outputs;
        if changed.is_empty() {
            return;
        }
        self.judge.ignore_outputs();
        self.judge_all(records);
        self.tell_elsewhere();
        self.decide();
    }

    /// Whether the instance does not vouch for a cell of an asset: it is not fresh, or is read as it is and not what was
    /// recorded.
    pub fn is_doubtful(&self, cell: Cell) -> bool {
        match self.scope().role(cell) {
            Role::Given => self.is_unrecorded(cell) || self.changed_outputs(cell).is_some(),
            Role::Selected | Role::Needed => !self.is_fresh(cell),
        }
    }

    /// Whether any cell of an asset is [doubtful](Self::is_doubtful).
    pub fn is_in_doubt(&self) -> bool {
        self.any_asset_cell(|cell| self.is_doubtful(cell))
    }

    /// Whether some cell of an asset has no materialization.
    pub fn lacks_records(&self) -> bool {
        self.any_asset_cell(|cell| self.is_unrecorded(cell))
    }

    fn any_asset_cell(&self, is_so: impl Fn(Cell) -> bool) -> bool {
        let mut rows = self.scope().asset_rows();
        rows.any(|(row, _)| row.cells().any(&is_so))
    }

    /// Whether a cell counts as recorded only for what the lock file says.
    pub fn is_from_lock(&self, cell: Cell) -> bool {
        self.provenance(cell) == Some(Provenance::Locked)
    }

    /// Whether a cell has no materialization.
    pub fn is_unrecorded(&self, cell: Cell) -> bool {
        self.provenance(cell).is_none()
    }

    /// Gives the status that the lock file gives them to cells that are missing by the instance.
    pub fn tell_elsewhere(&mut self) {
        for cell in self.locked.elsewhere.keys() {
            let verdict = &mut self.verdicts[cell.index()];
            if verdict.status == Status::Missing {
                let is_here = self.locked.unverifiable.contains(cell);
                verdict.status = if is_here {
                    Status::Unverifiable
                } else {
                    Status::Locked
                };
            }
        }
    }
}
