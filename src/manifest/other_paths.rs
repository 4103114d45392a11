//! Another path for a source or an external asset: in `[project.test]`, or as somebody types it.

use miette::{Diagnostic, LabeledSpan};
use thiserror::Error;

use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::file::{SourceFile, Text};
use crate::manifest::names::{Declares, Names};
use crate::manifest::partitions::Definitions;
use crate::manifest::paths;
use crate::manifest::source::{self, InlineSources};
use crate::manifest::template::{Partitioning, Scope};
use crate::model::{
    AssetGraph, AssetId, Declaration, FileId, PathTemplate, Piece, Place, SourceAsset,
};

/// What the names of test sources are resolved against.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestContext<'a> {
    /// Everything that has a table.
    pub names: &'a Names<'a>,
    /// Sources without a table.
    pub inline: &'a InlineSources,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
}

/// Reads `sources` of `[project.test]` in the main file.
pub(super) fn read(
    file: &Table<'_>,
    context: TestContext<'_>,
    problems: &mut Problems,
) -> Vec<(AssetId, PathTemplate)> {
    let project = file.get("project");
    let project = project.and_then(|value| value.as_table(Heading::Only("project")));
    let heading = Heading::Only("project.test");
    let Some(table) = project.and_then(|it| it.table("test", heading, problems)) else {
        return Vec::new();
    };
    table.only(&["sources"], problems);
    let heading = Heading::Only("project.test.sources");
    let Some(sources) = table.table("sources", heading, problems) else {
        return Vec::new();
    };
    let mut moved = Vec::new();
    for value in sources.values() {
        let Some((id, what, scope)) = context.find(value.key) else {
            let problem = Problem::UnknownSource {
                name: value.key.to_owned(),
                help: did_you_mean(
                    value.key,
                    context.movable(),
                    "`assetctl list` names the sources and external assets",
                ),
            };
            problems.at(value.key_location, "not declared", problem);
            continue;
        };
        let Some(what) = what else {
            let problem = Problem::MadeByCommand {
                name: value.key.to_owned(),
            };
            let labels = [
                Label::new(value.key_location, "an asset with a command"),
                Label::new(context.names.get(id).table.location, "declared here"),
            ];
            problems.add(problem, labels);
            continue;
        };
        let path = value.text(problems);
        let path = path.and_then(|path| read_other_path(path, what, scope, problems));
        moved.extend(path.map(|path| (id, path)));
    }
    moved
}

impl<'a> TestContext<'a> {
    /// What has this name: its id, what it is if it can lie elsewhere, and which placeholders its path may have.
    fn find(self, name: &str) -> Option<(AssetId, Option<Moved>, Scope<'a>)> {
        if let Some(id) = self.inline.find(name) {
            return Some((id, Some(Moved::Path), Scope::Unpartitioned));
        }
        let id = self.names.find(name)?;
        let outline = self.names.get(id);
        let what = match &outline.declares {
            Declares::Source(source) => Some(Moved::of(source)),
            Declares::Asset(_) if outline.table.get("command").is_some() => None,
            Declares::Asset(_) => Some(Moved::Path),
        };
        Some((id, what, self.definitions.scope(outline.partitions)))
    }

    /// The names of what can lie elsewhere.
    fn movable(self) -> impl Iterator<Item = &'a str> {
        let outlines = self.names.outlines().iter();
        let can_move = outlines.filter(|outline| match outline.declares {
            Declares::Source(_) => true,
            Declares::Asset(_) => outline.table.get("command").is_none(),
        });
        let named = can_move.map(|outline| outline.key.as_str());
        named.chain(self.inline.keys())
    }
}

/// What lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    /// A file or a directory.
    Path,
    /// The file that holds a value.
    Value,
}

impl Moved {
    /// What a source is.
    fn of(source: &SourceAsset) -> Self {
        match source.place {
            Place::Value { .. } => Self::Value,
            Place::Paths(_) | Place::Observed { .. } => Self::Path,
        }
    }
}

/// A problem with a path that was typed, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("{problem}")]
#[diagnostic(forward(problem))]
pub struct TypedPathError {
    /// What was typed, unless it is blank.
    #[source_code]
    text: Option<String>,
    problem: Problem,
    #[label(collection)]
    labels: Vec<LabeledSpan>,
}

/// Reads a path that somebody typed for a source or an external asset, as [`AssetGraph::with_paths`] takes it: relative
/// to the project root or absolute, with the placeholders that a path of this source may have in the manifest. One that
/// ends in `/` is a directory.
///
/// # Errors
///
/// All that is wrong with it, each problem with its place in `text`.
pub fn typed_path(
    graph: &AssetGraph,
    asset: AssetId,
    text: &str,
) -> Result<PathTemplate, Vec<TypedPathError>> {
    let file = SourceFile::new(FileId(0), String::new(), text.to_owned());
    let typed = Text::unquoted(&file, text);
    let mut problems = Problems::default();
    let moved = match graph.get(asset) {
        Declaration::Source(source) => Some(Moved::of(source)),
        Declaration::Asset(asset) if asset.is_materializable() => None,
        Declaration::Asset(_) => Some(Moved::Path),
    };
    let path = if let Some(moved) = moved {
        let scope = match graph.definition(asset) {
            None => Scope::Unpartitioned,
            Some(own) => Scope::Partitioned(Partitioning {
                definition: &own.definition,
                declared: graph.definitions(),
            }),
        };
        read_other_path(typed, moved, scope, &mut problems)
    } else {
        let problem = Problem::MadeByCommand {
            name: graph.key(asset).to_string(),
        };
        problems.at(typed.location(), "for its output", problem);
        None
    };
    let shown = Some(text).filter(|text| !text.trim().is_empty());
    let error = |(problem, labels): (_, Vec<Label>)| TypedPathError {
        text: shown.map(str::to_owned),
        problem,
        labels: labels
            .iter()
            .filter(|_| shown.is_some())
            .map(Label::span)
            .collect(),
    };
    path.ok_or_else(|| problems.into_found().into_iter().map(error).collect())
}

/// Reads another path for what has these partitions; a slash at its end stays.
fn read_other_path(
    text: Text<'_>,
    moved: Moved,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<PathTemplate> {
    let folded = source::read_folded(text, scope, problems)?;
    let refused = if paths::is_glob(&folded.path) {
        Some((
            format!("`{}` is a glob", text.value),
            "name one file, or a directory as `fixtures/`",
            "matches several files",
        ))
    } else if moved == Moved::Value && folded.trailing_slash {
        Some((
            format!("`{}` is a directory, and a value is in a file", text.value),
            "name a TOML, YAML or JSON file",
            "ends in a slash",
        ))
    } else {
        None
    };
    if let Some((message, help, label)) = refused {
        let problem = Problem::InvalidPath {
            message,
            help: help.to_owned(),
        };
        problems.at(text.location(), label, problem);
        return None;
    }
    if !folded.trailing_slash {
        return Some(folded.path);
    }
    let mut pieces = folded.path.pieces().to_vec();
    pieces.push(Piece::Text("/".to_owned()));
    Some(PathTemplate::new(pieces))
}

impl TypedPathError {
    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}
