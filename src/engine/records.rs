//! What an instance remembers, as judging asks for it.

use crate::digest::Digest;
use crate::model::{BlockEntry, CodeRecord, CodeVersion, Current, InputRecord, MaterializationId};
use crate::plan::{Records, Scope};
use crate::store::{Store, StoreError, Wanted};

/// An instance as the memory that explanations are made from: what cannot be read is not remembered.
pub struct StoreRecords<'a>(pub &'a Store);

impl Records for StoreRecords<'_> {
    fn inputs(&self, id: MaterializationId) -> Option<Vec<InputRecord>> {
        Some(self.0.materialization(id).ok()??.inputs)
    }

    fn code(&self, version: CodeVersion) -> Option<CodeRecord> {
        self.0.code_record(version).ok()?
    }

    fn block(&self, digest: Digest) -> Option<Vec<BlockEntry>> {
        self.0.block(digest).ok()?
    }
}

/// What is recorded of each cell of a scope; nothing of sources.
pub fn recorded(store: &Store, scope: &Scope<'_>) -> Result<Vec<Option<Current>>, StoreError> {
    let graph = scope.graph();
    let rows: Vec<_> = scope
        .rows()
        .iter()
        .filter(|row| graph.asset(row.asset).is_some())
        .collect();
    let wanted: Vec<Wanted<'_>> = rows
        .iter()
        .map(|row| Wanted {
            asset: graph.key(row.asset),
            keys: scope.keys(row.asset),
            set: &row.set,
        })
        .collect();
    let mut found = store.currents(&wanted)?.into_rows().into_iter();
    let mut recorded = vec![None; scope.cells() as usize];
    for row in rows {
        for cell in row.cells() {
            recorded[cell.index()] = found.next().flatten();
        }
    }
    Ok(recorded)
}
