//! A strip of marks: how many neighbouring partitions are, in one line of any width.

use crate::cli::status::{WORST, glyph};
use crate::cli::terminal::Glyphs;
use crate::cli::text::{status_style, styled};
use crate::model::Status;

/// So many neighbouring partitions of a status.
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
    use super::{partitions_per_mark, strip, take};
    use crate::cli::fixtures::plain;
    use crate::cli::terminal::Glyphs;
    use crate::model::Status::{Failed, Fresh, Missing, Stale};

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
