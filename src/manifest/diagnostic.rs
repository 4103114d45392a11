//! Problems with their places: what a person sees of a manifest that is wrong.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource};
use thiserror::Error;

use crate::manifest::error::Problem;
use crate::manifest::file::SourceFile;
use crate::model::{AssetKey, FileId, KnownNames, Location, Name};

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
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("{problem}")]
#[diagnostic(forward(problem))]
pub struct ManifestError {
    problem: Problem,
    labels: Vec<Label>,
    files: Arc<[Arc<SourceFile>]>,
    #[source_code]
    text: Option<NamedSource<Arc<str>>>,
    #[label(collection)]
    here: Vec<LabeledSpan>,
    #[related]
    elsewhere: Vec<Elsewhere>,
}

/// Labels of a problem in another file than its first one.
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("in another file")]
#[diagnostic(severity(Advice))]
struct Elsewhere {
    #[label(collection)]
    labels: Vec<LabeledSpan>,
    #[source_code]
    text: NamedSource<Arc<str>>,
}

/// All errors of a manifest, in the order of the files and in each from top to bottom.
#[derive(Clone, Debug, Error, Diagnostic)]
pub struct ManifestErrors {
    #[related]
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

    /// Adds a problem with its only place.
    pub(super) fn at(&mut self, location: Location, text: impl Into<String>, problem: Problem) {
        self.add(problem, [Label::new(location, text)]);
    }

    /// Says with each dep that nobody declares what may declare it.
    pub(super) fn advise_on_unknown_deps(&mut self, advice: Option<String>) {
        let Some(advice) = advice else { return };
        for (problem, _) in &mut self.found {
            if let Problem::UnknownDep { help, .. } = problem {
                help.push_str(&advice);
            }
        }
    }

    /// Says with each problem of a text that a command has just printed which command it is.
    pub(super) fn name_printing_commands(&mut self, printed: &[(FileId, Location)]) {
        for (_, labels) in &mut self.found {
            let file = labels.first().map(|label| label.location.file);
            if let Some((_, command)) = printed.iter().find(|(it, _)| Some(*it) == file) {
                labels.push(Label::new(
                    *command,
                    "this command printed it: nothing is written",
                ));
            }
        }
    }

    /// Adds keys that do not go together.
    pub(super) fn conflict(
        &mut self,
        message: impl Into<String>,
        help: impl Into<String>,
        keys: impl IntoIterator<Item = Location>,
    ) {
        let problem = Problem::ConflictingKeys {
            message: message.into(),
            help: help.into(),
        };
        let label = |location| Label::new(location, "this key");
        self.add(problem, keys.into_iter().map(label));
    }

    /// The name that a text is, if it is one; `what` says of what.
    pub(super) fn name(
        &mut self,
        text: &str,
        location: Location,
        what: &'static str,
    ) -> Option<Name> {
        let name = Name::parse(text);
        if let Err(error) = &name {
            let problem = Problem::InvalidName {
                name: text.to_owned(),
                what,
                reason: error.to_string(),
            };
            self.at(location, "this name", problem);
        }
        name.ok()
    }

    /// Adds a name that is declared twice.
    pub(super) fn duplicate_name(&mut self, name: &str, again: Location, first: Location) {
        let problem = Problem::DuplicateName {
            name: name.to_owned(),
        };
        let labels = [
            Label::new(again, "declared again here"),
            Label::new(first, "declared here"),
        ];
        self.add(problem, labels);
    }

    /// Adds the first input or output whose environment variables are also those of one before it.
    pub(super) fn colliding_variables<'a>(
        &mut self,
        asset: &AssetKey,
        prefix: &str,
        named: impl IntoIterator<Item = (&'a Name, Location)>,
    ) {
        let mut seen: HashMap<String, (&Name, Location)> = HashMap::new();
        for (name, location) in named {
            let variable = name.as_variable();
            for variable in [variable.clone(), format!("{variable}_LIST")] {
                let Some(first) = seen.insert(variable.clone(), (name, location)) else {
                    continue;
                };
                let problem = Problem::VariableCollision {
                    asset: asset.to_string(),
                    first: first.0.to_string(),
                    second: name.to_string(),
                    variable: format!("{prefix}{variable}"),
                };
                let labels = [
                    Label::new(location, "this one"),
                    Label::new(first.1, "and this one"),
                ];
                self.add(problem, labels);
                break;
            }
        }
    }

    /// Adds those of another list.
    pub(super) fn append(&mut self, mut others: Self) {
        self.found.append(&mut others.found);
    }

    /// Takes all out but the first `count`.
    pub(super) fn split_off(&mut self, count: usize) -> Vec<(Problem, Vec<Label>)> {
        self.found.split_off(count)
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
        let is_here = |label: &Label| Some(label.location.file) == first;
        let elsewhere = |labels: &[Label]| Elsewhere {
            labels: labels.iter().map(Label::span).collect(),
            text: source(labels[0].location.file),
        };
        let by_file = labels.chunk_by(|a, b| a.location.file == b.location.file);
        let by_file = by_file.filter(|labels| !is_here(&labels[0]));
        Self {
            problem,
            text: first.map(source),
            here: labels
                .iter()
                .filter(|label| is_here(label))
                .map(Label::span)
                .collect(),
            elsewhere: by_file.map(elsewhere).collect(),
            labels,
            files: Arc::clone(files),
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

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [only] => only.fmt(f),
            several => write!(f, "{} problems in the manifest", several.len()),
        }
    }
}

/// The candidates that are similar to `text`, the most similar first, at most three.
pub(super) fn similar<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let limit = (text.chars().count() / 3).clamp(1, 4);
    KnownNames::new(candidates.into_iter()).like(text, limit)
}

/// Did-you-mean, or all candidates where they are few, or `otherwise`.
pub(super) fn did_you_mean<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let similar = similar(text, candidates.iter().copied());
    if !similar.is_empty() {
        return format!("did you mean {}?", any_of(&similar));
    }
    match candidates.len() {
        1 => format!("there is only {}", any_of(&candidates)),
        2..=12 => format!("there are {}", all_of(&candidates)),
        _ => otherwise.to_owned(),
    }
}

/// `a`, `b` or `c`.
pub(super) fn any_of(names: &[&str]) -> String {
    joined(names, "or")
}

/// `a`, `b` and `c`.
pub(super) fn all_of(names: &[&str]) -> String {
    joined(names, "and")
}

fn joined(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn similar_names_come_first() {
        for (text, candidates, help) in [
            (
                "ouputs",
                &["outputs", "owners"][..],
                "did you mean `outputs`?",
            ),
            ("Deps", &["deps"], "did you mean `deps`?"),
            ("zzz", &["a", "b"], "there are `a` and `b`"),
            ("zzz", &["a"], "there is only `a`"),
            ("zzz", &[], "nothing"),
        ] {
            assert_eq!(
                did_you_mean(text, candidates.iter().copied(), "nothing"),
                help
            );
        }
    }
}
