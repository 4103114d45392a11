//! A run on a terminal: finished lines scroll above, a region below shows what runs.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::answer::{Event, KeyPlaces};
use crate::cli::next::Next;
use crate::cli::progress::lines::Story;
use crate::cli::progress::region::{ECHO, Region};
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
            (self.stream.paint.apply(line), columns)
        });
        self.lines = lines.collect();
        self.show(above);
    }

    fn show(&mut self, above: String) {
        let above = self.stream.paint.apply(above);
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
        let text = self.story.release();
        self.lines.clear();
        self.show(text);
    }
}

/// The lines of the region: up to eight running steps, as many as there is room for, and the bar.
fn lines(story: &Story, last_line: &LastLine, now: Instant) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::lines;
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
}
