//! The current state of an asset partition: the narrow row that judging reads.

use jiff::Timestamp;

use crate::model::record::{Provenance, RULE};
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

/// The current state of an asset partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The last materialization; `None` if there was none.
    pub materialized: Option<CurrentMaterialization>,
    /// Whether the last attempt failed, after the last materialization.
    pub attempt: LastAttempt,
}

impl Current {
    /// The state of an asset partition by what the lock file says of it.
    pub const fn of_lock(
        fingerprint: Fingerprint,
        code_version: CodeVersion,
        outputs: Vec<DataVersion>,
    ) -> Self {
        Self {
            materialized: Some(CurrentMaterialization {
                provenance: Provenance::Locked,
                rule: RULE,
                fingerprint,
                code_version,
                time: Timestamp::UNIX_EPOCH,
                outputs,
                duration_ms: 0,
            }),
            attempt: LastAttempt::Succeeded,
        }
    }
}

/// How the last attempt at an asset partition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastAttempt {
    /// It gave the last materialization, or there was none.
    Succeeded,
    /// It failed, or was interrupted.
    Failed,
}

/// The last materialization, as far as judging needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMaterialization {
    /// Where it is known from.
    pub provenance: Provenance,
    /// The rule that the fingerprint was made by.
    pub rule: u32,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// When it was recorded.
    pub time: Timestamp,
    /// The data version of each output, in declared order.
    pub outputs: Vec<DataVersion>,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
}

/// A [`Current`] that stands elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentRef<'a> {
    /// The last materialization; `None` if there was none.
    pub materialized: Option<MaterializedRef<'a>>,
    /// Whether the last attempt failed, after the last materialization.
    pub attempt: LastAttempt,
}

/// A [`CurrentMaterialization`] that stands elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaterializedRef<'a> {
    /// Where it is known from.
    pub provenance: Provenance,
    /// The rule that the fingerprint was made by.
    pub rule: u32,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// When it was recorded.
    pub time: Timestamp,
    /// The data version of each output, in declared order.
    pub outputs: &'a [DataVersion],
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
}

impl<'a> From<&'a Current> for CurrentRef<'a> {
    fn from(current: &'a Current) -> Self {
        Self {
            materialized: current.materialized.as_ref().map(MaterializedRef::from),
            attempt: current.attempt,
        }
    }
}

impl<'a> From<&'a CurrentMaterialization> for MaterializedRef<'a> {
    fn from(last: &'a CurrentMaterialization) -> Self {
        Self {
            provenance: last.provenance,
            rule: last.rule,
            fingerprint: last.fingerprint,
            code_version: last.code_version,
            time: last.time,
            outputs: &last.outputs,
            duration_ms: last.duration_ms,
        }
    }
}

impl CurrentRef<'_> {
    /// A state of its own.
    pub fn to_owned(self) -> Current {
        Current {
            materialized: self.materialized.map(MaterializedRef::to_owned),
            attempt: self.attempt,
        }
    }
}

impl MaterializedRef<'_> {
    /// A materialization of its own.
    pub fn to_owned(self) -> CurrentMaterialization {
        CurrentMaterialization {
            provenance: self.provenance,
            rule: self.rule,
            fingerprint: self.fingerprint,
            code_version: self.code_version,
            time: self.time,
            outputs: self.outputs.to_vec(),
            duration_ms: self.duration_ms,
        }
    }
}
