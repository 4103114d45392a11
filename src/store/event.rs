//! Events, as rows of their run: each is stored as the JSON line that it is shown as.

use rusqlite::{Row, params};

use crate::answer::Event;
use crate::model::{AssetKey, PartitionKey, RunId, StepName};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::older_event;
use crate::store::writing::{Writing, time_column};

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
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(select_events!("WHERE r.id = ?1 ORDER BY e.seq"))?;
            let rows = statement.query([run.0.as_bytes()])?;
            rows.and_then(decode).collect()
        })
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
            let mut statement = connection.prepare_cached(
                "SELECT number, id FROM run WHERE number = (SELECT max(run) FROM event \
                 WHERE asset_id = (SELECT id FROM asset WHERE key = ?1) AND run < ?2)",
            )?;
            let mut rows = statement.query(params![asset.as_str(), before.unwrap_or(i64::MAX)])?;
            let run = |row| Ok((column::integer(row, 0)?, column::run(row, 1)?));
            rows.next()?.map(run).transpose()
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
        Some(_) => Some(StepName {
            asset: column::asset(row, 4)?,
            partition: column::partition(row, 5)?,
        }),
    };
    let event = older_event::OlderEvent {
        payload: serde_json::from_str(payload).map_err(undecodable)?,
        seq: column::number(row, 1)?,
        time: column::time(row, 2)?,
        kind: column::text(row, 3)?,
        step,
        run: column::run(row, 6)?,
    };
    event.into_event().map_err(undecodable)
}
