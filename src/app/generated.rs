//! Manifests that commands print: which are stale, and how they are printed again.
//!
//! A stale one is printed before the project is read. Nothing is written unless all texts together are a right manifest:
//! then first the files, then their lines in the lock file, so that a crash in between leaves a file that counts as stale.

use std::path::Path;

use crate::app::error::AppError;
use crate::app::lock::LockFile;
use crate::app::notice::{Notice, PrintedManifest};
use crate::app::project::{OpenProject, Surroundings};
use crate::engine::{PRINTING_LIMIT, print_manifest};
use crate::executor::{Cancel, Executor, LocalExecutor};
use crate::lock::LockChanges;
use crate::look::{
    EngineError, OWN_FOLDER, Problems, Spot, Workspace, manifest_fingerprint, manifest_version,
    stale_manifest,
};
use crate::manifest;
use crate::model::{Fingerprint, Generator, LockedManifest, StaleManifest, StaleReason};
use crate::sys::file::{create_parent, read_file, relocate, write_atomically};

/// The most bytes of a manifest that are compared.
const LONGEST: u64 = 512_000_000;

/// What commands of manifests are run with.
pub type Printing<'a> = (&'a dyn Executor, &'a Cancel);

/// A text that a command has printed.
struct PrintedText<'g> {
    generator: &'g Generator,
    reason: StaleReason,
    fingerprint: Fingerprint,
    text: String,
}

/// The manifests whose files have another text than their commands would print, by some lines of a lock file.
///
/// # Errors
///
/// Code and inputs of commands that are missing or cannot be read.
pub(super) fn stale_manifests(
    project: &OpenProject,
    lines: &[LockedManifest],
) -> Result<Vec<StaleManifest>, AppError> {
    let generators = &project.graph().settings().generators;
    if generators.is_empty() {
        return Ok(Vec::new());
    }
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let mut stale = Vec::new();
    for generator in generators {
        stale.extend(stale_manifest(&workspace, generator, lines)?);
    }
    Ok(stale)
}

/// A project whose stale manifests may be printed again. If its manifest is wrong, it is that of the main file alone, with the
/// error: a text that is out of date may be the reason.
fn open_to_print(surroundings: &Surroundings) -> Result<(OpenProject, Option<AppError>), AppError> {
    match OpenProject::open(surroundings) {
        Err(error @ AppError::Manifest(_)) => match OpenProject::open_main(surroundings) {
            Ok(main) if main.has_generators() => Ok((main, Some(error))),
            _ => Err(error),
        },
        opened => Ok((opened?, None)),
    }
}

/// The project, after stale manifests were printed again. Each is told.
///
/// # Errors
///
/// As [`OpenProject::open`], if a command fails or prints a bad text, or if a file cannot be written.
pub(super) fn open_printed(
    surroundings: &Surroundings,
    printing: Printing<'_>,
    tell: &mut dyn FnMut(&Notice),
) -> Result<OpenProject, AppError> {
    let (project, wrong) = open_to_print(surroundings)?;
    if !project.has_generators() {
        return Ok(project);
    }
    let lock = LockFile::read(&project)?;
    let printed = print_stale(&project, &lock, printing)?;
    if printed.is_empty() {
        drop(printed);
        return wrong.map_or(Ok(project), Err);
    }
    check_texts(&project, &printed)?;
    for notice in lock.notices() {
        tell(&notice);
    }
    for notice in write(&project, lock, &printed)? {
        tell(&notice);
    }
    OpenProject::open(surroundings)
}

/// The project as it will be once stale manifests are printed again; nothing is written.
///
/// # Errors
///
/// As [`OpenProject::open`], and if a command fails or prints a bad text.
pub fn open_planned(
    surroundings: &Surroundings,
    printing: Printing<'_>,
) -> Result<OpenProject, AppError> {
    let (project, wrong) = open_to_print(surroundings)?;
    if !project.has_generators() {
        return Ok(project);
    }
    let lock = LockFile::read(&project)?;
    let printed = print_stale(&project, &lock, printing)?;
    if printed.is_empty() {
        drop(printed);
        return wrong.map_or(Ok(project), Err);
    }
    OpenProject::open_texts(surroundings, &texts(&printed))
}

/// Prints stale manifests again, and each command once more: it has to print the same each time.
///
/// # Errors
///
/// As [`open_printed`], and if a command prints something else each time.
pub(super) fn print_all(
    surroundings: &Surroundings,
    printing: Printing<'_>,
) -> Result<Vec<Notice>, AppError> {
    let project = match OpenProject::open(surroundings) {
        Ok(project) => project,
        Err(AppError::Manifest(_)) => OpenProject::open_main(surroundings)?,
        Err(error) => return Err(error),
    };
    if !project.has_generators() {
        return Ok(Vec::new());
    }
    let lock = LockFile::read(&project)?;
    let printed = print_stale(&project, &lock, printing)?;
    check_texts(&project, &printed)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, printing.0);
    for generator in &project.graph().settings().generators {
        let again = print_manifest(&workspace, generator, PRINTING_LIMIT, printing.1)?;
        let first = printed.iter().find(|it| it.generator == generator);
        let known = match first {
            Some(first) => first.text.clone(),
            None => text_of(&workspace, generator),
        };
        if let Some(line) = first_difference(&known, &again) {
            let spot = Spot::read(&workspace, generator.asset.location);
            let error = EngineError::generator_varies(&generator.to, line, spot);
            return Err(Problems::from(error).into());
        }
    }
    write(&project, lock, &printed)
}

fn text_of(workspace: &Workspace<'_>, generator: &Generator) -> String {
    let bytes = read_file(&workspace.resolve(&generator.to), LONGEST);
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The first line, from 1, in which two texts differ.
fn first_difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let same = one.split('\n').zip(other.split('\n'));
    Some(same.take_while(|(one, other)| one == other).count() + 1)
}

/// What the commands of stale manifests print.
fn print_stale<'g>(
    project: &'g OpenProject,
    lock: &LockFile,
    (executor, cancel): Printing<'_>,
) -> Result<Vec<PrintedText<'g>>, AppError> {
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, executor);
    let mut printed = Vec::new();
    for generator in &project.graph().settings().generators {
        let stale = stale_manifest(&workspace, generator, &lock.lock().manifests)?;
        let Some(StaleManifest { reason, .. }) = stale else {
            continue;
        };
        refuse_links(&workspace, generator)?;
        let fingerprint = manifest_fingerprint(&workspace, generator)?;
        printed.push(PrintedText {
            text: print_manifest(&workspace, generator, PRINTING_LIMIT, cancel)?,
            generator,
            reason,
            fingerprint,
        });
    }
    Ok(printed)
}

/// Refuses a file behind a link: it might lie anywhere.
fn refuse_links(workspace: &Workspace<'_>, generator: &Generator) -> Result<(), Problems> {
    let path = Path::new(&generator.to);
    let is_link = |path: &Path| {
        let found = workspace.root.join(path).symlink_metadata();
        found.is_ok_and(|it| it.is_symlink())
    };
    let mut within = path.ancestors().filter(|it| !it.as_os_str().is_empty());
    match within.find(|it| is_link(it)) {
        None => Ok(()),
        Some(link) => {
            let spot = Spot::read(workspace, generator.asset.location);
            Err(EngineError::linked_manifest(&generator.to, link, spot).into())
        }
    }
}

fn texts(printed: &[PrintedText<'_>]) -> Vec<(String, String)> {
    let text = |it: &PrintedText<'_>| (it.generator.to.clone(), it.text.clone());
    printed.iter().map(text).collect()
}

fn check_texts(project: &OpenProject, printed: &[PrintedText<'_>]) -> Result<(), AppError> {
    if !printed.is_empty() {
        manifest::load_given(
            project.root(),
            &texts(printed),
            &project.resources().texts(),
        )?;
    }
    Ok(())
}

/// Writes texts, and their lines in the lock file.
fn write(
    project: &OpenProject,
    lock: LockFile,
    printed: &[PrintedText<'_>],
) -> Result<Vec<Notice>, AppError> {
    if printed.is_empty() {
        return Ok(Vec::new());
    }
    let mut notices = Vec::new();
    for it in printed {
        let path = &it.generator.to;
        let unwritable = |source| AppError::Unwritable {
            path: path.clone(),
            source,
        };
        let place = project.root().join(path);
        let mut kept = None;
        let is_other = text_differs(&place, &it.text);
        if is_other && matches!(it.reason, StaleReason::Unrecorded | StaleReason::Altered) {
            kept = Some(set_aside(project, path).map_err(unwritable)?);
        }
        create_parent(&place).map_err(unwritable)?;
        write_atomically(&place, it.text.as_bytes()).map_err(unwritable)?;
        notices.push(Notice::PrintedManifest(PrintedManifest {
            path: path.clone(),
            reason: it.reason,
            kept,
        }));
    }
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let mut changes = LockChanges::default();
    for it in printed {
        let path = it.generator.to.clone();
        if let Some(version) = manifest_version(&workspace, &path)? {
            changes.manifests.push(LockedManifest {
                path,
                fingerprint: it.fingerprint,
                version,
            });
        }
    }
    lock.change(project, &versions, changes)?;
    Ok(notices)
}

fn text_differs(place: &Path, text: &str) -> bool {
    read_file(place, LONGEST).map_or(true, |bytes| bytes != text.as_bytes())
}

/// Moves a file away that no command has printed, and says where to.
fn set_aside(project: &OpenProject, path: &str) -> std::io::Result<String> {
    let mut kept = format!("{OWN_FOLDER}/set-aside/manifests/{path}");
    while project.root().join(&kept).symlink_metadata().is_ok() {
        kept.push('~');
    }
    create_parent(&project.root().join(&kept))?;
    relocate(&project.root().join(path), &project.root().join(&kept))?;
    Ok(kept)
}
