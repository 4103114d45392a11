//! Which versions of a row are not known: so that a wide range of it can be asked about without a look at each key.

use std::ops::Range;

use crate::model::{DataVersion, Presence};

/// Ranges of fewer keys are looked at key by key.
pub const WIDE: u32 = 256;

/// The versions of one row that are not known, by their places in the column, in order.
#[derive(Debug, Default)]
pub struct Survey {
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

/// What is known of a data version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing, until something upstream has run.
    #[default]
    Unknown,
    /// It has no data: a source is missing.
    Absent,
    /// There is a source, and its data cannot be read.
    Unreadable,
    /// The version.
    Version(DataVersion),
}

impl Known {
    /// Whether no run can give it a version: a source is missing or cannot be read.
    pub fn is_lacking(self) -> bool {
        matches!(self, Self::Absent | Self::Unreadable)
    }

    /// Whether there is anything, of the versions of sources: an optional one that is absent has a version of its own.
    pub fn presence(self) -> Presence {
        match self {
            Self::Absent => Presence::Missing,
            Self::Unreadable => Presence::Unreadable,
            Self::Version(version) if version == DataVersion::absent() => Presence::Missing,
            Self::Version(_) | Self::Unknown => Presence::There,
        }
    }
}

impl Known {
    /// The version, if it is known.
    pub fn version(self) -> Option<DataVersion> {
        match self {
            Self::Version(version) => Some(version),
            Self::Unknown | Self::Absent | Self::Unreadable => None,
        }
    }
}
