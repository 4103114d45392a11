//! What would be recorded of outputs that are accepted, or why they are not.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::error::{AppError, RequestError};
use crate::app::size::size_on_disk;
use crate::digest::Digest;
use crate::engine::{Made, materialized};
use crate::hash::Found;
use crate::look::Workspace;
use crate::model::{
    Asset, AssetId, BlockEntry, CodeRecord, CodeVersion, DataVersion, DataVersionRule, InputRecord,
    MaterializationId, Name, Origin, OutputKind, Place, ResourceUsage, RunId, Status, StepName,
};
use crate::plan::{Cell, Evaluation, Records, Role, Scope, code_record};
use crate::store::Success;

/// Puts together what is recorded of accepted cells. They are to come upstream first.
pub struct Acceptor<'a, 's> {
    workspace: &'s Workspace<'s>,
    scope: &'a Scope<'a>,
    evaluation: Evaluation<'a>,
    run: RunId,
    time: Timestamp,
    /// What is at the outputs whose content is their version.
    found: HashMap<Cell, Vec<Found>>,
    /// Readable code records, made once for each asset.
    codes: HashMap<AssetId, Arc<CodeRecord>>,
    refused: HashSet<Cell>,
    refusals: Refusals,
}

impl<'a, 's> Acceptor<'a, 's> {
    /// An acceptor of the selected cells that were evaluated, for a run at a time.
    pub fn new(
        workspace: &'s Workspace<'s>,
        evaluation: Evaluation<'a>,
        (run, time): (RunId, Timestamp),
    ) -> Result<Self, AppError> {
        let scope = evaluation.scope();
        Ok(Self {
            found: find_outputs(workspace, scope)?,
            workspace,
            scope,
            evaluation,
            run,
            time,
            codes: HashMap::new(),
            refused: HashSet::new(),
            refusals: Refusals::default(),
        })
    }

    /// What is recorded of the selected cells, one after the other, upstream first; if any is refused, all refusals at the end
    /// as one error.
    pub fn successes(&mut self) -> impl Iterator<Item = Result<(Cell, Success), AppError>> {
        let scope = self.scope;
        let cells = scope
            .asset_rows()
            .flat_map(|(row, asset)| row.cells().map(move |cell| (asset, cell)));
        let mut selected = cells.filter(|(_, cell)| scope.role(*cell) == Role::Selected);
        iter::from_fn(move || {
            for (asset, cell) in selected.by_ref() {
                if let Some(success) = self.success(asset, cell) {
                    return Some(Ok((cell, success)));
                }
            }
            let refusals = std::mem::take(&mut self.refusals);
            refusals.into_result().err().map(Err)
        })
    }

    /// The evaluation, with everything that was accepted.
    pub fn into_evaluation(self) -> Evaluation<'a> {
        self.evaluation
    }

    /// What is recorded of a selected cell; `None` if it is fresh already, or refused.
    fn success(&mut self, asset: &Asset, cell: Cell) -> Option<Success> {
        let verdict = self.evaluation.judge_again(cell, &NoRecords);
        if verdict.status == Status::Fresh && !self.evaluation.is_from_lock(cell) {
            return None;
        }
        let outputs = match self.outputs(asset, cell) {
            Ok(outputs) => outputs,
            Err(refusal) => return self.refuse(cell, Some(refusal)),
        };
        let Some(fingerprint) = verdict.fingerprint else {
            let refusal = self.unknown_input(asset, cell);
            return self.refuse(cell, refusal);
        };
        let kept = self.kept_versions(asset, cell);
        let version = |(index, output): (usize, &OnDisk)| match (output.version, &kept) {
            (Some(content), _) => content,
            (None, Some(kept)) => kept[index],
            (None, None) => DataVersion(fingerprint.0),
        };
        let made = Made {
            cell,
            versions: outputs.iter().enumerate().map(version).collect(),
            bytes: outputs.iter().map(|output| output.bytes).collect(),
            run: Some(self.run),
            time: self.time,
            duration: Duration::ZERO,
            usage: ResourceUsage::default(),
            origin: Origin::Accepted,
        };
        let (materialization, blocks) = materialized(&mut self.evaluation, &made);
        let (id, partition) = self.scope.at(cell);
        let codes = self.evaluation.codes();
        let code = self
            .codes
            .entry(id)
            .or_insert_with(|| Arc::new(code_record(asset, &codes.observed(id))));
        Some(Success {
            slot: partition.keys.slot(partition.index),
            materialization,
            code: Arc::clone(code),
            blocks,
            events: Vec::new(),
        })
    }

    fn refuse(&mut self, cell: Cell, refusal: Option<Refusal>) -> Option<Success> {
        self.refused.insert(cell);
        if let Some(refusal) = refusal {
            let step = self.evaluation.step_name(cell);
            self.refusals.add(step, refusal);
        }
        None
    }

    /// The outputs of a cell as they are on disk.
    fn outputs(&self, asset: &Asset, cell: Cell) -> Result<Vec<OnDisk>, Refusal> {
        if asset.outputs.is_empty() {
            return Err(Refusal::NoOutputs);
        }
        let partition = self.scope.at(cell).1;
        let mut outputs = Vec::new();
        for (index, output) in asset.outputs.iter().enumerate() {
            let path = output.path.path(partition).into_owned();
            let (kind, on_disk) = match self.found.get(&cell).map(|found| found[index]) {
                Some(Found::Absent) => return Err(Refusal::MissingOutput(path)),
                Some(found) => (content_kind(found), content(found)),
                None => match self.by_kind(&path) {
                    Some(found) => found,
                    None => return Err(Refusal::MissingOutput(path)),
                },
            };
            if kind != output.kind {
                return Err(Refusal::OutputKind { path, found: kind });
            }
            outputs.push(on_disk);
        }
        Ok(outputs)
    }

    /// An output whose content is not its version.
    fn by_kind(&self, path: &str) -> Option<(OutputKind, OnDisk)> {
        let file = self.workspace.resolve(path);
        let kind = if file.metadata().ok()?.is_dir() {
            OutputKind::Directory
        } else {
            OutputKind::File
        };
        let bytes = size_on_disk(&file);
        let version = None;
        Some((kind, OnDisk { version, bytes }))
    }

    /// The recorded versions of outputs whose version is not their content: they stand for the same data as before.
    fn kept_versions(&self, asset: &Asset, cell: Cell) -> Option<Vec<DataVersion>> {
        let last = self.evaluation.recorded(cell)?;
        (last.outputs.len() == asset.outputs.len()).then(|| last.outputs.to_vec())
    }

    /// The first input without a version; `None` if it was refused itself, which is reported already.
    fn unknown_input(&self, asset: &Asset, cell: Cell) -> Option<Refusal> {
        let scope = self.scope;
        let (id, partition) = scope.at(cell);
        let versions = &self.evaluation.facts().versions;
        for dep in &asset.deps {
            for index in scope.mapped(id, dep, partition.index).iter() {
                let Some(up) = scope.cell(dep.asset, index) else {
                    continue;
                };
                let slots = scope.row_of_cell(up).versions_of(up);
                if versions[slots].iter().all(|it| it.version().is_some()) {
                    continue;
                }
                if self.refused.contains(&up) {
                    return None;
                }
                let upstream = self.evaluation.step_name(up);
                let made = scope.graph().asset(dep.asset);
                let reason = match made.filter(|up| up.recipe.is_some()) {
                    Some(_) => format!("{upstream} was never materialized"),
                    None => self.evaluation.obstacle(up),
                };
                let source = scope.graph().source(dep.asset);
                let help = match source.map(|source| &source.place) {
                    None => format!("bring {upstream} up to date or accept it first"),
                    Some(Place::Observed { .. }) => {
                        format!(
                            "{upstream} is a source: its `observe` command has to succeed first"
                        )
                    }
                    Some(Place::Paths(_) | Place::Value { .. }) => {
                        format!("{upstream} is a source: put it there first")
                    }
                };
                return Some(Refusal::Input {
                    input: dep.input.clone(),
                    reason,
                    help,
                });
            }
        }
        None
    }
}

/// What was read before tells stale cells from pending ones, and either is accepted.
struct NoRecords;

impl Records for NoRecords {
    fn inputs(&self, _id: MaterializationId) -> Option<Vec<InputRecord>> {
        None
    }

    fn code(&self, _version: CodeVersion) -> Option<CodeRecord> {
        None
    }

    fn block(&self, _digest: Digest) -> Option<Vec<BlockEntry>> {
        None
    }
}

/// An output on disk: its version where its content is that, and its size.
struct OnDisk {
    version: Option<DataVersion>,
    bytes: u64,
}

/// What is at the outputs of the selected cells whose content is their version.
fn find_outputs(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
) -> Result<HashMap<Cell, Vec<Found>>, AppError> {
    let mut paths: Vec<(Cell, String)> = Vec::new();
    let rows = scope.asset_rows();
    for (row, asset) in rows.filter(|(_, asset)| asset.data_version == DataVersionRule::Content) {
        for cell in row
            .cells()
            .filter(|cell| scope.role(*cell) == Role::Selected)
        {
            let partition = scope.at(cell).1;
            let outputs = asset.outputs.iter();
            paths.extend(outputs.map(|it| (cell, it.path.path(partition).into_owned())));
        }
    }
    let names: Vec<&str> = paths.iter().map(|(_, path)| path.as_str()).collect();
    let found = workspace.versions.of_many(&names);
    let mut by_cell: HashMap<Cell, Vec<Found>> = HashMap::new();
    for ((cell, _), found) in paths.iter().zip(found) {
        by_cell.entry(*cell).or_default().push(found?);
    }
    Ok(by_cell)
}

fn content_kind(found: Found) -> OutputKind {
    match found {
        Found::Directory { .. } => OutputKind::Directory,
        Found::File { .. } | Found::Absent => OutputKind::File,
    }
}

fn content(found: Found) -> OnDisk {
    OnDisk {
        version: found.version(),
        bytes: found.bytes(),
    }
}

/// Why the outputs of an asset partition are not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is declared that could be accepted.
    NoOutputs,
    /// Nothing is at this path.
    MissingOutput(String),
    /// Something else is there than what is declared.
    OutputKind {
        /// The path.
        path: String,
        /// What is there.
        found: OutputKind,
    },
    /// An input has no version yet.
    Input {
        /// The input.
        input: Name,
        /// Why it has none, in words.
        reason: String,
        /// What may be done.
        help: String,
    },
}

/// Refusals of several asset partitions, those of one asset for the same reason together.
#[derive(Debug, Default)]
pub struct Refusals {
    groups: Vec<RefusalGroup>,
}

#[derive(Debug)]
struct RefusalGroup {
    first: StepName,
    refusal: Refusal,
    more: u32,
}

impl Refusals {
    /// Adds one. Those of one asset follow each other.
    pub fn add(&mut self, step: StepName, refusal: Refusal) {
        let alike = |group: &&mut RefusalGroup| {
            std::mem::discriminant(&group.refusal) == std::mem::discriminant(&refusal)
        };
        let latest = self.groups.iter_mut().rev();
        let mut of_asset = latest.take_while(|group| group.first.asset == step.asset);
        match of_asset.find(alike) {
            Some(group) => group.more += 1,
            None => self.groups.push(RefusalGroup {
                first: step,
                refusal,
                more: 0,
            }),
        }
    }

    /// All of them as one error, if there is any.
    pub fn into_result(self) -> Result<(), AppError> {
        if self.groups.is_empty() {
            return Ok(());
        }
        let errors = self
            .groups
            .into_iter()
            .map(RefusalGroup::into_error)
            .collect();
        Err(AppError::from_requests(errors))
    }
}

impl RefusalGroup {
    fn into_error(self) -> RequestError {
        let step = match self.more {
            0 => self.first.to_string(),
            1 => format!("{} and one more partition", self.first),
            more => format!("{} and {more} more partitions", self.first),
        };
        let (reason, help) = match self.refusal {
            Refusal::NoOutputs => (
                "it declares no outputs".to_owned(),
                "declare the outputs to accept as its `outputs`".to_owned(),
            ),
            Refusal::MissingOutput(path) => (
                format!("its output {path} is missing"),
                "put it there, or accept only what exists: `assetctl accept ASSET@KEY`".to_owned(),
            ),
            Refusal::OutputKind { path, found } => {
                let (found, declared, change) = match found {
                    OutputKind::Directory => ("directory", "file", "with"),
                    OutputKind::File => ("file", "directory", "without"),
                };
                (
                    format!("{path} is a {found}, and a {declared} is declared"),
                    format!("declare it {change} a `/` at its end"),
                )
            }
            Refusal::Input {
                input,
                reason,
                help,
            } => (
                format!("its input `{input}` has no version yet: {reason}"),
                help,
            ),
        };
        RequestError::Unacceptable { step, reason, help }
    }
}
