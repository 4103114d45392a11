//! The wall clock, as a value that can be handed in.

use jiff::Timestamp;

/// What says the time. Rooms that need it take a clock as a parameter.
///
/// ```
/// use assetctl::{Clock, FixedClock, SystemClock};
///
/// /// One hour ahead of another clock.
/// struct Ahead<C>(C);
///
/// impl<C: Clock> Clock for Ahead<C> {
///     fn now(&self) -> jiff::Timestamp {
///         self.0.now() + jiff::SignedDuration::from_hours(1)
///     }
/// }
///
/// let six = FixedClock("2024-01-03T06:00:00Z".parse().expect("an instant"));
/// assert_eq!(Ahead(six).now().to_string(), "2024-01-03T07:00:00Z");
/// assert!(Ahead(SystemClock).now() > SystemClock.now());
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
///
/// ```
/// use assetctl::{Clock, SystemClock};
///
/// let before = SystemClock.now();
/// assert!(before.as_second() > 0);
/// ```
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
