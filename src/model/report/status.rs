//! What `status` answers.

use jiff::Timestamp;

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::report::DeclarationKind;
use crate::model::request::Evidence;
use crate::model::status::{Cause, Status};

/// The status of assets.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusReport {
    /// The instant for which partitions were listed.
    pub now: Timestamp,
    /// The selected assets, upstream before downstream, and sources where they were asked for.
    pub assets: Vec<AssetStatus>,
    /// The counts of all assets together, sources left out.
    pub summary: StatusCounts,
    /// What was looked at.
    pub evidence: Evidence,
}

impl StatusReport {
    /// The status of a project without assets.
    #[must_use]
    pub fn of_nothing(now: Timestamp, evidence: Evidence) -> Self {
        let (assets, summary) = (Vec::new(), StatusCounts::default());
        Self {
            now,
            assets,
            summary,
            evidence,
        }
    }
}

/// The status of one asset or source.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetStatus {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// How many partitions have which status. A source is fresh where its data is there, else missing.
    pub counts: StatusCounts,
    /// Its partitions in order of keys.
    pub partitions: Vec<PartitionRun>,
    /// When one of its partitions was last materialized, or observed.
    pub last: Option<Timestamp>,
}

/// Neighbouring partitions of equal status and causes, or a single one where single ones were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRun {
    /// The first key; `None` for an unpartitioned asset.
    pub first: Option<PartitionKey>,
    /// The last key.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
    /// Their status.
    pub status: Status,
    /// Why they are not fresh.
    pub causes: Vec<Cause>,
}

/// How many partitions have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// [`Status::Fresh`].
    pub fresh: u32,
    /// [`Status::Stale`].
    pub stale: u32,
    /// [`Status::Missing`].
    pub missing: u32,
    /// [`Status::Failed`].
    pub failed: u32,
    /// [`Status::Pending`].
    pub pending: u32,
    /// [`Status::Locked`].
    pub locked: u32,
}

impl StatusCounts {
    /// Counts `count` more partitions of `status`.
    pub fn add(&mut self, status: Status, count: u32) {
        match status {
            Status::Fresh => self.fresh += count,
            Status::Stale => self.stale += count,
            Status::Missing => self.missing += count,
            Status::Failed => self.failed += count,
            Status::Pending => self.pending += count,
            Status::Locked => self.locked += count,
        }
    }

    /// How many partitions have `status`.
    #[must_use]
    pub fn of(&self, status: Status) -> u32 {
        match status {
            Status::Fresh => self.fresh,
            Status::Stale => self.stale,
            Status::Missing => self.missing,
            Status::Failed => self.failed,
            Status::Pending => self.pending,
            Status::Locked => self.locked,
        }
    }

    /// How many partitions there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.fresh + self.stale + self.missing + self.failed + self.pending + self.locked
    }
}
