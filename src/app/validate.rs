//! `validate`: what is wrong with a project, and what may be.

use std::collections::BTreeMap;
use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};
use thiserror::Error;

use crate::answer::{BoxedDiagnostic, GitignoredFiles, ValidateReport};
use crate::app::error::AppError;
use crate::app::generated::{Printing, print_all};
use crate::app::gitignored::{Read, exact_paths, gitignored_files};
use crate::app::notice::Notice;
use crate::app::project::{OpenProject, Surroundings};
use crate::executor::LocalExecutor;
use crate::look::{
    EngineError, ManifestText, Spot, Workspace, look_for_foreign_files, observe_code_of,
    used_definitions,
};
use crate::manifest::{self, ManifestErrors};
use crate::model::{
    Asset, AssetId, AssetKey, Command, Counted, PartitionRef, PartitionsDefinition, Place,
    SourceAsset, SourcePath, TimeKeys, exceptions,
};

/// Prints manifests again where that is asked for, reads the declarations without any cache, and looks whether the sources
/// and code files are there. Nothing is hashed
/// but code.
///
/// # Errors
///
/// If there is no project, or a command of a manifest fails. What is wrong with the declarations is no error but the answer.
pub fn validate(
    surroundings: &Surroundings,
    generate: Option<Printing<'_>>,
) -> Result<(ValidateReport, Vec<Notice>), AppError> {
    let mut notices = Vec::new();
    if let Some(printing) = generate {
        match print_all(surroundings, printing) {
            Ok(printed) => notices = printed,
            Err(AppError::Manifest(errors)) => return Ok((not_valid(&errors), notices)),
            Err(error) => return Err(error),
        }
    }
    let (report, known) = validated(surroundings)?;
    notices.extend(known);
    Ok((report, notices))
}

/// The report of a manifest that is wrong.
fn not_valid(errors: &ManifestErrors) -> ValidateReport {
    let errors = errors.errors().iter().cloned();
    ValidateReport {
        errors: errors
            .map(|error| Box::new(error) as BoxedDiagnostic)
            .collect(),
        ..ValidateReport::default()
    }
}

fn validated(surroundings: &Surroundings) -> Result<(ValidateReport, Vec<Notice>), AppError> {
    let root = manifest::find(&surroundings.directory)?.0;
    let manifest = match manifest::load(&root) {
        Ok(manifest) => manifest,
        Err(errors) => return Ok((not_valid(&errors), Vec::new())),
    };
    let project = OpenProject::open(surroundings)?;
    let graph = project.graph();
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let warnings = manifest.warnings.into_iter();
    let mut warnings: Vec<BoxedDiagnostic> =
        warnings.map(|it| Box::new(it) as BoxedDiagnostic).collect();
    let (mut assets, mut sources) = (0, 0);
    for id in graph.ids() {
        if let Some(asset) = graph.asset(id) {
            assets += 1;
            if let Err(problems) = observe_code_of(&workspace, asset) {
                let problems = problems.into_list().into_iter().map(Early::from);
                warnings.extend(problems.map(|early| Box::new(early) as BoxedDiagnostic));
            }
            warnings.extend(missing_scripts(&workspace, asset));
        }
        if let Some(source) = graph.source(id) {
            sources += 1;
            let missing = missing(&project, &workspace, source)?;
            warnings.extend(missing.map(|missing| Box::new(missing) as BoxedDiagnostic));
        }
    }
    for files in gitignored_files(&project, &read(&project, &workspace)?)? {
        let location = graph
            .find(files.asset.as_str())
            .map(|id| graph.location(id));
        let spot = Spot::read(&workspace, location.unwrap_or_default());
        warnings.push(Box::new(GitignoredWarning::new(&files, spot)));
    }
    warnings.extend(doubtful_definitions(&project, &workspace));
    project.keep_what_was_learnt();
    let stale = project.stale_manifests().iter().cloned();
    let report = ValidateReport {
        assets,
        sources,
        errors: Vec::new(),
        warnings,
    };
    Ok((report, stale.map(Notice::StaleManifest).collect()))
}

/// What the versions of sources and code are made of.
fn read(
    project: &OpenProject,
    workspace: &Workspace<'_>,
) -> Result<BTreeMap<AssetId, Read>, AppError> {
    let graph = project.graph();
    let mut all: BTreeMap<AssetId, Read> = BTreeMap::new();
    for id in graph.ids() {
        let mut read = Read::default();
        if let Some(source) = graph.source(id)
            && let Place::Paths(paths) = &source.place
        {
            let keys = project.keys().get(source.partitions);
            for index in keys.range() {
                let partition = PartitionRef { keys, index };
                read.paths.extend(exact_paths(paths, partition));
                for path in paths {
                    if let SourcePath::Glob(pattern, except) = path {
                        let pattern = pattern.path(partition);
                        let except = exceptions(except, partition);
                        let (versions, counted) = (
                            workspace.versions,
                            Counted::read(source.leaves_out_gitignored),
                        );
                        read.matches
                            .extend(versions.expand(&pattern, &except, counted)?);
                    }
                }
            }
        }
        if let Some(asset) = graph.asset(id)
            && let Ok((observed, _)) = observe_code_of(workspace, asset)
        {
            let files = observed.files.into_iter().map(|(path, _)| path);
            read.matches.extend(files);
            read.paths.clone_from(&read.matches);
        }
        all.insert(id, read);
    }
    Ok(all)
}

/// Definitions in use whose keys are not all known, or whose `exists` matches nothing.
fn doubtful_definitions(project: &OpenProject, workspace: &Workspace<'_>) -> Vec<BoxedDiagnostic> {
    let mut doubts: Vec<BoxedDiagnostic> = Vec::new();
    for id in used_definitions(project.graph()) {
        if project.keys().fault_of(id).is_some()
            && let Err(problems) = look_for_foreign_files(project.world(), id)
        {
            let problems = problems.into_list().into_iter().map(Early::from);
            doubts.extend(problems.map(|early| Box::new(early) as BoxedDiagnostic));
        }
        let declared = &project.graph().definitions()[id.0 as usize];
        let PartitionsDefinition::Time {
            windows,
            exists: Some(path),
        } = &declared.definition
        else {
            continue;
        };
        let ended = TimeKeys::at(windows, project.now());
        if project.keys().get(Some(id)).is_empty() && !ended.is_empty() {
            let spot = Spot::read(workspace, declared.location);
            doubts.push(Box::new(EmptyExists::new(path.source(), spot)));
        }
    }
    doubts
}

/// Scripts that a command names and that are not there. A command that changes its folder may mean another place.
fn missing_scripts(workspace: &Workspace<'_>, asset: &Asset) -> Vec<BoxedDiagnostic> {
    let Some(recipe) = &asset.recipe else {
        return Vec::new();
    };
    let changes_folder = match &recipe.command {
        Command::Shell { written, .. } => written
            .split(|c: char| c.is_whitespace() || ";&|()".contains(c))
            .any(|word| matches!(word, "cd" | "pushd")),
        Command::Direct { .. } => false,
    };
    if changes_folder {
        return Vec::new();
    }
    let candidates = recipe.code.candidates.iter();
    let missing = candidates.filter(|path| !workspace.resolve(path).exists());
    missing
        .map(|path| {
            let spot = Spot::read(workspace, asset.location);
            Box::new(MissingScript::new(asset.key.clone(), path.clone(), spot)) as BoxedDiagnostic
        })
        .collect()
}

/// What is missing of a source that has to be there.
fn missing(
    project: &OpenProject,
    workspace: &Workspace<'_>,
    source: &SourceAsset,
) -> Result<Option<MissingSourceWarning>, AppError> {
    if source.optional {
        return Ok(None);
    }
    let keys = project.keys().get(source.partitions);
    let mut missing: Vec<String> = Vec::new();
    for index in keys.range() {
        missing.extend(missing_at(workspace, source, PartitionRef { keys, index })?);
    }
    missing.dedup();
    let more = missing.len().saturating_sub(1);
    let warning = |path| {
        let spot = Spot::read(workspace, source.location);
        MissingSourceWarning::new(source.key.clone(), path, more, spot)
    };
    Ok(missing.into_iter().next().map(warning))
}

fn missing_at(
    workspace: &Workspace<'_>,
    source: &SourceAsset,
    partition: PartitionRef<'_>,
) -> Result<Vec<String>, AppError> {
    let mut missing = Vec::new();
    let exists = |path: &str| workspace.resolve(path).exists();
    match &source.place {
        Place::Paths(paths) => {
            for path in paths {
                let (path, found) = match path {
                    SourcePath::Exact(path) => {
                        let path = path.path(partition).into_owned();
                        let found = exists(&path);
                        (path, found)
                    }
                    SourcePath::Glob(pattern, except) => {
                        let pattern = pattern.path(partition).into_owned();
                        let except = exceptions(except, partition);
                        let counted = Counted::read(source.leaves_out_gitignored);
                        let found = workspace.versions.expand(&pattern, &except, counted)?;
                        let found = !found.is_empty();
                        (pattern, found)
                    }
                };
                if !found {
                    missing.push(path);
                }
            }
        }
        Place::Value { path, key } => {
            let (path, key) = (path.path(partition).into_owned(), key.text(partition));
            if !exists(&path) {
                missing.push(path);
            } else if workspace.versions.of_value(&path, &key)?.is_none() {
                missing.push(format!("{key} in {path}"));
            }
        }
        Place::Observed { .. } => {}
    }
    Ok(missing)
}

/// A source that has to be there and is not.
#[derive(Debug, Error, Diagnostic)]
#[error("the source `{key}` does not exist: {path} {}", are_missing(*more))]
#[diagnostic(
    code(assetctl::app::missing_source),
    severity(warning),
    help("put the data there, correct the path, or set `optional = true`")
)]
pub struct MissingSourceWarning {
    key: AssetKey,
    path: String,
    more: usize,
    #[source_code]
    source_code: ManifestText,
    #[label("declared here")]
    span: SourceSpan,
}

impl MissingSourceWarning {
    /// Nothing is at `path`, nor at `more` others.
    pub fn new(key: AssetKey, path: String, more: usize, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self {
            key,
            path,
            more,
            source_code,
            span,
        }
    }
}

/// Files that git ignores and that a version holds.
#[derive(Debug, Error, Diagnostic)]
#[error("the version of `{asset}` contains files that git ignores: {paths}")]
#[diagnostic(
    code(assetctl::app::gitignored),
    severity(warning),
    help("a clone does not have them, and is stale: `gitignored = false` leaves them out")
)]
pub struct GitignoredWarning {
    asset: AssetKey,
    paths: String,
    #[source_code]
    source_code: ManifestText,
    #[label("declared here")]
    span: SourceSpan,
}

impl GitignoredWarning {
    /// These files.
    pub fn new(files: &GitignoredFiles, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        let more = (files.count as usize).saturating_sub(files.paths.len());
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Self {
            asset: files.asset.clone(),
            paths: files.paths.join(", ") + &more,
            source_code,
            span,
        }
    }
}

/// A script that a command names and that is not there.
#[derive(Debug, Error, Diagnostic)]
#[error("the command of `{key}` names `{path}`, which does not exist")]
#[diagnostic(
    code(assetctl::app::missing_script),
    severity(warning),
    help("write the script, or correct its path; `auto_code = false` turns this check off")
)]
pub struct MissingScript {
    key: AssetKey,
    path: String,
    #[source_code]
    source_code: ManifestText,
    #[label("declared here")]
    span: SourceSpan,
}

impl MissingScript {
    /// Nothing is at `path`.
    pub fn new(key: AssetKey, path: String, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self {
            key,
            path,
            source_code,
            span,
        }
    }
}

/// A definition whose windows have ended, and none has its file.
#[derive(Debug, Error, Diagnostic)]
#[error("no file matches `exists = \"{path}\"`, so no window is a partition")]
#[diagnostic(
    code(assetctl::app::empty_exists),
    severity(warning),
    help("put the files there, or correct the path")
)]
pub struct EmptyExists {
    path: String,
    #[source_code]
    source_code: ManifestText,
    #[label("declared here")]
    span: SourceSpan,
}

impl EmptyExists {
    /// Nothing is at the path of any window.
    pub fn new(path: String, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self {
            path,
            source_code,
            span,
        }
    }
}

fn are_missing(more: usize) -> String {
    match more {
        0 => "is missing".to_owned(),
        1 => "and one more are missing".to_owned(),
        more => format!("and {more} more are missing"),
    }
}

/// What would be an error in a run, told before there is one.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Early(#[from] EngineError);

impl Diagnostic for Early {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.code()
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Warning)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.0.related()
    }
}
