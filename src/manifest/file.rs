//! Manifest files as texts: lines, columns and the places of values in them.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use crate::model::{FileId, Location};

/// A manifest file that has been read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    id: FileId,
    /// Relative to the project root.
    path: String,
    text: Arc<str>,
    /// Byte offsets at which lines start.
    lines: Vec<u32>,
    /// Where the stretches of the text stand, of a text that is only a part.
    origins: Vec<Origin>,
}

/// From a byte of a text on, where it stands in the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub start: u32,
    /// The byte in the whole text.
    pub original: u32,
    /// The line in the whole text, from 1.
    pub line: u32,
}

/// A string value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    /// The value, escapes resolved.
    pub value: &'a str,
    /// The file.
    pub file: &'a SourceFile,
    /// The byte offset of the opening quote.
    start: usize,
    /// The byte offset after the closing quote.
    end: usize,
}

impl SourceFile {
    /// A file with this text; the path is relative to the project root.
    pub(super) fn new(id: FileId, path: String, text: String) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        Self {
            id,
            path,
            lines: std::iter::once(0).chain(starts).collect(),
            text: text.into(),
            origins: Vec::new(),
        }
    }

    /// Parts of a file, whose places are those in the whole.
    pub(super) fn with_origins(
        id: FileId,
        path: String,
        text: String,
        origins: Vec<Origin>,
    ) -> Self {
        Self {
            origins,
            ..Self::new(id, path, text)
        }
    }

    /// The file's index.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The path, relative to the project root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The text, borrowed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folder that the file's paths are relative to; empty for the project root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The column of a byte offset, in characters from 1.
    pub fn column(&self, offset: usize) -> u32 {
        let start = self.lines[self.line_index(offset)] as usize;
        let before = self.text.get(start..offset).unwrap_or_default();
        before.trim_start_matches('\u{feff}').chars().count() as u32 + 1
    }

    /// The byte at a line and a column, both counted from 1.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let line = line.clamp(1, self.lines.len()) - 1;
        let start = self.lines[line] as usize;
        let within = self.text[start..].char_indices().nth(column.max(1) - 1);
        within.map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The location of a range of bytes.
    pub(super) fn location(&self, range: Range<usize>) -> Location {
        let part = Location {
            file: self.id,
            line: self.line_index(range.start) as u32 + 1,
            start: range.start as u32,
            len: range.len() as u32,
        };
        let after = self.origins.partition_point(|it| it.start <= part.start);
        let Some(origin) = after.checked_sub(1).map(|at| self.origins[at]) else {
            return part;
        };
        let first = self.line_index(origin.start as usize) as u32 + 1;
        Location {
            line: part.line - first + origin.line,
            start: part.start - origin.start + origin.original,
            ..part
        }
    }

    fn line_index(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|start| *start as usize <= offset)
            - 1
    }
}

impl<'a> Text<'a> {
    /// A value that stands in `range`, its quotes included.
    pub(super) fn new(file: &'a SourceFile, value: &'a str, range: Range<usize>) -> Self {
        Self {
            value,
            file,
            start: range.start,
            end: range.end,
        }
    }

    /// The whole of a text that no file holds, without quotes or escapes.
    pub(super) fn unquoted(file: &'a SourceFile, value: &'a str) -> Self {
        Self::new(file, value, 0..value.len())
    }

    /// Where it stands.
    pub(super) fn location(&self) -> Location {
        self.file.location(self.start..self.end)
    }

    /// Where a part of the value stands, given by its bytes in the value.
    pub(super) fn part(&self, range: Range<usize>) -> Location {
        let raw = &self.file.as_str()[self.start..self.end];
        if let Some(known) = self.part_of_expanded(raw, &range) {
            return known;
        }
        let offsets = Offsets::new(raw, self.value);
        let start = self.start + offsets.of(range.start);
        let end = self.start + offsets.of(range.end);
        self.file.location(start..end.max(start))
    }
}

impl Text<'_> {
    /// Where a part of the value stands if values of a list were put into it, and it is not the text in the file any more:
    /// where the file has the same characters, or the whole.
    fn part_of_expanded(&self, raw: &str, range: &Range<usize>) -> Option<Location> {
        let is_written =
            || DeValue::parse(raw).is_ok_and(|it| it.get_ref().as_str() == Some(self.value));
        if !raw.contains("each") || is_written() {
            return None;
        }
        let part = self
            .value
            .get(range.clone())
            .filter(|part| !part.is_empty());
        let same = part.and_then(|part| Some((raw.find(part)?, part.len())));
        let (at, len) = same.unwrap_or((0, raw.len()));
        Some(self.file.location(self.start + at..self.start + at + len))
    }
}

/// Byte offsets in a string as it is written, for those in its value: escapes and line breaks differ in length.
struct Offsets<'a> {
    raw: &'a str,
    value: &'a str,
    /// Where the value begins in `raw`.
    opening: usize,
    escapes: bool,
}

impl<'a> Offsets<'a> {
    fn new(raw: &'a str, value: &'a str) -> Self {
        let is_quoted = raw.len() > value.len();
        let quotes = if !is_quoted {
            0
        } else if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
            3
        } else {
            usize::from(raw.starts_with(['"', '\'']))
        };
        let mut opening = quotes;
        if quotes == 3 {
            let rest = &raw[3..];
            opening += if rest.starts_with("\r\n") {
                2
            } else {
                usize::from(rest.starts_with('\n'))
            };
        }
        Self {
            raw,
            value,
            opening,
            escapes: is_quoted && raw.starts_with('"'),
        }
    }

    fn of(&self, target: usize) -> usize {
        let mut at = self.opening;
        for (offset, character) in self.value.char_indices() {
            at = self.skip_folded_line(at);
            if offset >= target {
                return at;
            }
            at += self.written_len(at, character);
        }
        at.min(self.raw.len())
    }

    /// The number of bytes in which `character` is written at `at`.
    fn written_len(&self, at: usize, character: char) -> usize {
        let rest = self.raw.get(at..).unwrap_or_default();
        if self.escapes && rest.starts_with('\\') {
            return match rest.as_bytes().get(1) {
                Some(b'x') => 4,
                Some(b'u') => 6,
                Some(b'U') => 10,
                _ => 2,
            };
        }
        if character == '\n' && rest.starts_with("\r\n") {
            return 2;
        }
        character.len_utf8()
    }

    /// Skips a `\` at the end of a line, and the white space that it swallows.
    fn skip_folded_line(&self, at: usize) -> usize {
        let rest = self.raw.get(at..).unwrap_or_default();
        if !self.escapes || !rest.starts_with('\\') {
            return at;
        }
        let after = &rest[1..];
        let next = after.trim_start_matches([' ', '\t', '\r', '\n']);
        let swallowed = &after[..after.len() - next.len()];
        if swallowed.contains('\n') {
            return self.skip_folded_line(at + 1 + swallowed.len());
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, Text};
    use crate::model::FileId;

    #[test]
    fn parts_of_values_are_found_in_the_text() {
        for (raw, value) in [
            ("\"a {{x}} b\"", "a {{x}} b"),
            ("'a {{x}} b'", "a {{x}} b"),
            ("\"\\\"\\u00e4\\t {{x}}\"", "\"ä\t {{x}}"),
            ("\"\"\"\nline\n  {{x}}\"\"\"", "line\n  {{x}}"),
            ("'''\r\nline\r\n{{x}}'''", "line\n{{x}}"),
            ("\"\"\"one \\\n    {{x}}\"\"\"", "one {{x}}"),
            ("\"日本 {{x}}\"", "日本 {{x}}"),
        ] {
            let text = format!("é = {raw}");
            let start = "é = ".len();
            let file = SourceFile::new(FileId(0), "Assets.toml".into(), text.clone());
            let found = Text::new(&file, value, start..text.len());
            let at = value.find("{{x}}").expect("every case has the placeholder");
            let location = found.part(at..at + 5);
            let start = location.start as usize;
            assert_eq!(
                &text[start..start + location.len as usize],
                "{{x}}",
                "{raw}"
            );
        }
    }

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new(FileId(0), "a/Assets.toml".into(), "\u{feff}é\n\täx".into());
        assert_eq!(file.column(3), 1);
        assert_eq!(file.column(6 + 1 + 2), 3);
        assert_eq!(file.location(6..7).line, 2);
        assert_eq!(file.folder(), "a");
    }
}
