//! What `logs` answers.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer::FailedAttempt;
use crate::model::{AssetKey, Outcome, PartitionKey, RunId, StepName};

/// Logs of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsReport {
    /// Oldest first.
    pub logs: Vec<StepLog>,
}

/// How the step of a log ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// It failed.
    Failed(Box<FailedAttempt>),
    /// It made its outputs.
    Made {
        /// Whether they are others than before.
        outcome: Outcome,
        /// When it was recorded.
        time: Timestamp,
        /// How long its command took, in milliseconds.
        duration_ms: u64,
    },
}

/// What a step's command wrote to standard output and error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLog {
    /// The step; of a batch the first.
    pub step: StepName,
    /// The last key, where one command made all from the step's on.
    pub last: Option<PartitionKey>,
    /// The run that it was part of.
    pub run: RunId,
    /// The number of the attempt, where that is known.
    pub attempt: Option<u32>,
    /// When the log was last written.
    pub time: Timestamp,
    /// How the step ended; `None` where that is not recorded: it still runs, or was interrupted.
    pub end: Option<LogEnd>,
    /// The file, relative to the project root; `None` where the command printed nothing.
    pub path: Option<String>,
}

/// Writes the content of a log.
pub type WriteLog<'a> = dyn Fn(&StepLog, &mut fmt::Formatter<'_>) -> fmt::Result + 'a;

/// `{"logs":[{"step":…,"asset":…,…,"text":"…"}]}`; the text of a log is read when it is written.
#[derive(Serialize)]
pub struct LogsDocument<'a> {
    logs: Vec<LogShape<'a>>,
}

#[derive(Serialize)]
struct LogShape<'a> {
    step: &'a StepName,
    asset: &'a AssetKey,
    partition: Option<&'a PartitionKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_partition: Option<&'a PartitionKey>,
    run: RunId,
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

impl<'a> LogsDocument<'a> {
    /// What is written of these logs.
    pub fn new(report: &'a LogsReport, write: &'a WriteLog<'a>) -> Self {
        let shape = |log| LogShape::new(log, write);
        Self {
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
            step: &log.step,
            asset: &log.step.asset,
            partition: log.step.partition.as_ref(),
            last_partition: log.last.as_ref(),
            run: log.run,
            time: log.time,
            attempt: log.attempt,
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

struct LogText<'a>(&'a StepLog, &'a WriteLog<'a>);

impl Serialize for LogText<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&fmt::from_fn(|f| self.1(self.0, f)))
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::{Document, LogsDocument, LogsReport, StepLog};
    use crate::model::{RunId, StepName};
    use crate::testkit;

    #[test]
    fn a_text_is_written_as_it_comes() {
        let report = LogsReport {
            logs: vec![StepLog {
                step: StepName {
                    asset: testkit::asset("year"),
                    partition: None,
                },
                last: None,
                run: RunId(
                    "0190a6e0-0000-7000-8000-000000000001"
                        .parse()
                        .expect("an id"),
                ),
                attempt: Some(0),
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
            serde_json::to_string(&Document::new(&LogsDocument::new(&report, &write)))
                .expect("JSON"),
            concat!(
                r#"{"schema":1,"logs":[{"step":"year","asset":"year","partition":null,"run":"0190a6e0-0000-7000-8000-000000000001","#,
                r#""time":"2013-08-01T00:00:00Z","attempt":0,"path":".assetctl/logs/x.log","text":"a"#,
                "\u{fffd}",
                r#"\n"}]}"#,
            )
        );
    }
}
