//! When a step that has failed is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a step is tried again, and how long it waits before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// How often at most.
    pub max: u32,
    /// The delay that the others are made of.
    pub delay: Duration,
    /// No wait is longer; `None` for no limit.
    pub max_delay: Option<Duration>,
    /// How the delays grow.
    pub backoff: Backoff,
    /// How far chance changes them.
    pub jitter: Option<Jitter>,
}

/// How the delays before attempts grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backoff {
    /// All are equal.
    #[default]
    Constant,
    /// The nth is n times the first.
    Linear,
    /// The nth is 2ⁿ − 1 times the first.
    Exponential,
}

/// How far chance changes a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Jitter {
    /// To anything between nothing and all of it.
    Full,
    /// By up to the delay that the others are made of, more or less.
    PlusMinus,
}

/// No wait is longer: one year.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// How often a step is tried again that asks for it and has no policy.
const ASKED: u32 = 10;

/// The longest wait of such a step, in seconds.
const LONGEST_ASKED: u64 = 30;

impl RetryPolicy {
    /// As many retries, without a delay.
    pub const fn of(max: u32) -> Self {
        Self {
            max,
            delay: Duration::ZERO,
            max_delay: None,
            backoff: Backoff::Constant,
            jitter: None,
        }
    }

    /// The delay before the nth retry, from 1; `chance` is at least 0 and less than 1.
    pub fn delay(&self, retry: u32, chance: f64) -> Duration {
        let (low, high) = self.bounds(retry);
        // Without jitter there is nothing between the two.
        self.bounded(low + (high - low) * chance)
    }

    /// The shortest and the longest delay before the nth retry, from 1.
    pub fn interval(&self, retry: u32) -> (Duration, Duration) {
        let (low, high) = self.bounds(retry);
        (self.bounded(low), self.bounded(high))
    }

    /// The same in seconds, before they are bounded.
    fn bounds(&self, retry: u32) -> (f64, f64) {
        let (delay, retry) = (self.delay.as_secs_f64(), f64::from(retry));
        let factor = match self.backoff {
            Backoff::Constant => 1.0,
            Backoff::Linear => retry,
            Backoff::Exponential => retry.exp2() - 1.0,
        };
        let whole = match delay {
            // Nothing of an infinite factor is nothing.
            0.0 => 0.0,
            delay => (delay * factor).min(self.longest()),
        };
        match self.jitter {
            None => (whole, whole),
            Some(Jitter::Full) => (0.0, whole),
            Some(Jitter::PlusMinus) => (whole - delay, whole + delay),
        }
    }

    fn longest(&self) -> f64 {
        let longest = self.max_delay.map(|it| it.as_secs_f64());
        longest.unwrap_or(LONGEST).min(LONGEST)
    }

    fn bounded(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds.clamp(0.0, self.longest()))
    }
}

/// When the attempts at a step are followed by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRule {
    /// Never.
    Never,
    /// Where the command asks for it.
    Asked,
    /// By a policy.
    Policy(RetryPolicy),
}

impl RetryRule {
    /// The exit code by which a command asks for another attempt: `EX_TEMPFAIL`.
    pub const AGAIN: i32 = 75;

    /// The exit code by which a command forbids another attempt: `EX_CONFIG`.
    pub const NEVER: i32 = 78;

    /// The delay after which an attempt that has failed with this exit code, if with any, is followed by another; `None` if it is
    /// not. Attempts are numbered from 0.
    pub fn delay_after(&self, attempt: u32, exit: Option<i32>, chance: f64) -> Option<Duration> {
        let retry = attempt.saturating_add(1);
        match self {
            _ if exit == Some(Self::NEVER) => None,
            Self::Asked if exit == Some(Self::AGAIN) => {
                let seconds = 1_u64.checked_shl(attempt).unwrap_or(LONGEST_ASKED);
                let delay = Duration::from_secs(seconds.min(LONGEST_ASKED));
                (retry <= ASKED).then_some(delay)
            }
            Self::Policy(policy) => (retry <= policy.max).then(|| policy.delay(retry, chance)),
            Self::Never | Self::Asked => None,
        }
    }

    /// How many attempts there are at most, where they fail with this exit code.
    pub fn attempts(&self, exit: Option<i32>) -> u32 {
        let retries = match self {
            _ if exit == Some(Self::NEVER) => 0,
            Self::Asked if exit == Some(Self::AGAIN) => ASKED,
            Self::Policy(policy) => policy.max,
            Self::Never | Self::Asked => 0,
        };
        retries.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, Jitter, RetryPolicy, RetryRule};

    fn policy() -> RetryPolicy {
        RetryPolicy {
            delay: Duration::from_secs(4),
            max_delay: Some(Duration::from_secs(10)),
            backoff: Backoff::Exponential,
            ..RetryPolicy::of(40)
        }
    }

    #[test]
    fn the_longest_delay_bounds_the_delay_and_the_sum() {
        let of = |jitter, retry, chance| {
            let policy = RetryPolicy { jitter, ..policy() };
            policy.delay(retry, chance).as_secs_f64()
        };
        for (retry, plain) in [(1, 4.0), (2, 10.0), (40, 10.0)] {
            assert!((of(None, retry, 0.5) - plain).abs() < 1e-9, "{retry}");
        }
        let full = of(Some(Jitter::Full), 40, 0.5);
        assert!((full - 5.0).abs() < 1e-9, "{full}");
        for (chance, expected) in [(0.0, 6.0), (0.5, 10.0), (0.999, 10.0)] {
            let delay = of(Some(Jitter::PlusMinus), 2, chance);
            assert!((delay - expected).abs() < 1e-9, "{chance}: {delay}");
        }
        let endless = RetryPolicy {
            max_delay: None,
            ..policy()
        };
        assert_eq!(endless.delay(u32::MAX, 0.0).as_secs(), 365 * 24 * 3600);
        let none = RetryPolicy {
            delay: Duration::ZERO,
            ..endless
        };
        assert_eq!(none.delay(u32::MAX, 0.9), Duration::ZERO);
    }

    #[test]
    fn a_command_asks_for_a_retry_or_forbids_it() {
        let rule = RetryRule::Policy(RetryPolicy::of(1));
        let seconds = |rule: RetryRule, attempt, exit| {
            let delay = rule.delay_after(attempt, exit, 0.0);
            delay.map(|delay| delay.as_secs())
        };
        assert_eq!(seconds(rule, 0, Some(1)), Some(0));
        assert_eq!(seconds(rule, 0, None), Some(0));
        assert_eq!(seconds(rule, 1, Some(1)), None);
        assert_eq!(seconds(rule, 0, Some(78)), None);
        assert_eq!(seconds(rule, 1, Some(75)), None);
        assert_eq!(
            seconds(RetryRule::Policy(RetryPolicy::of(0)), 0, Some(75)),
            None
        );
        assert_eq!(seconds(RetryRule::Never, 0, Some(75)), None);
        assert_eq!(seconds(RetryRule::Asked, 0, Some(1)), None);
        let asked: Vec<_> = (0..11)
            .map(|at| seconds(RetryRule::Asked, at, Some(75)))
            .collect();
        let waits = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30].map(Some);
        assert_eq!(asked, [&waits[..], &[None]].concat());
        assert_eq!(RetryRule::Asked.attempts(Some(75)), 11);
        assert_eq!(rule.attempts(Some(1)), 2);
    }
}
