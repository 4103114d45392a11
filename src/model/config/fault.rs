//! What can be wrong with a configuration.

use std::fmt;

use crate::model::config::ConfigPath;
use crate::model::name::{KnownNames, Location};

/// The table that declares the schema of an asset's values.
pub const CONFIG_SCHEMA: &str = "config_schema";

/// The table that declares the params of a job.
pub const PARAMS: &str = "params";

/// Something wrong, with its path from the top of the asset's config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The path.
    pub path: ConfigPath,
    /// Where the value is set, or the schema declares it: in a manifest, or in a file of run config.
    pub location: Location,
    /// What is wrong.
    pub problem: ConfigProblem,
}

/// What is wrong at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProblem {
    /// The schema has no such key.
    Unknown {
        /// The keys that there are beside it.
        known: Vec<String>,
    },
    /// The value is not what the schema wants.
    Value {
        /// What it wants, and why not this.
        message: String,
        /// Whether the type is wrong, and not a bound or the choice.
        is_type: bool,
    },
    /// The schema requires a value, and no layer gives one.
    Missing {
        /// A value that would do, as TOML.
        sample: String,
        /// Variables that would give one and are not set.
        unset: Vec<String>,
    },
}

impl ConfigProblem {
    /// What to do about it, where the last key of the path is `key` and its schema is `declared_in` this table.
    pub fn help(&self, key: &str, declared_in: &str) -> String {
        match self {
            Self::Unknown { known } => {
                let names = KnownNames::new(known.iter().map(String::as_str));
                let limit = (key.chars().count() / 3).clamp(1, 4);
                let quoted = |names: &[&str], word: &str| {
                    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                    names.join(word)
                };
                match (names.like(key, limit).as_slice(), known.len()) {
                    (similar @ [_, ..], _) => format!("did you mean {}?", quoted(similar, " or ")),
                    ([], 0) if declared_in == CONFIG_SCHEMA => {
                        format!("declare it in `config` or in `{declared_in}`")
                    }
                    ([], 0) => format!("declare it in `{declared_in}`"),
                    ([], 1) => format!("there is only `{}`", known[0]),
                    ([], _) => {
                        let all: Vec<&str> = known.iter().take(12).map(String::as_str).collect();
                        format!("there are {}", quoted(&all, ", "))
                    }
                }
            }
            Self::Value { .. } => format!("correct the value, or `{declared_in}`"),
            Self::Missing { unset, .. } if !unset.is_empty() => {
                format!("set the variable `{}`, or give a value", unset[0])
            }
            Self::Missing { .. } => format!("give it a value, or a `default` in `{declared_in}`"),
        }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { .. } => f.write_str("there is no such key"),
            Self::Value { message, .. } => f.write_str(message),
            Self::Missing { .. } => f.write_str("a value is required"),
        }
    }
}
