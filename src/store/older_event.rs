//! Events as they were stored up to schema 4: without what has columns, and with fields in fields.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::Event;
use crate::model::{RunId, StepName};

/// A row of an event.
pub(super) struct OlderEvent<'a> {
    pub(super) payload: Map<String, Value>,
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    pub(super) kind: &'a str,
    pub(super) step: Option<StepName>,
    pub(super) run: RunId,
}

impl OlderEvent<'_> {
    /// The event, as it would be written now.
    pub(super) fn into_event(self) -> Result<Event, serde_json::Error> {
        let mut line = json!({
            "type": self.kind,
            "run": self.run,
            "seq": self.seq,
            "time": self.time,
        });
        if let Some(StepName { asset, partition }) = &self.step {
            line["asset"] = json!(asset);
            line["partition"] = json!(partition);
        }
        for (name, value) in self.payload {
            match value {
                Value::Object(outcome) if name == "outcome" => {
                    for (name, value) in outcome {
                        let name = match &*name {
                            "kind" => "outcome",
                            "bytes" => "output_bytes",
                            name => name,
                        };
                        line[name] = value;
                    }
                }
                Value::Array(causes) if name == "causes" => {
                    line[name] = causes.into_iter().map(cause).collect();
                }
                value => line[name] = value,
            }
        }
        serde_json::from_value(line)
    }
}

/// A cause, with what differed in fields of its own.
fn cause(mut cause: Value) -> Value {
    if let Value::Object(mut change) = cause["change"].take() {
        cause["what"] = change.remove("kind").unwrap_or_default();
        if let Some(found) = change.remove("found") {
            change.insert("new".to_owned(), found);
        }
        for (name, value) in change {
            cause[name] = value;
        }
    }
    if let asset @ Value::String(_) = cause["asset"].take() {
        cause["what"] = asset;
    }
    for field in ["old", "new"] {
        if let Value::Number(rule) = &cause[field] {
            cause[field] = json!(rule.to_string());
        }
    }
    if let Value::Array(root) = cause["root"].take() {
        cause["root"] = root.into_iter().map(self::cause).collect();
    }
    cause
}
