//! Another path for a source or an external asset: in `[project.test]`, or as somebody types it.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::file::{SourceFile, Text};
use crate::manifest::partition_placeholder::{Partitioning, Scope};
use crate::manifest::{paths, source};
use crate::model::{
    AssetGraph, AssetId, Declaration, FileId, PathTemplate, Piece, Place, SourceAsset,
};

/// What lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// A file or a directory.
    Path,
    /// The file that holds a value.
    Value,
}

impl Moved {
    /// What a source is.
    pub(super) fn of(source: &SourceAsset) -> Self {
        match source.place {
            Place::Value { .. } => Self::Value,
            Place::Paths(_) | Place::Observed { .. } => Self::Path,
        }
    }
}

/// A problem with a path that was typed, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedPathError {
    text: String,
    problem: Problem,
    labels: Vec<Label>,
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
        read(typed, moved, scope, &mut problems)
    } else {
        let problem = Problem::MadeByCommand {
            name: graph.key(asset).to_string(),
        };
        problems.add(problem, [Label::new(typed.location(), "for its output")]);
        None
    };
    let error = |(problem, labels)| TypedPathError {
        text: text.to_owned(),
        problem,
        labels,
    };
    path.ok_or_else(|| problems.into_found().into_iter().map(error).collect())
}

/// Reads another path for what has these partitions; a slash at its end stays.
pub(super) fn read(
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
        problems.add(problem, [Label::new(text.location(), label)]);
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

impl fmt::Display for TypedPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for TypedPathError {}

impl Diagnostic for TypedPathError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.problem.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let is_blank = self.text.trim().is_empty();
        (!is_blank).then_some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source_code()?;
        Some(Box::new(self.labels.iter().map(Label::span)))
    }
}
