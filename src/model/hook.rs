//! Hooks: commands that run when a step or a run has ended, and change nothing of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::asset::{Command, EnvVariable};
use crate::model::name::{Location, Name};

/// A hook, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// When it runs.
    pub moment: HookMoment,
    /// Its command.
    pub command: Command,
    /// The folder it runs in, relative to the project root; empty for the root itself.
    pub folder: String,
    /// How long it may take.
    pub timeout: Duration,
    /// Variables set for it, in declared order.
    pub env: Vec<EnvVariable>,
    /// The resources that it needs, in declared order.
    pub resources: Vec<Name>,
}

/// When a hook runs.
///
/// ```
/// use assetctl::HookMoment;
///
/// assert_eq!(HookMoment::RunFailure.word(), "on_run_failure");
/// assert!(HookMoment::StepFailure.is_of_step() && !HookMoment::RunFailure.is_of_step());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookMoment {
    /// When a step has succeeded, changed or not.
    #[serde(rename = "on_success")]
    StepSuccess,
    /// When a step has failed for good.
    #[serde(rename = "on_failure")]
    StepFailure,
    /// When a run has succeeded.
    #[serde(rename = "on_run_success")]
    RunSuccess,
    /// When a run has failed.
    #[serde(rename = "on_run_failure")]
    RunFailure,
    /// When a run was canceled.
    #[serde(rename = "on_run_canceled")]
    RunCanceled,
}

/// Who declares a hook, from the outside to the inside.
///
/// ```
/// use assetctl::HookOwner;
///
/// assert!(HookOwner::Project < HookOwner::Asset);
/// assert_eq!(HookOwner::Defaults.word(), "defaults");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookOwner {
    /// The program that runs it, through the library.
    Program,
    /// `[project]`.
    Project,
    /// The job that is run.
    Job,
    /// `[defaults]` of the file of the asset.
    Defaults,
    /// The asset.
    Asset,
}

impl Hook {
    /// All places in it.
    pub fn each_location(&mut self, each: &mut dyn FnMut(&mut Location)) {
        self.env
            .iter_mut()
            .for_each(|variable| each(&mut variable.location));
    }
}

impl HookMoment {
    /// Those of a step.
    pub const OF_STEPS: [Self; 2] = [Self::StepSuccess, Self::StepFailure];
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::StepSuccess,
        Self::StepFailure,
        Self::RunSuccess,
        Self::RunFailure,
        Self::RunCanceled,
    ];

    /// The key of it: `on_success`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::StepSuccess => "on_success",
            Self::StepFailure => "on_failure",
            Self::RunSuccess => "on_run_success",
            Self::RunFailure => "on_run_failure",
            Self::RunCanceled => "on_run_canceled",
        }
    }

    /// Whether it is about a step, and not about a run.
    #[must_use]
    pub fn is_of_step(self) -> bool {
        Self::OF_STEPS.contains(&self)
    }
}

impl HookOwner {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Project => "project",
            Self::Job => "job",
            Self::Defaults => "defaults",
            Self::Asset => "asset",
        }
    }
}
