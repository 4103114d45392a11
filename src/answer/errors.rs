//! Errors as JSON, from any diagnostic, and what `validate` answers.

use std::fmt::Write as _;

use miette::{Diagnostic, LabeledSpan, SourceCode, SourceSpan};
use serde::{Serialize, Serializer};

/// `{"schema":1,"errors":[…]}`
#[derive(Debug, Serialize)]
pub struct ErrorsDocument {
    errors: Vec<ErrorShape>,
}

/// `{"code":…,"message":…,"help":…,"labels":[…]}`
#[derive(Debug, Serialize)]
pub struct ErrorShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    labels: Vec<LabelShape>,
}

/// `{"file":…,"line":…,"column":…,"start":…,"len":…,"text":…}`: line and column count from 1, columns in characters,
/// start and length in bytes.
#[derive(Debug, Serialize)]
pub struct LabelShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    start: usize,
    len: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl ErrorsDocument {
    /// The document of an error: of the diagnostics related to it, where it only gathers those.
    pub fn new(error: &dyn Diagnostic) -> Self {
        Self {
            errors: flattened(error),
        }
    }
}

/// A diagnostic and those related to it, as shapes. One that has related ones but neither labels nor help of its own
/// only gathers them, and is left out.
pub fn flattened(error: &dyn Diagnostic) -> Vec<ErrorShape> {
    let mut shapes = Vec::new();
    flatten(error, None, &mut shapes);
    shapes
}

fn flatten<'a>(
    error: &'a dyn Diagnostic,
    inherited: Option<&'a dyn SourceCode>,
    shapes: &mut Vec<ErrorShape>,
) {
    let source = error.source_code().or(inherited);
    let related: Vec<_> = error.related().into_iter().flatten().collect();
    let gathers = !related.is_empty() && error.labels().is_none() && error.help().is_none();
    if !gathers {
        shapes.push(shape(error, source));
    }
    for related in related {
        flatten(related, source, shapes);
    }
}

fn shape(error: &dyn Diagnostic, source: Option<&dyn SourceCode>) -> ErrorShape {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(message, ": {error}").expect("writing to a String cannot fail");
        cause = error.source();
    }
    ErrorShape {
        code: error.code().map(|code| code.to_string()),
        message,
        help: error.help().map(|help| help.to_string()),
        labels: error
            .labels()
            .into_iter()
            .flatten()
            .map(|span| label(&span, source))
            .collect(),
    }
}

fn label(span: &LabeledSpan, source: Option<&dyn SourceCode>) -> LabelShape {
    let (file, position) = source.map_or((None, None), |source| place(source, span.offset()));
    LabelShape {
        file,
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        start: span.offset(),
        len: span.len(),
        text: span.label().map(str::to_owned),
    }
}

/// The name of the source, and the line and column of a byte offset in it.
fn place(source: &dyn SourceCode, offset: usize) -> (Option<String>, Option<(usize, usize)>) {
    let Ok(contents) = source.read_span(&SourceSpan::from((0, offset)), 0, 0) else {
        return (None, None);
    };
    let before = contents.data().get(..offset).unwrap_or(contents.data());
    let before = String::from_utf8_lossy(before);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before[start..]
        .trim_start_matches('\u{feff}')
        .chars()
        .count()
        + 1;
    (contents.name().map(str::to_owned), Some((line, column)))
}

/// A problem with its code, help and labels.
pub type BoxedDiagnostic = Box<dyn Diagnostic + Send + Sync + 'static>;

/// What is wrong with a project, and what may be.
#[derive(Debug, Default, Serialize)]
pub struct ValidateReport {
    /// How many assets are declared.
    pub assets: u32,
    /// How many sources.
    pub sources: u32,
    /// What must change, in the order of the files.
    #[serde(serialize_with = "problems")]
    pub errors: Vec<BoxedDiagnostic>,
    /// What may be meant otherwise.
    #[serde(serialize_with = "problems")]
    pub warnings: Vec<BoxedDiagnostic>,
}

/// Problems as errors are written.
fn problems<S: Serializer>(problems: &[BoxedDiagnostic], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(problems.iter().flat_map(|problem| flattened(&**problem)))
}

#[cfg(test)]
mod tests {
    use miette::{Diagnostic, NamedSource, SourceSpan};

    use crate::answer::{Document, ErrorsDocument, ValidateReport};

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("unknown dep `flghts`")]
    #[diagnostic(code(assetctl::manifest::unknown_dep), help("did you mean `flights`?"))]
    struct UnknownDep {
        #[label("not declared")]
        span: SourceSpan,
    }

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("Assets.toml has problems")]
    struct Gathered {
        #[source_code]
        text: NamedSource<String>,
        #[related]
        problems: Vec<UnknownDep>,
    }

    #[test]
    fn related_diagnostics_are_flattened_and_inherit_the_text() {
        let text = "a = 1\r\nä = \"flghts\"\n";
        let span = SourceSpan::from((text.find('"').expect("a quote"), 8));
        let error = Gathered {
            text: NamedSource::new("Assets.toml", text.to_owned()),
            problems: vec![UnknownDep { span }],
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&ErrorsDocument::new(&error))).expect("JSON"),
            concat!(
                r#"{"schema":1,"errors":[{"code":"assetctl::manifest::unknown_dep","message":"unknown dep `flghts`","#,
                r#""help":"did you mean `flights`?","labels":[{"file":"Assets.toml","line":2,"column":5,"#,
                r#""start":12,"len":8,"text":"not declared"}]}]}"#,
            )
        );
    }

    #[test]
    fn sources_of_an_error_are_part_of_its_message() {
        #[derive(Debug, thiserror::Error, Diagnostic)]
        #[error("Assets.toml cannot be read")]
        #[diagnostic(code(assetctl::manifest::unreadable))]
        struct Unreadable(#[source] std::io::Error);

        let error = Unreadable(std::io::Error::other("no permission"));
        assert_eq!(
            serde_json::to_string(&Document::new(&ErrorsDocument::new(&error))).expect("JSON"),
            concat!(
                r#"{"schema":1,"errors":[{"code":"assetctl::manifest::unreadable","#,
                r#""message":"Assets.toml cannot be read: no permission","labels":[]}]}"#,
            )
        );
    }

    #[test]
    fn warnings_are_no_errors() {
        let report = ValidateReport {
            assets: 5,
            sources: 4,
            errors: vec![],
            warnings: vec![Box::new(miette::diagnostic!(
                code = "assetctl::app::unused_input",
                "`flights` is never named"
            ))],
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":5,"sources":4,"errors":[],"#,
                r#""warnings":[{"code":"assetctl::app::unused_input","message":"`flights` is never named","labels":[]}]}"#,
            )
        );
    }
}
