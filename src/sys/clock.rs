//! The wall clock, as a value that can be handed in.

use jiff::Timestamp;

/// What says the time. Rooms that need it take a clock as a parameter.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still, for `--now` and for tests.
///
/// ```
/// use assetctl::{Clock, FixedClock};
///
/// let clock = FixedClock("2024-01-03T06:00:00Z".parse().expect("an instant"));
/// assert_eq!(clock.now(), clock.now());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
