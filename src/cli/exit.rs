//! Exit codes: what a caller can rely on.

use std::process::ExitCode;

use crate::answer::RunOutcome;

/// How `assetctl` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerbExit {
    /// Done, fresh, nothing to do.
    Yes,
    /// A step failed or was blocked, or something is not fresh and that was asked.
    No,
    /// Arguments, Assets.toml, an unknown asset or key, a cycle.
    Input,
    /// The instance is locked or unreadable, the disk is full.
    Environment,
    /// A signal ended it, by its number.
    Signal(u8),
}

impl VerbExit {
    /// Whether the answer is yes.
    #[must_use]
    pub fn yes_if(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }

    /// The number: 0, 1, 2, 3, or 128 and the signal.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Input => 2,
            Self::Environment => 3,
            Self::Signal(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// How a run's outcome ends the process; `signal` is what interrupted it, if anything did.
    #[must_use]
    pub fn of_run(outcome: RunOutcome, signal: Option<u8>) -> Self {
        match (outcome, signal) {
            (RunOutcome::Success, _) => Self::Yes,
            (RunOutcome::Canceled, Some(signal)) => Self::Signal(signal),
            (RunOutcome::Failed | RunOutcome::Canceled, _) => Self::No,
        }
    }
}

impl From<VerbExit> for ExitCode {
    fn from(exit: VerbExit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::VerbExit;
    use crate::answer::RunOutcome;

    #[test]
    fn codes() {
        for (exit, code) in [
            (VerbExit::of_run(RunOutcome::Success, None), 0),
            (VerbExit::of_run(RunOutcome::Success, Some(2)), 0),
            (VerbExit::of_run(RunOutcome::Failed, None), 1),
            (VerbExit::of_run(RunOutcome::Failed, Some(2)), 1),
            (VerbExit::of_run(RunOutcome::Canceled, None), 1),
            (VerbExit::of_run(RunOutcome::Canceled, Some(1)), 129),
            (VerbExit::of_run(RunOutcome::Canceled, Some(2)), 130),
            (VerbExit::of_run(RunOutcome::Canceled, Some(15)), 143),
            (VerbExit::Input, 2),
            (VerbExit::Environment, 3),
        ] {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
