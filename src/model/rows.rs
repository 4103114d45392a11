//! Edges of a graph in compressed rows.

use serde::{Deserialize, Serialize};

use crate::model::name::AssetId;

/// Edges in compressed rows: those of `id` are `ends[offsets[id]..offsets[id + 1]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    offsets: Vec<u32>,
    ends: Vec<AssetId>,
}

impl Rows {
    /// One row behind the other.
    pub(super) fn new<R: IntoIterator<Item = AssetId>>(rows: impl Iterator<Item = R>) -> Self {
        let mut offsets = vec![0];
        let mut ends = Vec::new();
        for row in rows {
            ends.extend(row);
            offsets.push(ends.len() as u32);
        }
        Self { offsets, ends }
    }

    /// The same edges from the other side: each once, in order, without those that lead back to where they begin.
    pub(super) fn turned(&self) -> Self {
        let mut rows = vec![Vec::new(); self.len()];
        for from in (0..self.len() as u32).map(AssetId) {
            for end in self.of(from).iter().filter(|end| **end != from) {
                let row: &mut Vec<AssetId> = &mut rows[end.index()];
                if row.last() != Some(&from) {
                    row.push(from);
                }
            }
        }
        Self::new(rows.into_iter())
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Where the edges of `id` end.
    pub(super) fn of(&self, id: AssetId) -> &[AssetId] {
        let row = self.offsets[id.index()] as usize..self.offsets[id.index() + 1] as usize;
        &self.ends[row]
    }

    /// Where all edges end.
    pub(super) fn ends(&self) -> &[AssetId] {
        &self.ends
    }
}
