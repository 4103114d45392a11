//! `partitions show`: a strip of marks, and the ranges that are alike below it.

use clap::Args;

use crate::answer::{DeclarationKind, PartitionRun, ShownPartitions, ShownRow};
use crate::app;
use crate::cli::args::whole;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::status::{TOLD, WORST, glyph};
use crate::cli::terminal::Glyphs;
use crate::cli::text::{
    BOLD, DIM, Detail, Keys, Look, Table, TableCell, ago, count, keys, number, status_style,
    styled, width,
};
use crate::model::{ShowPartitionsRequest, Status};

/// Words of `partitions show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions show clean")]
pub struct ShowPartitionsArgs {
    /// The asset or source
    #[arg(value_name = "ASSET")]
    pub asset: String,
}

/// Shows how the partitions of an asset are.
pub fn run(args: &ShowPartitionsArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let asset = whole(&args.asset)?;
    let (shown, notices) =
        app::show_partitions(&session.project()?, &ShowPartitionsRequest { asset })?;
    session.tell(&notices);
    session.answer(&shown, || shown_partitions(&shown, &session.look()))
}

/// How wide a strip is at most, and how narrow before what stands beside it is left out.
const WIDEST: usize = 100;
const NARROWEST: usize = 20;

/// How many ranges of a status are written out.
const RANGES: usize = 3;

/// How the partitions are.
fn shown_partitions(shown: &ShownPartitions, look: &Look) -> String {
    let total = shown.counts.total();
    let did = match shown.kind {
        DeclarationKind::Asset => "made",
        DeclarationKind::Source => "observed",
    };
    let last = shown.last.map(|time| ago(look.now, time));
    let mut text = format!(
        "{} {}: {}{}\n",
        styled(BOLD, &shown.asset),
        styled(DIM, format!("({})", shown.definition)),
        count(total, "partition"),
        last.map_or_else(String::new, |last| format!(", last {did} {last}"))
    );
    if total > 0 {
        text.push_str(&rows(shown, look));
        text.push('\n');
        text.push_str(&legend(&shown.partitions, look));
    }
    text
}

/// A strip for each row, the keys of its ends or its outer key beside it.
fn rows(shown: &ShownPartitions, look: &Look) -> String {
    let wide = look.width.unwrap_or(WIDEST).min(WIDEST).saturating_sub(2);
    let widest = |label: fn(&ShownRow) -> String| {
        let widths = shown.rows.iter().map(|row| width(&label(row)));
        widths.max().unwrap_or(0)
    };
    let (label, after) = (widest(before_strip), widest(after_strip));
    let (label, room) = match wide.checked_sub(label + after + 2) {
        Some(room) if room >= NARROWEST => (label, room),
        _ => (0, wide),
    };
    let longest = shown.rows.iter().map(|row| row.count).max().unwrap_or(0);
    let per_mark = partitions_per_mark(longest, room);
    let runs = shown.partitions.iter().rev();
    let mut left: Vec<Stretch> = runs.map(|run| (run.status, run.count)).collect();
    let mut lines = Vec::new();
    for row in &shown.rows {
        let strip = strip(&take(&mut left, row.count), per_mark, look.glyphs);
        if label == 0 {
            lines.push(format!("  {strip}\n"));
            continue;
        }
        let (before, after) = (before_strip(row), after_strip(row));
        let gap = " ".repeat(label - width(&before));
        let before = styled(DIM, before);
        lines.push(if after.is_empty() {
            format!("  {before}{gap} {strip}\n")
        } else {
            format!("  {before}{gap} {strip} {}\n", styled(DIM, after))
        });
    }
    if per_mark > 1 {
        let many = number(per_mark);
        let note = format!("Each mark is {many} partitions, and shows the worst of them.");
        lines.push(format!("  {}\n", styled(DIM, note)));
    }
    lines.concat()
}

fn before_strip(row: &ShownRow) -> String {
    let key = row.outer.as_ref().or(row.first.as_ref());
    key.map_or_else(String::new, ToString::to_string)
}

fn after_strip(row: &ShownRow) -> String {
    match (&row.outer, &row.last) {
        (None, Some(last)) => last.to_string(),
        _ => String::new(),
    }
}

/// A line for each status that there is: its mark, how many partitions have it, and which.
fn legend(runs: &[PartitionRun], look: &Look) -> String {
    let limit = match look.detail {
        Detail::Full => usize::MAX,
        Detail::Brief | Detail::Normal => RANGES,
    };
    let mut table = Table::default();
    for status in TOLD {
        let ranges = ranges(runs, status);
        if ranges.is_empty() {
            continue;
        }
        let total: u32 = runs
            .iter()
            .filter(|run| run.status == status)
            .map(|run| run.count)
            .sum();
        let style = status_style(status);
        table.row([
            TableCell::new(style, glyph(status, look.glyphs)),
            TableCell::new(style, status.word()),
            TableCell::plain(number(total)).right(),
            TableCell::plain(keys(ranges, limit)),
        ]);
    }
    table.lines(2, look.width)
}

/// The ranges of a status, those that only differ in causes joined.
fn ranges(runs: &[PartitionRun], status: Status) -> Vec<Keys<'_>> {
    let alike = runs.chunk_by(|one, other| one.status == other.status);
    alike
        .filter(|runs| runs[0].status == status)
        .map(|runs| Keys {
            first: runs[0].first.as_ref(),
            last: runs[runs.len() - 1].last.as_ref(),
        })
        .collect()
}

/// A number of neighbouring partitions of one status.
pub type Stretch = (Status, u32);

/// How many partitions a mark stands for, so that `count` of them take up `room` columns at most.
pub fn partitions_per_mark(count: u32, room: usize) -> u32 {
    let room = u32::try_from(room.max(1)).unwrap_or(u32::MAX);
    count.div_ceil(room).max(1)
}

/// Takes stretches that are `count` partitions long off the front of `left`.
pub fn take(left: &mut Vec<Stretch>, count: u32) -> Vec<Stretch> {
    let mut taken = Vec::new();
    let mut wanted = count;
    while wanted > 0 {
        let Some((status, len)) = left.pop() else {
            break;
        };
        let here = len.min(wanted);
        taken.push((status, here));
        wanted -= here;
        if here < len {
            left.push((status, len - here));
        }
    }
    taken
}

/// The marks, each of `per_mark` partitions and coloured by the worst of them; marks of one status are coloured at once.
pub fn strip(stretches: &[Stretch], per_mark: u32, glyphs: Glyphs) -> String {
    let mut text = String::new();
    let marks = marks(stretches, per_mark);
    for alike in marks.chunk_by(|one, other| one == other) {
        let marks = glyph(alike[0], glyphs).repeat(alike.len());
        text.push_str(&styled(status_style(alike[0]), marks).to_string());
    }
    text
}

fn marks(stretches: &[Stretch], per_mark: u32) -> Vec<Status> {
    let mut marks = Vec::new();
    // The worst of the mark that is not full yet, and how many partitions it stands for.
    let mut open: Option<(Status, u32)> = None;
    for (status, len) in stretches {
        let mut left = *len;
        while left > 0 {
            let (worst, filled) = open.unwrap_or((*status, 0));
            let here = left.min(per_mark - filled);
            left -= here;
            let mark = (worst_of(worst, *status), filled + here);
            open = if mark.1 == per_mark {
                marks.push(mark.0);
                None
            } else {
                Some(mark)
            };
        }
    }
    marks.extend(open.map(|(worst, _)| worst));
    marks
}

fn worst_of(one: Status, other: Status) -> Status {
    let both = [one, other];
    let worst = WORST.into_iter().find(|status| both.contains(status));
    worst.unwrap_or(one)
}

#[cfg(test)]
mod tests {
    use super::{partitions_per_mark, shown_partitions, strip, take};

    use crate::answer::{DeclarationKind, PartitionRun, ShownPartitions, ShownRow, StatusCounts};
    use crate::cli::fixtures::{asset, key, look, plain, time};
    use crate::cli::terminal::Glyphs;
    use crate::model::Cause;
    use crate::model::Status::{self, Failed, Fresh, Missing, Stale};

    fn shown(runs: &[(&str, &str, u32, Status)], rows: Vec<ShownRow>) -> ShownPartitions {
        let mut counts = StatusCounts::default();
        let run = |(first, last, count, status): &(&str, &str, u32, Status)| {
            counts.add(*status, *count);
            PartitionRun {
                first: key(first),
                last: key(last),
                count: *count,
                status: *status,
                causes: vec![Cause::Forced],
                blocked: None,
            }
        };
        let partitions = runs.iter().map(run).collect();
        ShownPartitions {
            asset: asset("clean"),
            kind: DeclarationKind::Asset,
            counts,
            partitions,
            last: Some(time("2013-07-06T11:48:00Z")),
            definition: "day".into(),
            rows,
        }
    }

    fn row(outer: &str, first: &str, last: &str, count: u32) -> ShownRow {
        ShownRow {
            outer: key(outer),
            first: key(first),
            last: key(last),
            count,
        }
    }

    #[test]
    fn a_few_partitions() {
        let runs = [
            ("d1", "d1", 1, Fresh),
            ("d2", "d2", 1, Stale),
            ("d3", "d3", 1, Missing),
        ];
        let shown = shown(&runs, vec![row("", "d1", "d3", 3)]);
        insta::assert_snapshot!(plain(&shown_partitions(&shown, &look())), @r"
        clean (day): 3 partitions, last made 12 min ago
          d1 ✓●○ d3

          ✓  fresh    1  d1
          ●  stale    1  d2
          ○  missing  1  d3
        ");
    }

    #[test]
    fn a_hundred_thousand() {
        let runs = [
            ("h000000", "h079999", 80_000, Fresh),
            ("h080000", "h080000", 1, Failed),
            ("h080001", "h089999", 9_999, Fresh),
            ("h090000", "h090001", 2, Stale),
            ("h090002", "h090003", 2, Stale),
            ("h090004", "h099999", 9_996, Missing),
        ];
        let shown = shown(&runs, vec![row("", "h000000", "h099999", 100_000)]);
        insta::assert_snapshot!(plain(&shown_partitions(&shown, &look())), @r"
        clean (day): 100,000 partitions, last made 12 min ago
          h000000 ✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✗✓✓✓✓✓✓✓●○○○○○○○○ h099999
          Each mark is 1,220 partitions, and shows the worst of them.

          ✓  fresh    89,999  h000000...h079999, h080001...h089999
          ●  stale         4  h090000...h090003
          ○  missing   9,996  h090004...h099999
          ✗  failed        1  h080000
        ");
    }

    #[test]
    fn a_row_for_each_outer_key() {
        let runs = [
            ("eu|1", "eu|4", 4, Fresh),
            ("eu|5", "usa|1", 2, Status::Pending),
            ("usa|2", "usa|5", 4, Missing),
        ];
        let rows = vec![
            row("eu", "eu|1", "eu|5", 5),
            row("usa", "usa|1", "usa|5", 5),
        ];
        insta::assert_snapshot!(plain(&shown_partitions(&shown(&runs, rows), &look())), @r"
        clean (day): 10 partitions, last made 12 min ago
          eu  ✓✓✓✓◌
          usa ◌○○○○

          ✓  fresh    4  eu|1...eu|4
          ○  missing  4  usa|2...usa|5
          ◌  pending  2  eu|5...usa|1
        ");
    }

    #[test]
    fn none() {
        let shown = shown(&[], vec![row("", "", "", 0)]);
        insta::assert_snapshot!(plain(&shown_partitions(&shown, &look())), @"clean (day): 0 partitions, last made 12 min ago");
    }

    #[test]
    fn each_mark_is_as_bad_as_the_worst_of_its_partitions() {
        let few = [(Fresh, 2), (Stale, 1), (Missing, 1)];
        let many = [(Fresh, 99_000), (Failed, 1), (Fresh, 900), (Missing, 99)];
        for (stretches, per_mark, marks) in [
            (&few[..], 1, "++*-"),
            (&few, 2, "+*"),
            (&few, 3, "*-"),
            (&few, 100, "*"),
            (&many, 10_000, "+++++++++x"),
            (&[], 1, ""),
        ] {
            assert_eq!(plain(&strip(stretches, per_mark, Glyphs::Ascii)), marks);
        }
    }

    #[test]
    fn marks_fit_into_the_room() {
        for (count, room, per_mark) in [
            (3, 80, 1),
            (80, 80, 1),
            (81, 80, 2),
            (100_000, 80, 1250),
            (0, 0, 1),
        ] {
            assert_eq!(
                partitions_per_mark(count, room),
                per_mark,
                "{count} in {room}"
            );
        }
    }

    #[test]
    fn rows_are_cut_where_they_end() {
        // The front is at the end of the list.
        let mut left = vec![(Missing, 2), (Fresh, 5)];
        assert_eq!(take(&mut left, 3), [(Fresh, 3)]);
        assert_eq!(take(&mut left, 3), [(Fresh, 2), (Missing, 1)]);
        assert_eq!(take(&mut left, 3), [(Missing, 1)]);
    }
}
