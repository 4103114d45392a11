//! The lines at the bottom of a terminal that are drawn again and again.
//!
//! The cursor rests at the end of the last of them, so that the terminal's echo of an interrupt (`^C`) lands there and goes with the
//! next drawing. At the edge of the screen the echo would move the cursor down, and the first line would stay for good.

use std::fmt::Write as _;

/// The columns that a last line leaves for what the terminal echoes.
pub const ECHO: usize = 6;

/// What was drawn last.
#[derive(Debug, Default)]
pub struct Region {
    /// The width of each line.
    drawn: Vec<usize>,
}

impl Region {
    /// What to write so that `above`, which is empty or ends with a newline, scrolls away, and `lines` take the place of those drawn
    /// last. Each line, with its width, has room on the screen, which is `width` columns wide.
    pub fn draw(&mut self, above: &str, lines: &[(String, usize)], width: usize) -> String {
        let mut text = String::new();
        // A terminal that became narrower has wrapped them.
        let rows = |drawn: &usize| drawn.div_ceil(width.max(1)).max(1);
        let rows: usize = self.drawn.iter().map(rows).sum();
        if rows > 0 {
            text.push('\r');
        }
        if rows > 1 {
            let _ = write!(text, "\x1b[{}A", rows - 1);
        }
        if !above.is_empty() {
            text.push_str("\x1b[J");
            text.push_str(above);
        }
        for (index, (line, _)) in lines.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        if rows > 0 && above.is_empty() {
            text.push_str("\x1b[J");
        }
        self.drawn = lines.iter().map(|(_, width)| *width).collect();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    const WIDTH: usize = 20;

    /// A terminal that knows what a region writes.
    #[derive(Default)]
    struct Screen {
        lines: Vec<Vec<char>>,
        row: usize,
        column: usize,
    }

    impl Screen {
        fn write(&mut self, text: &str) {
            let mut rest = text;
            while let Some(character) = rest.chars().next() {
                rest = &rest[character.len_utf8()..];
                match character {
                    '\r' => self.column = 0,
                    '\n' => (self.row, self.column) = (self.row + 1, 0),
                    '\x1b' => {
                        let end = rest.find(|it: char| it.is_ascii_alphabetic());
                        let (sequence, after) = rest.split_at(end.expect("a whole sequence") + 1);
                        self.obey(sequence);
                        rest = after;
                    }
                    character => self.put(character),
                }
            }
        }

        fn obey(&mut self, sequence: &str) {
            match sequence {
                "[K" => self.line().truncate(0),
                "[J" => {
                    self.line().truncate(0);
                    self.lines.truncate(self.row + 1);
                }
                up => {
                    let up = up.trim_matches(['[', 'A']).parse::<usize>();
                    self.row = self.row.saturating_sub(up.expect("a number of lines"));
                }
            }
        }

        /// The line from the cursor on.
        fn line(&mut self) -> LineEnd<'_> {
            self.lines
                .resize(self.lines.len().max(self.row + 1), Vec::new());
            LineEnd(&mut self.lines[self.row], self.column)
        }

        fn put(&mut self, character: char) {
            if self.column == WIDTH {
                (self.row, self.column) = (self.row + 1, 0);
            }
            let column = self.column;
            let line = self.line().0;
            line.resize(line.len().max(column + 1), ' ');
            line[column] = character;
            self.column += 1;
        }

        fn shown(&self) -> String {
            let lines = self.lines.iter().map(|it| it.iter().collect::<String>());
            lines.collect::<Vec<_>>().join("\n")
        }
    }

    struct LineEnd<'a>(&'a mut Vec<char>, usize);

    impl LineEnd<'_> {
        fn truncate(self, after: usize) {
            self.0.truncate(self.1 + after);
        }
    }

    fn lines(texts: &[&str]) -> Vec<(String, usize)> {
        let lines = texts.iter().map(|it| ((*it).to_owned(), it.len()));
        lines.collect()
    }

    #[test]
    fn an_echoed_interrupt_goes_with_the_next_drawing_and_nothing_of_the_region_stays() {
        let (mut region, mut screen) = (Region::default(), Screen::default());
        screen.write("$ assetctl\n");
        let three = lines(&["step of many words", "second", "[=> ] 1/9 now"]);
        screen.write(&region.draw("", &three, WIDTH));
        assert_eq!(
            screen.shown(),
            "$ assetctl\nstep of many words\nsecond\n[=> ] 1/9 now"
        );
        for above in ["Interrupted\n", "a line as wide as it\n", "once more\n"] {
            screen.write("^C^C");
            screen.write(&region.draw(above, &three, WIDTH));
        }
        screen.write("^C");
        screen.write(&region.draw("", &lines(&["other", "[==>] 2/9"]), WIDTH));
        assert_eq!(
            screen.shown(),
            "$ assetctl\nInterrupted\na line as wide as it\nonce more\nother\n[==>] 2/9"
        );
        screen.write("^C");
        screen.write(&region.draw("ended\n", &[], WIDTH));
        screen.write("$ ");
        assert_eq!(
            screen.shown(),
            "$ assetctl\nInterrupted\na line as wide as it\nonce more\nended\n$ "
        );
    }

    #[test]
    fn lines_that_a_narrower_terminal_has_wrapped_are_drawn_over() {
        let mut region = Region::default();
        region.draw("", &lines(&["a line of 20 columns", "[> ] 0/9"]), 40);
        let narrow = region.draw("", &lines(&["a line", "[> ]"]), 10);
        assert!(narrow.starts_with("\r\x1b[2A"), "{narrow:?}");
    }
}
