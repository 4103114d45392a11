//! Columns to values and back. A column that holds what was never written is a fault, not a panic.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::model::{AssetKey, PartitionKey, ResourceUsage, RunId, StepName};
use crate::store::error::Fault;

/// The first row of a query, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(decode).transpose()
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    decode: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query(parameters)?.and_then(decode).collect()
}

pub(super) fn digest(row: &Row<'_>, index: usize) -> Result<Digest, Fault> {
    let bytes = row.get_ref(index)?.as_blob()?;
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::Undecodable("a digest has another length"))?;
    Ok(Digest::from_bytes(bytes))
}

pub(super) fn integer(row: &Row<'_>, index: usize) -> Result<i64, Fault> {
    Ok(row.get_ref(index)?.as_i64()?)
}

/// A number that was written as a smaller or unsigned one.
pub(super) fn number<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> Result<T, Fault> {
    T::try_from(integer(row, index)?).map_err(|_| Fault::Undecodable("a number is out of range"))
}

pub(super) fn optional_number<T: TryFrom<i64>>(
    row: &Row<'_>,
    index: usize,
) -> Result<Option<T>, Fault> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        _ => number(row, index).map(Some),
    }
}

pub(super) fn text<'row>(row: &'row Row<'_>, index: usize) -> Result<&'row str, Fault> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// Any key that was declared or written in place: it was checked before it was recorded.
pub(super) fn asset(row: &Row<'_>, index: usize) -> Result<AssetKey, Fault> {
    Ok(AssetKey::of_path(text(row, index)?))
}

pub(super) fn partition(row: &Row<'_>, index: usize) -> Result<Option<PartitionKey>, Fault> {
    let text = row.get_ref(index)?.as_str_or_null()?;
    Ok(text.map(PartitionKey::recorded))
}

/// An asset and a partition of it, in the two columns from `index` on.
pub(super) fn step(row: &Row<'_>, index: usize) -> Result<StepName, Fault> {
    Ok(StepName {
        asset: asset(row, index)?,
        partition: partition(row, index + 1)?,
    })
}

pub(super) fn run(row: &Row<'_>, index: usize) -> Result<RunId, Fault> {
    let bytes = row.get_ref(index)?.as_blob()?;
    uuid::Uuid::from_slice(bytes)
        .map(RunId)
        .map_err(|_| Fault::Undecodable("the id of a run has another length"))
}

pub(super) fn optional_run(row: &Row<'_>, index: usize) -> Result<Option<RunId>, Fault> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        _ => run(row, index).map(Some),
    }
}

pub(super) fn time(row: &Row<'_>, index: usize) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(integer(row, index)?)
        .map_err(|_| Fault::Undecodable("a time is out of range"))
}

pub(super) fn optional_time(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, Fault> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        _ => time(row, index).map(Some),
    }
}

pub(super) fn unpacked<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<T, Fault> {
    postcard::from_bytes(row.get_ref(index)?.as_blob()?)
        .map_err(|_| Fault::Undecodable("a record cannot be decoded"))
}

/// A record; an empty one where the column is null.
pub(super) fn unpacked_or_none<T: DeserializeOwned + Default>(
    row: &Row<'_>,
    index: usize,
) -> Result<T, Fault> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(T::default()),
        _ => unpacked(row, index),
    }
}

pub(super) fn packed<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("a vector grows as needed, and all lengths are known")
}

/// What a command took, in the two columns from `index` on.
pub(super) fn usage(row: &Row<'_>, index: usize) -> Result<ResourceUsage, Fault> {
    Ok(ResourceUsage {
        cpu_ms: optional_number(row, index)?,
        peak_bytes: optional_number(row, index + 1)?,
    })
}

/// A count or duration as `SQLite` holds it: what does not fit is longer than any run.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A moment as `SQLite` holds it, to the microsecond.
pub(super) fn time_column(time: Timestamp) -> i64 {
    time.as_microsecond()
}
