//! Problems with their places: what a person sees of a manifest that is wrong.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

use crate::manifest::error::Problem;
use crate::manifest::file::SourceFile;
use crate::model::{FileId, Location};

/// A place in a manifest file, and what is wrong or worth knowing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub location: Location,
    /// What is to say of it.
    pub text: String,
}

/// A label as machine output gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedLabel<'a> {
    /// The file, relative to the project root.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The byte offset.
    pub start: u32,
    /// The number of bytes.
    pub len: u32,
    /// What is to say of it.
    pub text: &'a str,
}

/// A problem, where it stands, and the texts of the files.
#[derive(Clone, Debug)]
pub struct ManifestError {
    problem: Problem,
    labels: Vec<Label>,
    files: Arc<[Arc<SourceFile>]>,
    source: Option<NamedSource<Arc<str>>>,
    elsewhere: Vec<Elsewhere>,
}

/// Labels of a problem in another file than its first one.
#[derive(Clone, Debug)]
struct Elsewhere {
    labels: Vec<Label>,
    source: NamedSource<Arc<str>>,
}

/// All errors of a manifest, in the order of the files and in each from top to bottom.
#[derive(Clone, Debug)]
pub struct ManifestErrors {
    errors: Vec<ManifestError>,
}

/// Problems as they are found, before they are put in order.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<(Problem, Vec<Label>)>,
}

impl Label {
    /// A label.
    pub(super) fn new(location: Location, text: impl Into<String>) -> Self {
        Self {
            location,
            text: text.into(),
        }
    }

    /// The place in its file.
    pub(super) fn span(&self) -> LabeledSpan {
        let text = (!self.text.is_empty()).then(|| self.text.clone());
        LabeledSpan::new(
            text,
            self.location.start as usize,
            self.location.len as usize,
        )
    }
}

impl Problems {
    /// Adds a problem with its places; the first label decides where it is listed.
    pub(super) fn add(&mut self, problem: Problem, labels: impl IntoIterator<Item = Label>) {
        self.found.push((problem, labels.into_iter().collect()));
    }

    /// Adds those of another list.
    pub(super) fn append(&mut self, mut others: Self) {
        self.found.append(&mut others.found);
    }

    /// Keeps those that `keep` wants.
    pub(super) fn retain(&mut self, keep: impl Fn(&Problem) -> bool) {
        self.found.retain(|(problem, _)| keep(problem));
    }

    /// How many there are so far.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// The problems with their places, as they were found.
    pub(super) fn into_found(self) -> Vec<(Problem, Vec<Label>)> {
        self.found
    }

    /// The problems in order, with the texts that they are about.
    pub(super) fn into_errors(mut self, files: &[Arc<SourceFile>]) -> Vec<ManifestError> {
        self.found.sort_by_key(|(_, labels)| {
            labels
                .first()
                .map(|label| (label.location.file.0, label.location.start))
        });
        self.found.dedup();
        let files: Arc<[_]> = files.into();
        let error = |(problem, labels)| ManifestError::new(problem, labels, &files);
        self.found.into_iter().map(error).collect()
    }
}

impl ManifestError {
    pub(super) fn new(
        problem: Problem,
        labels: Vec<Label>,
        files: &Arc<[Arc<SourceFile>]>,
    ) -> Self {
        let source = |file: FileId| {
            let file = &files[usize::from(file.0)];
            NamedSource::new(file.path(), file.text()).with_language("toml")
        };
        let first = labels.first().map(|label| label.location.file);
        let mut elsewhere: Vec<Elsewhere> = Vec::new();
        let mut last = first;
        for label in &labels {
            let file = label.location.file;
            match elsewhere.last_mut() {
                _ if Some(file) == first => {}
                Some(group) if Some(file) == last => group.labels.push(label.clone()),
                _ => elsewhere.push(Elsewhere {
                    labels: vec![label.clone()],
                    source: source(file),
                }),
            }
            last = Some(file);
        }
        Self {
            problem,
            source: first.map(source),
            labels,
            files: Arc::clone(files),
            elsewhere,
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The stable code, as `assetctl::manifest::unknown_key`.
    #[must_use]
    pub fn code(&self) -> String {
        self.problem
            .code()
            .map_or_else(String::new, |code| code.to_string())
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.problem.help().map(|help| help.to_string())
    }

    /// The places, the main one first.
    pub fn places(&self) -> impl Iterator<Item = PlacedLabel<'_>> {
        self.labels.iter().map(|label| {
            let file = &self.files[usize::from(label.location.file.0)];
            PlacedLabel {
                file: file.path(),
                line: label.location.line,
                column: file.column(label.location.start as usize),
                start: label.location.start,
                len: label.location.len,
                text: &label.text,
            }
        })
    }
}

impl ManifestErrors {
    pub(super) fn new(errors: Vec<ManifestError>) -> Self {
        Self { errors }
    }

    /// A problem that stands in no file.
    pub(super) fn without_place(problem: Problem) -> Self {
        let none: Arc<[_]> = [].into();
        Self::new(vec![ManifestError::new(problem, Vec::new(), &none)])
    }

    /// The errors; at least one.
    #[must_use]
    pub fn errors(&self) -> &[ManifestError] {
        &self.errors
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for ManifestError {}

impl Diagnostic for ManifestError {
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
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = self.labels.first()?.location.file;
        let here = move |label: &&Label| label.location.file == first;
        Some(Box::new(self.labels.iter().filter(here).map(Label::span)))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        let other = |other: &'a Elsewhere| other as &dyn Diagnostic;
        Some(Box::new(self.elsewhere.iter().map(other)))
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in another file")
    }
}

impl std::error::Error for Elsewhere {}

impl Diagnostic for Elsewhere {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().map(Label::span)))
    }
}

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [only] => only.fmt(f),
            several => write!(f, "{} problems in the manifest", several.len()),
        }
    }
}

impl std::error::Error for ManifestErrors {}

impl Diagnostic for ManifestErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let error = |error: &'a ManifestError| error as &dyn Diagnostic;
        Some(Box::new(self.errors.iter().map(error)))
    }
}
