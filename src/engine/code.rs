//! The files, programs and variables that are part of code versions, as they are now.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::digest::Folding;
use crate::engine::error::{EngineError, Problems, Spot};
use crate::engine::evaluate::Evaluation;
use crate::engine::gather::counted;
use crate::engine::workspace::Workspace;
use crate::hash::{Counted, HashError, is_glob};
use crate::model::{
    Asset, AssetId, CodeVersion, DataVersion, EnvValue, Location, Recipe, Required,
};
use crate::plan::{Cell, Decision, ObservedCode, Scope, code_version};

/// The code versions of the assets of a scope, with what they were made of.
#[derive(Debug, Default)]
pub struct Codes {
    /// By row; `None` for sources, and for assets whose code cannot be read.
    pub versions: Vec<Option<CodeVersion>>,
    /// Why the code of an asset cannot be read.
    unreadable: HashMap<AssetId, HashError>,
    /// What was found for an asset, where it is more than nothing.
    observed: HashMap<AssetId, ObservedCode>,
}

impl Codes {
    /// What was found for an asset.
    #[must_use]
    pub fn observed(&self, asset: AssetId) -> ObservedCode {
        self.observed.get(&asset).cloned().unwrap_or_default()
    }

    /// Why the code of an asset cannot be read, if it cannot.
    #[must_use]
    pub fn unreadable(&self, asset: AssetId) -> Option<&HashError> {
        self.unreadable.get(&asset)
    }
}

/// Finds the code versions of all assets of `scope`. One whose code cannot be read has none, and blocks only itself.
///
/// # Errors
///
/// All problems at once: code files that are missing, globs that match nothing, tools that are not found, variables that
/// are required and not set.
pub fn observe_code(workspace: &Workspace<'_>, scope: &Scope<'_>) -> Result<Codes, Problems> {
    let mut finder = Finder {
        workspace,
        files: HashMap::new(),
        unreadable: None,
        not_ignored: HashMap::new(),
        problems: Problems::default(),
    };
    let mut codes = Codes::default();
    let mut folding = Folding::new();
    for row in scope.rows() {
        let Some(asset) = scope.graph().asset(row.asset) else {
            codes.versions.push(None);
            continue;
        };
        let observed = finder.of(asset);
        let version = match finder.unreadable.take() {
            Some(error) => {
                codes.unreadable.insert(row.asset, error);
                None
            }
            None => Some(code_version(asset, &observed, &mut folding)),
        };
        codes.versions.push(version);
        if observed != ObservedCode::default() {
            codes.observed.insert(row.asset, observed);
        }
    }
    finder.problems.into_result(codes)
}

/// Finds what the code version of one asset is made of, and the version.
///
/// # Errors
///
/// All problems at once: code files, tools and variables that are missing, and files that cannot be hashed.
pub fn observe_code_of(
    workspace: &Workspace<'_>,
    asset: &Asset,
) -> Result<(ObservedCode, CodeVersion), Problems> {
    let mut finder = Finder {
        workspace,
        files: HashMap::new(),
        unreadable: None,
        not_ignored: HashMap::new(),
        problems: Problems::default(),
    };
    let observed = finder.of(asset);
    let version = code_version(asset, &observed, &mut Folding::new());
    finder
        .problems
        .extend(finder.unreadable.take().map(EngineError::Hash));
    finder.problems.into_result((observed, version))
}

/// Refuses to run where a secret that the command of a step requires is not set.
///
/// # Errors
///
/// All of them that steps which are known to run require.
pub fn refuse_unset_secrets(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
) -> Result<(), Problems> {
    let scope = evaluation.scope();
    let mut problems = Problems::default();
    for row in scope.rows() {
        let recipe = scope.graph().asset(row.asset).map(|it| it.recipe.as_ref());
        let Some(recipe) = recipe.flatten() else {
            continue;
        };
        let runs = |cell: Cell| evaluation.decisions.of[cell.index()] == Decision::Run;
        let unset = unset_secrets(workspace, recipe).filter(|_| row.cells().any(runs));
        for (variable, location) in unset {
            let spot = Spot::read(workspace, location);
            problems.push(EngineError::unset_variable(variable, spot));
        }
    }
    problems.into_result(())
}

/// The secrets that a command requires and that are not set, with where each is declared.
pub(super) fn unset_secrets<'a>(
    workspace: &'a Workspace<'_>,
    recipe: &'a Recipe,
) -> impl Iterator<Item = (&'a str, Location)> {
    recipe.env.iter().filter_map(|declared| {
        let EnvValue::Secret { variable, required } = &declared.value else {
            return None;
        };
        let is_unset = *required == Required::Yes && workspace.variable(variable).is_none();
        is_unset.then_some((variable.as_str(), declared.location))
    })
}

struct Finder<'a> {
    workspace: &'a Workspace<'a>,
    /// Each file is looked at once, however many assets name it.
    files: HashMap<String, Option<DataVersion>>,
    /// The first file of the asset that cannot be read.
    unreadable: Option<HashError>,
    /// Those of which nothing counts that git ignores.
    not_ignored: HashMap<String, Option<DataVersion>>,
    problems: Problems,
}

impl Finder<'_> {
    fn of(&mut self, asset: &Asset) -> ObservedCode {
        let Some(recipe) = &asset.recipe else {
            return ObservedCode::default();
        };
        let mut observed = ObservedCode::default();
        if recipe.code.version.is_none() {
            self.files(recipe, &mut observed);
        }
        self.tools(recipe, &mut observed);
        self.variables(recipe, &mut observed);
        observed
    }

    fn files(&mut self, recipe: &Recipe, observed: &mut ObservedCode) {
        let counted = counted(recipe.code.gitignored);
        for (path, location) in &recipe.code.declared {
            if is_glob(path) {
                self.glob(path, recipe, *location, observed);
                continue;
            }
            match self.file(path, counted) {
                Ok(Some(version)) => observed.files.push((named(path), version)),
                Ok(None) => self.problem(*location, |at| EngineError::missing_code(path, at)),
                Err(error) => self.cannot_read(error),
            }
        }
        for path in &recipe.code.candidates {
            if let Ok(Some(version)) = self.file(path, counted) {
                observed.files.push((named(path), version));
            }
        }
        observed.files.sort();
        observed.files.dedup();
    }

    fn glob(
        &mut self,
        pattern: &str,
        recipe: &Recipe,
        location: Location,
        observed: &mut ObservedCode,
    ) {
        let code = &recipe.code;
        let counted = counted(code.gitignored);
        match self
            .workspace
            .versions
            .expand(pattern, &code.except, counted)
        {
            Ok(paths) if paths.is_empty() => {
                self.problem(location, |at| EngineError::empty_code_glob(pattern, at));
            }
            Ok(paths) => {
                for path in paths {
                    match self.file(&path, counted) {
                        Ok(Some(version)) => observed.files.push((named(&path), version)),
                        Ok(None) => {}
                        Err(error) => self.cannot_read(error),
                    }
                }
            }
            Err(error) => self.cannot_read(error),
        }
    }

    fn cannot_read(&mut self, error: HashError) {
        if error.is_of_declaration() {
            self.problems.push(error.into());
        } else {
            self.unreadable.get_or_insert(error);
        }
    }

    /// The version of a file or a directory, read once; `None` if nothing is there.
    fn file(&mut self, path: &str, counted: Counted) -> Result<Option<DataVersion>, HashError> {
        let files = match counted {
            Counted::All | Counted::Files => &mut self.files,
            Counted::NotIgnored => &mut self.not_ignored,
        };
        if let Some(version) = files.get(path) {
            return Ok(*version);
        }
        let version = self.workspace.versions.of_input(path, counted)?.version();
        files.insert(path.to_owned(), version);
        Ok(version)
    }

    fn tools(&mut self, recipe: &Recipe, observed: &mut ObservedCode) {
        for (tool, location) in &recipe.code.tools {
            let found = self.program(tool);
            let version = found.as_deref().map(|path| self.file(path, Counted::Files));
            match version {
                Some(Ok(Some(version))) => observed.tools.push((tool.clone(), version)),
                Some(Err(error)) => self.cannot_read(error),
                Some(Ok(None)) | None => {
                    self.problem(*location, |at| EngineError::missing_tool(tool, at));
                }
            }
        }
    }

    /// The file that a tool's name stands for: a path is looked up in the project, a name in the caller's `PATH`.
    fn program(&self, tool: &str) -> Option<String> {
        if tool.contains('/') {
            return Some(tool.to_owned());
        }
        let path = self.workspace.variable("PATH")?;
        let executable = |file: &PathBuf| {
            file.metadata()
                .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
        };
        let file = std::env::split_paths(path)
            .map(|folder| folder.join(tool))
            .find(executable)?;
        let resolved = file.canonicalize().ok()?;
        Some(resolved.to_string_lossy().into_owned())
    }

    fn variables(&mut self, recipe: &Recipe, observed: &mut ObservedCode) {
        for declared in &recipe.env {
            // Secrets do not count, and only commands need them.
            let EnvValue::FromEnv { variable, required } = &declared.value else {
                continue;
            };
            let value = self.workspace.variable(variable);
            if value.is_none() && *required == Required::Yes {
                self.problem(declared.location, |at| {
                    EngineError::unset_variable(variable, at)
                });
            }
            let text = value.map(|value| value.to_string_lossy().into_owned());
            observed.env.push((declared.name.clone(), text));
        }
    }

    fn problem(&mut self, location: Location, error: impl FnOnce(Spot) -> EngineError) {
        let spot = Spot::read(self.workspace, location);
        self.problems.push(error(spot));
    }
}

/// How a code file is named in a code version: its path if that lies in the project, else only what it is called, as
/// nothing that is hashed may depend on where a machine keeps things.
fn named(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("../") {
        let name = path.rsplit('/').next().unwrap_or(path);
        return format!("…/{name}");
    }
    path.to_owned()
}
