//! From the starts of windows, as the table has them in order, to the windows' places.
//!
//! The starts of the windows that exist are walked beside the rows and never held: a stretch of a million windows takes no
//! memory. Where rows are far apart, the definition is asked.

use std::ops::Range;

use jiff::Timestamp;

use crate::model::TimeKeys;

/// So many windows without a row are stepped over before the definition is asked for the next one.
const STEPS_PER_SEARCH: u32 = 16;

/// A walk along a stretch of windows.
pub(super) struct WindowWalk<'a> {
    keys: &'a TimeKeys,
    /// The index of the next start, and the end of the stretch.
    ahead: Range<u32>,
    /// The next start, in seconds since 1970.
    next: Option<i64>,
    starts: Starts<'a>,
}

type Starts<'a> = Box<dyn Iterator<Item = i64> + 'a>;

impl<'a> WindowWalk<'a> {
    pub(super) fn new(keys: &'a TimeKeys, indexes: Range<u32>) -> Self {
        let mut starts = starts(keys, indexes.clone());
        Self {
            keys,
            next: starts.next(),
            ahead: indexes,
            starts,
        }
    }

    /// The index of the window that starts at `second`, if it exists in the stretch; asked in order.
    pub(super) fn index_at(&mut self, second: i64) -> Option<u32> {
        for _ in 0..STEPS_PER_SEARCH {
            match self.next? {
                start if start == second => return Some(self.ahead.start),
                start if start > second => return None,
                _ => self.step(),
            }
        }
        let instant = Timestamp::from_second(second).ok()?;
        let lattice = self.keys.definition().index_at(instant);
        let index = self
            .keys
            .within(&(lattice..lattice.saturating_add(1)))
            .start;
        *self = Self::new(self.keys, index.max(self.ahead.start)..self.ahead.end);
        (self.next == Some(second)).then_some(self.ahead.start)
    }

    fn step(&mut self) {
        self.ahead.start += 1;
        self.next = self.starts.next();
    }
}

fn starts(keys: &TimeKeys, indexes: Range<u32>) -> Starts<'_> {
    if indexes.is_empty() {
        return Box::new(std::iter::empty());
    }
    let lattice = keys.lattice(indexes.start)..keys.lattice(indexes.end - 1) + 1;
    // Where some windows do not exist, the lattice may have more of them.
    if lattice.end - lattice.start == i64::from(indexes.end - indexes.start) {
        return Box::new(keys.definition().starts(lattice).map(Timestamp::as_second));
    }
    Box::new(indexes.map(|index| keys.window(index).start.as_second()))
}
