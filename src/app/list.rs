//! `list`: what is declared.

use crate::answer::{
    DeclarationKind, DeclaredIn, ListReport, ListedDep, ListedOutput, ListedPlace, Listing,
};
use crate::app::error::AppError;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{Range, select};
use crate::model::{
    Asset, AssetGraph, AssetId, Declaration, DeclaredPartitions, Dep, ListRequest, Location,
    Output, OutputKind, Place, SourceAsset, SourcePath,
};
use crate::sys::file::read_file;

/// What is declared, in order of declaration, and what the user should know of the selection; sources that a dep declares
/// in place come last.
pub fn list(
    project: &OpenProject,
    request: &ListRequest,
) -> Result<(ListReport, Vec<Notice>), AppError> {
    let selection = select(project, &request.selection, Range::All)?;
    let assets = selection.assets().map(|id| listing(project.graph(), id));
    let report = ListReport {
        assets: assets.collect(),
    };
    Ok((report, selection.into_notices()))
}

/// One asset or source as it is listed.
pub(super) fn listing(graph: &AssetGraph, id: AssetId) -> Listing {
    let declaration = graph.get(id);
    Listing {
        key: declaration.key().clone(),
        kind: kind(declaration),
        about: declaration.about().clone(),
        partitions: partitions(graph, id),
        deps: graph
            .deps(id)
            .iter()
            .map(|dep| listed_dep(graph, dep))
            .collect(),
        outputs: match declaration {
            Declaration::Asset(asset) => outputs(asset),
            Declaration::Source(source) => places(source),
        },
        location: place(graph, declaration.location()),
    }
}

/// A place in a manifest file.
pub(super) fn place(graph: &AssetGraph, location: Location) -> ListedPlace {
    ListedPlace {
        file: graph.files()[usize::from(location.file.0)].clone(),
        line: location.line,
    }
}

/// Where something is declared, also by a list or by a command that prints manifests.
pub(super) fn declared_in(project: &OpenProject, id: AssetId) -> DeclaredIn {
    let graph = project.graph();
    let location = graph.get(id).location();
    let found = place(graph, location);
    let mut generators = graph.settings().generators.iter();
    let printed = generators.find(|generator| generator.to == found.file);
    let each = || {
        let text = read_file(&project.root().join(&found.file), LONGEST).ok()?;
        let start = location.start as usize;
        let written = text.get(start..start + location.len as usize)?;
        let written = std::str::from_utf8(written).ok()?.trim_matches(['"', '\'']);
        written.contains("{{").then(|| written.to_owned())
    };
    DeclaredIn {
        each: each(),
        printed_by: printed.map(|generator| place(graph, generator.asset.location)),
        place: found,
    }
}

/// The most bytes of a manifest that are read for the name of a declaration.
const LONGEST: u64 = 512_000_000;

/// Whether something is made or only observed.
pub(super) fn kind(declaration: &Declaration) -> DeclarationKind {
    match declaration {
        Declaration::Asset(_) => DeclarationKind::Asset,
        Declaration::Source(_) => DeclarationKind::Source,
    }
}

/// The name of a partitions definition, or the type of one that is declared inline.
pub(super) fn partitions(graph: &AssetGraph, id: AssetId) -> Option<String> {
    Some(definition_label(graph.definition(id)?))
}

/// The name of a partitions definition, or the type of one that is declared inline.
pub(super) fn definition_label(declared: &DeclaredPartitions) -> String {
    match &declared.name {
        Some(name) => name.to_string(),
        None => declared.definition.type_name().to_owned(),
    }
}

fn listed_dep(graph: &AssetGraph, dep: &Dep) -> ListedDep {
    let output = dep.output.and_then(|output| {
        let up = graph.asset(dep.asset)?;
        up.output_label(output as usize)
    });
    ListedDep {
        input: dep.input.clone(),
        asset: graph.key(dep.asset).clone(),
        output,
        mapping: dep.mapping.name().to_owned(),
    }
}

fn outputs(asset: &Asset) -> Vec<ListedOutput> {
    let output = |(index, output): (usize, &Output)| {
        let slash = match output.kind {
            OutputKind::File => "",
            OutputKind::Directory => "/",
        };
        ListedOutput {
            name: asset.output_label(index),
            path: format!("{}{slash}", output.path.source()),
        }
    };
    asset.outputs.iter().enumerate().map(output).collect()
}

/// Where a source is; a value of a file is named by its key.
fn places(source: &SourceAsset) -> Vec<ListedOutput> {
    match &source.place {
        Place::Paths(paths) => {
            let place = |path: &SourcePath| ListedOutput {
                name: None,
                path: path.template().source(),
            };
            paths.iter().map(place).collect()
        }
        Place::Value { path, key } => vec![ListedOutput {
            name: Some(key.source()),
            path: path.source(),
        }],
        Place::Observed { .. } => Vec::new(),
    }
}
