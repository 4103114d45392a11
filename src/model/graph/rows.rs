//! Edges between assets, and the order that follows from them.

use serde::{Deserialize, Serialize};

use crate::model::graph::columns;
use crate::model::name::AssetId;

/// A cycle: each asset depends on the next, and the last on the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<AssetId>);

/// Upstream before downstream; ties in order of declaration.
pub(super) fn topological_order(upstream: &Rows, downstream: &Rows) -> Result<Vec<AssetId>, Cycle> {
    let mut waiting = vec![0u32; upstream.len()];
    for end in downstream.ends() {
        waiting[end.index()] += 1;
    }
    let mut order: Vec<AssetId> = Vec::with_capacity(waiting.len());
    order.extend(
        (0..waiting.len() as u32)
            .map(AssetId)
            .filter(|id| waiting[id.index()] == 0),
    );
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        next += 1;
        for down in downstream.of(id) {
            waiting[down.index()] -= 1;
            if waiting[down.index()] == 0 {
                order.push(*down);
            }
        }
    }
    if order.len() == waiting.len() {
        Ok(order)
    } else {
        Err(find_cycle(upstream, &waiting))
    }
}

/// Walks upstream among what could not be ordered until something comes a second time.
fn find_cycle(upstream: &Rows, waiting: &[u32]) -> Cycle {
    let stuck = |id: AssetId| waiting[id.index()] > 0;
    let first = waiting
        .iter()
        .position(|count| *count > 0)
        .expect("something could not be ordered");
    let mut path = vec![AssetId(first as u32)];
    loop {
        let last = *path.last().expect("the path starts with one asset");
        let mut ups = upstream.of(last).iter().copied();
        let up = ups
            .find(|up| *up != last && stuck(*up))
            .expect("what could not be ordered waits for something that could not be ordered");
        if let Some(start) = path.iter().position(|id| *id == up) {
            return Cycle(path.split_off(start));
        }
        path.push(up);
    }
}

/// Edges in compressed rows: those of `id` are `ends[offsets[id]..offsets[id + 1]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    #[serde(with = "columns")]
    offsets: Vec<u32>,
    #[serde(with = "columns")]
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
        let mut last = vec![None; self.len()];
        let mut edges = Vec::with_capacity(self.ends.len());
        let mut offsets = vec![0; self.len() + 1];
        for from in (0..self.len() as u32).map(AssetId) {
            for end in self.of(from).iter().filter(|end| **end != from) {
                if last[end.index()].replace(from) != Some(from) {
                    offsets[end.index() + 1] += 1;
                    edges.push((from, *end));
                }
            }
        }
        for row in 1..offsets.len() {
            offsets[row] += offsets[row - 1];
        }
        let mut next = offsets.clone();
        let mut ends = vec![AssetId(0); edges.len()];
        for (from, end) in edges {
            let place = &mut next[end.index()];
            ends[*place as usize] = from;
            *place += 1;
        }
        Self { offsets, ends }
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
