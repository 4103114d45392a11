//! Runs: beginning and ending them, and finding those whose process died.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use crate::answer::{Event, KeyRange, RunCounts};
use crate::digest::Digest;
use crate::model::{Name, RunDetails, RunId, RunKey, RunStatus, RunTags, RunVerb};
use crate::store::column::{self, packed, time_column};
use crate::store::error::{Fault, StoreError};
use crate::store::instance::{Store, Writing};
use crate::store::numbers::{self, AssetPartition};
use crate::store::run_lock::{RunLock, RunLocks};
use crate::store::{events, leases};

/// A run that is about to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// The partitions, as the user wrote them.
    pub partitions: String,
    /// The digest of the declarations.
    pub manifest: Digest,
    /// When it begins.
    pub time: Timestamp,
    /// The id of its process, for people only.
    pub pid: Option<u32>,
    /// How it was asked for, and where it takes place.
    pub details: RunDetails,
    /// The steps of its plan, those that cannot run as well.
    pub steps: Vec<KeyRange>,
    /// What is to be told of its beginning.
    pub events: Vec<Event>,
}

/// A run that has begun.
#[derive(Debug)]
pub struct Begun {
    /// What keeps it alive.
    pub guard: RunGuard,
    /// Runs that were found dead, each once.
    pub crashed: Vec<CrashedRun>,
}

/// Keeps a run alive: once it is dropped, other processes take the run for dead unless it was finished.
#[derive(Debug)]
pub struct RunGuard {
    run: RunId,
    #[expect(dead_code, reason = "it is there to be dropped")]
    lock: RunLock,
}

/// A run whose process died, and what it was at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashedRun {
    /// The run.
    pub id: RunId,
    /// What it had a lease on: its staging is to be removed, its outputs in place to be put back.
    pub leases: Vec<AssetPartition>,
    /// Resources that it had begun to set up, and whose teardown is missing.
    pub open_resources: Vec<String>,
}

/// How a run has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// How.
    pub status: RunStatus,
    /// How many steps ended how.
    pub counts: RunCounts,
    /// When.
    pub time: Timestamp,
    /// What is to be told of it, and of what came before it.
    pub events: Vec<Event>,
}

/// A run as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// How it stands; `Crashed` too for one that nobody has marked yet.
    pub status: RunStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` for one that has not, or has crashed.
    pub ended: Option<Timestamp>,
    /// The id of its process.
    pub pid: Option<u32>,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// The partitions, as the user wrote them.
    pub partitions: String,
    /// The digest of the declarations.
    pub manifest: Digest,
    /// How many steps ended how, until now.
    pub counts: RunCounts,
    /// How it was asked for, and where it takes place.
    pub details: RunDetails,
}

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, status, started, ended, pid, selection, partitions, manifest, materialized, unchanged, fresh, ",
            "failed, blocked, canceled, verb, parent, root, job, run_key, scope, environment, host, user, tool_version, ",
            "git_commit, tags, config FROM run ",
            $rest
        )
    };
}

pub(super) use select_runs;

/// All runs; the first column is their id.
pub(super) const EVERY: &str = select_runs!("");

impl RunGuard {
    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }
}

impl Store {
    /// Begins a run, and marks those whose process died as crashed.
    pub fn begin_run(&mut self, run: &NewRun) -> Result<Begun, StoreError> {
        // Locked before others can read of it.
        let lock = self
            .run_locks
            .take(run.id)
            .map_err(|error| StoreError::at(&self.path, error.into()))?;
        let crashed = self.write(|writing| {
            let crashed = mark_crashed(writing)?;
            insert(writing, run)?;
            events::insert(writing, run.id, &run.events)?;
            Ok(crashed)
        })?;
        for dead in &crashed {
            self.run_locks.remove(dead.id);
        }
        let guard = RunGuard { run: run.id, lock };
        Ok(Begun { guard, crashed })
    }

    /// Whether there are runs whose process died and that nobody has marked as crashed. This is a look at one folder.
    pub fn has_crashed_runs(&self) -> Result<bool, StoreError> {
        let dead = self.run_locks.dead();
        let dead = dead.map_err(|error| StoreError::at(&self.path, error.into()))?;
        Ok(!dead.is_empty())
    }

    /// Marks runs whose process died as crashed, each once `clear` has cleared up after it: a process that is killed in between
    /// leaves both to the next one.
    pub fn mark_crashed_runs(&mut self, clear: &dyn Fn(&CrashedRun)) -> Result<(), StoreError> {
        let dead = self.run_locks.dead();
        let dead = dead.map_err(|error| StoreError::at(&self.path, error.into()))?;
        let found = self.read(|connection| {
            let mut found = Vec::new();
            for (number, id) in dead_of(connection, &self.run_locks)? {
                let leases = leases::of_run(connection, number)?;
                let open_resources = open_resources(connection, number)?;
                found.push(CrashedRun {
                    id,
                    leases,
                    open_resources,
                });
            }
            Ok(found)
        })?;
        for run in &found {
            clear(run);
        }
        let marked = self.write(|writing| mark_crashed(writing))?;
        let is_found = |run: &CrashedRun| found.iter().any(|it| it.id == run.id);
        for run in marked.iter().filter(|run| !is_found(run)) {
            clear(run);
        }
        for run in dead {
            self.run_locks.remove(run);
        }
        Ok(())
    }

    /// Ends a run, with its leases.
    pub fn finish_run(&mut self, guard: RunGuard, end: &RunEnd) -> Result<(), StoreError> {
        let run = guard.run();
        self.write(|writing| {
            let number = writing.run_number(run)?;
            let counts = end.counts;
            writing.execute(
                "UPDATE run SET status = ?2, ended = ?3, materialized = ?4, unchanged = ?5, fresh = ?6, failed = ?7, \
                 blocked = ?8, canceled = ?9 WHERE number = ?1",
                params![
                    number,
                    end.status.word(),
                    time_column(end.time),
                    counts.materialized + counts.stale,
                    counts.unchanged,
                    counts.fresh,
                    counts.failed,
                    counts.blocked,
                    counts.canceled,
                ],
            )?;
            writing.execute("DELETE FROM lease WHERE run = ?1", [number])?;
            events::insert(writing, run, &end.events)
        })?;
        drop(guard);
        Ok(())
    }

    /// Records what follows a run that has ended.
    pub fn follow_run(&mut self, run: RunId, events: &[Event]) -> Result<(), StoreError> {
        self.write(|writing| events::insert(writing, run, events))
    }

    /// The last `limit` runs, newest first.
    pub fn runs(&self, limit: usize) -> Result<Vec<Run>, StoreError> {
        let runs = self.read(|connection| {
            let sql = select_runs!("ORDER BY number DESC LIMIT ?1");
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let runs = column::all(connection, sql, [limit], |row| decode(row, &self.run_locks))?;
            counted(connection, runs)
        });
        self.seen_dead(runs?)
    }

    /// The number of a run, by which runs are in the order in which they began; `None` if there is none.
    pub fn run_number(&self, id: RunId) -> Result<Option<i64>, StoreError> {
        self.read(|connection| numbers::run_number(connection, id))
    }

    /// The steps of a run's plan in ranges, those that could not run as well.
    pub fn planned_steps(&self, id: RunId) -> Result<Vec<KeyRange>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT steps FROM run WHERE id = ?1";
            let steps = column::first(connection, sql, [id.0.as_bytes()], |row| {
                column::unpacked_or_none(row, 0)
            })?;
            Ok(steps.unwrap_or_default())
        })
    }

    /// A run by its id; `None` if there is none.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let run = self.run_at_once(id)?;
        Ok(self.seen_dead(run.into_iter().collect())?.pop())
    }

    /// Runs as they stand, of which some were found dead: one whose lock was free when it was looked at may have ended since its
    /// row was read, so the row of such a run is read again.
    pub(super) fn seen_dead(&self, runs: Vec<Run>) -> Result<Vec<Run>, StoreError> {
        let again = |run: Run| match run.status {
            RunStatus::Crashed => Ok(self.run_at_once(run.id)?.unwrap_or(run)),
            _ => Ok(run),
        };
        runs.into_iter().map(again).collect()
    }

    fn run_at_once(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.read(|connection| {
            let sql = select_runs!("WHERE id = ?1");
            let run = column::first(connection, sql, [id.0.as_bytes()], |row| {
                decode(row, &self.run_locks)
            })?;
            Ok(counted(connection, run.into_iter().collect())?.pop())
        })
    }
}

/// Runs with what those of them have done until now that have not ended.
pub(super) fn counted(connection: &Connection, mut runs: Vec<Run>) -> Result<Vec<Run>, Fault> {
    for run in &mut runs {
        if matches!(run.status, RunStatus::Started | RunStatus::Crashed)
            && let Some(number) = numbers::run_number(connection, run.id)?
        {
            run.counts = counts_until_now(connection, number)?;
        }
    }
    Ok(runs)
}

/// How many steps of a run have ended how, by its events.
fn counts_until_now(connection: &Connection, number: i64) -> Result<RunCounts, Fault> {
    let sql = "SELECT kind, payload ->> '$.outcome', count(*), sum(payload ->> '$.counts.fresh') FROM event \
               WHERE run = ?1 AND kind IN ('run_planned', 'step_finished', 'step_fresh', 'step_blocked') GROUP BY 1, 2";
    let mut counts = RunCounts::default();
    let found = column::all(connection, sql, [number], |row| {
        let outcome = row.get_ref(1)?.as_str_or_null()?.map(str::to_owned);
        let kind = column::text(row, 0)?.to_owned();
        let planned: Option<u32> = column::optional_number(row, 3)?;
        Ok((kind, outcome, column::number::<u32>(row, 2)?, planned))
    })?;
    for (kind, outcome, count, planned) in found {
        match (&*kind, outcome.as_deref()) {
            ("run_planned", _) => counts.fresh += planned.unwrap_or_default(),
            ("step_fresh", _) => counts.fresh += count,
            ("step_blocked", _) => counts.blocked += count,
            (_, Some("materialized")) => counts.materialized += count,
            (_, Some("unchanged")) => counts.unchanged += count,
            (_, Some("failed")) => counts.failed += count,
            _ => counts.canceled += count,
        }
    }
    Ok(counts)
}

fn insert(writing: &Writing<'_>, run: &NewRun) -> Result<(), Fault> {
    let it = &run.details;
    let id = |run: Option<RunId>| run.map(|run| run.0.into_bytes());
    let key = it.run_key.as_ref();
    writing.execute(
        "INSERT INTO run (id, status, started, pid, selection, partitions, manifest, verb, parent, root, job, run_key, \
         scope, environment, host, user, tool_version, git_commit, tags, config, steps) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        params![
            run.id.0.as_bytes(),
            RunStatus::Started.word(),
            time_column(run.time),
            run.pid,
            run.selection,
            run.partitions,
            run.manifest.as_bytes(),
            it.verb.word(),
            id(it.parent),
            id(it.root),
            it.job.as_ref().map(Name::as_str),
            key.map(|it| &it.key),
            key.map(|it| &it.scope),
            it.environment.as_ref().map(Name::as_str),
            it.host,
            it.user,
            it.tool_version,
            it.git_commit,
            (!it.tags.is_empty()).then(|| json(&it.tags)),
            it.config.as_ref().map(json),
            (!run.steps.is_empty()).then(|| packed(&run.steps)),
        ],
    )?;
    let number = writing.connection.last_insert_rowid();
    for (key, value) in &it.tags {
        writing.execute(
            "INSERT INTO run_tag (key, value, run) VALUES (?1, ?2, ?3)",
            params![key, json(value), number],
        )?;
    }
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a JSON value can be written")
}

/// Marks every started run that does not live as crashed, and ends its leases.
fn mark_crashed(writing: &Writing<'_>) -> Result<Vec<CrashedRun>, Fault> {
    let dead = dead_of(writing.connection, writing.run_locks)?.into_iter();
    dead.map(|(number, id)| mark_one_crashed(writing, number, id))
        .collect()
}

/// Marks a run that is known to be dead.
pub(super) fn mark_one_crashed(
    writing: &Writing<'_>,
    number: i64,
    id: RunId,
) -> Result<CrashedRun, Fault> {
    let leases = leases::of_run(writing.connection, number)?;
    let open_resources = open_resources(writing.connection, number)?;
    writing.execute("DELETE FROM lease WHERE run = ?1", [number])?;
    writing.execute(
        "UPDATE run SET status = ?2 WHERE number = ?1",
        params![number, RunStatus::Crashed.word()],
    )?;
    Ok(CrashedRun {
        id,
        leases,
        open_resources,
    })
}

/// The resources of which a run has told that they are set up, and not that they were torn down.
fn open_resources(connection: &Connection, number: i64) -> Result<Vec<String>, Fault> {
    let sql = "SELECT payload ->> '$.resource', kind = 'resource_started' FROM event \
               WHERE run = ?1 AND (kind IN ('resource_started', 'resource_stopped') OR \
               (kind = 'resource_failed' AND payload ->> '$.phase' = 'teardown')) ORDER BY seq";
    let mut open = Vec::new();
    let told = column::all(connection, sql, [number], |row| {
        Ok((
            column::text(row, 0)?.to_owned(),
            column::integer(row, 1)? == 1,
        ))
    })?;
    for (name, is_open) in told {
        open.retain(|known| *known != name);
        if is_open {
            open.push(name);
        }
    }
    Ok(open)
}

/// The runs that have not ended and whose process died.
fn dead_of(connection: &Connection, run_locks: &RunLocks) -> Result<Vec<(i64, RunId)>, Fault> {
    let sql = "SELECT number, id FROM run WHERE status = 'started' ORDER BY number";
    let mut dead = Vec::new();
    let started = column::all(connection, sql, [], |row| {
        Ok((column::integer(row, 0)?, column::run(row, 1)?))
    })?;
    for (number, run) in started {
        if !run_locks.is_alive(run)? {
            dead.push((number, run));
        }
    }
    Ok(dead)
}

/// A row of [`EVERY`].
pub(super) fn decode(row: &Row<'_>, run_locks: &RunLocks) -> Result<Run, Fault> {
    let id = column::run(row, 0)?;
    let recorded = status(column::text(row, 1)?)?;
    let status = match recorded {
        RunStatus::Started if !run_locks.is_alive(id)? => RunStatus::Crashed,
        status => status,
    };
    Ok(Run {
        id,
        status,
        started: column::time(row, 2)?,
        ended: column::optional_time(row, 3)?,
        pid: column::optional_number(row, 4)?,
        selection: column::text(row, 5)?.to_owned(),
        partitions: column::text(row, 6)?.to_owned(),
        manifest: column::digest(row, 7)?,
        counts: RunCounts {
            materialized: column::number(row, 8)?,
            unchanged: column::number(row, 9)?,
            fresh: column::number(row, 10)?,
            failed: column::number(row, 11)?,
            blocked: column::number(row, 12)?,
            canceled: column::number(row, 13)?,
            ..RunCounts::default()
        },
        details: details(row)?,
    })
}

/// The columns of a row of [`EVERY`] that say how the run was asked for.
fn details(row: &Row<'_>) -> Result<RunDetails, Fault> {
    let text = |index| -> Result<Option<String>, Fault> {
        Ok(row.get_ref(index)?.as_str_or_null()?.map(str::to_owned))
    };
    let name = |index| -> Result<Option<Name>, Fault> {
        Ok(row
            .get_ref(index)?
            .as_str_or_null()?
            .and_then(|name| Name::parse(name).ok()))
    };
    let run_key = text(18)?.map(|key| -> Result<RunKey, Fault> {
        let scope = text(19)?.unwrap_or_default();
        Ok(RunKey { scope, key })
    });
    let verb = column::text(row, 14)?;
    let verb = RunVerb::ALL.into_iter().find(|it| it.word() == verb);
    Ok(RunDetails {
        verb: verb.ok_or(Fault::Undecodable("a run has an unknown verb"))?,
        parent: column::optional_run(row, 15)?,
        root: column::optional_run(row, 16)?,
        job: name(17)?,
        run_key: run_key.transpose()?,
        environment: name(20)?,
        host: text(21)?,
        user: text(22)?,
        tool_version: text(23)?,
        git_commit: text(24)?,
        tags: parsed::<RunTags>(row, 25)?.unwrap_or_default(),
        config: parsed::<Value>(row, 26)?,
    })
}

fn parsed<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<Option<T>, Fault> {
    let text = row.get_ref(index)?.as_str_or_null()?;
    let parsed = text.map(serde_json::from_str).transpose();
    parsed.map_err(|_| Fault::Undecodable("a column of a run is not JSON"))
}

fn status(word: &str) -> Result<RunStatus, Fault> {
    let mut all = RunStatus::ALL.into_iter();
    all.find(|status| status.word() == word)
        .ok_or(Fault::Undecodable("a run has an unknown status"))
}
