//! Diagnostics for people: drawn with spans on a terminal, narrated where there are only lines.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource,
    NarratableReportHandler, Severity, SourceCode, SourceSpan,
};

use crate::cli::next::as_typed;
use crate::cli::terminal::{Glyphs, Terminal};
use crate::cli::text::{Colors, at_the_door, count, marked, of_same_length, visible};

/// How many problems are shown before the rest is counted.
const SHOWN: usize = 20;

/// How wide a report is where the terminal does not say.
const WIDTH: usize = 100;

/// An error and all that is related to it; one that only gathers others is left out. At most 20 are shown. Commands in it are named
/// as they are typed here, where `program` is.
pub fn report(error: &dyn Diagnostic, terminal: &Terminal, program: &str) -> String {
    report_all([error], terminal, program)
}

/// Several errors or warnings, as [`report`].
pub fn report_all<'a>(
    errors: impl IntoIterator<Item = &'a dyn Diagnostic>,
    terminal: &Terminal,
    program: &str,
) -> String {
    let mut problems = Vec::new();
    for error in errors {
        gather(error, None, &mut problems);
    }
    let mut text: String = problems
        .iter()
        .take(SHOWN)
        .map(|problem| drawn(problem, terminal, program))
        .collect();
    if problems.len() > SHOWN {
        let more = count((problems.len() - SHOWN) as u64, "problem");
        text.push_str("and ");
        text.push_str(&more.replacen(' ', " more ", 1));
        text.push('\n');
    }
    text
}

fn gather<'a>(
    error: &'a dyn Diagnostic,
    inherited: Option<&'a dyn SourceCode>,
    problems: &mut Vec<Problem<'a>>,
) {
    let source = error.source_code().or(inherited);
    let related: Vec<_> = error.related().into_iter().flatten().collect();
    if related.is_empty() || error.labels().is_some() || error.help().is_some() {
        problems.push(Problem { error, source });
    }
    for related in related {
        gather(related, source, problems);
    }
}

/// Every message tells its cause itself, so causes are not told once more.
fn drawn(problem: &Problem<'_>, terminal: &Terminal, program: &str) -> String {
    let problem = &ShownDiagnostic::new(problem, program);
    let mut text = String::new();
    let drawn = if terminal.lines_only {
        NarratableReportHandler::new()
            .without_cause_chain()
            .render_report(&mut text, problem)
    } else {
        let theme = match terminal.glyphs {
            Glyphs::Unicode => GraphicalTheme::unicode(),
            Glyphs::Ascii => GraphicalTheme {
                styles: miette::ThemeStyles::ansi(),
                ..GraphicalTheme::ascii()
            },
        };
        GraphicalReportHandler::new_themed(theme)
            .with_width(terminal.stderr.width.unwrap_or(WIDTH))
            .with_links(false)
            .without_cause_chain()
            .render_report(&mut text, problem)
    };
    match drawn {
        Ok(()) => marked(&text),
        Err(fmt::Error) => format!("{problem}\n"),
    }
}

/// A diagnostic without those related to it, with the text that it inherits.
struct Problem<'a> {
    error: &'a dyn Diagnostic,
    source: Option<&'a dyn SourceCode>,
}

/// A diagnostic as it is drawn: without anything that a terminal would take for more than text.
struct ShownDiagnostic<'a> {
    error: &'a dyn Diagnostic,
    message: ShownMessage,
    source: Source<'a>,
    program: &'a str,
}

/// A message and the one that it comes from.
#[derive(Debug)]
struct ShownMessage {
    text: String,
    source: Option<Box<Self>>,
}

/// The text that the labels are about.
enum Source<'a> {
    None,
    AsItIs(&'a dyn SourceCode),
    Cleaned(NamedSource<String>),
}

impl fmt::Debug for ShownDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.error, f)
    }
}

impl<'a> ShownDiagnostic<'a> {
    fn new(problem: &Problem<'a>, program: &'a str) -> Self {
        Self {
            program,
            error: problem.error,
            message: ShownMessage::new(problem.error, program),
            source: problem.source.map_or(Source::None, Source::new),
        }
    }
}

impl ShownMessage {
    fn new(error: &dyn Diagnostic, program: &str) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(clean(&cause));
            next = cause.source();
        }
        let source = causes
            .into_iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(Self { text, source })));
        let text = as_typed(&clean(&error), program).into_owned();
        Self { text, source }
    }
}

impl<'a> Source<'a> {
    fn new(source: &'a dyn SourceCode) -> Self {
        let whole = source.read_span(&SourceSpan::from((0, 0)), 0, usize::MAX);
        let Ok(whole) = whole else {
            return Self::AsItIs(source);
        };
        let Ok(text) = std::str::from_utf8(whole.data()) else {
            return Self::AsItIs(source);
        };
        let name = whole.name().map(|name| (name, visible(name)));
        let is_plain = |cow: &Cow<'_, str>| matches!(cow, Cow::Borrowed(_));
        let cleaned = of_same_length(text);
        if is_plain(&cleaned) && name.as_ref().is_none_or(|(_, shown)| is_plain(shown)) {
            return Self::AsItIs(source);
        }
        let name = name.map_or_else(String::new, |(_, shown)| shown.into_owned());
        Self::Cleaned(NamedSource::new(name, cleaned.into_owned()))
    }
}

/// A part of a diagnostic without anything that a terminal would take for more than text.
fn clean(text: &impl fmt::Display) -> String {
    let text = text.to_string();
    match at_the_door(&text, Colors::Dropped) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

impl fmt::Display for ShownMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for ShownMessage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|it| it as &(dyn Error + 'static))
    }
}

impl fmt::Display for ShownDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.message, f)
    }
}

impl Error for ShownDiagnostic<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.message.source()
    }
}

impl Diagnostic for ShownDiagnostic<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.error.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.error.severity()
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let help = self.error.help()?;
        Some(Box::new(as_typed(&clean(&help), self.program).into_owned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match &self.source {
            Source::None => None,
            Source::AsItIs(source) => Some(*source),
            Source::Cleaned(source) => Some(source),
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.error.labels()?;
        Some(Box::new(labels.map(|label| {
            let text = label.label().map(|text| clean(&text));
            if label.primary() {
                LabeledSpan::new_primary_with_span(text, *label.inner())
            } else {
                LabeledSpan::new_with_span(text, *label.inner())
            }
        })))
    }
}

#[cfg(test)]
mod tests {
    use miette::{Diagnostic, NamedSource, SourceSpan};

    use super::{Colors, report};
    use crate::cli::next::PROGRAM;
    use crate::cli::terminal::{Glyphs, Stream, Terminal};

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("unknown dep `{0}`")]
    #[diagnostic(code(assetctl::manifest::unknown_dep), help("did you mean `flights`?"))]
    struct UnknownDep(&'static str, #[label("not declared")] SourceSpan);

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("cannot write out: {source}")]
    struct Unwritable {
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_told_once() {
        for lines_only in [true, false] {
            let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
            let cause = source.to_string();
            let text = report(&Unwritable { source }, &terminal(lines_only), PROGRAM);
            assert_eq!(text.matches(&cause).count(), 1, "{text}");
        }
    }

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("Assets.toml has problems")]
    struct Gathered {
        #[source_code]
        text: NamedSource<String>,
        #[related]
        problems: Vec<UnknownDep>,
    }

    fn gathered(count: usize) -> Gathered {
        let problem = || UnknownDep("flghts", SourceSpan::from((7, 8)));
        Gathered {
            text: NamedSource::new("Assets.toml", "deps = \"flghts\"\n".to_owned()),
            problems: std::iter::repeat_with(problem).take(count).collect(),
        }
    }

    fn terminal(lines_only: bool) -> Terminal {
        let stream = Stream {
            is_terminal: true,
            colors: Colors::Dropped,
            width: Some(80),
            height: None,
        };
        Terminal {
            stdout: stream,
            stderr: stream,
            can_answer: true,
            glyphs: Glyphs::Unicode,
            lines_only,
        }
    }

    fn drawn(count: usize, lines_only: bool) -> String {
        Colors::Dropped.apply(report(&gathered(count), &terminal(lines_only), PROGRAM))
    }

    #[test]
    fn drawn_and_narrated_with_the_inherited_text() {
        insta::assert_snapshot!(drawn(1, false), @r#"
        assetctl::manifest::unknown_dep

          × unknown dep `flghts`
           ╭─[Assets.toml:1:8]
         1 │ deps = "flghts"
           ·        ────┬───
           ·            ╰── not declared
           ╰────
          help: did you mean `flights`?
        "#);
        insta::assert_snapshot!(drawn(1, true), @r#"
        unknown dep `flghts`
            Diagnostic severity: error
        Begin snippet for Assets.toml starting at line 1, column 1

        snippet line 1: deps = "flghts"
            label at line 1, columns 8 to 15: not declared
        diagnostic help: did you mean `flights`?
        diagnostic code: assetctl::manifest::unknown_dep
        "#);
    }

    #[test]
    fn controls_of_others_are_shown_and_not_sent() {
        #[derive(Debug, thiserror::Error, Diagnostic)]
        #[error("no file `{0}`")]
        #[diagnostic(code(assetctl::manifest::unknown_dep), help("look at `{0}`"))]
        struct Hostile(
            &'static str,
            #[source] std::io::Error,
            #[source_code] NamedSource<String>,
            #[label("{0} is here")] SourceSpan,
        );
        let name = "a\u{1b}]0;t\u{7}\u{202e}b";
        let error = Hostile(
            name,
            std::io::Error::other(name),
            NamedSource::new(name, format!("x = \"{name}\" # \u{9b}2J\n")),
            SourceSpan::from((4, 12)),
        );
        for lines_only in [false, true] {
            let text = report(&error, &terminal(lines_only), PROGRAM);
            let text = Colors::Kept.apply(text);
            let colors = text.replace("\u{1b}[", "");
            let is_bad = |it: char| it.is_control() && it != '\n' || it == '\u{202e}';
            assert!(!colors.contains(is_bad), "{text:?}");
            assert!(!text.contains("\u{1b}]"), "{text:?}");
            assert!(
                text.contains("no file `a\\u{1b}]0;t\\u{7}\\u{202e}b`"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_rest_is_counted() {
        for (count, end) in [
            (20, None),
            (21, Some("and 1 more problem")),
            (51, Some("and 31 more problems")),
        ] {
            let text = drawn(count, false);
            assert_eq!(text.matches("unknown dep").count(), 20);
            assert_eq!(text.lines().last().filter(|it| it.starts_with("and ")), end);
        }
    }
}
