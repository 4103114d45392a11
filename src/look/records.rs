//! What an instance remembers, as judging asks for it.

use crate::digest::Digest;
use crate::model::{
    BlockEntry, CodeRecord, CodeVersion, CurrentColumns, DataVersion, InputRecord,
    MaterializationId, SourceContent,
};
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

    fn source_content(&self, version: DataVersion) -> Option<SourceContent> {
        self.0.source_content(version).ok()?
    }
}

/// What is recorded of each cell of a scope; nothing of sources.
pub fn recorded(store: &Store, scope: &Scope<'_>) -> Result<CurrentColumns, StoreError> {
    let graph = scope.graph();
    let assets = scope
        .rows()
        .iter()
        .filter(|row| graph.asset(row.asset).is_some());
    let wanted: Vec<Wanted<'_>> = assets
        .filter_map(|row| {
            Some(Wanted {
                asset: graph.key(row.asset),
                keys: scope.keys(row.asset),
                set: &row.set,
                first: row.cells().next()?.index(),
            })
        })
        .collect();
    store.currents(&wanted, scope.cells() as usize)
}
