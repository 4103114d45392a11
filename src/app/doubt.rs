//! What `validate` warns of: things that are not there, and without which something could not be made.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan};
use thiserror::Error;

use crate::answer::GitignoredFiles;
use crate::look::{EngineError, Spot};
use crate::model::AssetKey;

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
    source_code: NamedSource<String>,
    #[label("declared here")]
    span: SourceSpan,
}

impl MissingSourceWarning {
    /// Nothing is at `path`, nor at so many more.
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
    source_code: NamedSource<String>,
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
    source_code: NamedSource<String>,
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
    source_code: NamedSource<String>,
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
