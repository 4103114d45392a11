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
    from: &AssetSet,
    direction: Direction,
    depth: Depth,
) -> AssetSet {
    let mut reached = from.clone();
    let mut level: Vec<AssetId> = from.iter().collect();
    let mut left = match depth {
        Depth::Levels(levels) => levels,
        Depth::Unlimited => u32::MAX,
    };
    while left > 0 && !level.is_empty() {
        let mut next = Vec::new();
        for id in level {
            neighbours(graph, id, direction, |id| {
                if reached.insert(id) {
                    next.push(id);
                }
            });
        }
        level = next;
        left -= 1;
    }
    reached
}

/// The members of `set` from which no other member is reached.
pub(super) fn ends(graph: &AssetGraph, set: &AssetSet, direction: Direction) -> AssetSet {
    // What is reached from each asset is decided once, in the order in which all that it leads to is decided.
    let mut leads_to_member = AssetSet::empty(graph.len());
    let mut decide = |id: AssetId| {
        let mut leads = false;
        neighbours(graph, id, direction, |next| {
            leads |= next != id && (set.contains(next) || leads_to_member.contains(next));
        });
        if leads {
            leads_to_member.insert(id);
        }
    };
    match direction {
        Direction::Up => graph.order().iter().copied().for_each(&mut decide),
        Direction::Down => graph.order().iter().rev().copied().for_each(&mut decide),
    }
    let mut ends = set.clone();
    ends.difference_with(&leads_to_member);
    ends
}

fn neighbours(
    graph: &AssetGraph,
    id: AssetId,
    direction: Direction,
    mut each: impl FnMut(AssetId),
) {
    match direction {
        Direction::Up => graph.upstream(id).for_each(&mut each),
        Direction::Down => graph.downstream(id).iter().copied().for_each(&mut each),
    }
}
