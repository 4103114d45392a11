//! Places in manifests, for messages: each file is read once, however many messages point into it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use miette::{NamedSource, SourceSpan};

use crate::look::workspace::Workspace;
use crate::model::{AssetGraph, FileId, Location};
use crate::sys::file::read_file;

/// The most bytes of a manifest that are read for a message.
const LONGEST: u64 = 512_000_000;

/// A manifest file with its name.
pub type ManifestText = NamedSource<Arc<str>>;

/// The texts of manifest files that were read for messages.
#[derive(Debug, Default)]
pub struct ManifestTexts(Mutex<HashMap<FileId, Arc<str>>>);

/// A place in a manifest, with its text.
#[derive(Clone)]
pub struct Spot {
    source_code: ManifestText,
    span: SourceSpan,
}

impl Spot {
    /// The place that `location` points to.
    pub fn read(workspace: &Workspace<'_>, location: Location) -> Self {
        let texts = workspace.manifests.0.lock();
        let mut texts = texts.unwrap_or_else(PoisonError::into_inner);
        let text = texts
            .entry(location.file)
            .or_insert_with(|| read(workspace.root, workspace.graph, location.file));
        Self::new(workspace.graph, Arc::clone(text), location)
    }

    /// The place in a manifest file of the project at `root` that `location` points to.
    pub fn of(root: &Path, graph: &AssetGraph, location: Location) -> Self {
        Self::new(graph, read(root, graph, location.file), location)
    }

    fn new(graph: &AssetGraph, text: Arc<str>, location: Location) -> Self {
        let start = (location.start as usize).min(text.len());
        let len = (location.len as usize).min(text.len() - start);
        Self {
            source_code: NamedSource::new(name(graph, location.file), text),
            span: (start, len).into(),
        }
    }

    /// The file with its text, and the place in it.
    pub fn into_parts(self) -> (ManifestText, SourceSpan) {
        (self.source_code, self.span)
    }
}

/// The file and the line, as `Assets.toml:3`.
impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.source_code.inner().bytes().take(self.span.offset());
        let line = before.filter(|byte| *byte == b'\n').count() + 1;
        write!(f, "{}:{line}", self.source_code.name())
    }
}

fn name(graph: &AssetGraph, file: FileId) -> &str {
    graph
        .files()
        .get(usize::from(file.0))
        .map_or("", AsRef::as_ref)
}

fn read(root: &Path, graph: &AssetGraph, file: FileId) -> Arc<str> {
    let text = read_file(&root.join(name(graph, file)), LONGEST);
    let text = String::from_utf8(text.unwrap_or_default());
    text.unwrap_or_default().into()
}
