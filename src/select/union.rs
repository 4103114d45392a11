//! A union in the making.

use crate::model::AssetGraph;
use crate::select::asset_set::AssetSet;
use crate::select::ast::Depth;
use crate::select::traversal::{Direction, reach};

/// A union in the making, with the walks that are still to be made.
///
/// What is reached from two sets is what is reached from both together, so that each way is walked once, however many
/// parts of an `or` go it.
#[derive(Debug)]
pub(super) struct Union {
    /// What is a member already.
    pub set: AssetSet,
    walks: Vec<Walk>,
}

#[derive(Debug)]
struct Walk {
    direction: Direction,
    depth: Depth,
    from: AssetSet,
}

impl Union {
    /// The empty one, in a graph of `len` assets and sources.
    pub(super) fn empty(len: usize) -> Self {
        Self {
            set: AssetSet::empty(len),
            walks: Vec::new(),
        }
    }

    /// Adds what is reached from a set.
    pub(super) fn walk(&mut self, direction: Direction, depth: Depth, from: &AssetSet) {
        let mut walks = self.walks.iter_mut();
        match walks.find(|walk| walk.direction == direction && walk.depth == depth) {
            Some(walk) => walk.from.union_with(from),
            None => self.walks.push(Walk {
                direction,
                depth,
                from: from.clone(),
            }),
        }
    }

    /// All members. A walk up drops what is not `buildable`.
    pub(super) fn finish(self, graph: &AssetGraph, buildable: &AssetSet) -> AssetSet {
        let mut set = self.set;
        for walk in self.walks {
            let mut reached = reach(graph, walk.from, walk.direction, walk.depth);
            if walk.direction == Direction::Up {
                reached.intersect_with(buildable);
            }
            set.union_with(&reached);
        }
        set
    }
}
