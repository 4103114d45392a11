//! Why outputs are not accepted, told once for each asset and reason.

use crate::app::error::{AppError, RequestError};
use crate::model::{Name, OutputKind, StepName};

/// Why the outputs of an asset partition are not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is declared that could be accepted.
    NoOutputs,
    /// Nothing is at this path.
    MissingOutput(String),
    /// Something else is there than what is declared.
    OutputKind {
        /// The path.
        path: String,
        /// What is there.
        found: OutputKind,
    },
    /// An input has no version yet.
    Input {
        /// The input.
        input: Name,
        /// Why it has none, in words.
        reason: String,
        /// What may be done.
        help: String,
    },
}

/// Refusals of several asset partitions, those of one asset for the same reason together.
#[derive(Debug, Default)]
pub struct Refusals {
    groups: Vec<RefusalGroup>,
}

#[derive(Debug)]
struct RefusalGroup {
    first: StepName,
    refusal: Refusal,
    more: u32,
}

impl Refusals {
    /// Adds one.
    pub fn add(&mut self, step: StepName, refusal: Refusal) {
        let alike = |group: &&mut RefusalGroup| {
            group.first.asset == step.asset
                && std::mem::discriminant(&group.refusal) == std::mem::discriminant(&refusal)
        };
        match self.groups.iter_mut().find(alike) {
            Some(group) => group.more += 1,
            None => self.groups.push(RefusalGroup {
                first: step,
                refusal,
                more: 0,
            }),
        }
    }

    /// All of them as one error, if there is any.
    pub fn into_result(self) -> Result<(), AppError> {
        if self.groups.is_empty() {
            return Ok(());
        }
        let errors = self
            .groups
            .into_iter()
            .map(RefusalGroup::into_error)
            .collect();
        Err(AppError::from_requests(errors))
    }
}

impl RefusalGroup {
    fn into_error(self) -> RequestError {
        let step = match self.more {
            0 => self.first.to_string(),
            1 => format!("{} and one more partition", self.first),
            more => format!("{} and {more} more partitions", self.first),
        };
        let (reason, help) = match self.refusal {
            Refusal::NoOutputs => (
                "it declares no outputs".to_owned(),
                "declare the outputs to accept as its `outputs`".to_owned(),
            ),
            Refusal::MissingOutput(path) => (
                format!("its output {path} is missing"),
                "put it there, or accept only what exists: `assetctl accept ASSET@KEY`".to_owned(),
            ),
            Refusal::OutputKind { path, found } => {
                let (found, declared, change) = match found {
                    OutputKind::Directory => ("directory", "file", "with"),
                    OutputKind::File => ("file", "directory", "without"),
                };
                (
                    format!("{path} is a {found}, and a {declared} is declared"),
                    format!("declare it {change} a `/` at its end"),
                )
            }
            Refusal::Input {
                input,
                reason,
                help,
            } => (
                format!("its input `{input}` has no version yet: {reason}"),
                help,
            ),
        };
        RequestError::Unacceptable { step, reason, help }
    }
}
