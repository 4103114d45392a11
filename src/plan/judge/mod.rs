//! Staleness: from what is declared, recorded and found to a status for each cell.
//!
//! An asset partition is *fresh* if it was materialized by this rule, its fingerprint equals the one that its
//! declaration and inputs give now, and its outputs are what was recorded. If an upstream is not fresh, one cannot know
//! yet: it is *pending*, unless a cause stands whatever the upstreams become. The engine judges a pending cell again
//! once its upstreams are final; that is the same function.
//!
//! Pure: everything comes in as [`Facts`], and as records through [`Records`].

mod fingerprints;
mod sweep;

use std::collections::{HashMap, HashSet};

use crate::digest::{Digest, Field, Folding};
use crate::model::{
    Asset, AssetId, BlockEntry, CodeRecord, CodeVersion, ContributionPrefix, Current,
    CurrentColumns, DataVersion, DataVersionRule, Fingerprint, InputRecord, LastAttempt,
    MaterializationId, MaterializedRef, OutputChange, RULE, RecordingRun, SourceContent, Status,
};
use crate::plan::blocks::{Blocks, MappedVersions};
use crate::plan::fingerprint::{RowConfigs, config_fields, output_read, version_of_outputs};
use crate::plan::scope::{Cell, Role, Row, Scope};
use crate::plan::survey::{Known, Survey};

pub use sweep::Share;

/// Rows of fewer cells are judged cell by cell.
const WORTH_A_SWEEP: u32 = 2;

/// What was gathered about a scope before it is judged, and what has become of it since.
#[derive(Debug)]
pub struct Facts {
    /// The code version of each row; the rows of sources have none, nor do assets whose code cannot be read.
    pub code: Vec<Option<CodeVersion>>,
    /// The configurations that differ between partitions.
    pub configs: RowConfigs,
    /// What was found at each source cell; unknown for the cells of assets until they are judged.
    pub versions: Vec<Known>,
    /// What is recorded of each cell.
    pub recorded: CurrentColumns,
    /// Outputs that are not what was recorded, by cell, with the indexes of the outputs.
    pub changed_outputs: HashMap<Cell, Vec<(usize, OutputChange)>>,
    /// Cells that cannot be made because keys that they need do not exist, or are not known.
    pub lacking_keys: HashSet<Cell>,
    /// Cells whose command is longer than the system takes, once that was looked at.
    pub too_long: HashSet<Cell>,
}

/// What an instance remembers beyond current state; asked only about what is not fresh.
pub trait Records {
    /// What a materialization read.
    fn inputs(&self, id: MaterializationId) -> Option<Vec<InputRecord>>;

    /// The values of its configuration that its code version does not fold.
    fn config(&self, _id: MaterializationId) -> Option<Vec<Field>> {
        None
    }

    /// The run that made it.
    fn run(&self, _id: MaterializationId) -> Option<RecordingRun> {
        None
    }

    /// The code part of a fingerprint.
    fn code(&self, version: CodeVersion) -> Option<CodeRecord>;

    /// A block that is stored by its digest.
    fn block(&self, digest: Digest) -> Option<Vec<BlockEntry>>;

    /// What a version of a source stands for, where that is kept.
    fn source_content(&self, _version: DataVersion) -> Option<SourceContent> {
        None
    }
}

/// For what cells are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To tell how things stand.
    Status,
    /// To run what is not fresh; volatile assets run too.
    Run,
    /// To run the selection whether it is stale or not.
    Force,
}

/// What is found of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its status.
    pub status: Status,
    /// Whether it has to run although it may be fresh.
    pub demand: Demand,
    /// Its fingerprint; `None` while something upstream is unknown or absent.
    pub fingerprint: Option<Fingerprint>,
}

impl Verdict {
    /// Of what is not judged: sources, and assets that are read as they are.
    const GIVEN: Self = Self {
        status: Status::Fresh,
        demand: Demand::None,
        fingerprint: None,
    };
}

/// Whether a cell has to run although it may be fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It does not have to.
    None,
    /// It is volatile.
    Volatile,
    /// The user forces it.
    Forced,
}

/// Judges cells.
pub struct Judge<'a> {
    scope: &'a Scope<'a>,
    purpose: Purpose,
    facts: Facts,
    blocks: Blocks,
    folding: Folding,
    /// The configuration of the partition that is folded.
    config_scratch: Vec<Field>,
    contributions: Vec<Digest>,
    /// Of rows that were asked about widely, and have not changed since.
    surveys: HashMap<AssetId, Survey>,
    /// What the lock file tells of cells that are not fresh by their records, where the outputs are just that.
    witnesses: HashMap<Cell, Vec<Witness>>,
}

/// What a line of the lock file says of a cell of which the outputs are just what it says: the cell is fresh by it once its
/// fingerprint is the line's, whatever is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The fingerprint of the line, which was made by the present rule and code.
    pub fingerprint: Fingerprint,
    /// The data version of each output, in declared order.
    pub outputs: Vec<DataVersion>,
    /// The beginning of what each dep contributed.
    pub contributions: Box<[ContributionPrefix]>,
}

impl<'a> Judge<'a> {
    /// A judge of the cells of `scope`.
    pub fn new(scope: &'a Scope<'a>, facts: Facts, purpose: Purpose) -> Self {
        let (blocks, folding) = (Blocks::default(), Folding::new());
        Self {
            scope,
            purpose,
            facts,
            blocks,
            folding,
            config_scratch: Vec::new(),
            contributions: Vec::new(),
            surveys: HashMap::new(),
            witnesses: HashMap::new(),
        }
    }

    /// Takes what the lock file tells of cells whose outputs are just that. They are to be judged anew.
    pub fn take_witnesses(&mut self, witnesses: HashMap<Cell, Vec<Witness>>) {
        self.witnesses = witnesses;
    }

    /// Takes one more, of a cell that is to be judged anew.
    pub fn take_witness(&mut self, cell: Cell, witness: Witness) {
        self.witnesses.entry(cell).or_default().push(witness);
    }

    /// Lets what the lock file tells of a cell stand for a record, as long as it may come true.
    pub fn count_on_witness(&mut self, cell: Cell) {
        let at = self.place(cell);
        let possible = self.possible_witness_at(&at);
        let possible = possible.and_then(|it| self.witnesses.get(&cell)?.get(it));
        if let (Some(witness), Some(code)) = (possible, self.facts.code[at.number]) {
            let current = Current::of_lock(witness.fingerprint, code, witness.outputs.clone());
            self.facts.recorded.set(cell.index(), &current);
        }
    }

    /// The scope.
    pub fn scope(&self) -> &'a Scope<'a> {
        self.scope
    }

    /// What is known.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Notes that the command of these cells is longer than the system takes.
    pub fn take_too_long(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.facts.too_long.extend(cells);
    }

    /// Takes outputs for what was recorded, until they are told anew.
    pub fn ignore_outputs(&mut self) {
        self.facts.changed_outputs.clear();
        self.surveys.clear();
    }

    /// Judges all cells, upstream before downstream, and notes the versions of those that are fresh.
    ///
    /// `share` does what can be done for each cell of a row alone.
    pub fn judge_all(&mut self, records: &dyn Records, share: Share) -> Vec<Verdict> {
        let mut verdicts = vec![Verdict::GIVEN; self.scope.cells() as usize];
        for (number, row) in self.scope.rows().iter().enumerate() {
            let Some(asset) = self.scope.graph().asset(row.asset) else {
                continue;
            };
            let swept = if row.set.len() < WORTH_A_SWEEP {
                Vec::new()
            } else {
                self.sweep(number, share)
            };
            let mut swept = swept.into_iter();
            for (cell, index) in row.cells().zip(row.set.iter()) {
                let at = Place {
                    number,
                    row,
                    asset,
                    cell,
                    index,
                };
                let known = swept.next().flatten();
                let verdict = known.unwrap_or_else(|| self.judge_at(&at, records));
                self.note(&at, verdict);
                verdicts[cell.index()] = verdict;
            }
        }
        verdicts
    }

    /// Judges one cell by what is known now, and notes its version if it is fresh.
    ///
    /// # Panics
    ///
    /// If the cell is a source's.
    pub fn judge(&mut self, cell: Cell, records: &dyn Records) -> Verdict {
        let at = self.place(cell);
        let verdict = self.judge_at(&at, records);
        self.note(&at, verdict);
        verdict
    }

    /// Notes what a step has made, so that what is downstream can be judged.
    pub fn materialized(&mut self, cell: Cell, current: &Current, outputs: &[DataVersion]) {
        let row = self.scope.row_of_cell(cell);
        self.surveys.remove(&row.asset);
        for (slot, version) in row.versions_of(cell).zip(outputs) {
            self.facts.versions[slot] = Known::Version(*version);
        }
        self.witnesses.remove(&cell);
        self.facts.changed_outputs.remove(&cell);
        self.facts.recorded.set(cell.index(), current);
    }

    /// Replaces what is recorded of a cell and found at its outputs, after another process has run it.
    pub fn replace(
        &mut self,
        cell: Cell,
        recorded: Option<&Current>,
        changed: Vec<(usize, OutputChange)>,
    ) {
        match recorded {
            Some(current) => self.facts.recorded.set(cell.index(), current),
            None => self.facts.recorded.clear(cell.index()),
        }
        self.witnesses.remove(&cell);
        self.facts.changed_outputs.remove(&cell);
        if !changed.is_empty() {
            self.facts.changed_outputs.insert(cell, changed);
        }
    }

    /// Does something as if these versions, by the scope's numbering, were others.
    pub fn assuming<T>(
        &mut self,
        versions: &[(usize, DataVersion)],
        then: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if versions.is_empty() {
            return then(self);
        }
        let known: Vec<Known> = versions
            .iter()
            .map(|(slot, version)| {
                std::mem::replace(&mut self.facts.versions[*slot], Known::Version(*version))
            })
            .collect();
        // Both hold what was computed from versions.
        let blocks = std::mem::take(&mut self.blocks);
        let surveys = std::mem::take(&mut self.surveys);
        let done = then(self);
        self.blocks = blocks;
        self.surveys = surveys;
        for ((slot, _), known) in versions.iter().zip(known) {
            self.facts.versions[*slot] = known;
        }
        done
    }

    /// The fingerprint of a cell with this code version; `None` if an upstream is unknown or absent.
    pub fn fingerprint(&mut self, cell: Cell, code_version: CodeVersion) -> Option<Fingerprint> {
        let at = self.place(cell);
        self.fingerprint_of(&at, code_version)
    }

    /// Takes it that nothing is known of what a cell has made.
    pub fn forget(&mut self, cell: Cell) {
        let row = self.scope.row_of_cell(cell);
        self.surveys.remove(&row.asset);
        self.facts.versions[row.versions_of(cell)].fill(Known::Unknown);
    }

    /// What the dep with index `dep` of an asset partition reads: its mapped keys with their versions.
    ///
    /// `None` if the version of any of them is unknown or absent.
    pub fn read<T>(
        &mut self,
        cell: Cell,
        dep: usize,
        then: impl FnOnce(
            &mut Blocks,
            &mut Folding,
            &MappedVersions<'_, &dyn Fn(u32) -> DataVersion>,
        ) -> T,
    ) -> Option<T> {
        let at = self.place(cell);
        let dep = &at.asset.deps[dep];
        let set = self.scope.mapped(at.row.asset, dep, at.index);
        self.survey(dep, &set);
        if self.known(dep.asset, dep.output, &set) != Some(true) {
            return None;
        }
        let (scope, facts) = (self.scope, &self.facts);
        let version = |index| version_of(scope, facts, dep.asset, dep.output, index);
        let mapped = MappedVersions {
            read: (dep.asset, dep.output),
            keys: scope.keys(dep.asset),
            set: &set,
            version: &version as &dyn Fn(u32) -> DataVersion,
        };
        Some(then(&mut self.blocks, &mut self.folding, &mapped))
    }

    /// The data version that the outputs of a cell have as one, where all are known.
    pub fn version_of_cell(&self, cell: Cell) -> Option<DataVersion> {
        version_at(&self.facts.versions[self.scope.versions_of(cell)], None)
    }

    fn place(&self, cell: Cell) -> Place<'a> {
        let row = self.scope.row_of_cell(cell);
        let asset = self
            .scope
            .graph()
            .asset(row.asset)
            .expect("sources are not judged");
        let number = self.scope.number_of(row.asset);
        Place {
            number,
            row,
            asset,
            cell,
            index: row.index_of(cell),
        }
    }

    fn judge_at(&mut self, at: &Place<'a>, records: &dyn Records) -> Verdict {
        let fingerprint = match self.scope.role(at.cell) {
            Role::Given => None,
            Role::Selected | Role::Needed => {
                let code = self.facts.code[at.number];
                code.and_then(|code| self.fingerprint_of(at, code))
            }
        };
        let verdict = self.verdict_known(at, || fingerprint);
        verdict.unwrap_or_else(|| self.verdict_open(at, records))
    }

    /// The verdict on a cell with this fingerprint, if it follows from what is known without asking the instance.
    fn verdict_known(
        &self,
        at: &Place<'_>,
        fingerprint: impl FnOnce() -> Option<Fingerprint>,
    ) -> Option<Verdict> {
        if self.scope.role(at.cell) == Role::Given {
            return Some(Verdict::GIVEN);
        }
        let fingerprint = fingerprint();
        let status = match (self.witness(at.cell, fingerprint), fingerprint) {
            (Some(_), _) => Status::Fresh,
            (None, None) if self.witnesses.contains_key(&at.cell) => return None,
            (None, _) => self.status_by_record(at, fingerprint)?,
        };
        Some(Verdict {
            status,
            demand: self.demand(at),
            fingerprint,
        })
    }

    /// The status of a cell by what is recorded of it alone; `None` where that does not follow without asking the instance.
    fn status_by_record(&self, at: &Place<'_>, fingerprint: Option<Fingerprint>) -> Option<Status> {
        let recorded = &self.facts.recorded;
        let failed = recorded.attempt(at.cell.index()) == Some(LastAttempt::Failed);
        match recorded.materialized(at.cell.index()) {
            None if failed => Some(Status::Failed),
            None => Some(Status::Missing),
            Some(last) => match self.compare(at, last, fingerprint) {
                Comparison::Same => Some(Status::Fresh),
                Comparison::Different | Comparison::Open if failed => Some(Status::Failed),
                Comparison::Different => Some(Status::Stale),
                Comparison::Open => None,
            },
        }
    }

    /// The witness by which a cell with this fingerprint is fresh.
    fn witness(&self, cell: Cell, fingerprint: Option<Fingerprint>) -> Option<&Witness> {
        let fingerprint = fingerprint?;
        let mut witnesses = self.witnesses.get(&cell)?.iter();
        witnesses.find(|witness| witness.fingerprint == fingerprint)
    }

    /// The verdict on a cell that stands on something unknown: pending where a witness may come true, or all that is known
    /// is as it was recorded.
    fn verdict_open(&mut self, at: &Place<'_>, records: &dyn Records) -> Verdict {
        let status = match self.possible_witness_at(at) {
            Some(_) => Status::Pending,
            None => match self.status_by_record(at, None) {
                Some(status) => status,
                None if self.differs_from_record(at, records) => Status::Stale,
                None => Status::Pending,
            },
        };
        Verdict {
            status,
            demand: self.demand(at),
            fingerprint: None,
        }
    }

    /// Whether a cell of which not all is known is not as it was recorded, whatever the rest becomes.
    fn differs_from_record(&mut self, at: &Place<'_>, records: &dyn Records) -> bool {
        let last = self.facts.recorded.materialized(at.cell.index());
        let last = last.map(|last| (last.provenance, last.fingerprint));
        last.is_some_and(|(provenance, fingerprint)| {
            // The record need not be read where all would be as it was if the upstreams came out as they were.
            let stands = self.fingerprint_if_upstreams_stand(at) == Some(fingerprint);
            !stands && {
                let recorded = provenance.recorded();
                let inputs = recorded.and_then(|id| records.inputs(id));
                let config = recorded.and_then(|id| records.config(id));
                config.is_some_and(|config| config_fields(&config) != self.config_fields(at))
                    || inputs.is_some_and(|inputs| self.some_input_differs(at, &inputs))
            }
        })
    }

    /// Which of a cell's witnesses may come true, by what is known of its inputs.
    fn possible_witness_at(&mut self, at: &Place<'_>) -> Option<usize> {
        let witnesses = self.witnesses.get(&at.cell)?;
        let mut possible = vec![true; witnesses.len()];
        for (number, dep) in at.asset.deps.iter().enumerate() {
            let set = self.scope.mapped(at.row.asset, dep, at.index);
            self.survey(dep, &set);
            let contribution = match self.known(dep.asset, dep.output, &set) {
                None => continue,
                Some(false) => None,
                Some(true) => self.contribution(dep, &set).map(ContributionPrefix::from),
            };
            for (possible, witness) in possible.iter_mut().zip(&self.witnesses[&at.cell]) {
                *possible &= contribution == witness.contributions.get(number).copied();
            }
        }
        possible.into_iter().position(|possible| possible)
    }

    fn demand(&self, at: &Place<'_>) -> Demand {
        let role = self.scope.role(at.cell);
        match self.purpose {
            Purpose::Force if role == Role::Selected => Demand::Forced,
            Purpose::Run | Purpose::Force if role != Role::Given && at.asset.is_volatile() => {
                Demand::Volatile
            }
            _ => Demand::None,
        }
    }

    fn compare(
        &self,
        at: &Place<'_>,
        last: MaterializedRef<'_>,
        fingerprint: Option<Fingerprint>,
    ) -> Comparison {
        let intact = !self.facts.changed_outputs.contains_key(&at.cell);
        let code = self.facts.code[at.number];
        let same = match fingerprint {
            Some(fingerprint) => last.fingerprint == fingerprint,
            None => Some(last.code_version) == code,
        };
        match fingerprint {
            _ if !same || !intact || last.rule != RULE => Comparison::Different,
            Some(_) => Comparison::Same,
            None => Comparison::Open,
        }
    }

    /// Whether a dep was added, removed or exchanged, or one that is known already contributes something else.
    fn some_input_differs(&mut self, at: &Place<'_>, recorded: &[InputRecord]) -> bool {
        let deps = &at.asset.deps;
        if recorded.len() != deps.len() {
            return true;
        }
        deps.iter().zip(recorded).any(|(dep, recorded)| {
            let output = output_read(self.scope.graph(), dep);
            if recorded.input != dep.input.as_str() || recorded.output != output {
                return true;
            }
            let set = self.scope.mapped(at.row.asset, dep, at.index);
            self.survey(dep, &set);
            match self.known(dep.asset, dep.output, &set) {
                None => false,
                Some(false) => true,
                Some(true) => self.contribution(dep, &set) != Some(recorded.contribution),
            }
        })
    }

    /// Whether a stale cell would be fresh if its code were still what it was: then that is all that has changed.
    pub fn differs_only_in_code(&mut self, cell: Cell) -> bool {
        let at = self.place(cell);
        let recorded = &self.facts.recorded;
        let Some(last) = recorded.materialized(cell.index()) else {
            return false;
        };
        let (code_version, fingerprint) = (last.code_version, last.fingerprint);
        let is_else_as_it_was = last.rule == RULE
            && self.facts.code[at.number] != Some(code_version)
            && recorded.attempt(cell.index()) == Some(LastAttempt::Succeeded)
            && !self.facts.changed_outputs.contains_key(&cell)
            && self.demand(&at) == Demand::None;
        is_else_as_it_was && self.fingerprint_of(&at, code_version) == Some(fingerprint)
    }

    /// Notes the versions that a fresh cell, or one that is read as it is, gives to what is downstream.
    fn note(&mut self, at: &Place<'_>, verdict: Verdict) {
        self.take_right_witness(at, verdict);
        let given = self.scope.role(at.cell) == Role::Given;
        // Nobody can be forced to make an external asset.
        let demanded = verdict.demand != Demand::None && at.asset.recipe.is_some();
        let stands = verdict.status == Status::Fresh && !demanded;
        let slots = at.row.versions_of(at.cell);
        self.surveys.remove(&at.row.asset);
        let recorded = self.facts.recorded.materialized(at.cell.index());
        let Some(last) = recorded.filter(|_| stands || given) else {
            self.facts.versions[slots].fill(Known::Unknown);
            return;
        };
        for (slot, version) in slots.zip(last.outputs) {
            self.facts.versions[slot] = Known::Version(*version);
        }
    }

    /// Lets the witness stand for the record of a cell that is fresh by it.
    fn take_right_witness(&mut self, at: &Place<'_>, verdict: Verdict) {
        let Some(code_version) = self.facts.code[at.number] else {
            return;
        };
        if verdict.status != Status::Fresh || !self.witnesses.contains_key(&at.cell) {
            return;
        }
        let by_record = self.status_by_record(at, verdict.fingerprint);
        if by_record != Some(Status::Fresh)
            && let Some(witness) = self.witness(at.cell, verdict.fingerprint)
        {
            let current =
                Current::of_lock(witness.fingerprint, code_version, witness.outputs.clone());
            self.facts.recorded.set(at.cell.index(), &current);
            self.facts.changed_outputs.remove(&at.cell);
        }
    }
}

/// A cell of an asset, with all that was looked up about where it stands.
struct Place<'a> {
    number: usize,
    row: &'a Row,
    asset: &'a Asset,
    cell: Cell,
    index: u32,
}

enum Comparison {
    Same,
    Different,
    Open,
}

/// The version that a dep reads at one upstream partition, which is known to have one.
fn version_of(
    scope: &Scope<'_>,
    facts: &Facts,
    asset: AssetId,
    output: Option<u32>,
    index: u32,
) -> DataVersion {
    let row = scope.row(asset).expect("what is read has a row");
    let slots = row.versions_of(row.cell(index).expect("what is read has a cell"));
    version_at(&facts.versions[slots], output).expect("the version was found known")
}

/// The version that a dep reads of these outputs of one partition; `None` if it is unknown or absent.
pub fn version_at(outputs: &[Known], output: Option<u32>) -> Option<DataVersion> {
    match (output, outputs) {
        (Some(output), outputs) => outputs[output as usize].version(),
        (None, [only]) => only.version(),
        (None, outputs) => {
            let outputs: Option<Vec<_>> = outputs.iter().map(|known| known.version()).collect();
            Some(version_of_outputs(&outputs?, &mut Folding::new()))
        }
    }
}

/// The data versions of a materialization's outputs by the asset's rule, where its contents are not what counts.
pub fn version_by_rule(
    rule: DataVersionRule,
    fingerprint: Fingerprint,
    content: DataVersion,
) -> DataVersion {
    match rule {
        DataVersionRule::Content | DataVersionRule::Reported => content,
        DataVersionRule::Inputs => DataVersion(fingerprint.0),
    }
}

#[cfg(test)]
mod tests;
