//! The files, programs and variables that are part of code versions, as they are now.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Folding;
use crate::hash::{HashError, is_glob};
use crate::look::error::{EngineError, Problems};
use crate::look::manifest_text::Spot;
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, AssetGraph, Code, CodeVersion, ConfigFault, Counted, DataVersion, DeclaredResource,
    EffectiveConfig, EnvValue, EnvVariable, Location, Name, PartitionKey, Recipe, ResolvedResource,
    Watched, env_conflict,
};
use crate::plan::{
    Cell, CellDecision, Codes, Evaluation, ObservedCode, ObservedResource, Row, RowConfigs, Scope,
    SeenPaths, code_file_name, code_version,
};

/// Finds the code versions of all assets of `scope`, by row, and what they are made of. One whose code cannot be read has none, and blocks only itself.
///
/// # Errors
///
/// All problems at once: code files that are missing, globs that match nothing, tools that are not found, variables that
/// are required and not set.
pub fn observe_code(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
) -> Result<(Vec<Option<CodeVersion>>, Codes), Problems> {
    let mut finder = Finder::new(workspace);
    let mut codes = Codes::default();
    let mut versions = Vec::with_capacity(scope.rows().len());
    let mut folding = Folding::new();
    for row in scope.rows() {
        let Some(asset) = scope.graph().asset(row.asset) else {
            versions.push(None);
            continue;
        };
        let mut observed = finder.of(asset);
        observed.config = finder.config(asset, scope, row);
        let version = match finder.unreadable.take() {
            Some(error) => {
                codes.unreadable.insert(row.asset, error.to_string());
                None
            }
            None => Some(code_version(asset, &observed, &mut folding)),
        };
        versions.push(version);
        if observed != ObservedCode::default() {
            codes.observed.insert(row.asset, observed);
        }
    }
    codes.seen = finder.seen;
    finder.problems.into_result((versions, codes))
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
    let mut finder = Finder::new(workspace);
    let mut observed = finder.of(asset);
    observed.config = resolved_config(workspace, asset)
        .and_then(Result::ok)
        .map(Arc::new);
    let version = code_version(asset, &observed, &mut Folding::new());
    finder
        .problems
        .extend(finder.unreadable.take().map(EngineError::Hash));
    finder.problems.into_result((observed, version))
}

/// All that was looked at for the code version of a recipe.
pub fn watched_code(codes: &Codes, graph: &AssetGraph, recipe: &Recipe) -> Vec<Watched> {
    let mut watched = Vec::new();
    let resources = recipe.resources.iter();
    for resource in resources.filter_map(|name| graph.resource(name.as_str())) {
        if resource.version.is_none() {
            watched.extend(watched_files(&resource.code));
        }
    }
    let counted = Counted::read(recipe.code.leaves_out_gitignored);
    if recipe.code.version.is_none() {
        watched.extend(watched_files(&recipe.code));
        let candidates = recipe.code.candidates.iter();
        watched.extend(candidates.map(|path| Watched::Word(path.clone(), counted)));
    }
    let tools = recipe.code.tools.iter();
    let programs = tools.filter_map(|(tool, _)| codes.seen.programs.get(tool)?.clone());
    watched.extend(programs.map(|path| Watched::Word(path, Counted::Files)));
    watched
}

/// The declared files of code.
fn watched_files(code: &Code) -> impl Iterator<Item = Watched> {
    let counted = Counted::read(code.leaves_out_gitignored);
    code.declared.iter().map(move |(path, _)| {
        if is_glob(path) {
            Watched::Glob {
                pattern: path.clone(),
                except: code.except.clone(),
                counted,
            }
        } else {
            Watched::Path(path.clone(), counted)
        }
    })
}

/// Whether what was looked at has the content that it had.
pub fn is_code_as_seen(codes: &Codes, workspace: &Workspace<'_>, watched: &Watched) -> bool {
    let is_same = |path: &String, counted| {
        let found = workspace.versions.of_input(path, counted);
        let found = found.map(|it| it.version());
        found.ok().as_ref() == codes.seen.files_of(counted).get(path)
    };
    match watched {
        Watched::Path(path, counted) | Watched::Word(path, counted) => {
            is_same(path, *counted) || !codes.seen.files_of(*counted).contains_key(path)
        }
        Watched::Glob {
            pattern,
            except,
            counted,
        } => {
            let found = workspace.versions.expand(pattern, except, *counted).ok();
            found.as_ref() == codes.seen.globs.get(watched)
                && found.is_some_and(|paths| paths.iter().all(|path| is_same(path, *counted)))
        }
    }
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
    for (row, asset) in scope.asset_rows() {
        let Some(recipe) = &asset.recipe else {
            continue;
        };
        let runs = |cell: Cell| evaluation.decision(cell) == CellDecision::Run;
        let secrets = unset_secrets(workspace, &recipe.env, &recipe.resources);
        let unset = secrets.filter(|_| row.cells().any(runs));
        for (variable, location) in unset {
            let spot = Spot::read(workspace, location);
            problems.push(EngineError::unset_variable(variable, spot));
        }
    }
    problems.into_result(())
}

/// The secrets that a command with these variables and resources requires and that are not set, with where each is
/// declared.
pub fn unset_secrets<'a>(
    workspace: &'a Workspace<'_>,
    env: &'a [EnvVariable],
    resources: &'a [Name],
) -> impl Iterator<Item = (&'a str, Location)> {
    unset(workspace, env, resources).filter_map(|declared| match &declared.value {
        EnvValue::Secret { variable, .. } => Some((variable.as_str(), declared.location)),
        _ => None,
    })
}

/// The first variable that a command with these variables and resources requires and that is not set.
pub fn unset_variable<'a>(
    workspace: &'a Workspace<'_>,
    env: &'a [EnvVariable],
    resources: &'a [Name],
) -> Option<&'a str> {
    let declared = unset(workspace, env, resources).next()?;
    declared.value.of_caller().map(|(variable, _)| variable)
}

fn unset<'a>(
    workspace: &'a Workspace<'_>,
    env: &'a [EnvVariable],
    resources: &'a [Name],
) -> impl Iterator<Item = &'a EnvVariable> {
    let resources = resources.iter();
    let resources = resources.filter_map(|name| workspace.graph.resource(name.as_str()));
    let env = env.iter().chain(resources.flat_map(DeclaredResource::env));
    env.filter(|declared| {
        let of_caller = declared.value.of_caller();
        of_caller
            .is_some_and(|(variable, required)| required && workspace.variable(variable).is_none())
    })
}

/// The configuration of an asset, by its layers and the environment; `None` where it has none.
///
/// # Errors
///
/// All that is wrong with values of the environment, and with partitions that a layer names.
pub fn resolved_config(
    workspace: &Workspace<'_>,
    asset: &Asset,
) -> Option<Result<EffectiveConfig, Vec<ConfigFault>>> {
    let config = asset.recipe.as_ref()?.config.as_ref()?;
    Some(EffectiveConfig::new(config, &workspace.texts()))
}

/// A resource with its values, by its layers and the environment.
///
/// # Errors
///
/// All that is wrong with values of the environment, and what has to have a value and has none.
pub fn resolved_resource(
    workspace: &Workspace<'_>,
    resource: &DeclaredResource,
) -> Result<ResolvedResource, Problems> {
    resource.resolve(&workspace.texts()).map_err(|faults| {
        let mut problems = Problems::default();
        for fault in faults {
            let location = match &resource.config {
                Some(config) if fault.location == Location::default() => config.location,
                _ => fault.location,
            };
            let spot = Spot::read(workspace, location);
            problems.push(EngineError::resource_config(&resource.name, &fault, spot));
        }
        problems
    })
}

/// What is wrong with a value of an asset's configuration, at its place in the manifest: where it is set there, or where the
/// configuration is declared.
pub fn config_error(workspace: &Workspace<'_>, asset: &Asset, fault: &ConfigFault) -> EngineError {
    let declared = asset.recipe.as_ref().and_then(|it| it.config.as_ref());
    let location = match declared {
        Some(config) if fault.location == Location::default() => config.location,
        _ => fault.location,
    };
    EngineError::config(asset, fault, Spot::read(workspace, location))
}

/// The configurations of a scope that differ between partitions.
pub fn row_configs(scope: &Scope<'_>, codes: &Codes) -> RowConfigs {
    let observed = codes.observed.iter();
    let configs = observed.filter_map(|(id, observed)| {
        let config = observed.config.as_ref()?;
        Some((scope.number_of(*id), config))
    });
    RowConfigs::new(configs)
}

struct Finder<'a> {
    workspace: &'a Workspace<'a>,
    seen: SeenPaths,
    /// The resources that were found; `None` for one that is wrong.
    resources: HashMap<Name, Option<Arc<ObservedResource>>>,
    /// The first file of the asset that cannot be read.
    unreadable: Option<HashError>,
    problems: Problems,
}

impl<'a> Finder<'a> {
    fn new(workspace: &'a Workspace<'a>) -> Self {
        Self {
            workspace,
            seen: SeenPaths::default(),
            resources: HashMap::new(),
            unreadable: None,
            problems: Problems::default(),
        }
    }
}

impl Finder<'_> {
    fn of(&mut self, asset: &Asset) -> ObservedCode {
        let Some(recipe) = &asset.recipe else {
            return ObservedCode::default();
        };
        let mut observed = ObservedCode::default();
        if recipe.code.version.is_none() {
            self.files(&recipe.code, &mut observed.files);
        }
        self.tools(recipe, &mut observed);
        observed.env = self.variables(&recipe.env);
        observed.resources = self.resources(&recipe.env, &recipe.resources);
        observed
    }

    /// The resources of these names, which set variables beside these.
    fn resources(&mut self, env: &[EnvVariable], names: &[Name]) -> Vec<Arc<ObservedResource>> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            if !self.resources.contains_key(name) {
                let resource = self.resource(name).map(Arc::new);
                self.resources.insert(name.clone(), resource);
            }
            found.extend(self.resources[name].clone());
        }
        let conflict = env_conflict(env, found.iter().map(|it| &it.resolved));
        if let Some(conflict) = conflict {
            let first = Spot::read(self.workspace, conflict.one.1);
            self.problem(conflict.other.1, |other| {
                EngineError::env_conflict(&conflict, [first, other])
            });
        }
        found
    }

    fn resource(&mut self, name: &Name) -> Option<ObservedResource> {
        let resource = self.workspace.graph.resource(name.as_str())?;
        let resolved = match resolved_resource(self.workspace, resource) {
            Ok(resolved) => resolved,
            Err(problems) => {
                self.problems.append(problems);
                return None;
            }
        };
        let mut files = Vec::new();
        if resource.version.is_none() {
            self.files(&resource.code, &mut files);
        }
        let env = self.variables(&resolved.env);
        Some(ObservedResource::new(resource, resolved, &files, &env))
    }

    fn files(&mut self, code: &Code, files: &mut Vec<(String, DataVersion)>) {
        let counted = Counted::read(code.leaves_out_gitignored);
        for (path, location) in &code.declared {
            if is_glob(path) {
                self.glob(path, code, *location, files);
                continue;
            }
            match self.file(path, counted) {
                Ok(Some(version)) => files.push((code_file_name(path), version)),
                Ok(None) => self.problem(*location, |at| EngineError::missing_code(path, at)),
                Err(error) => self.cannot_read(error),
            }
        }
        for path in &code.candidates {
            if let Ok(Some(version)) = self.file(path, counted) {
                files.push((code_file_name(path), version));
            }
        }
        files.sort();
        files.dedup();
    }

    fn glob(
        &mut self,
        pattern: &str,
        code: &Code,
        location: Location,
        files: &mut Vec<(String, DataVersion)>,
    ) {
        let counted = Counted::read(code.leaves_out_gitignored);
        match self.expand(pattern, &code.except, counted) {
            Ok(paths) if paths.is_empty() => {
                self.problem(location, |at| EngineError::empty_code_glob(pattern, at));
            }
            Ok(paths) => {
                for path in paths {
                    match self.file(&path, counted) {
                        Ok(Some(version)) => files.push((code_file_name(&path), version)),
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
        if let Some(version) = self.seen.files_of(counted).get(path) {
            return Ok(*version);
        }
        let version = self.workspace.versions.of_input(path, counted)?.version();
        let files = match counted {
            Counted::All | Counted::Files => &mut self.seen.files,
            Counted::NotIgnored => &mut self.seen.not_ignored,
        };
        files.insert(path.to_owned(), version);
        Ok(version)
    }

    /// The paths that a glob matches, found once.
    fn expand(
        &mut self,
        pattern: &str,
        except: &[String],
        counted: Counted,
    ) -> Result<Vec<String>, HashError> {
        let glob = Watched::Glob {
            pattern: pattern.to_owned(),
            except: except.to_vec(),
            counted,
        };
        if let Some(paths) = self.seen.globs.get(&glob) {
            return Ok(paths.clone());
        }
        let paths = self.workspace.versions.expand(pattern, except, counted)?;
        self.seen.globs.insert(glob, paths.clone());
        Ok(paths)
    }

    fn tools(&mut self, recipe: &Recipe, observed: &mut ObservedCode) {
        for (tool, location) in &recipe.code.tools {
            let found = match self.seen.programs.get(tool) {
                Some(found) => found.clone(),
                None => self.program(tool),
            };
            self.seen.programs.insert(tool.clone(), found.clone());
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

    fn variables(&mut self, env: &[EnvVariable]) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        for declared in env {
            // Secrets do not count, and only commands need them.
            let EnvValue::FromEnv { variable, required } = &declared.value else {
                continue;
            };
            let value = self.workspace.variable(variable);
            if value.is_none() && *required {
                self.problem(declared.location, |at| {
                    EngineError::unset_variable(variable, at)
                });
            }
            let text = value.map(|value| value.to_string_lossy().into_owned());
            found.push((declared.name.clone(), text));
        }
        found
    }

    /// The configuration of an asset, of which these partitions are judged.
    fn config(
        &mut self,
        asset: &Asset,
        scope: &Scope<'_>,
        row: &Row,
    ) -> Option<Arc<EffectiveConfig>> {
        let resolved = resolved_config(self.workspace, asset)?;
        let config = match resolved {
            Ok(config) => {
                let keys = scope.keys(row.asset);
                let is_judged = |key: &&PartitionKey| {
                    let index = keys.index_of(key.as_str());
                    index.is_some_and(|index| row.set.contains(index))
                };
                if !config.missing().is_empty()
                    && config.partitions().filter(is_judged).count() < row.set.len() as usize
                {
                    self.config_faults(asset, config.missing());
                }
                config
            }
            Err(faults) => {
                self.config_faults(asset, &faults);
                return None;
            }
        };
        Some(Arc::new(config))
    }

    fn config_faults(&mut self, asset: &Asset, faults: &[ConfigFault]) {
        let faults = faults.iter();
        self.problems
            .extend(faults.map(|fault| config_error(self.workspace, asset, fault)));
    }

    fn problem(&mut self, location: Location, error: impl FnOnce(Spot) -> EngineError) {
        let spot = Spot::read(self.workspace, location);
        self.problems.push(error(spot));
    }
}
