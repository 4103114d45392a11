//! `validate`: what is wrong with a project, and what may be.

use crate::app::doubt::{Early, MissingSource};
use crate::app::error::AppError;
use crate::app::project::{Project, Surroundings};
use crate::engine::{Spot, Workspace, observe_code_of};
use crate::executor::LocalExecutor;
use crate::manifest;
use crate::model::{
    PartitionRef, Place, Problem, Required, SourceAsset, SourcePath, ValidateReport,
};

/// Reads the declarations without any cache, and looks whether the sources and code files are there. Nothing is hashed
/// but code.
///
/// # Errors
///
/// If there is no project. What is wrong with its declarations is no error but the answer.
pub fn validate(surroundings: &Surroundings) -> Result<ValidateReport, AppError> {
    let root = manifest::find(&surroundings.directory)?.0;
    let manifest = match manifest::load(&root) {
        Ok(manifest) => manifest,
        Err(errors) => {
            let errors = errors.errors().iter().cloned();
            return Ok(ValidateReport {
                errors: errors.map(|error| Box::new(error) as Problem).collect(),
                ..ValidateReport::default()
            });
        }
    };
    let project = Project::open(surroundings)?;
    let graph = project.graph();
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let warnings = manifest.warnings.into_iter();
    let mut warnings: Vec<Problem> = warnings.map(|it| Box::new(it) as Problem).collect();
    let (mut assets, mut sources) = (0, 0);
    for id in graph.ids() {
        if let Some(asset) = graph.asset(id) {
            assets += 1;
            if let Err(problems) = observe_code_of(&workspace, asset) {
                let problems = problems.into_list().into_iter().map(Early::from);
                warnings.extend(problems.map(|early| Box::new(early) as Problem));
            }
        }
        if let Some(source) = graph.source(id) {
            sources += 1;
            let missing = missing(&project, &workspace, source)?;
            warnings.extend(missing.map(|missing| Box::new(missing) as Problem));
        }
    }
    project.keep_what_was_learnt();
    Ok(ValidateReport {
        assets,
        sources,
        errors: Vec::new(),
        warnings,
    })
}

/// What is missing of a source that has to be there.
fn missing(
    project: &Project,
    workspace: &Workspace<'_>,
    source: &SourceAsset,
) -> Result<Option<MissingSource>, AppError> {
    if source.required == Required::No {
        return Ok(None);
    }
    let keys = project.keys().get(source.partitions);
    let mut missing: Vec<String> = Vec::new();
    for index in keys.range() {
        missing.extend(missing_at(workspace, source, PartitionRef { keys, index })?);
    }
    missing.dedup();
    let more = missing.len().saturating_sub(1);
    let spot = Spot::read(workspace, source.location);
    Ok(missing
        .into_iter()
        .next()
        .map(|path| MissingSource::new(source.key.clone(), path, more, spot)))
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
                    SourcePath::Glob(pattern) => {
                        let pattern = pattern.path(partition).into_owned();
                        let found = !workspace.versions.expand(&pattern)?.is_empty();
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
