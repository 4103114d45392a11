//! After a run by another configuration: the lines of the lock file that the declared one does not make.

use std::borrow::Cow;
use std::fmt;

use crate::app::project::OpenProject;
use crate::look::{Workspace, resolved_config};
use crate::model::{Asset, AssetGraph, AssetId, Configuration, EffectiveConfig, Name, Place};
use crate::plan::{Evaluation, Row};

/// Lines of the lock file that the declared configuration does not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredLines {
    lines: u32,
    /// The lock file.
    lock: String,
    /// The environment whose own lock file it is.
    of_environment: Option<Name>,
    /// The words by which they are fresh.
    words: String,
}

impl ConfiguredLines {
    /// Those among the partitions that are fresh now; `None` if there are none.
    pub(super) fn of(
        project: &OpenProject,
        workspace: &Workspace<'_>,
        evaluation: &Evaluation<'_>,
    ) -> Option<Self> {
        let declared = project
            .declared_graph()
            .filter(|_| !project.is_of_its_lock())?;
        let rows = evaluation.scope().asset_rows();
        let lines = rows
            .filter(|(_, asset)| asset.locked)
            .map(|(row, asset)| other_lines(workspace, (declared, evaluation), row, asset))
            .sum();
        let lock = project.lock_place();
        let env = project.configuration().env.as_ref();
        (lines > 0).then(|| Self {
            lines,
            lock: lock.path().to_owned(),
            of_environment: env.filter(|_| !lock.is_default()).cloned(),
            words: typed(project.configuration()),
        })
    }
}

impl fmt::Display for ConfiguredLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, are, call) = match self.lines {
            1 => ("line", "is", "it"),
            _ => ("lines", "are", "them"),
        };
        let declared = match &self.of_environment {
            Some(env) => format!("the one of `{env}`"),
            None => "the declared one".to_owned(),
        };
        write!(
            f,
            "{} {lines} of {} {are} of this configuration, not of {declared}: `assetctl {}` calls {call} fresh",
            self.lines, self.lock, self.words
        )
    }
}

/// How many fresh partitions of an asset another configuration has made.
fn other_lines(
    workspace: &Workspace<'_>,
    (declared, evaluation): (&AssetGraph, &Evaluation<'_>),
    row: &Row,
    asset: &Asset,
) -> u32 {
    let now = evaluation.codes().observed(row.asset).config;
    let as_declared = declared
        .asset(row.asset)
        .and_then(|asset| resolved_config(workspace, asset))
        .and_then(Result::ok);
    let reads_elsewhere = asset
        .deps
        .iter()
        .any(|dep| is_moved(workspace.graph, declared, dep.asset));
    let needs_others = needs_other_resources(workspace, declared, asset);
    if !reads_elsewhere && !needs_others && now.as_deref() == as_declared.as_ref() {
        return 0;
    }
    let is_other = |config: &EffectiveConfig, other: &EffectiveConfig, cell| {
        let (_, partition) = evaluation.scope().at(cell);
        !config.code_fields().eq(other.code_fields())
            || config.partition_fields(partition) != other.partition_fields(partition)
    };
    let cells = row.cells().filter(|cell| evaluation.is_fresh(*cell));
    let counted = cells.filter(|cell| match (&now, &as_declared) {
        _ if reads_elsewhere || needs_others => true,
        (Some(now), Some(declared)) => is_other(now, declared, *cell),
        (now, declared) => now.is_some() != declared.is_some(),
    });
    counted.count() as u32
}

/// Whether a resource of an asset has other values than the declared ones, which its code version folds.
fn needs_other_resources(workspace: &Workspace<'_>, declared: &AssetGraph, asset: &Asset) -> bool {
    let names = asset.recipe.iter().flat_map(|recipe| &recipe.resources);
    let variable = workspace.texts();
    names.into_iter().any(|name| {
        let resolved = |graph: &AssetGraph| graph.resource(name.as_str())?.resolve(&variable).ok();
        let now = workspace.graph.resource(name.as_str());
        let is_folded = now.is_some_and(|resource| resource.version.is_none());
        let values = |graph| resolved(graph).map(|it| (it.config, it.env));
        is_folded && values(workspace.graph) != values(declared)
    })
}

/// Whether a source is read from another path than the declared one.
pub(super) fn is_moved(graph: &AssetGraph, declared: &AssetGraph, id: AssetId) -> bool {
    let place = |graph: &AssetGraph| -> Option<Place> { Some(graph.source(id)?.place.clone()) };
    id.index() >= declared.len() || place(graph) != place(declared)
}

/// The call of `check` by a configuration, as it is typed.
fn typed(configuration: &Configuration) -> String {
    let mut words: Vec<String> = Vec::new();
    if let Some(env) = &configuration.env {
        words.extend(["--env".to_owned(), env.to_string()]);
    }
    words.push("check".to_owned());
    if let Some(job) = &configuration.job {
        words.extend(["--job".to_owned(), job.to_string()]);
    }
    for file in &configuration.files {
        words.extend(["--config".to_owned(), file.path.clone()]);
    }
    for set in &configuration.set {
        words.extend(["--set".to_owned(), set.clone()]);
    }
    for input in &configuration.inputs {
        words.extend([
            "--input".to_owned(),
            format!("{}={}", input.asset, input.path),
        ]);
    }
    let quoted = words
        .iter()
        .map(|word| shlex::try_quote(word).unwrap_or(Cow::Borrowed(word)));
    quoted.collect::<Vec<_>>().join(" ")
}
