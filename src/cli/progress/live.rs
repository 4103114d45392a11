//! A run on a terminal: finished lines scroll above, a region below shows what runs.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::answer::{Event, KeyPlaces};
use crate::cli::next::Next;
use crate::cli::progress::lines::Story;
use crate::cli::progress::{Display, LastLine, line};
use crate::cli::signals::Urgency;
use crate::cli::terminal::{Stream, size_now};
use crate::cli::text::{
    ACCENT, DIM, Look, cut, elapsed, number, printed, span, styled, width as width_of,
};

/// How often the region is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// How many running steps are shown.
const STEPS: usize = 8;

/// The width of the bar, without its brackets.
const BAR: usize = 20;

/// A live region on standard error.
pub struct Live {
    story: Story,
    stream: Stream,
    last_line: LastLine,
    region: Region,
    /// The lines of the region, painted, with their widths.
    lines: Vec<(String, usize)>,
    drawn: Instant,
}

impl Live {
    /// An empty region.
    pub fn new(look: Look, stream: Stream, last_line: LastLine, next: Next) -> Self {
        let now = Instant::now();
        Self {
            story: Story::new(look, now, next),
            stream,
            last_line,
            region: Region::default(),
            lines: Vec::new(),
            drawn: now,
        }
    }

    /// Lets finished lines scroll away above the region as it was drawn last: to put it together, logs are read.
    fn leave(&mut self, above: String) {
        if !above.is_empty() {
            self.show(above);
        }
    }

    /// The same, with the region as it is now.
    fn draw(&mut self, above: String, now: Instant) {
        self.drawn = now;
        if let Some((width, height)) = size_now() {
            self.story.look.width = Some(width);
            self.story.look.height = Some(height);
        }
        let lines = lines(&self.story, &self.last_line, now).into_iter();
        let lines = lines.map(|line| {
            let columns = width_of(&line);
            (self.stream.colors.apply(line), columns)
        });
        self.lines = lines.collect();
        self.show(above);
    }

    fn show(&mut self, above: String) {
        let above = self.stream.colors.apply(above);
        let width = self.story.look.width.unwrap_or(80);
        let text = self.region.draw(&above, &self.lines, width);
        // In one piece, so that nobody sees half of it.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }
}

impl Display for Live {
    fn keys(&mut self, keys: KeyPlaces) {
        self.story.keys = keys;
    }

    fn event(&mut self, event: &Event) {
        let now = Instant::now();
        let text = self.story.event(&event.kind, now);
        if now.duration_since(self.drawn) >= FRAME {
            self.draw(text, now);
        } else {
            self.leave(text);
        }
    }

    fn output(&mut self, step: &str, lines: &str) {
        let text = self.story.output(step, lines);
        self.leave(text);
    }

    fn interrupted(&mut self, urgency: Urgency) {
        let text = self.story.interrupted(urgency);
        self.draw(text, Instant::now());
    }

    fn tick(&mut self, now: Instant) {
        let text = self.story.release();
        self.draw(text, now);
    }

    fn pause(&self) -> Duration {
        FRAME
    }

    fn end(&mut self) {
        let text = self.story.end();
        self.lines.clear();
        self.show(text);
    }
}

/// The lines of the region: up to eight running steps, as many as there is room for, and the bar.
fn lines(story: &Story, last_line: &LastLine, now: Instant) -> Vec<String> {
    if story.has_finished() {
        // Hooks of the run, and what is written at its end.
        return vec![line::verb(ACCENT, "Finishing")];
    }
    let board = &story.board;
    if board.total == 0 || (board.done >= board.total && board.running.is_empty()) {
        return Vec::new();
    }
    let width = story.look.width.unwrap_or(80).saturating_sub(1);
    let running = board.running_now();
    // A line is left for what comes above, one for the bar, one for those that are not shown.
    let steps = story
        .look
        .height
        .map_or(STEPS, |height| height.saturating_sub(3).min(STEPS));
    let mut lines: Vec<String> = running
        .iter()
        .take(steps)
        .map(|running| {
            let took = elapsed(now.duration_since(running.since));
            let usually = running
                .usually
                .map_or_else(String::new, |time| format!(" (usually {})", span(time)));
            let name = line::name(&running.step, running.batch.as_deref());
            let head = format!("{:>12} {name}  {took}{usually}", "");
            let head = cut(&head, width);
            let room = width.saturating_sub(width_of(&head) + 2);
            match last_line(running) {
                Some(last) if room > 8 => {
                    let last = printed(last.trim_end()).replace(|c: char| c.is_control(), " ");
                    format!("{head}  {}", styled(DIM, cut(&last, room)))
                }
                _ => head,
            }
        })
        .collect();
    if running.len() > steps {
        let more = number((running.len() - steps) as u64);
        lines.push(format!("{:>12} and {more} more", ""));
    }
    lines.push(bar(story, now, width));
    lines
}

/// `Materialize [=======>            ] 4/10 · 2 running · 0 failed · 0:12, about 0:40 left`
fn bar(story: &Story, now: Instant, width: usize) -> String {
    let board = &story.board;
    let filled = (BAR * board.done as usize / board.total.max(1) as usize).min(BAR);
    let head = if filled < BAR { ">" } else { "" };
    let full = format!("{}{head}", "=".repeat(filled));
    let left = board.left(now).map_or_else(String::new, |left| {
        format!(", about {} left", elapsed(left))
    });
    let state = format!(
        "[{:<BAR$}] {}/{} · {} running · {} failed · {}{left}",
        full,
        number(board.done),
        number(board.total),
        number(board.running_now().len() as u64),
        number(board.failed),
        elapsed(now.duration_since(board.started)),
    );
    let verb = line::verb(ACCENT, "Materialize");
    format!("{verb} {}", cut(&state, width.saturating_sub(13 + ECHO)))
}

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
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{Region, lines};

    use crate::answer::EventKind;
    use crate::cli::fixtures::{look, next, plain, step};
    use crate::cli::progress::LastLine;
    use crate::cli::progress::lines::Story;

    #[test]
    fn what_runs_and_a_bar() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut story = Story::new(look(), start, next());
        story.event(
            &EventKind::RunStarted {
                steps: 11,
                selection: String::new(),
                partitions: String::new(),
                configuration: None,
                origin: Box::default(),
            },
            start,
        );
        for day in 1..=10 {
            let event = EventKind::StepStarted {
                step: step("clean", &format!("2013-07-{day:02}")),
                batch: None,
                attempt: 0,
                pid: None,
                causes: vec![],
                usually: Some(Duration::from_millis(2100)),
                inputs: vec![],
            };
            story.event(&event, after(day));
        }
        story.event(
            &EventKind::StepFresh {
                step: step("year", ""),
            },
            after(11),
        );
        story.board.done = 4;
        let last_line: LastLine = Arc::new(|running| {
            running
                .step
                .to_string()
                .ends_with("01")
                .then(|| "read\t1 of 2\n".repeat(9))
        });
        let lines = lines(&story, &last_line, after(12)).join("\n");
        insta::assert_snapshot!(plain(&lines), @r"
                    clean@2013-07-01  0:11 (usually 2.1s)  read 1 of 2 read 1 of 2 read 1 of 2 read 1 of …
                    clean@2013-07-02  0:10 (usually 2.1s)
                    clean@2013-07-03  0:09 (usually 2.1s)
                    clean@2013-07-04  0:08 (usually 2.1s)
                    clean@2013-07-05  0:07 (usually 2.1s)
                    clean@2013-07-06  0:06 (usually 2.1s)
                    clean@2013-07-07  0:05 (usually 2.1s)
                    clean@2013-07-08  0:04 (usually 2.1s)
                    and 2 more
        Materialize [========>           ] 4/10 · 10 running · 0 failed · 0:12, about 0:18 left
        ");
    }

    #[test]
    fn nothing_before_a_run_starts() {
        let start = Instant::now();
        let nothing: LastLine = Arc::new(|_| None);
        assert!(lines(&Story::new(look(), start, next()), &nothing, start).is_empty());
    }

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

    fn measured(texts: &[&str]) -> Vec<(String, usize)> {
        let lines = texts.iter().map(|it| ((*it).to_owned(), it.len()));
        lines.collect()
    }

    #[test]
    fn an_echoed_interrupt_goes_with_the_next_drawing_and_nothing_of_the_region_stays() {
        let (mut region, mut screen) = (Region::default(), Screen::default());
        screen.write("$ assetctl\n");
        let three = measured(&["step of many words", "second", "[=> ] 1/9 now"]);
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
        screen.write(&region.draw("", &measured(&["other", "[==>] 2/9"]), WIDTH));
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
        region.draw("", &measured(&["a line of 20 columns", "[> ] 0/9"]), 40);
        let narrow = region.draw("", &measured(&["a line", "[> ]"]), 10);
        assert!(narrow.starts_with("\r\x1b[2A"), "{narrow:?}");
    }
}
