//! What the user should know of the lock file.

use std::fmt;

use crate::lockfile::{DamagedLine, FILE_NAME};

/// How many damaged lines are named.
const NAMED: usize = 5;

/// Lines of the lock file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedLock(Vec<DamagedLine>);

impl DamagedLock {
    /// These lines; `None` if there is none.
    pub fn of(lines: Vec<DamagedLine>) -> Option<Self> {
        (!lines.is_empty()).then_some(Self(lines))
    }
}

impl fmt::Display for DamagedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE_NAME} is damaged and is written again: ")?;
        for (place, line) in self.0.iter().take(NAMED).enumerate() {
            let gap = if place == 0 { "" } else { "; " };
            write!(f, "{gap}line {}: {}", line.line, line.damage)?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
