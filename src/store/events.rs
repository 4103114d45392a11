//! Events, as rows of their run: each is stored as the JSON line that it is shown as.

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::{Map, Value, json};

use crate::answer::Event;
use crate::model::{AssetKey, PartitionKey, RunId, StepName};
use crate::store::column::{self, time_column};
use crate::store::error::{Fault, StoreError};
use crate::store::instance::{Store, Writing};

macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.payload, e.seq, e.time, e.kind, a.key, e.partition, r.id, e.run FROM event e ",
            "JOIN run r ON r.number = e.run LEFT JOIN asset a ON a.id = e.asset_id ",
            $rest
        )
    };
}

/// All events; the last column is the number of their run.
pub(super) const EVERY: &str = select_events!("");

impl Store {
    /// The events of a run, in order.
    pub fn events(&self, run: RunId) -> Result<Vec<Event>, StoreError> {
        let sql = select_events!("WHERE r.id = ?1 ORDER BY e.seq");
        self.read(|connection| column::all(connection, sql, [run.0.as_bytes()], decode))
    }
}

impl Store {
    /// The newest run with an event of a step of `asset`, and its number; of those that began before the run with the number
    /// `before`, where it is given. `None` if there is none.
    pub fn last_run_of(
        &self,
        asset: &AssetKey,
        before: Option<i64>,
    ) -> Result<Option<(i64, RunId)>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT number, id FROM run WHERE number = (SELECT max(run) FROM event \
                       WHERE asset_id = (SELECT id FROM asset WHERE key = ?1) AND run < ?2)";
            let before = before.unwrap_or(i64::MAX);
            column::first(connection, sql, params![asset.as_str(), before], |row| {
                Ok((column::integer(row, 0)?, column::run(row, 1)?))
            })
        })
    }
}

/// Adds events to those of their run.
pub(super) fn insert(writing: &mut Writing<'_>, run: RunId, events: &[Event]) -> Result<(), Fault> {
    for event in events {
        let step = event.kind.step();
        let asset = match step {
            Some(step) => Some(writing.interned.asset(writing.connection, &step.asset)?),
            None => None,
        };
        let key = step.and_then(|step| step.partition.as_ref());
        let number = writing.run_number(run)?;
        let payload = serde_json::to_string(event).expect("all fields of an event are JSON");
        writing.execute(
            "INSERT INTO event (run, seq, time, kind, asset_id, partition, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                number,
                column::signed(event.seq),
                time_column(event.time),
                event.kind.word(),
                asset,
                key.map(PartitionKey::as_str),
                payload,
            ],
        )?;
    }
    Ok(())
}

/// A row of [`EVERY`].
pub(super) fn decode(row: &Row<'_>) -> Result<Event, Fault> {
    let undecodable = |_| Fault::Undecodable("an event cannot be decoded");
    let payload = column::text(row, 0)?;
    if payload.starts_with("{\"schema\"") {
        return serde_json::from_str(payload).map_err(undecodable);
    }
    let step = match row.get_ref(4)?.as_str_or_null()? {
        None => None,
        Some(_) => Some(column::step(row, 4)?),
    };
    let event = OlderEvent {
        payload: serde_json::from_str(payload).map_err(undecodable)?,
        seq: column::number(row, 1)?,
        time: column::time(row, 2)?,
        kind: column::text(row, 3)?,
        step,
        run: column::run(row, 6)?,
    };
    event.into_event().map_err(undecodable)
}

/// A row of an event.
/// An event as it was stored up to schema 4: without what has columns, and with fields in fields.
struct OlderEvent<'a> {
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
