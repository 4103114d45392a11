//! Recording what steps have done.

use std::slice;
use std::sync::Arc;

use rusqlite::params;

use crate::answer::Event;
use crate::digest::Digest;
use crate::model::{
    BlockEntry, CodeRecord, LastAttempt, Materialization, MaterializationId, MaterializedRef,
    PartitionKey, PartitionSlot, Provenance, RunId,
};
use crate::store::column::{packed, signed, time_column};
use crate::store::current::{self, attempt_column};
use crate::store::error::{Fault, StoreError};
use crate::store::history::{self, origin_column, outcome_column};
use crate::store::instance::{Store, Writing};
use crate::store::numbers::{self, AssetPartition};
use crate::store::{events, leases};

/// What a finished step leaves in the instance.
#[derive(Clone, Debug)]
pub enum Recording {
    /// It succeeded, or its outputs were accepted.
    Succeeded(Box<Success>),
    /// It failed.
    Failed(Failure),
    /// Something else has happened in a run.
    Told(RunId, Box<Event>),
}

/// A materialization with all that it refers to.
#[derive(Clone, Debug)]
pub struct Success {
    /// What the instance calls the materialization's partition.
    pub slot: PartitionSlot,
    /// The materialization.
    pub materialization: Materialization,
    /// The readable record of its code version; it is stored once.
    pub code: Arc<CodeRecord>,
    /// The blocks that its inputs refer to and that may be new; each is stored once.
    pub blocks: Vec<StoredBlock>,
    /// What is to be told of it.
    pub events: Vec<Event>,
}

/// A block of mapped keys, to be stored by its digest.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// Its digest.
    pub digest: Digest,
    /// Its keys with their versions.
    pub entries: Arc<[BlockEntry]>,
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct Failure {
    /// At what.
    pub at: AssetPartition,
    /// In which run.
    pub run: RunId,
    /// What is to be told of it.
    pub events: Vec<Event>,
}

/// Outputs that are here just as the lock file has them, which the instance is to know from now on.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// What is recorded. It has no run.
    pub success: Success,
    /// What was recorded when the outputs were looked at.
    pub judged: Option<MaterializationId>,
}

/// What stands for a run where there was none: the numbers of runs begin with 1.
const NO_RUN: i64 = 0;

impl Store {
    /// Records finished steps in one transaction, with their events, and releases their leases.
    ///
    /// The last materialization of a partition that failed stays what it was.
    pub fn record(&mut self, batch: &[Recording]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write(|writing| {
            batch.iter().try_for_each(|recording| match recording {
                Recording::Succeeded(success) => writing.succeeded(success),
                Recording::Failed(failure) => writing.failed(failure),
                Recording::Told(run, event) => {
                    events::insert(writing, *run, slice::from_ref(&**event))
                }
            })
        })
    }

    /// Records what succeeded as it comes, in one transaction, and releases the leases; nothing if a refusal comes.
    pub fn record_each<E>(
        &mut self,
        successes: impl Iterator<Item = Result<Success, E>>,
    ) -> Result<Result<(), E>, StoreError> {
        self.write_unless(|writing| {
            for success in successes {
                match success {
                    Ok(success) => writing.succeeded(&success)?,
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
            Ok(Ok(()))
        })
    }

    /// Records what was taken from the lock file, and gives how many. Partitions that another run works on, or of which
    /// something else was recorded meanwhile, are left as they are.
    pub fn adopt(&mut self, adoptions: &[Adoption]) -> Result<u32, StoreError> {
        if adoptions.is_empty() {
            return Ok(0);
        }
        self.write(|writing| {
            let mut adopted = 0;
            for Adoption { success, judged } in adoptions {
                let asset = &success.materialization.asset;
                let asset = writing.interned.asset(writing.connection, asset)?;
                let partition = writing.partition_id(&success.slot)?;
                let current = current::at_point(writing.connection, asset, partition)?;
                let last = current.and_then(|it| it.materialized);
                let last = last.and_then(|last| last.provenance.recorded());
                if last == *judged && !leases::is_held(writing, asset, partition)? {
                    writing.succeeded(success)?;
                    adopted += 1;
                }
            }
            Ok(adopted)
        })
    }

    /// Forgets the current state of asset partitions, so that they were never materialized; history stays.
    ///
    /// Gives how many had a state.
    pub fn forget(&mut self, partitions: &[AssetPartition]) -> Result<usize, StoreError> {
        self.write(|writing| {
            let mut forgotten = 0;
            for partition in partitions {
                let (asset, partition) = writing.numbers(partition)?;
                forgotten += writing.execute(
                    "DELETE FROM current WHERE asset_id = ?1 AND partition_id = ?2",
                    params![asset, partition],
                )?;
            }
            Ok(forgotten)
        })
    }
}

impl Writing<'_> {
    /// The numbers of an asset partition.
    pub(super) fn numbers(&mut self, partition: &AssetPartition) -> Result<(i64, i64), Fault> {
        Ok((
            self.interned
                .asset(self.connection, &partition.step.asset)?,
            self.partition_id(&partition.slot)?,
        ))
    }

    pub(super) fn partition_id(&mut self, slot: &PartitionSlot) -> Result<i64, Fault> {
        Ok(match slot {
            PartitionSlot::Unpartitioned => numbers::UNPARTITIONED,
            PartitionSlot::Window(second) => *second,
            PartitionSlot::Named(key) => {
                numbers::of_name(self.interned.partition_key(self.connection, key.as_str())?)
            }
        })
    }

    pub(super) fn run_number(&mut self, run: RunId) -> Result<i64, Fault> {
        self.interned.run(self.connection, run)
    }

    fn succeeded(&mut self, success: &Success) -> Result<(), Fault> {
        let it = &success.materialization;
        let asset = self.interned.asset(self.connection, &it.asset)?;
        let partition = self.partition_id(&success.slot)?;
        self.store_code(it.code_version.0, &success.code)?;
        self.store_blocks(&success.blocks)?;
        let run = match it.run {
            Some(run) => self.run_number(run)?,
            None => NO_RUN,
        };
        self.execute(
            "INSERT INTO materialization (asset_id, partition_id, run, time, duration_ms, rule, outcome, origin, \
             fingerprint, code_version, data_version, partition, outputs, inputs, cpu_ms, peak_bytes, config) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                asset,
                partition,
                run,
                time_column(it.time),
                signed(it.duration_ms),
                it.rule,
                outcome_column(it.outcome),
                origin_column(it.origin),
                it.fingerprint.0.as_bytes(),
                it.code_version.0.as_bytes(),
                it.data_version.0.as_bytes(),
                it.partition.as_ref().map(PartitionKey::as_str),
                packed(&it.outputs),
                packed(&it.inputs),
                it.usage.cpu_ms.map(signed),
                it.usage.peak_bytes.map(signed),
                (!it.config.is_empty()).then(|| packed(&it.config)),
            ],
        )?;
        let id = MaterializationId(self.connection.last_insert_rowid());
        let outputs: Vec<_> = it.outputs.iter().map(|output| output.version).collect();
        let last = MaterializedRef {
            provenance: Provenance::Recorded(id),
            rule: it.rule,
            fingerprint: it.fingerprint,
            code_version: it.code_version,
            time: it.time,
            outputs: &outputs,
            duration_ms: it.duration_ms,
        };
        self.execute(
            "INSERT OR REPLACE INTO current (asset_id, partition_id, attempt, materialized) VALUES (?1, ?2, ?3, ?4)",
            params![
                asset,
                partition,
                attempt_column(LastAttempt::Succeeded),
                current::encode_materialized(id, last),
            ],
        )?;
        self.release(asset, partition, run)?;
        if let Some(run) = it.run {
            events::insert(self, run, &success.events)?;
        }
        Ok(())
    }

    fn failed(&mut self, failure: &Failure) -> Result<(), Fault> {
        let (asset, partition) = self.numbers(&failure.at)?;
        let run = self.run_number(failure.run)?;
        self.execute(
            "INSERT INTO current (asset_id, partition_id, attempt) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET attempt = excluded.attempt",
            params![asset, partition, attempt_column(LastAttempt::Failed)],
        )?;
        self.release(asset, partition, run)?;
        history::insert_failed(self, (asset, partition, run), failure)?;
        events::insert(self, failure.run, &failure.events)
    }

    fn store_code(&mut self, version: Digest, record: &CodeRecord) -> Result<(), Fault> {
        if self.interned.is_new_code_record(version) {
            self.execute(
                "INSERT OR IGNORE INTO code_record (version, record) VALUES (?1, ?2)",
                params![version.as_bytes(), packed(record)],
            )?;
        }
        Ok(())
    }

    fn store_blocks(&mut self, blocks: &[StoredBlock]) -> Result<(), Fault> {
        for block in blocks {
            if self.interned.is_new_block(block.digest) {
                self.execute(
                    "INSERT OR IGNORE INTO block (digest, entries) VALUES (?1, ?2)",
                    params![block.digest.as_bytes(), packed(&*block.entries)],
                )?;
            }
        }
        Ok(())
    }

    /// Ends the lease of a run on an asset partition, if it has one.
    pub(super) fn release(&self, asset: i64, partition: i64, run: i64) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM lease WHERE asset_id = ?1 AND partition_id = ?2 AND run = ?3",
            params![asset, partition, run],
        )?;
        Ok(())
    }
}
