//! Diagnostics for people: drawn with spans on a terminal, narrated where there are only lines.

use std::error::Error;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NarratableReportHandler,
    Severity, SourceCode,
};

use crate::cli::terminal::{Glyphs, Motion, Terminal};
use crate::cli::text::count;

/// How many problems are shown before the rest is counted.
const SHOWN: usize = 20;

/// How wide a report is where the terminal does not say.
const WIDTH: usize = 100;

/// An error and all that is related to it; one that only gathers others is left out. At most 20 are shown.
pub fn report(error: &dyn Diagnostic, terminal: &Terminal) -> String {
    report_all([error], terminal)
}

/// Several errors or warnings, as [`report`].
pub fn report_all<'a>(
    errors: impl IntoIterator<Item = &'a dyn Diagnostic>,
    terminal: &Terminal,
) -> String {
    let mut problems = Vec::new();
    for error in errors {
        gather(error, None, &mut problems);
    }
    let mut text: String = problems
        .iter()
        .take(SHOWN)
        .map(|problem| drawn(problem, terminal))
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

fn drawn(problem: &Problem<'_>, terminal: &Terminal) -> String {
    let mut text = String::new();
    let drawn = if terminal.motion == Motion::Lines {
        NarratableReportHandler::new().render_report(&mut text, problem)
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
            .render_report(&mut text, problem)
    };
    match drawn {
        Ok(()) => text,
        Err(fmt::Error) => format!("{problem}\n"),
    }
}

/// A diagnostic without those related to it, with the text that it inherits.
struct Problem<'a> {
    error: &'a dyn Diagnostic,
    source: Option<&'a dyn SourceCode>,
}

impl fmt::Debug for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.error, f)
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error, f)
    }
}

impl Error for Problem<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for Problem<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.error.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }
}

#[cfg(test)]
mod tests {
    use miette::{Diagnostic, NamedSource, SourceSpan};

    use super::report;
    use crate::cli::terminal::{Glyphs, Kind, Motion, Paint, Stream, Terminal};

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("unknown dep `{0}`")]
    #[diagnostic(code(assetctl::manifest::unknown_dep), help("did you mean `flights`?"))]
    struct UnknownDep(&'static str, #[label("not declared")] SourceSpan);

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

    fn terminal(motion: Motion) -> Terminal {
        let stream = Stream {
            kind: Kind::Terminal,
            paint: Paint::Plain,
            width: Some(80),
        };
        Terminal {
            stdout: stream,
            stderr: stream,
            stdin: Kind::Terminal,
            glyphs: Glyphs::Unicode,
            motion,
        }
    }

    fn drawn(count: usize, motion: Motion) -> String {
        Paint::Plain.apply(report(&gathered(count), &terminal(motion)))
    }

    #[test]
    fn drawn_and_narrated_with_the_inherited_text() {
        insta::assert_snapshot!(drawn(1, Motion::Free), @r#"
        assetctl::manifest::unknown_dep

          × unknown dep `flghts`
           ╭─[Assets.toml:1:8]
         1 │ deps = "flghts"
           ·        ────┬───
           ·            ╰── not declared
           ╰────
          help: did you mean `flights`?
        "#);
        insta::assert_snapshot!(drawn(1, Motion::Lines), @r#"
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
    fn the_rest_is_counted() {
        for (count, end) in [
            (20, None),
            (21, Some("and 1 more problem")),
            (51, Some("and 31 more problems")),
        ] {
            let text = drawn(count, Motion::Free);
            assert_eq!(text.matches("unknown dep").count(), 20);
            assert_eq!(text.lines().last().filter(|it| it.starts_with("and ")), end);
        }
    }
}
