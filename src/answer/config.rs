//! The configuration of a call, and the answer of `config check`.

use serde::{Deserialize, Serialize};

use crate::model::{Configuration, Name};

/// The configuration that a call was given, as its answer has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenConfiguration {
    /// The job.
    pub job: Option<Name>,
    /// The environment.
    pub env: Option<Name>,
    /// Values as they are typed, `clean.limit=10`.
    pub set: Vec<String>,
    /// Paths of files of run config.
    pub files: Vec<String>,
    /// Other paths of sources, `NAME=PATH`.
    pub inputs: Vec<String>,
}

impl GivenConfiguration {
    /// What a configuration was given; `None` if nothing was.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Option<Self> {
        let files = configuration.files.iter();
        let inputs = configuration.inputs.iter();
        (!configuration.is_empty()).then(|| Self {
            job: configuration.job.clone(),
            env: configuration.env.clone(),
            set: configuration.set.clone(),
            files: files.map(|file| file.path.clone()).collect(),
            inputs: inputs
                .map(|it| format!("{}={}", it.asset, it.path))
                .collect(),
        })
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigReport {
    /// All values, as a file of run config has them.
    pub config: serde_json::Value,
    /// The same as TOML.
    #[serde(skip)]
    pub text: String,
}
