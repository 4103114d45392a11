//! What `config check` answers.

use serde::Serialize;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigReport {
    /// All values, as a file of run config has them.
    pub config: serde_json::Value,
    /// The same as TOML.
    #[serde(skip)]
    pub text: String,
}
