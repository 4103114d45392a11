//! By the lock file: what is on disk is gathered, the lines are judged, and outputs that are here are compared.
//!
//! Where something is stale, it is looked whether a source that it reads is here at all; one that is not makes it
//! unverifiable in place of stale.

use std::collections::{BTreeMap, HashMap};

use crate::answer::{Certainty, CheckBasis, CheckReport, CheckedAsset, KeyRange, StaleRange};
use crate::app::check::narrowing::narrowed;
use crate::app::check::orphans::Strangers;
use crate::app::check::outputs::{find_changed, is_on_disk, records_of};
use crate::app::check::place::place_of;
use crate::app::check::rebuild::{Locked, Rebuilding, rebuilt};
use crate::app::check::sources::LockedSources;
use crate::app::check::told::{LockedCode, Told};
use crate::app::error::AppError;
use crate::app::gitignored::{Read, exact_paths, gitignored_files};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{Goals, Range, SelectedGoals, is_without_keys, select};
use crate::app::snapshot::{FinishedLook, KeptLock, LockLines, LookBasis, ProjectLook};
use crate::executor::LocalExecutor;
use crate::lock::{LockFacts, LockJudge, LockStatus, locked_result};
use crate::lockfile::Parsed;
use crate::look::snapshot::{Judgement, OutputCounts};
use crate::look::{
    ChangedOutputs, Elsewhere, Workspace, find_elsewhere, find_sources, observe_code, row_configs,
};
use crate::model::{
    Asset, AssetId, CheckOptions, CheckedOutputs, CodeVersion, DataVersionRule, Lock, PartitionRef,
    Place, Status,
};
use crate::plan::{Cell, Codes, FoundSources, Known, Row, Scope};

/// What the lock file says.
pub(super) fn by_lock(
    project: &OpenProject,
    parsed: &Parsed,
    strangers: Strangers,
    request: &CheckOptions,
    doors: Rebuilding<'_>,
) -> Result<(CheckReport, Vec<Notice>), AppError> {
    let (range, lock) = (Range::Assets, &parsed.lock);
    let selection = select(project, &request.selection, range)?;
    let keyless = keyless(project, &strangers, &selection);
    let (goals, notices) = selection.into_goals();
    let goals = narrowed(project, lock, request, goals)?;
    let mut report = CheckReport::of_nothing(CheckBasis::Lock, request.due, request.strictness);
    let is_of_all = request.selection.assets.is_empty()
        && request.selection.job.is_none()
        && project.configuration().job.is_none();
    if is_of_all && request.since.is_none() {
        report.orphans = strangers.orphans;
        report.ahead = strangers.ahead;
    }
    if request.since.is_none() {
        for (id, lines) in keyless {
            tell_keyless(project, (id, lines), &mut report);
        }
    }
    if goals.is_empty() {
        return Ok((report, notices));
    }
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let look = look(project, lock, request, &goals);
    let scope = look.scope(project, &goals);
    let gathered = Gathered::new(project, &workspace, &scope, lock)?;
    let mut judged = Judged::new(
        &workspace,
        &scope,
        lock,
        request,
        &gathered,
        &BTreeMap::new(),
    )?;
    let mut elsewhere = gathered.elsewhere(project, &workspace, &scope, &judged);
    if !elsewhere.is_empty() {
        judged = Judged::new(&workspace, &scope, lock, request, &gathered, &elsewhere)?;
    }
    elsewhere.extend(judged.ask_instance(project, &workspace, &scope, request)?);
    Told {
        scope: &scope,
        goals: &goals,
        judged: &mut judged,
        code: LockedCode::new(project, &gathered.codes),
        elsewhere: &elsewhere,
        due: request.due,
    }
    .tell(&mut report);
    report.locked_sources = gathered.locked.told(project, &scope);
    report.gitignored = gitignored_files(project, &gathered.read(&scope))?;
    if let Some(rebuild) = request.rebuild {
        let fresh = judged.fresh(&scope);
        let line = |id, index| judged.judge.line(scope.cell(id, index)?);
        let locked = Locked {
            fresh: &fresh,
            line: &line,
        };
        (report.rebuilt, report.not_rebuilt) = rebuilt(project, locked, rebuild, doors)?;
    }
    project.keep_what_was_learnt();
    look.keep(&FinishedLook {
        project,
        workspace: &workspace,
        scope: &scope,
        judgement: &JudgedByLock {
            outputs: request.outputs,
            gathered: &gathered,
            judged: &judged,
        },
        mark: None,
        changes: None,
        lock: KeptLock::Whole(Some(parsed.version)),
        other_lines: Vec::new(),
        is_silent: false,
    });
    Ok((report, notices))
}

/// Begins a look by the snapshot of the last check. Nothing is kept of files that are not those of the project, nor of a lock
/// file with blocks: which of them are right follows from the whole project.
fn look(project: &OpenProject, lock: &Lock, request: &CheckOptions, goals: &Goals) -> ProjectLook {
    let has_blocks = lock.assets.iter().any(|locked| !locked.blocks.is_empty());
    let is_of_project = !request.staged && request.rebuild.is_none();
    if has_blocks || !is_of_project {
        return ProjectLook::without();
    }
    let basis = LookBasis::Lock(request.outputs);
    ProjectLook::begin(project, goals, basis, LockLines::Kept)
}

/// What was judged by a lock file says to the records of a look.
struct JudgedByLock<'j, 'a> {
    outputs: CheckedOutputs,
    gathered: &'j Gathered,
    judged: &'j Judged<'a>,
}

impl Judgement for JudgedByLock<'_, '_> {
    fn is_fresh(&self, cell: Cell) -> bool {
        self.judged.verdicts[cell.index()] == LockStatus::Fresh
            && self.judged.judge.has_one_line(cell)
    }

    fn output(&self, asset: &Asset, cell: Cell, output: usize) -> OutputCounts {
        if self.outputs == CheckedOutputs::Ignored {
            return OutputCounts::Nothing;
        }
        let line = self.judged.judge.line(cell);
        let locked = line.and_then(|line| locked_result(asset, line));
        let version = locked.and_then(|locked| locked.outputs.get(output).copied());
        match (asset.data_version, version, self.outputs) {
            (DataVersionRule::Content, Some(version), CheckedOutputs::Required) => {
                OutputCounts::Content(version)
            }
            (DataVersionRule::Content, Some(version), _) => OutputCounts::ContentIfThere(version),
            // A line does not say which outputs it means: the instance is asked.
            _ => OutputCounts::Unknown,
        }
    }

    fn source(&self, row: &Row, cell: Cell) -> Known {
        if self.gathered.locked.holds(cell) {
            return Known::Unknown;
        }
        self.gathered.versions[row.versions_of(cell).start]
    }

    fn codes(&self) -> &Codes {
        &self.gathered.codes
    }

    fn tells_of_folders(&self) -> bool {
        true
    }
}

/// The selected assets that have lines, and whose definition has no keys now: nothing is left to be judged, which is not fresh.
fn keyless(
    project: &OpenProject,
    strangers: &Strangers,
    selection: &SelectedGoals,
) -> Vec<(AssetId, u32)> {
    let orphans = strangers.orphans.iter();
    let orphans: HashMap<&str, u32> = orphans.map(|it| (it.asset.as_str(), it.lines)).collect();
    let without_keys = selection
        .assets()
        .filter(|id| is_without_keys(project, *id));
    let lines = |id: AssetId| {
        let lines = orphans.get(project.graph().key(id).as_str())?;
        Some((id, *lines))
    };
    without_keys.filter_map(lines).collect()
}

fn tell_keyless(project: &OpenProject, (id, count): (AssetId, u32), report: &mut CheckReport) {
    let asset = project.graph().key(id).clone();
    let place = place_of(project.graph(), id);
    report.stale.push(StaleRange {
        range: KeyRange {
            asset: asset.clone(),
            first: None,
            last: None,
            count,
        },
        status: Status::Blocked,
        causes: Vec::new(),
        certainty: Certainty::Exact,
        place: place.clone(),
    });
    report.assets.push(CheckedAsset {
        asset,
        count,
        fresh: 0,
        place,
    });
}

/// What is on disk, and in the lock file in its place.
pub(super) struct Gathered {
    pub code: Vec<Option<CodeVersion>>,
    pub codes: Codes,
    pub versions: Vec<Known>,
    found: FoundSources,
    locked: LockedSources,
}

impl Gathered {
    fn new(
        project: &OpenProject,
        workspace: &Workspace<'_>,
        scope: &Scope<'_>,
        lock: &Lock,
    ) -> Result<Self, AppError> {
        let (code, codes) = observe_code(workspace, scope)?;
        let (mut versions, found) = find_sources(workspace, scope)?;
        let locked = LockedSources::take(project, scope, lock, &mut versions);
        Ok(Self {
            code,
            codes,
            versions,
            found,
            locked,
        })
    }

    /// What the versions of sources and code are made of.
    fn read(&self, scope: &Scope<'_>) -> BTreeMap<AssetId, Read> {
        let mut all: BTreeMap<AssetId, Read> = BTreeMap::new();
        for row in scope.rows() {
            let mut read = Read::default();
            match scope.graph().source(row.asset).map(|source| &source.place) {
                Some(Place::Paths(paths)) => {
                    for (cell, index) in row.cells().zip(row.set.iter()) {
                        let keys = scope.keys(row.asset);
                        let partition = PartitionRef { keys, index };
                        let globbed = self.found.globbed.get(&cell).into_iter().flatten();
                        read.matches.extend(globbed.cloned());
                        read.paths.extend(exact_paths(paths, partition));
                    }
                }
                Some(Place::Value { .. } | Place::Observed { .. }) => continue,
                None => {
                    let files = self.codes.observed(row.asset).files;
                    read.matches.extend(files.into_iter().map(|(path, _)| path));
                    read.paths.clone_from(&read.matches);
                }
            }
            all.insert(row.asset, read);
        }
        all
    }

    /// The sources that something stale reads and whose content is not here.
    fn elsewhere(
        &self,
        project: &OpenProject,
        workspace: &Workspace<'_>,
        scope: &Scope<'_>,
        judged: &Judged<'_>,
    ) -> BTreeMap<Cell, Elsewhere> {
        let is_source = |cell: &Cell| scope.graph().is_source(scope.at(*cell).0);
        let mut suspected = Vec::new();
        for (number, verdict) in judged.verdicts.iter().enumerate() {
            if matches!(verdict, LockStatus::Stale | LockStatus::MaybeStale) {
                let is_source = |id| scope.graph().is_source(id);
                scope.upstream_cells_of(Cell(number as u32), is_source, |up| suspected.push(up));
            }
        }
        suspected.sort_unstable();
        suspected.dedup();
        suspected.retain(is_source);
        if suspected.is_empty() {
            return BTreeMap::new();
        }
        // Without git nothing is left out.
        let repository = project.repository();
        let left_out = repository.and_then(|it| it.left_out()).unwrap_or_default();
        let find = |cell| find_elsewhere(workspace, scope, &self.found, &left_out, cell);
        suspected
            .into_iter()
            .filter(|cell| !self.locked.holds(*cell))
            .filter_map(|cell| Some((cell, find(cell)?)))
            .collect()
    }
}

/// Lines that were judged, and outputs that were compared.
pub(super) struct Judged<'a> {
    pub judge: LockJudge<'a>,
    /// By cell.
    pub verdicts: Vec<LockStatus>,
    pub changed: ChangedOutputs,
}

impl<'a> Judged<'a> {
    /// The asset partitions that were asked for and are fresh.
    fn fresh(&self, scope: &Scope<'_>) -> Vec<(AssetId, u32)> {
        let cells = scope.asset_rows().flat_map(|(row, _)| {
            let selected = row.selected.iter();
            selected.filter_map(|index| Some((row.cell(index)?, (row.asset, index))))
        });
        let is_fresh = |cell: Cell| self.verdicts[cell.index()] == LockStatus::Fresh;
        cells
            .filter(|(cell, _)| is_fresh(*cell))
            .map(|(_, partition)| partition)
            .collect()
    }

    /// Asks the instance about outputs that are here and whose version is not their content: a line does not say which
    /// outputs it means. Gives those of which nothing is recorded, which cannot be judged.
    fn ask_instance(
        &mut self,
        project: &OpenProject,
        workspace: &Workspace<'_>,
        scope: &Scope<'_>,
        request: &CheckOptions,
    ) -> Result<BTreeMap<Cell, Elsewhere>, AppError> {
        if request.outputs == CheckedOutputs::Ignored {
            return Ok(BTreeMap::new());
        }
        let is_fresh = |cell: Cell| self.verdicts[cell.index()] == LockStatus::Fresh;
        let recorded = records_of(project, workspace, scope, &self.judge, &is_fresh)?;
        if !recorded.otherwise.is_empty() {
            self.changed.extend(recorded.otherwise);
            self.verdicts = self.judge.verdicts(&self.changed);
        }
        for cell in recorded.unknown.keys() {
            let verdict = &mut self.verdicts[cell.index()];
            if *verdict == LockStatus::Fresh {
                *verdict = LockStatus::Unverifiable;
            }
        }
        Ok(recorded.unknown)
    }

    fn new(
        workspace: &Workspace<'_>,
        scope: &'a Scope<'a>,
        lock: &'a Lock,
        request: &CheckOptions,
        gathered: &Gathered,
        elsewhere: &BTreeMap<Cell, Elsewhere>,
    ) -> Result<Self, AppError> {
        let mut versions = gathered.versions.clone();
        for cell in elsewhere.keys() {
            versions[scope.row_of_cell(*cell).versions_of(*cell)].fill(Known::Unknown);
        }
        let facts = LockFacts {
            code: gathered.code.clone(),
            configs: row_configs(scope, &gathered.codes),
            versions,
        };
        let mut judge = LockJudge::new(scope, lock, facts);
        judge.judge_lines(&|cell, line| is_on_disk(workspace, scope, cell, line));
        let changed = find_changed(workspace, scope, &judge, request.outputs)?;
        let verdicts = judge.verdicts(&changed);
        Ok(Self {
            judge,
            verdicts,
            changed,
        })
    }
}
