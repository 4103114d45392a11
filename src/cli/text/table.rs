//! Columns, aligned by what a text takes up on a terminal.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::cli::text::{DIM, put, styled, uncolored, visible};

/// The columns that `text` takes up, without escape sequences.
pub fn width(text: &str) -> usize {
    uncolored(text).width()
}

/// `text` in at most `room` columns, its end replaced by `…` if it is longer. It holds no escape sequences.
pub fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let fits = |character: &char| {
        let taken = character.width().unwrap_or(0);
        let fits = taken <= left;
        left = left.saturating_sub(taken);
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// A text in one style.
#[derive(Clone, Debug, Default)]
pub struct TableCell {
    text: String,
    style: Style,
    is_right: bool,
}

impl TableCell {
    /// A text in a style.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self {
            text: visible(&text.into()).into_owned(),
            style,
            is_right: false,
        }
    }

    /// A text without a style.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::new(), text)
    }

    /// The same on the other side.
    pub fn right(mut self) -> Self {
        self.is_right = true;
        self
    }
}

/// Rows of cells. Columns are two spaces apart; a column that is empty in all rows is left out.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<TableCell>>,
}

impl Table {
    /// A row more.
    pub fn row(&mut self, cells: impl Into<Vec<TableCell>>) {
        self.rows.push(cells.into());
    }

    /// The rows as lines, indented, the last column cut where a line is wider than `room`.
    pub fn lines(&self, indent: usize, room: Option<usize>) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.text.width()).max().unwrap_or(0)
            })
            .collect();
        let mut lines = String::new();
        for row in &self.rows {
            lines.push_str(&line(row, &widths, indent, room));
            lines.push('\n');
        }
        lines
    }
}

/// How far notes below a row are indented, more than the row.
const NOTE: usize = 12;

impl Table {
    /// The rows as lines, each with its notes: beside it where all of them fit, else below it, cut where need be. There
    /// is an entry of `notes` for each row.
    pub fn annotated(&self, indent: usize, room: Option<usize>, notes: &[Vec<String>]) -> String {
        let rows = self.lines(indent, room);
        let rows: Vec<&str> = rows.lines().collect();
        let end = rows.iter().map(|row| width(row)).max().unwrap_or(0) + 2;
        let joined: Vec<String> = notes.iter().map(|notes| notes.join("; ")).collect();
        let widest = joined.iter().map(|note| note.width()).max().unwrap_or(0);
        let is_beside = room.is_none_or(|room| end + widest <= room);
        let mut text = String::new();
        for ((row, notes), joined) in rows.iter().zip(notes).zip(&joined) {
            text.push_str(row);
            if is_beside && !joined.is_empty() {
                text.push_str(&" ".repeat(end - width(row)));
                text.push_str(&styled(DIM, joined).to_string());
            }
            text.push('\n');
            if is_beside {
                continue;
            }
            for note in notes.iter().filter(|note| !note.is_empty()) {
                text.push_str(&" ".repeat(indent + NOTE));
                let space =
                    room.map_or(usize::MAX, |room| room.saturating_sub(indent + NOTE).max(8));
                put!(&mut text, "{}\n", styled(DIM, cut(note, space)));
            }
        }
        text
    }
}

fn line(row: &[TableCell], widths: &[usize], indent: usize, room: Option<usize>) -> String {
    let mut line = " ".repeat(indent);
    let mut at = indent;
    let last = row.iter().rposition(|cell| !cell.text.is_empty());
    let shown = &row[..last.map_or(0, |last| last + 1)];
    for (column, cell) in shown.iter().enumerate() {
        if widths[column] == 0 {
            continue;
        }
        let is_last = Some(column) == last;
        let text = match room {
            Some(room) if is_last => cut(&cell.text, room.saturating_sub(at).max(8)),
            _ => cell.text.clone(),
        };
        let pad = " ".repeat(widths[column].saturating_sub(text.width()));
        if cell.is_right {
            line.push_str(&pad);
        }
        line.push_str(&styled(cell.style, &text).to_string());
        if !cell.is_right && !is_last {
            line.push_str(&pad);
        }
        if !is_last {
            line.push_str("  ");
        }
        at += widths[column] + 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Table, TableCell, cut, uncolored};

    #[test]
    fn wide_characters_take_two_columns() {
        for (text, room, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
        ] {
            assert_eq!(cut(text, room), expected);
        }
    }

    #[test]
    fn notes_stand_beside_their_rows_or_below() {
        let mut table = Table::default();
        table.row([TableCell::plain("a")]);
        table.row([TableCell::plain("bcd")]);
        let notes = [vec!["one".to_owned(), "two".to_owned()], vec![]];
        let plain = |room| {
            let text = table.annotated(0, room, &notes);
            uncolored(&text).into_owned()
        };
        assert_eq!(plain(None), "a    one; two\nbcd\n");
        assert_eq!(plain(Some(13)), "a    one; two\nbcd\n");
        assert_eq!(
            plain(Some(12)),
            "a\n            one\n            two\nbcd\n"
        );
    }

    #[test]
    fn columns() {
        let mut table = Table::default();
        table.row([
            TableCell::plain("日"),
            TableCell::plain(""),
            TableCell::plain("1").right(),
            TableCell::plain("end"),
        ]);
        table.row([
            TableCell::plain("abc"),
            TableCell::plain(""),
            TableCell::plain("12").right(),
        ]);
        assert_eq!(table.lines(1, None), " 日    1  end\n abc  12\n");
        table.row([
            TableCell::plain("x"),
            TableCell::plain(""),
            TableCell::plain(""),
            TableCell::plain("a long text"),
        ]);
        assert_eq!(
            table.lines(0, Some(18)),
            "日    1  end\nabc  12\nx        a long t…\n"
        );
    }
}
