//! `logs --json`.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::{LogEnd, LogsReport, PartitionKey, RunId, StepLog, StepName};
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"logs":[{"step":…,"run":…,"path":…,"text":…}]}`
#[derive(Debug, Serialize)]
pub struct LogsDocument<'a> {
    schema: u32,
    logs: Vec<LogShape<'a>>,
}

#[derive(Debug, Serialize)]
struct LogShape<'a> {
    step: Text<&'a StepName>,
    asset: &'a str,
    partition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_partition: Option<&'a str>,
    run: Text<RunId>,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    text: LogText<'a>,
}

/// Writes the text of a log; bytes that are not UTF-8 are replaced by U+FFFD.
pub type WriteLog<'a> = dyn Fn(&StepLog, &mut fmt::Formatter<'_>) -> fmt::Result + 'a;

/// A log that is written out as it is read.
struct LogText<'a>(&'a StepLog, &'a WriteLog<'a>);

impl fmt::Display for LogText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1(self.0, f)
    }
}

impl fmt::Debug for LogText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.path)
    }
}

impl Serialize for LogText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'a> LogsDocument<'a> {
    /// The answer, with texts that `write` gives.
    #[must_use]
    pub fn new(report: &'a LogsReport, write: &'a WriteLog<'a>) -> Self {
        let shape = |log| LogShape::new(log, write);
        Self {
            schema: SCHEMA,
            logs: report.logs.iter().map(shape).collect(),
        }
    }
}

impl<'a> LogShape<'a> {
    fn new(log: &'a StepLog, write: &'a WriteLog<'a>) -> Self {
        let (outcome, duration_ms, failed) = match &log.end {
            None => (None, None, None),
            Some(LogEnd::Failed(failed)) => {
                (Some("failed"), Some(failed.duration_ms), Some(failed))
            }
            Some(LogEnd::Made {
                outcome,
                duration_ms,
                ..
            }) => (Some(outcome.word()), Some(*duration_ms), None),
        };
        Self {
            step: Text(&log.step),
            asset: log.step.asset.as_str(),
            partition: log.step.partition.as_ref().map(PartitionKey::as_str),
            last_partition: log.last.as_ref().map(PartitionKey::as_str),
            run: Text(log.run),
            time: log.time,
            attempt: outcome.map(|_| failed.map_or(0, |it| it.attempt)),
            outcome,
            exit: failed.and_then(|it| it.exit),
            signal: failed.and_then(|it| it.signal.as_deref()),
            message: failed.map(|it| &*it.message),
            duration_ms,
            path: log.path.as_deref(),
            text: LogText(log, write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogsDocument;
    use crate::model::{AssetKey, LogsReport, RunId, StepLog, StepName};

    #[test]
    fn a_text_is_written_as_it_comes() {
        let report = LogsReport {
            logs: vec![StepLog {
                step: StepName {
                    asset: AssetKey::parse("year").expect("a key"),
                    partition: None,
                },
                last: None,
                run: RunId(
                    "0190a6e0-0000-7000-8000-000000000001"
                        .parse()
                        .expect("an id"),
                ),
                time: "2013-08-01T00:00:00Z".parse().expect("a time"),
                end: None,
                path: Some(".assetctl/logs/x.log".into()),
            }],
        };
        let write = |_: &StepLog, f: &mut std::fmt::Formatter<'_>| {
            f.write_str("a")?;
            f.write_str("\u{fffd}\n")
        };
        assert_eq!(
            serde_json::to_string(&LogsDocument::new(&report, &write)).expect("JSON"),
            concat!(
                r#"{"schema":1,"logs":[{"step":"year","asset":"year","partition":null,"run":"0190a6e0-0000-7000-8000-000000000001","#,
                r#""time":"2013-08-01T00:00:00Z","path":".assetctl/logs/x.log","text":"a"#,
                "\u{fffd}",
                r#"\n"}]}"#,
            )
        );
    }
}
