//! What `status` answers.

use jiff::Timestamp;
use serde::Serialize;

use crate::answer::{DeclarationKind, fields};
use crate::model::{AssetKey, Cause, Evidence, PartitionKey, RunId, Status};

/// The status of assets.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [partitions.region]
/// # type = "static"
/// # keys = ["eu", "us"]
/// # [asset.greeting]
/// # partitions = "region"
/// # command = "echo {{partition}} > {{output}}"
/// # outputs = "{{partition}}.txt"
/// # "#)?;
/// use assetctl::{Project, StatusRequest, status};
///
/// let project = Project::load(folder.path())?;
/// let report = status(&project, StatusRequest::new())?;
/// assert_eq!((report.assets.len(), report.summary.missing), (1, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusReport {
    /// The instant for which partitions were listed.
    pub now: Timestamp,
    /// The selected assets, upstream before downstream, and sources where they were asked for.
    pub assets: Vec<AssetStatus>,
    /// The counts of all assets together, sources left out.
    pub summary: StatusCounts,
    /// What was looked at.
    #[serde(rename = "recorded", serialize_with = "fields::is_recorded")]
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
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [partitions.region]
/// # type = "static"
/// # keys = ["eu", "us"]
/// # [asset.greeting]
/// # partitions = "region"
/// # command = "echo {{partition}} > {{output}}"
/// # outputs = "{{partition}}.txt"
/// # "#)?;
/// use assetctl::{Project, StatusRequest, status};
///
/// let project = Project::load(folder.path())?;
/// let report = status(&project, StatusRequest::new())?;
/// let greeting = &report.assets[0];
/// assert_eq!((greeting.key.as_str(), greeting.counts.missing, greeting.last), ("greeting", 2, None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AssetStatus {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// How many partitions have which status. A source is fresh where its data is there, blocked where that cannot be read, else
    /// missing.
    pub counts: StatusCounts,
    /// When one of its partitions was last materialized, or observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Its partitions in order of keys.
    pub partitions: Vec<PartitionRun>,
    /// Those on which a run works just now, in order of keys. Each has the status that it had before, and is counted there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<RunningPartition>,
}

/// A partition on which a run works just now.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "hello.txt"
/// # "#)?;
/// use assetctl::{Project, StatusRequest, status};
///
/// let project = Project::load(folder.path())?;
/// let report = status(&project, StatusRequest::new())?;
/// assert_eq!(report.assets[0].running, [], "no run works here");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunningPartition {
    /// The key; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The run.
    pub run: RunId,
    /// The id of its process, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Since when; `None` for a run of another instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What still works on it where the process of the run died, in words: commands that it left behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
}

/// Neighbouring partitions of equal status and causes, or a single one where single ones were asked for.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [partitions.region]
/// # type = "static"
/// # keys = ["eu", "us"]
/// # [asset.greeting]
/// # partitions = "region"
/// # command = "echo {{partition}} > {{output}}"
/// # outputs = "{{partition}}.txt"
/// # "#)?;
/// use assetctl::{Project, Status, StatusRequest, status};
///
/// let project = Project::load(folder.path())?;
/// let report = status(&project, StatusRequest::new())?;
/// let both = &report.assets[0].partitions[0];
/// assert_eq!((both.count, both.status), (2, Status::Missing));
/// let ends = [&both.first, &both.last].map(|key| key.as_ref().map(|key| key.as_str()));
/// assert_eq!(ends, [Some("eu"), Some("us")]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Why they cannot be made now, in words, where they are blocked: `raw: data/raw.csv is missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}

/// How many partitions have which status.
///
/// ```
/// use assetctl::{Status, StatusCounts};
///
/// let mut counts = StatusCounts::default();
/// counts.add(Status::Fresh, 30);
/// counts.add(Status::Stale, 1);
/// assert_eq!((counts.of(Status::Stale), counts.total()), (1, 31));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// [`Status::Unverifiable`].
    pub unverifiable: u32,
    /// [`Status::Blocked`].
    pub blocked: u32,
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
            Status::Unverifiable => self.unverifiable += count,
            Status::Blocked => self.blocked += count,
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
            Status::Unverifiable => self.unverifiable,
            Status::Blocked => self.blocked,
        }
    }

    /// How many partitions there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        let made = self.fresh + self.stale + self.locked + self.unverifiable;
        made + self.missing + self.failed + self.pending + self.blocked
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::{
        AssetStatus, DeclarationKind, Document, PartitionRun, RunningPartition, StatusCounts,
        StatusReport,
    };
    use crate::model::{Cause, Evidence, PartitionKey, RunId, Status};
    use crate::testkit;

    #[test]
    fn runs_of_partitions_and_an_unpartitioned_asset() {
        let counts = StatusCounts {
            stale: 2,
            ..StatusCounts::default()
        };
        let report = StatusReport {
            now: "2013-07-06T00:00:00Z".parse().expect("a time"),
            assets: vec![
                AssetStatus {
                    key: testkit::asset("clean"),
                    kind: DeclarationKind::Asset,
                    counts,
                    partitions: vec![PartitionRun {
                        first: PartitionKey::parse("2013-07-04").ok(),
                        last: PartitionKey::parse("2013-07-05").ok(),
                        count: 2,
                        status: Status::Stale,
                        causes: vec![Cause::Forced],
                        blocked: None,
                    }],
                    last: None,
                    running: vec![RunningPartition {
                        partition: PartitionKey::parse("2013-07-05").ok(),
                        run: RunId(uuid::Uuid::nil()),
                        pid: Some(4711),
                        since: "2013-07-05T23:59:00Z".parse().ok(),
                        left_behind: None,
                    }],
                },
                AssetStatus {
                    key: testkit::asset("airports"),
                    kind: DeclarationKind::Source,
                    counts: StatusCounts::default(),
                    partitions: vec![PartitionRun {
                        first: None,
                        last: None,
                        count: 1,
                        status: Status::Fresh,
                        causes: vec![],
                        blocked: None,
                    }],
                    last: "2013-07-05T01:02:03.5Z".parse().ok(),
                    running: vec![],
                },
            ],
            summary: counts,
            evidence: Evidence::Files,
        };
        let json = serde_json::to_string(&Document::new(&report)).expect("JSON");
        assert_eq!(
            json,
            concat!(
                r#"{"schema":1,"now":"2013-07-06T00:00:00Z","assets":["#,
                r#"{"key":"clean","kind":"asset","counts":{"fresh":0,"stale":2,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"#,
                r#""partitions":[{"first":"2013-07-04","last":"2013-07-05","count":2,"status":"stale","causes":[{"kind":"forced"}]}],"#,
                r#""running":[{"partition":"2013-07-05","run":"00000000-0000-0000-0000-000000000000","pid":4711,"since":"2013-07-05T23:59:00Z"}]},"#,
                r#"{"key":"airports","kind":"source","counts":{"fresh":0,"stale":0,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"#,
                r#""last":"2013-07-05T01:02:03.5Z","partitions":[{"first":null,"last":null,"count":1,"status":"fresh","causes":[]}]}"#,
                r#"],"summary":{"fresh":0,"stale":2,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"recorded":false}"#,
            )
        );
    }
}
