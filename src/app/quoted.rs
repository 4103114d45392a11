//! An argument of the command line, and which part of it is meant.

use std::ops::Range;

use miette::{MietteError, SourceCode, SourceSpan, SpanContents};

/// An argument of the command line, and which part of it is meant: source and label of a diagnostic in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    text: String,
    part: Range<usize>,
}

impl Quoted {
    /// A part of an argument, in bytes.
    pub fn part(text: &str, part: Range<usize>) -> Self {
        let text = text.to_owned();
        Self { text, part }
    }
}

impl SourceCode for Quoted {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        self.text.read_span(span, before, after)
    }
}

impl From<Quoted> for SourceSpan {
    fn from(quoted: Quoted) -> Self {
        (quoted.part.start, quoted.part.len()).into()
    }
}
