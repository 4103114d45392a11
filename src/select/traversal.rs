//! Walking the asset graph from a set.

use crate::model::{AssetGraph, AssetId};
use crate::select::asset_set::AssetSet;
use crate::select::ast::Depth;

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// To what an asset waits for.
    Up,
    /// To what waits for an asset.
    Down,
}

/// `from` and what is reached from it within `depth` levels.
pub(super) fn reach(
    graph: &AssetGraph,
    from: AssetSet,
    direction: Direction,
    depth: Depth,
) -> AssetSet {
    let mut level: Vec<AssetId> = from.iter().collect();
    let mut reached = from;
    let mut left = match depth {
        Depth::Levels(levels) => levels,
        Depth::Unlimited => u32::MAX,
    };
    while left > 0 && !level.is_empty() {
        let mut next = Vec::new();
        for id in level {
            for id in direction.neighbours(graph, id) {
                if reached.insert(*id) {
                    next.push(*id);
                }
            }
        }
        level = next;
        left -= 1;
    }
    reached
}

/// The members of `set` from which no other member is reached.
pub(super) fn ends(graph: &AssetGraph, set: AssetSet, direction: Direction) -> AssetSet {
    // A member leads to another one if it is reached from that, the other way.
    let back = direction.opposite();
    let mut leads = AssetSet::empty(graph.len());
    for id in set.iter() {
        let neighbours = back.neighbours(graph, id).iter().copied();
        leads.extend(neighbours.filter(|neighbour| *neighbour != id));
    }
    let mut ends = set;
    ends.difference_with(&reach(graph, leads, back, Depth::Unlimited));
    ends
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn neighbours(self, graph: &AssetGraph, id: AssetId) -> &[AssetId] {
        match self {
            Self::Up => graph.upstream(id),
            Self::Down => graph.downstream(id),
        }
    }
}
