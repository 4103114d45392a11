//! The part of a lock file that some cells are about.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::lockfile::{Wanted, parse_part};
use crate::model::{Lock, LockedAsset};
use crate::plan::{Cell, Scope};

/// Lines of so many partitions are looked for one by one; where more are concerned, all lines had better be read.
const FEW: usize = 1_000;

/// The lines of the concerned cells of a scope, the blocks of its assets, and all that is no line of an asset; `None` where
/// there are many, or the text is not as it is written.
pub fn part_about(text: &str, scope: &Scope<'_>, concerns: &dyn Fn(Cell) -> bool) -> Option<Lock> {
    let mut wanted = Wanted::new();
    let mut count = 0;
    for row in scope.rows() {
        let Some(asset) = scope.graph().asset(row.asset) else {
            continue;
        };
        let mut keys = HashSet::new();
        for cell in row.cells().filter(|cell| concerns(*cell)) {
            count += 1;
            if count > FEW {
                return None;
            }
            let key = scope.partition(cell);
            keys.insert(Cow::Owned(
                key.map_or(String::new(), |key| key.as_str().to_owned()),
            ));
        }
        wanted.insert(asset.key.as_str(), keys);
    }
    parse_part(text, &wanted)
}

/// Whether partitions of a scope may stand in blocks.
pub fn has_blocks(scope: &Scope<'_>, lock: &Lock) -> bool {
    let meets = |locked: &LockedAsset| {
        let id = scope.graph().find(locked.asset.as_str());
        let row = id.and_then(|id| scope.row(id));
        row.is_some_and(|row| {
            let keys = scope.keys(row.asset);
            locked.blocks.iter().any(|block| {
                let first = keys.index_of(block.first.as_str());
                let last = keys.index_of(block.last.as_str());
                let range = first.zip(last).map(|(first, last)| first..last + 1);
                range.is_some_and(|range| row.set.meets(&range))
            })
        })
    };
    lock.assets.iter().any(meets)
}
