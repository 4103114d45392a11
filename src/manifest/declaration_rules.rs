//! Rules that declarations obey together, once each of them has been read.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::names::Names;
use crate::model::{
    AssetId, Declaration, DeclaredResource, Location, PathTemplate, Place, SourcePath,
};

/// The file that sets variables.
pub(super) const DOTENV: &str = ".env";

/// Refuses deps of assets with lines in the lock file on assets without: a line can be judged only by the lines of what its
/// asset reads.
pub(super) fn check_locked(
    declarations: &[Declaration],
    names: &Names<'_>,
    problems: &mut Problems,
) {
    let is_left_out = |id: AssetId| match declarations.get(id.index()) {
        Some(Declaration::Asset(asset)) => !asset.locked,
        Some(Declaration::Source(_)) | None => false,
    };
    for declaration in declarations {
        let Declaration::Asset(asset) = declaration else {
            continue;
        };
        if !asset.locked {
            continue;
        }
        for dep in asset.deps.iter().filter(|dep| is_left_out(dep.asset)) {
            let upstream = names.get(dep.asset);
            let problem = Problem::UnlockedDep {
                asset: asset.key.to_string(),
                upstream: upstream.key.to_string(),
            };
            let mut labels = vec![Label::new(dep.location, "read here")];
            let key = upstream.table.get("lock");
            labels.extend(key.map(|value| Label::new(value.key_location, "left out here")));
            problems.add(problem, labels);
        }
    }
}

/// Refuses what reads or makes the file of variables: it holds secrets, of which not even a digest is recorded.
pub(super) fn check_dotenv<'d>(
    declarations: impl Iterator<Item = &'d Declaration>,
    resources: &[DeclaredResource],
    problems: &mut Problems,
) {
    let is_dotenv = |path: &PathTemplate| path.as_literal() == Some(DOTENV);
    let mut refuse = |what: &str, location: Location| {
        let problem = Problem::InvalidPath {
            message: format!(
                "`{DOTENV}` cannot be {what}: it may hold secrets, and is never recorded"
            ),
            help: "name its variables in `env`, with `from_env` or `secret_env`".to_owned(),
        };
        problems.at(location, "declared here", problem);
    };
    for resource in resources {
        let is_dotenv = |(path, _): &&(String, Location)| path == DOTENV;
        if let Some((_, location)) = resource.code.declared.iter().find(is_dotenv) {
            refuse("a code file", *location);
        }
    }
    for declaration in declarations {
        match declaration {
            Declaration::Source(source) => {
                let reads = match &source.place {
                    Place::Paths(paths) => paths
                        .iter()
                        .any(|path| matches!(path, SourcePath::Exact(path) if is_dotenv(path))),
                    Place::Value { path, .. } => is_dotenv(path),
                    Place::Observed { .. } => false,
                };
                if reads {
                    refuse("a source", source.location);
                }
            }
            Declaration::Asset(asset) => {
                if asset.outputs.iter().any(|output| is_dotenv(&output.path)) {
                    refuse("an output", asset.location);
                }
                let code = asset.recipe.iter().flat_map(|recipe| &recipe.code.declared);
                for (_, location) in code.filter(|(path, _)| path == DOTENV) {
                    refuse("a code file", *location);
                }
            }
        }
    }
}
