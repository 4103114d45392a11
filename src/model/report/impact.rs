//! What `affected` answers.

use crate::model::report::KeyRange;

/// What changes can touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImpactReport {
    /// Assets, in order of declaration.
    pub assets: Vec<AffectedRange>,
    /// Sources whose data or declaration changed, in order of declaration.
    pub sources: Vec<KeyRange>,
}

/// Neighbouring partitions of an asset that changes can touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRange {
    /// Which.
    pub range: KeyRange,
    /// How they are reached.
    pub impact: Impact,
}

/// How changes reach a range of partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impact {
    /// The declaration, the code, an output or a source of at least one of them changed.
    Direct,
    /// All of them only read what is touched.
    Downstream,
}
