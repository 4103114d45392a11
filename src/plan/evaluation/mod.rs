//! A scope that was looked at and judged: what `status`, `plan`, `explain` and `materialize` have in common.
//!
//! Whoever looks gives the facts; from then on an evaluation is asked questions, and told what has become of cells.

mod findings;
mod locked_cells;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{
    Asset, CONFIG_FIELD, Cause, CodeVersion, ConfigOrigin, EffectiveConfig, MaterializedRef,
    Observation, OutputChange, PartitionSlot, Provenance, Status, StepName,
};
use crate::plan::causes::{CauseFacts, causes};
use crate::plan::decide::{CellDecision, Decisions, decide};
use crate::plan::fingerprint::{ObservedResource, RESOURCE_FIELD, VARIABLE_FIELD, code_record};
use crate::plan::judge::{Facts, Judge, Records, Share, Verdict};
use crate::plan::scope::{Cell, Scope};
use crate::plan::survey::Known;
use crate::plan::{Demand, NonexistentKeys, obstacles};

pub use findings::{
    Codes, FoundSources, MissingSource, Occupant, OccupantKind, OutputPlaces, PlaceRecord,
    SeenPaths, code_file_name,
};
pub use locked_cells::{LockedCells, LockedResult};

/// What was found while the facts of a scope were gathered, and judging does not ask for.
#[derive(Debug, Default)]
pub struct Findings {
    /// What the code versions were made of.
    pub codes: Codes,
    /// What was found at sources.
    pub sources: FoundSources,
    /// What `observe` commands answered, to be recorded.
    pub observations: Vec<(PartitionSlot, Observation)>,
}

/// A scope that was looked at and judged.
pub struct Evaluation<'a> {
    judge: Judge<'a>,
    share: Share,
    /// By cell.
    verdicts: Vec<Verdict>,
    /// By cell.
    decisions: Decisions,
    findings: Findings,
    /// What only the lock file knows; nothing until it is asked.
    locked: LockedCells,
    /// What lies at the places of outputs; nothing until they are looked at.
    places: OutputPlaces,
    /// Why commands are longer than the system takes; nothing until they are measured.
    too_long: HashMap<Cell, String>,
}

impl<'a> Evaluation<'a> {
    /// Judges by the facts that `judge` has, and decides. `share` does what can be done for each cell alone.
    pub fn new(judge: Judge<'a>, findings: Findings, records: &dyn Records, share: Share) -> Self {
        let mut evaluation = Self {
            judge,
            share,
            verdicts: Vec::new(),
            decisions: Decisions::default(),
            findings,
            locked: LockedCells::default(),
            places: OutputPlaces::default(),
            too_long: HashMap::new(),
        };
        evaluation.judge_all(records);
        evaluation.decide();
        evaluation
    }

    /// The scope.
    pub fn scope(&self) -> &'a Scope<'a> {
        self.judge.scope()
    }

    /// The judge, with all facts.
    pub fn judge(&self) -> &Judge<'a> {
        &self.judge
    }

    /// The judge, to be asked or told something.
    pub fn judge_mut(&mut self) -> &mut Judge<'a> {
        &mut self.judge
    }

    /// What is known.
    pub fn facts(&self) -> &Facts {
        self.judge.facts()
    }

    /// What is found of a cell.
    pub fn verdict(&self, cell: Cell) -> Verdict {
        self.verdicts[cell.index()]
    }

    /// The status of a cell.
    pub fn status(&self, cell: Cell) -> Status {
        self.verdict(cell).status
    }

    /// Whether a cell is fresh.
    pub fn is_fresh(&self, cell: Cell) -> bool {
        self.status(cell) == Status::Fresh
    }

    /// What becomes of a cell.
    pub fn decision(&self, cell: Cell) -> CellDecision {
        self.decisions.of[cell.index()]
    }

    /// What becomes of all cells.
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// What is recorded of a cell, or stands for a record.
    pub fn recorded(&self, cell: Cell) -> Option<MaterializedRef<'_>> {
        self.facts().recorded.materialized(cell.index())
    }

    /// The origin of the record of a cell.
    pub fn provenance(&self, cell: Cell) -> Option<Provenance> {
        self.recorded(cell).map(|last| last.provenance)
    }

    /// The outputs of a cell that are not what was recorded, by their numbers.
    pub fn changed_outputs(&self, cell: Cell) -> Option<&[(usize, OutputChange)]> {
        self.facts().changed_outputs.get(&cell).map(Vec::as_slice)
    }

    /// The versions of a cell: of a source one, of an asset one for each output.
    pub fn versions(&self, cell: Cell) -> &[Known] {
        &self.facts().versions[self.scope().versions_of(cell)]
    }

    /// The code version of a cell's asset, if its code can be read.
    pub fn code_version(&self, cell: Cell) -> Option<CodeVersion> {
        let scope = self.scope();
        self.facts().code[scope.number_of(scope.at(cell).0)]
    }

    /// What the code versions were made of.
    pub fn codes(&self) -> &Codes {
        &self.findings.codes
    }

    /// The configuration of a cell's asset, if it has one.
    pub fn config_of(&self, cell: Cell) -> Option<&EffectiveConfig> {
        let (id, _) = self.scope().at(cell);
        self.findings.codes.observed.get(&id)?.config.as_deref()
    }

    /// The resources of a cell's asset, in declared order.
    pub fn resources_of(&self, cell: Cell) -> &[Arc<ObservedResource>] {
        let (id, _) = self.scope().at(cell);
        let observed = self.findings.codes.observed.get(&id);
        observed.map_or(&[], |observed| &observed.resources)
    }

    /// Whether two partitions of an asset have the same configuration.
    pub fn have_same_config(&self, one: Cell, other: Cell) -> bool {
        self.judge.config_of(one) == self.judge.config_of(other)
    }

    /// What was found at sources.
    pub fn sources(&self) -> &FoundSources {
        &self.findings.sources
    }

    /// What `observe` commands answered, to be recorded.
    pub fn observations(&self) -> &[(PartitionSlot, Observation)] {
        &self.findings.observations
    }

    /// What `observe` commands answered; nothing from then on.
    pub fn take_observations(&mut self) -> Vec<(PartitionSlot, Observation)> {
        std::mem::take(&mut self.findings.observations)
    }

    /// What only the lock file knows.
    pub fn locked(&self) -> &LockedCells {
        &self.locked
    }

    /// What only the lock file knows, to be found out.
    pub fn locked_mut(&mut self) -> &mut LockedCells {
        &mut self.locked
    }

    /// Judges all cells by present knowledge. [`Self::decide`] is to follow.
    pub fn judge_all(&mut self, records: &dyn Records) {
        self.verdicts = self.judge.judge_all(records, self.share);
    }

    /// Judges a cell by present knowledge.
    pub fn judge_again(&mut self, cell: Cell, records: &dyn Records) -> Verdict {
        let verdict = self.judge.judge(cell, records);
        self.verdicts[cell.index()] = verdict;
        verdict
    }

    /// Gives a cell that was made its status: nothing asks for it any more.
    pub fn note_made(&mut self, cell: Cell, status: Status) {
        let verdict = &mut self.verdicts[cell.index()];
        verdict.status = status;
        verdict.demand = Demand::None;
    }

    /// Decides by the verdicts; what is not fresh and cannot be made now is blocked from then on.
    pub fn decide(&mut self) {
        self.decisions = decide(&self.judge, &self.verdicts);
        for (verdict, decision) in self.verdicts.iter_mut().zip(&self.decisions.of) {
            if *decision == CellDecision::Blocked && verdict.status != Status::Fresh {
                verdict.status = Status::Blocked;
            }
        }
    }

    /// Blocks cells whose commands are longer than the system takes, for these reasons.
    pub fn block_too_long(&mut self, found: Vec<(Cell, String)>) {
        if !found.is_empty() {
            self.too_long.extend(found);
            self.judge.take_too_long(self.too_long.keys().copied());
            self.decide();
        }
    }

    /// The causes for which a cell is not fresh, or runs although it is.
    pub fn causes(&mut self, records: &dyn Records, cell: Cell) -> Vec<Cause> {
        let scope = self.judge.scope();
        let Findings { codes, sources, .. } = &self.findings;
        let code = |id| {
            let asset = scope.graph().asset(id);
            asset.map_or_else(Vec::new, |asset| code_record(asset, &codes.observed(id)))
        };
        let evidence = CauseFacts {
            records,
            verdicts: &self.verdicts,
            code: &code,
            path: &|cell| scope.source_path(cell),
            detail: &|cell, old| sources.value_detail(records, cell, old),
        };
        let mut causes = causes(&mut self.judge, &evidence, cell);
        for cause in &mut causes {
            self.name_origin(cell, cause);
        }
        causes
    }

    /// Says where a value of a configuration comes from, of the asset of a cell or of one of its resources.
    fn name_origin(&self, cell: Cell, cause: &mut Cause) {
        let Cause::Code(change) = cause else { return };
        if let Some(variable) = change.what.strip_prefix(VARIABLE_WORD) {
            let is_other = self.scope().graph().is_replaced_variable(variable);
            change.origin = is_other.then(|| ConfigOrigin::Environment.in_words().to_owned());
            return;
        }
        let (_, partition) = self.scope().at(cell);
        let found = if let Some(path) = change.what.strip_prefix(CONFIG_FIELD) {
            let config = self.config_of(cell);
            config.map(|config| (config.leaves(partition), path))
        } else {
            let variable = resource_variable(&change.what);
            if variable.is_some_and(|it| self.scope().graph().is_replaced_variable(it)) {
                change.origin = Some(ConfigOrigin::Environment.in_words().to_owned());
                return;
            }
            self.resources_of(cell).iter().find_map(|resource| {
                let of = change.what.strip_prefix(RESOURCE_FIELD)?;
                let of = of.strip_prefix(resource.resolved.name.as_str())?;
                let path = of.strip_prefix('.')?.strip_prefix(CONFIG_FIELD)?;
                Some((resource.resolved.effective.common(), path))
            })
        };
        if let Some((leaves, path)) = found {
            let leaf = leaves.iter().find(|leaf| leaf.path.to_string() == path);
            change.origin = leaf.map(|leaf| leaf.origin.in_words().to_owned());
        }
    }

    /// The asset of a cell; `None` where it is a source's.
    pub fn asset(&self, cell: Cell) -> Option<&'a Asset> {
        self.scope().graph().asset(self.scope().at(cell).0)
    }

    /// The name of a cell.
    pub fn step_name(&self, cell: Cell) -> StepName {
        self.scope().step_name(cell)
    }
}

/// The variable of a resource that a change is of.
fn resource_variable(what: &str) -> Option<&str> {
    let (_, field) = what.strip_prefix(RESOURCE_FIELD)?.split_once('.')?;
    field.strip_prefix(VARIABLE_FIELD)
}

/// What the changes of variables begin with.
const VARIABLE_WORD: &str = "env ";

impl Evaluation<'_> {
    /// Why a cell is not made in this run although it is not fresh: what its nearest root is, in words.
    pub fn why_blocked(&self, cell: Cell) -> String {
        let mut cell = cell;
        loop {
            let obstacles = obstacles(&self.judge, &self.decisions.of, cell);
            // A missing source is the root cause, even where an external asset blocks the cell too.
            let is_root = |up: &&Cell| self.decision(**up) != CellDecision::AwaitsExternal;
            let first = obstacles.iter().find(is_root).or(obstacles.first());
            let Some(first) = first.copied() else {
                return self.obstacle(cell);
            };
            cell = first;
        }
    }

    /// Why a cell is blocked, in words: what is missing of the sources that it needs.
    pub fn obstacle(&self, cell: Cell) -> String {
        let name = self.step_name(cell);
        match self.findings.sources.missing.get(&cell) {
            Some(MissingSource::Paths(paths)) => format!("{name}: {} missing", looked_for(paths)),
            Some(MissingSource::Key { path, key }) => format!("{name}: {path} has no key {key}"),
            Some(MissingSource::Unobserved) => {
                format!(
                    "{name} was never observed: `assetctl observe {}`",
                    name.asset
                )
            }
            Some(MissingSource::ObserveFailed(why)) => format!("{name}: its observe command {why}"),
            Some(MissingSource::Unreadable(why)) => format!("{name}: {why}"),
            None if let Some(why) = self.lacking_keys(cell) => format!("{name} {why}"),
            None if let Some(why) = self.too_long.get(&cell) => format!("{name}: {why}"),
            None if let Some(error) = self.codes().unreadable.get(&self.scope().at(cell).0) => {
                format!("{name}: {error}")
            }
            None if self.asset(cell).is_some_and(|it| it.recipe.is_none()) => {
                let why = if self.changed_outputs(cell).is_some() {
                    "its outputs differ from the record"
                } else if self.recorded(cell).is_some() {
                    "is stale"
                } else {
                    "was never accepted"
                };
                format!(
                    "{name} is external and {why}: accept it (`assetctl accept {name}`) or report it"
                )
            }
            None => format!("{name} is blocked"),
        }
    }

    /// Why a cell cannot be made for want of keys, to be read behind its name.
    fn lacking_keys(&self, cell: Cell) -> Option<String> {
        if !self.facts().lacking_keys.contains(&cell) {
            return None;
        }
        let scope = self.scope();
        let (asset, _) = scope.at(cell);
        if let Some(fault) = scope.fault(asset) {
            return Some(format!("depends on keys that are not known: {fault}"));
        }
        let NonexistentKeys { upstream, keys } = scope.nonexistent_keys(cell)?;
        let read = scope.graph().key(upstream);
        let (keys_words, verb) = match keys.as_slice() {
            [only] => (format!("`{only}`"), "does"),
            [first, rest @ ..] => (format!("`{first}` and {} more keys", rest.len()), "do"),
            [] => return None,
        };
        let partitions = scope.keys(upstream);
        let newest = partitions.len().checked_sub(1);
        let newest = newest.and_then(|last| partitions.window(last));
        // A window that comes after the newest one has not ended, or the definition has.
        let is_to_come = partitions.time().is_some_and(|windows| {
            let at = windows.index_of_key(keys[0].as_str());
            let start = at.map(|at| windows.window(at).start);
            start.is_some_and(|start| newest.is_none_or(|newest| start >= newest.end))
        });
        let help = if is_to_come {
            format!(
                "`end_offset = 1` in the partitions of `{read}` adds the window that has not ended"
            )
        } else {
            format!("let the partitions of `{read}` begin earlier")
        };
        Some(format!(
            "needs {keys_words} of `{read}`, which {verb} not exist: {help}, or set `allow_missing = true` on this dep"
        ))
    }
}

fn looked_for(paths: &[String]) -> String {
    match paths {
        [only] => format!("{only} is"),
        [first, rest @ ..] => format!("{first} and {} more are", rest.len()),
        [] => "its data is".to_owned(),
    }
}
