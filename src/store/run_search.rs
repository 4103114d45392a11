//! Finding runs: by a prefix of their id, by when they began, by what is asked of them.

use std::fmt::Write as _;

use jiff::Timestamp;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::model::{RunFilter, RunId, RunStatus};
use crate::store::column::{self, time_column};
use crate::store::error::StoreError;
use crate::store::instance::Store;
use crate::store::runs::{self, Run, counted, select_runs};

/// What `accept` leaves, and what is left of a run that was deleted, is no run for people.
const LISTED: &str = "verb NOT IN ('accept', 'deleted')";

impl Store {
    /// The runs of which all is true that a filter asks for, newest first.
    pub fn find_runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError> {
        let is_wanted =
            |run: &Run| filter.statuses.is_empty() || filter.statuses.contains(&run.status);
        let runs = self.read(|connection| {
            let query = Query::of(filter);
            let limit = filter
                .limit
                .map_or(usize::MAX, |limit| limit.get() as usize);
            let mut statement = connection.prepare_cached(&query.sql)?;
            let mut rows = statement.query(params_from_iter(&query.parameters))?;
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(row) = rows.next()?
            {
                let run = runs::decode(row, &self.run_locks)?;
                // Whether one lives is not in its row.
                if is_wanted(&run) {
                    found.push(run);
                }
            }
            counted(connection, found)
        });
        let mut runs = self.seen_dead(runs?)?;
        runs.retain(is_wanted);
        Ok(runs)
    }

    /// The ids of runs that begin with `prefix`, hexadecimal digits with or without hyphens, in order; `limit` at most.
    pub fn runs_by_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<RunId>, StoreError> {
        let Some((first, last)) = bounds(prefix) else {
            return Ok(Vec::new());
        };
        self.read(|connection| {
            let sql = format!(
                "SELECT id FROM run WHERE id BETWEEN ?1 AND ?2 AND {LISTED} ORDER BY id LIMIT ?3"
            );
            let parameters = rusqlite::params![first, last, limit];
            column::all(connection, &sql, parameters, |row| column::run(row, 0))
        })
    }

    /// Forgets runs: what is recorded of their attempts, their events and how they were asked for. What they have made stays, with
    /// the id of its run, and so do their keys.
    pub fn delete_runs(&mut self, runs: &[RunId]) -> Result<(), StoreError> {
        self.write(|writing| {
            for run in runs {
                let number = writing.run_number(*run)?;
                for table in ["event", "failed_attempt", "run_tag", "lease"] {
                    writing.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [number])?;
                }
                writing.execute(
                    "UPDATE run SET verb = 'deleted', selection = '', partitions = '', pid = NULL, parent = NULL, \
                     root = NULL, job = NULL, run_key = NULL, scope = NULL, environment = NULL, host = NULL, user = NULL, \
                     tool_version = NULL, git_commit = NULL, tags = NULL, config = NULL, steps = NULL WHERE number = ?1",
                    [number],
                )?;
            }
            Ok(())
        })
    }

    /// Asks a run to stop.
    pub fn ask_to_cancel(&mut self, run: RunId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|writing| {
            let number = writing.run_number(run)?;
            let sql = "UPDATE run SET cancel = ?2 WHERE number = ?1 AND cancel IS NULL";
            writing.execute(sql, [number, time_column(now)])?;
            Ok(())
        })
    }

    /// Whether a run was asked to stop.
    pub fn is_asked_to_cancel(&self, run: RunId) -> Result<bool, StoreError> {
        self.read(|connection| {
            let sql = "SELECT 1 FROM run WHERE id = ?1 AND cancel IS NOT NULL";
            let found = column::first(connection, sql, [run.0.as_bytes()], |_| Ok(()))?;
            Ok(found.is_some())
        })
    }
}

/// A query of rows of [`runs::EVERY`].
struct Query {
    sql: String,
    parameters: Vec<Value>,
}

impl Query {
    fn of(filter: &RunFilter) -> Self {
        let RunFilter {
            statuses,
            jobs,
            tags,
            assets,
            partitions,
            since,
            until,
            run_keys,
            roots,
            limit: _,
        } = filter;
        let mut query = Self {
            sql: format!("{} WHERE {LISTED}", select_runs!("")),
            parameters: Vec::new(),
        };
        // One that nobody has marked yet is recorded as started.
        let recorded = |status: &RunStatus| match status {
            RunStatus::Crashed => vec!["crashed", "started"],
            status => vec![status.word()],
        };
        query.one_of("status", statuses.iter().flat_map(recorded).map(text));
        query.one_of("job", jobs.iter().map(|job| text(job.as_str())));
        query.one_of("run_key", run_keys.iter().map(|key| text(key)));
        let roots: Vec<_> = roots.iter().map(|it| it.0.as_bytes().to_vec()).collect();
        if !roots.is_empty() {
            query.sql.push_str(" AND (FALSE");
            for column in ["id", "root"] {
                let places = query.places(roots.iter().cloned().map(Value::Blob));
                let _ = write!(query.sql, " OR {column} IN ({places})");
            }
            query.sql.push(')');
        }
        for (time, sign) in [(since, ">="), (until, "<=")] {
            if let Some(time) = time {
                let place = query.places([Value::Integer(time_column(*time))]);
                let _ = write!(query.sql, " AND started {sign} {place}");
            }
        }
        if !tags.is_empty() {
            query.sql.push_str(" AND (FALSE");
            for (key, value) in tags {
                let key = query.places([text(key)]);
                let mut values = String::new();
                if let Some(value) = value {
                    values = format!(" AND value IN ({})", query.places(readings(value)));
                }
                let _ = write!(
                    query.sql,
                    " OR number IN (SELECT run FROM run_tag WHERE key = {key}{values})"
                );
            }
            query.sql.push(')');
        }
        if !assets.is_empty() || !partitions.is_empty() {
            query.sql.push_str(
                " AND EXISTS (SELECT 1 FROM event e WHERE e.run = run.number AND e.kind = 'step_started'",
            );
            if !assets.is_empty() {
                let keys = query.places(assets.iter().map(|asset| text(asset.as_str())));
                let _ = write!(
                    query.sql,
                    " AND e.asset_id IN (SELECT id FROM asset WHERE key IN ({keys}))"
                );
            }
            query.one_of("e.partition", partitions.iter().map(|it| text(it.as_str())));
            query.sql.push(')');
        }
        query.sql.push_str(" ORDER BY number DESC");
        query
    }

    /// Asks for a column to have one of these values, if there are any.
    fn one_of(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let places = self.places(values);
        if !places.is_empty() {
            let _ = write!(self.sql, " AND {column} IN ({places})");
        }
    }

    /// Takes values, and gives what stands for them in the text.
    fn places(&mut self, values: impl IntoIterator<Item = Value>) -> String {
        let before = self.parameters.len();
        self.parameters.extend(values);
        let places = before + 1..=self.parameters.len();
        let places: Vec<_> = places.map(|place| format!("?{place}")).collect();
        places.join(", ")
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The values that a word for one may mean: that text, or what it is as JSON.
fn readings(word: &str) -> Vec<Value> {
    let json: Option<serde_json::Value> = serde_json::from_str(word).ok();
    let json = json.filter(|json| !json.is_string());
    let readings = [Some(serde_json::Value::from(word)), json];
    let readings = readings.into_iter().flatten();
    readings.map(|it| Value::Text(it.to_string())).collect()
}

/// The first and the last id that begins with these digits; `None` if they are none.
fn bounds(prefix: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: String = prefix.chars().filter(|it| *it != '-').collect();
    let is_prefix = (1..=32).contains(&digits.len())
        && digits.bytes().all(|it| it.is_ascii_hexdigit())
        && !prefix.starts_with('-');
    let filled = |fill: char| {
        let rest = std::iter::repeat_n(fill, 32 - digits.len());
        let all: String = digits.chars().chain(rest).collect();
        u128::from_str_radix(&all, 16).ok().map(u128::to_be_bytes)
    };
    if !is_prefix {
        return None;
    }
    Some((filled('0')?, filled('f')?))
}
