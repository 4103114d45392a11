//! Which versions of a row are not known: so that a wide range of it can be asked about without a look at each key.

use std::ops::Range;

use crate::plan::judge::Known;

/// Ranges of fewer keys are looked at key by key.
pub(super) const WIDE: u32 = 256;

/// The versions of one row that are not known, by their places in the column, in order.
#[derive(Debug, Default)]
pub(super) struct Survey {
    unknown: Vec<usize>,
    absent: Vec<usize>,
}

impl Survey {
    /// Looks at all versions of a row, which stand at these places, given in order.
    pub fn new(versions: &[Known], places: impl Iterator<Item = usize>) -> Self {
        let mut survey = Self::default();
        for place in places {
            match versions[place] {
                Known::Unknown => survey.unknown.push(place),
                Known::Absent | Known::Unreadable => survey.absent.push(place),
                Known::Version(_) => {}
            }
        }
        survey
    }

    /// Whether all versions are known.
    pub fn knows_all(&self) -> bool {
        self.unknown.is_empty() && self.absent.is_empty()
    }

    /// Whether a version at those of `places` that count is unknown, and whether one is absent.
    pub fn lacks(&self, places: &Range<usize>, counts: impl Fn(usize) -> bool) -> (bool, bool) {
        let any = |these: &[usize]| {
            let first = these.partition_point(|place| *place < places.start);
            let within = these[first..].iter().take_while(|at| **at < places.end);
            within.copied().any(&counts)
        };
        (any(&self.unknown), any(&self.absent))
    }
}
