//! `materialize --in-memory`: a run whose outputs live in memory.
//!
//! Of the project only what is declared, code, sources, and what the run reads and does not make are read; nothing of it is
//! written, not even a cache.

use std::path::Path;
use std::time::Instant;

use crate::app::error::AppError;
use crate::app::materialize::carry_out::{Medium, carry_out};
use crate::app::materialize::in_memory_error::InMemoryError;
use crate::app::materialize::memory::MemoryRun;
use crate::app::materialize::printed::find_printed;
use crate::app::materialize::progress::RunContext;
use crate::app::materialize::values::{InMemory, kept_values};
use crate::app::project::OpenProject;
use crate::app::selection::find;
use crate::app::surroundings::Surroundings;
use crate::io_manager::MemoryIoManager;
use crate::manifest;
use crate::model::{AssetId, MaterializeOptions, MemoryOptions, PathTemplate};
use crate::plan::Evaluation;
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
        carry_out((&project, started), options, running, &medium, look)?;
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
