//! Events, as rows of their run.

use jiff::Timestamp;
use rusqlite::{Row, params};

use crate::model::{Event, EventKind, PartitionKey, RunId, StepName};
use crate::store::Store;
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::event_json;
use crate::store::writer::{Writing, time_column};

/// An event as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number in its run, from 0.
    pub seq: u64,
    /// When it happened.
    pub time: Timestamp,
    /// The word for its kind: `step_finished`.
    pub kind: String,
    /// The step it is about, if it is about one.
    pub step: Option<StepName>,
    /// The rest of it, as a JSON object.
    pub payload: String,
}

/// All events; the last column is the number of their run.
pub(super) const EVERY: &str = "SELECT e.seq, e.time, e.kind, a.key, e.partition, e.payload, e.run FROM event e \
    LEFT JOIN asset a ON a.id = e.asset_id";

impl Store {
    /// Records events of a run that was begun.
    pub fn record_events(&mut self, run: RunId, events: &[Event]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.write(|writing| insert(writing, run, events))
    }

    /// The events of a run, in order.
    pub fn events(&self, run: RunId) -> Result<Vec<RecordedEvent>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT e.seq, e.time, e.kind, a.key, e.partition, e.payload FROM event e \
                 LEFT JOIN asset a ON a.id = e.asset_id \
                 WHERE e.run = (SELECT number FROM run WHERE id = ?1) ORDER BY e.seq",
            )?;
            let rows = statement.query([run.0.as_bytes()])?;
            rows.and_then(decode).collect()
        })
    }
}

/// Adds events to those of a run.
pub(super) fn insert(writing: &mut Writing<'_>, run: RunId, events: &[Event]) -> Result<(), Fault> {
    for event in events {
        let step = step(&event.kind);
        let asset = match step {
            Some(step) => Some(writing.interned.asset(writing.connection, &step.asset)?),
            None => None,
        };
        let key = step.and_then(|step| step.partition.as_ref());
        let interned = writing.interned.run(writing.connection, run)?;
        let (number, seq) = (interned.number, interned.next_event);
        interned.next_event += 1;
        writing.execute(
            "INSERT INTO event (run, seq, time, kind, asset_id, partition, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                number,
                seq,
                time_column(event.time),
                event_json::kind(&event.kind),
                asset,
                key.map(PartitionKey::as_str),
                event_json::payload(&event.kind).to_string(),
            ],
        )?;
    }
    Ok(())
}

/// A row of [`EVERY`].
pub(super) fn decode(row: &Row<'_>) -> Result<RecordedEvent, Fault> {
    let step = match row.get_ref(3)?.as_str_or_null()? {
        None => None,
        Some(_) => Some(StepName {
            asset: column::asset(row, 3)?,
            partition: column::partition(row, 4)?,
        }),
    };
    Ok(RecordedEvent {
        seq: column::number(row, 0)?,
        time: column::time(row, 1)?,
        kind: column::text(row, 2)?.to_owned(),
        step,
        payload: column::text(row, 5)?.to_owned(),
    })
}

fn step(kind: &EventKind) -> Option<&StepName> {
    match kind {
        EventKind::StepStarted { step, .. }
        | EventKind::StepWaiting { step, .. }
        | EventKind::OutputSetAside { step, .. }
        | EventKind::StepFinished { step, .. }
        | EventKind::StepBlocked { step, .. }
        | EventKind::StepFresh { step } => Some(step),
        EventKind::RunStarted { .. } | EventKind::RunFinished { .. } => None,
    }
}
