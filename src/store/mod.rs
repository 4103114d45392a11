//! The instance: what was materialized, observed and run, in one `SQLite` file in the project's home folder.
//!
//! - One connection, one thread. Reading takes `&self`, writing `&mut self`; every write is one IMMEDIATE transaction, so
//!   two processes on one instance wait for each other instead of failing halfway.
//! - The current state of asset partitions stands in one narrow table in the order of assets and windows, apart from the
//!   append-only history. Judging reads only the former, by ranges.
//! - A run lives as long as its lock file is locked. Nothing here trusts a process id or a heartbeat.
//! - Damage is an answer, never a panic: whatever bytes the file holds, a reader gets a [`StoreError`].
//!
//! Absent on purpose: deciding what is stale, knowing what is declared, deleting outputs.

mod changes;
mod column;
mod current;
mod dynamic_keys;
mod error;
mod events;
mod file;
mod history;
mod identity;
mod instance;
mod leases;
mod numbers;
mod open;
mod run_lock;
mod run_search;
mod runs;
mod salvage;
mod scan;
mod sources;
#[cfg(test)]
mod tests;
mod writer;

pub use changes::{ChangeState, StateChange};
pub use error::{Carried, InstanceNotice, StoreError};
pub use identity::Mark;
pub use instance::{Access, ChangeMarker, Store};
pub use leases::{Held, Holder, Lease, Leases};
pub use numbers::AssetPartition;
pub use open::{InstancePlace, Opened};
pub use run_lock::{RunLock, RunLocks};
pub use runs::{Begun, CrashedRun, NewRun, Run, RunEnd, RunGuard};
pub use scan::Wanted;
pub use writer::{Adoption, Failure, Recording, StoredBlock, Success};
