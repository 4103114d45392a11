//! `materialize --in-memory`: a run whose outputs live in memory.
//!
//! Of the project only what is declared, code, sources, and what the run reads and does not make are read; nothing of it is
//! written, not even a cache. The test of a job may be recorded in an instance that its caller names.

use std::path::Path;
use std::time::Instant;

use crate::app::configured_lines::is_moved;
use crate::app::error::{AppError, InMemoryError};
use crate::app::instance::InstanceAccess;
use crate::app::jobs::of_job;
use crate::app::materialize::carry_out::{Medium, carry_out};
use crate::app::materialize::printed::{Printable, find_printed};
use crate::app::materialize::progress::RunContext;
use crate::app::notice::{Notice, OwnPlaces};
use crate::app::plan::purpose;
use crate::app::project::{Declared, OpenProject, Surroundings};
use crate::app::running::refuse_nested;
use crate::app::selection::find;
use crate::engine::{RunSummary, block_too_long};
use crate::io_manager::{MemoryIoManager, Value};
use crate::look::{Observing, OwnLife, Workspace};
use crate::manifest::{self};
use crate::model::{
    Asset, AssetId, DataVersion, Force, MaterializeOptions, MemoryOptions, PartitionRef,
    PathTemplate, StepName,
};
use crate::plan::{Cell, CellDecision, Evaluation, Row, Scope};
use crate::sys::file::room_in;
use crate::sys::inherited::{IN_MEMORY, temporary_folder};
use crate::sys::private_folder::PrivateFolder;

/// Materializes what is selected, and what it needs, in memory.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on. A step that fails is no error: the result says so.
pub fn materialize_in_memory(
    surroundings: &Surroundings,
    options: &MaterializeOptions,
    running: RunContext<'_>,
) -> Result<InMemory, AppError> {
    let started = Instant::now();
    let memory = &options.in_memory.clone().unwrap_or_default();
    let project = OpenProject::open_unchanged(surroundings)?;
    let options = of_job(&project, options)?;
    for stale in project.stale_manifests() {
        let notice = Notice::StaleManifest(stale.clone());
        running.progress.notice(&notice);
    }
    let moved = supplied_paths(&project, memory)?;
    let project = project.with_paths(&moved);
    let folder = private_folder(&project, memory.memory_limit)?;
    let io_manager = MemoryIoManager::new(memory.memory_limit);
    let medium = Medium::Memory(MemoryRun {
        force: options.force,
        memory,
        moved: &moved,
        own: &folder.path().to_string_lossy(),
        home: &folder.path().join("home"),
        io_manager: &io_manager,
    });
    let look = |evaluation: &Evaluation<'_>| {
        let printed = memory.printed.as_ref();
        let printed = printed.and_then(|it| find_printed(evaluation, it).ok());
        (kept_values(evaluation, &io_manager), printed)
    };
    let (result, (values, printed)) =
        carry_out((&project, started), &options, running, medium, look)?;
    Ok(InMemory {
        result,
        values,
        declared: project.into_declared(),
        printed,
    })
}

/// The paths that go before those that are declared: what is supplied for this run, then what tests read.
fn supplied_paths(
    project: &OpenProject,
    memory: &MemoryOptions,
) -> Result<Vec<(AssetId, PathTemplate)>, AppError> {
    let graph = project.graph();
    let mut paths = if memory.test_sources {
        graph.settings().test_sources.clone()
    } else {
        Vec::new()
    };
    if let Some(declared) = project.declared_graph() {
        // What a file of the call names goes before them.
        paths.retain(|(id, _)| !is_moved(graph, declared, *id));
    }
    let root = project.root().to_string_lossy();
    for input in &memory.inputs {
        let asset = called(project, input.asset.as_str())?;
        // What lies in the project is called as there.
        let below = input.path.strip_prefix(&*root);
        let below = below.and_then(|below| below.strip_prefix('/'));
        let path = manifest::typed_path(graph, asset, below.unwrap_or(&input.path));
        let path = path.map_err(InMemoryError::Paths)?;
        paths.retain(|(known, _)| *known != asset);
        paths.push((asset, path));
    }
    Ok(paths)
}

/// What is called `name`; a source that is declared in place is called by its path with `./` before it or without.
fn called(project: &OpenProject, name: &str) -> Result<AssetId, AppError> {
    let plain = name.trim_start_matches("./");
    let graph = project.graph();
    let in_place = || graph.find(&format!("./{plain}"));
    match graph.find(name).or_else(in_place).or(graph.find(plain)) {
        Some(id) => Ok(id),
        None => Ok(find(project, name)?),
    }
}

/// So much room is enough to begin with; containers give a folder in memory of 64 MB, which is not.
const ENOUGH: u64 = 256 << 20;

/// A folder in memory where the system has one with some room, else among temporary files.
fn private_folder(project: &OpenProject, memory_limit: u64) -> Result<PrivateFolder, AppError> {
    let temporary = temporary_folder(project.environment());
    let in_memory = Path::new(IN_MEMORY);
    let parents = if room_in(in_memory) < memory_limit.min(ENOUGH) {
        [temporary.as_path(), in_memory]
    } else {
        [in_memory, temporary.as_path()]
    };
    PrivateFolder::create(&parents).map_err(|source| AppError::Unwritable {
        path: format!("{} or {}", in_memory.display(), temporary.display()),
        source,
    })
}

/// What a run in memory has in place of the project's.
pub(super) struct MemoryRun<'a> {
    pub(super) force: Force,
    pub(super) memory: &'a MemoryOptions,
    /// The sources that are read from other paths.
    pub(super) moved: &'a [(AssetId, PathTemplate)],
    /// The folder that it works in.
    pub(super) own: &'a str,
    pub(super) home: &'a Path,
    pub(super) io_manager: &'a MemoryIoManager,
}

impl MemoryRun<'_> {
    /// The instance that the run is recorded in.
    pub(super) fn instance(&self, project: &OpenProject) -> Result<InstanceAccess, AppError> {
        if !self.memory.recorded {
            return Ok(InstanceAccess::ephemeral()?);
        }
        let mut instance = InstanceAccess::open(project)?;
        refuse_nested(project, &instance)?;
        instance.make_writable(project)?;
        Ok(instance)
    }

    pub(super) fn workspace<'w>(&'w self, of_project: Workspace<'w>) -> Workspace<'w> {
        Workspace {
            own: self.own,
            own_life: OwnLife::Gone,
            home: if self.memory.recorded {
                of_project.home
            } else {
                self.home
            },
            io_manager: self.io_manager,
            ..of_project
        }
    }

    /// Judges a scope, of which what is read and not made here is taken as it is found.
    pub(super) fn evaluate<'s>(
        &self,
        workspace: &Workspace<'_>,
        scope: &'s Scope<'s>,
        instance: &mut InstanceAccess,
    ) -> Result<Evaluation<'s>, AppError> {
        if self.memory.test_sources {
            let notice = OwnPlaces::of(scope, self.moved);
            instance.take_notices(notice.map(Notice::OwnPlaces).into_iter().collect());
        }
        let purpose = purpose(self.force);
        let mut evaluation = instance.evaluate(workspace, scope, purpose, Observing::Never)?;
        evaluation.take_found(workspace, &instance.store)?;
        refuse_in_place(&evaluation)?;
        if let Some(printed) = &self.memory.printed {
            find_printed(&evaluation, printed)?;
        }
        block_too_long(&mut evaluation, workspace);
        Ok(evaluation)
    }
}

/// A command that names no output writes to its final path, which is not in memory.
fn refuse_in_place(evaluation: &Evaluation<'_>) -> Result<(), InMemoryError> {
    let scope = evaluation.scope();
    let runs = |row: &&Row| {
        let mut cells = row.cells();
        cells.any(|cell| evaluation.decision(cell) != CellDecision::Keep)
    };
    let in_place = |row: &Row| {
        let asset = scope.graph().asset(row.asset)?;
        let recipe = asset.recipe.as_ref()?;
        (recipe.in_place).then(|| asset.key.clone())
    };
    let assets: Vec<_> = scope
        .rows()
        .iter()
        .filter(runs)
        .filter_map(in_place)
        .collect();
    if assets.is_empty() {
        Ok(())
    } else {
        Err(InMemoryError::InPlace { assets })
    }
}

/// What a run in memory has left.
#[derive(Debug)]
pub struct InMemory {
    /// How the run went.
    pub result: RunSummary,
    /// All outputs that were made, upstream before downstream, then in the order of keys and of declaration.
    pub values: Vec<KeptValue>,
    /// What was declared, with the paths that were supplied.
    pub declared: Declared,
    pub(super) printed: Option<Printable>,
}

/// An output that was made in memory.
#[derive(Clone, Debug)]
pub struct KeptValue {
    /// The asset partition.
    pub step: StepName,
    /// The output's name, or its number where it has none; `None` for an only one without a name.
    pub output: Option<String>,
    /// The path that it would have, relative to the project root.
    pub path: String,
    /// Its data version.
    pub version: DataVersion,
    /// What it holds.
    pub value: Value,
}

impl InMemory {
    /// The value that was asked for by itself; `None` if none was, or its step did not succeed.
    pub fn printed(&self) -> Option<&KeptValue> {
        let Printable { step, path } = self.printed.as_ref()?;
        let is_it = |value: &&KeptValue| value.step == *step && value.path == *path;
        self.values.iter().find(is_it)
    }
}

/// The values that a run has made.
fn kept_values(evaluation: &Evaluation<'_>, io_manager: &MemoryIoManager) -> Vec<KeptValue> {
    let scope = evaluation.scope();
    let mut values = Vec::new();
    for (row, asset) in scope.asset_rows() {
        for cell in row.cells() {
            let (_, partition) = scope.at(cell);
            let kept = outputs(evaluation, asset, cell, partition);
            values.extend(kept.filter_map(|(output, path, version)| {
                Some(KeptValue {
                    step: evaluation.step_name(cell),
                    output,
                    value: io_manager.value(&path)?,
                    path,
                    version,
                })
            }));
        }
    }
    values
}

/// The outputs of a cell that have a version: name, path, version.
fn outputs<'e>(
    evaluation: &'e Evaluation<'_>,
    asset: &'e Asset,
    cell: Cell,
    partition: PartitionRef<'e>,
) -> impl Iterator<Item = (Option<String>, String, DataVersion)> + 'e {
    let slots = evaluation.scope().row_of_cell(cell).versions_of(cell);
    let versions = &evaluation.facts().versions[slots];
    let outputs = asset.outputs.iter().enumerate().zip(versions);
    outputs.filter_map(move |((index, output), known)| {
        let path = output.path.path(partition).into_owned();
        Some((asset.output_label(index), path, known.version()?))
    })
}
