//! `materialize --in-memory`: a run whose outputs live in memory.
//!
//! The same engine, plan and events as on disk, with another IO manager, an instance in memory and a folder to work in that
//! is not the project's. Of the project only what is declared, code, sources, and what the run reads and does not make are
//! read; nothing of it is written, not even a cache.

mod error;
mod own_places;
mod printed;
mod values;

use std::path::Path;
use std::time::Instant;

pub use error::InMemoryError;
pub use own_places::OwnPlaces;
pub use values::{InMemory, KeptValue};

use crate::app::error::AppError;
use crate::app::in_memory::printed::find_printed;
use crate::app::in_memory::values::{Left, kept_values};
use crate::app::instance::Instance;
use crate::app::materialize::{Running, jobs, options, planned, purpose};
use crate::app::notice::Notice;
use crate::app::project::Project;
use crate::app::selection::{Goals, Range, find, select};
use crate::app::steps::scope_of;
use crate::app::surroundings::Surroundings;
use crate::engine::{Finished, RunDoors, run};
use crate::io_manager::MemoryIoManager;
use crate::look::{Evaluation, Observing, OwnLife, Workspace, evaluate, refuse_unset_secrets};
use crate::manifest;
use crate::model::{AssetGraph, AssetId, InMemoryRequest, PathTemplate, Staging};
use crate::plan::{Decision, Row, Upstream, costs};
use crate::sys::file::room_in;
use crate::sys::private_folder::PrivateFolder;
use crate::sys::temporary::{IN_MEMORY, temporary_folder};

/// Materializes what is selected, and what it needs, in memory.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on. A step that fails is no error: the result says so.
pub fn materialize_in_memory(
    surroundings: &Surroundings,
    request: &InMemoryRequest,
    running: Running<'_>,
) -> Result<InMemory, AppError> {
    let started = Instant::now();
    let project = Project::open_unchanged(surroundings)?;
    let paths = supplied_paths(&project, request)?;
    let project = project.with_paths(&paths);
    let left = run_in_memory(&project, request, running, started)?;
    Ok(InMemory::new(left, project.into_declared()))
}

fn run_in_memory(
    project: &Project,
    request: &InMemoryRequest,
    running: Running<'_>,
    started: Instant,
) -> Result<Left, AppError> {
    let Running {
        executor,
        cancel,
        clock,
        progress,
    } = running;
    let selection = select(
        project,
        &request.run.selection,
        &request.run.partitions,
        Range::Assets,
    )?;
    let mut instance = Instance::ephemeral()?;
    let goals = made_here(project.graph(), selection.narrowed(project, &mut instance)?);
    for notice in &instance.notices {
        progress.notice(notice);
    }
    let mut store = instance.store;
    let scope = scope_of(
        project,
        &goals,
        upstream(request.run.only),
        &request.run.steps,
    )?;
    let folder = private_folder(project, request.memory_limit)?;
    let own = folder.path().to_string_lossy();
    let home = folder.path().join("home");
    let io_manager = MemoryIoManager::new(request.memory_limit);
    let versions = project.versions()?;
    let workspace = Workspace {
        own: &own,
        own_life: OwnLife::Gone,
        home: &home,
        io_manager: &io_manager,
        ..project.workspace(&versions, executor)
    };
    if request.test_sources {
        let moved = supplied_paths(project, request)?;
        let notice = OwnPlaces::of(&scope, &moved);
        notice
            .map(Notice::OwnPlaces)
            .iter()
            .for_each(|it| progress.notice(it));
    }
    progress.found(project.root(), &own);
    let purpose = purpose(request.run.force);
    let mut evaluation = evaluate(&workspace, &scope, &store, purpose, Observing::Never)?;
    evaluation.take_found(&workspace, &store)?;
    refuse_in_place(&evaluation)?;
    let printed = request.printed.as_ref();
    let printed = printed
        .map(|it| find_printed(&evaluation, it))
        .transpose()?;
    evaluation.block_too_long(&workspace);
    refuse_unset_secrets(&workspace, &evaluation)?;
    let costs = costs(&evaluation.judge, &evaluation.decisions.of);
    let jobs = jobs(&request.run);
    progress.planned(&planned(&evaluation, &costs, jobs, started.elapsed()));
    let options = options(project, &request.run, (jobs, clock.now()));
    let doors = RunDoors {
        workspace: &workspace,
        ignore: project.ignore(),
        store: &mut store,
        cancel,
        clock,
        sink: progress,
    };
    let Finished { result, evaluation } = run(doors, evaluation, &costs, &options)?;
    Ok(Left {
        result,
        values: kept_values(&evaluation, &io_manager),
        printed,
    })
}

/// The paths that go before those that are declared: what is supplied for this run, then what tests read.
fn supplied_paths(
    project: &Project,
    request: &InMemoryRequest,
) -> Result<Vec<(AssetId, PathTemplate)>, AppError> {
    let graph = project.graph();
    let mut paths = if request.test_sources {
        graph.settings().test_sources.clone()
    } else {
        Vec::new()
    };
    let root = project.root().to_string_lossy();
    for input in &request.inputs {
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
fn called(project: &Project, name: &str) -> Result<AssetId, AppError> {
    let plain = name.trim_start_matches("./");
    let graph = project.graph();
    let in_place = || graph.find(&format!("./{plain}"));
    match graph.find(name).or_else(in_place).or(graph.find(plain)) {
        Some(id) => Ok(id),
        None => Ok(find(project, name)?),
    }
}

/// External assets are read as they are, selected or not.
fn made_here(graph: &AssetGraph, mut goals: Goals) -> Goals {
    goals.retain(|(id, _)| graph.asset(*id).is_none_or(|asset| asset.recipe.is_some()));
    goals
}

const fn upstream(only: bool) -> Upstream {
    if only {
        Upstream::Given
    } else {
        Upstream::CloseToExternal
    }
}

/// So much room is enough to begin with; containers give a folder in memory of 64 MB, which is not.
const ENOUGH: u64 = 256 << 20;

/// A folder in memory where the system has one with some room, else among temporary files.
fn private_folder(project: &Project, memory_limit: u64) -> Result<PrivateFolder, AppError> {
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

/// A command that names no output writes to its final path, which is not in memory.
fn refuse_in_place(evaluation: &Evaluation<'_>) -> Result<(), InMemoryError> {
    let scope = evaluation.scope();
    let runs = |row: &&Row| {
        let mut cells = row.cells();
        cells.any(|cell| evaluation.decisions.of[cell.index()] != Decision::Keep)
    };
    let in_place = |row: &Row| {
        let asset = scope.graph().asset(row.asset)?;
        let recipe = asset.recipe.as_ref()?;
        (recipe.staging == Staging::InPlace).then(|| asset.key.clone())
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
