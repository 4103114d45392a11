//! The part of a lock file that some cells are about.

use crate::lock::is_met;
use crate::lockfile::{WantedLines, outlines, parse_part};
use crate::model::Lock;
use crate::plan::{Cell, Scope};
use std::borrow::Cow;
use std::collections::HashSet;

/// Lines of so many partitions are looked for one by one; where more are concerned, all lines had better be read.
const FEW: usize = 1_000;

/// The lines of the concerned cells of a scope, and all that is no line of an asset; `None` where there are many, where
/// partitions of the scope may stand in blocks, or where the text is not as it is written.
pub fn part_about(text: &str, scope: &Scope<'_>, concerns: &dyn Fn(Cell) -> bool) -> Option<Lock> {
    let mut wanted = WantedLines::new();
    let mut count = 0;
    for (row, asset) in scope.asset_rows() {
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
    let outlines = outlines(text)?;
    let mut blocks = outlines.iter().flat_map(|outline| {
        let asset = &outline.asset;
        let ends = outline.blocks.iter();
        ends.map(move |(first, last)| (asset, &**first, &**last))
    });
    if blocks.any(|(asset, first, last)| is_met(scope, asset, first, last)) {
        return None;
    }
    parse_part(text, &wanted)
}
