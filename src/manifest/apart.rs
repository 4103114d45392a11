//! Whether a path tells the partitions of a definition apart.
//!
//! A key always does. Where dimensions or time formats stand in a path, each dimension must be told; where all keys are
//! listed and few, their paths are compared. Formats are tried on windows that differ in every field and where clocks
//! are set back; what this does not find, a plan finds when it compares its paths.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::manifest::claims::COMPARED_KEYS;
use crate::manifest::partitions::Definitions;
use crate::model::{
    DefinitionId, PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionsDefinition,
    PathTemplate, Piece, TimeKeys,
};

/// Which templates tell the partitions of a definition apart: asked once for each definition and template.
#[derive(Debug, Default)]
pub(super) struct Apart {
    known: HashMap<(DefinitionId, String), bool>,
}

impl Apart {
    /// Whether `path` differs from partition to partition of the definition `id`.
    pub(super) fn tells(
        &mut self,
        path: &PathTemplate,
        id: DefinitionId,
        definitions: &Definitions<'_>,
    ) -> bool {
        if names_key(path) {
            return true;
        }
        let inner = without_ends(path);
        if inner.pieces().is_empty() {
            return false;
        }
        let known = (id, inner.source());
        *self
            .known
            .entry(known)
            .or_insert_with(|| tells(&inner, id, definitions))
    }
}

fn tells(path: &PathTemplate, id: DefinitionId, definitions: &Definitions<'_>) -> bool {
    let dimensions = definitions.get(id).dimensions();
    if dimensions.is_empty() {
        return tells_windows(path, definitions.get(id));
    }
    let told = (0..).zip(dimensions).all(|(place, dimension)| {
        let of_this = of_dimension(path, place);
        names_key(&of_this) || tells_windows(&of_this, definitions.get(dimension.definition))
    });
    told && definitions
        .listed(id, COMPARED_KEYS)
        .is_none_or(|keys| all_differ(path, &keys, 0..keys.len()))
}

fn names_key(path: &PathTemplate) -> bool {
    path.placeholders()
        .any(|it| *it == PartitionPlaceholder::Key)
}

/// The template without the texts at its ends, which are the same for all partitions.
fn without_ends(path: &PathTemplate) -> PathTemplate {
    let pieces = path.pieces();
    let is_text = |piece: &&Piece<_>| matches!(piece, Piece::Text(_));
    let from = pieces.iter().take_while(is_text).count();
    let to = pieces.len() - pieces.iter().rev().take_while(is_text).count();
    PathTemplate::new(pieces.get(from..to).unwrap_or_default().to_vec())
}

/// What a template says of one dimension, the others standing for text that is always the same.
fn of_dimension(path: &PathTemplate, wanted: u32) -> PathTemplate {
    let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
        Piece::Placeholder(PartitionPlaceholder::Dimension { place, of, .. })
            if *place == wanted =>
        {
            Piece::Placeholder((**of).clone())
        }
        Piece::Placeholder(_) => Piece::Text("\0".to_owned()),
        Piece::Text(text) => Piece::Text(text.clone()),
    };
    PathTemplate::new(path.pieces().iter().map(piece).collect())
}

fn tells_windows(path: &PathTemplate, definition: &PartitionsDefinition) -> bool {
    let PartitionsDefinition::Time { windows, .. } = definition else {
        return false;
    };
    if path.as_literal().is_some() {
        return false;
    }
    let keys = TimeKeys::at(windows, Timestamp::MAX);
    let mut samples: Vec<u32> = (0..400)
        .chain(later(&keys))
        .chain(repeated(&keys))
        .collect();
    samples.retain(|at| *at < keys.len());
    samples.sort_unstable();
    samples.dedup();
    all_differ(path, &PartitionKeys::Time(keys), samples)
}

/// Windows around the same day and hour as the first, one to 28 years, a century and four centuries later.
fn later(keys: &TimeKeys) -> Vec<u32> {
    const AROUND: i64 = 14;
    let first = keys
        .definition()
        .window(0)
        .start
        .to_zoned(keys.definition().timezone().clone());
    let years = (1..=28).chain([100, 400]);
    let instants = years.filter_map(|years| first.checked_add(Span::new().years(years)).ok());
    instants
        .flat_map(|instant| {
            let at = keys.definition().index_at(instant.timestamp());
            keys.within(&(at - AROUND..at + AROUND))
        })
        .collect()
}

/// Windows around the moments when the definition's clock is set back, and local times come again.
fn repeated(keys: &TimeKeys) -> Vec<u32> {
    const CHANGES: usize = 8;
    const MOST: u32 = 512;
    let around = Span::new().hours(2);
    let definition = keys.definition();
    let zone: &TimeZone = definition.timezone();
    let from = definition.window(0).start;
    zone.following(from)
        .take(CHANGES)
        .flat_map(|change| {
            let (before, after) = (
                change
                    .timestamp()
                    .checked_sub(around)
                    .unwrap_or(Timestamp::MIN),
                change
                    .timestamp()
                    .checked_add(around)
                    .unwrap_or(Timestamp::MAX),
            );
            let near = keys.within(&(definition.index_at(before)..definition.index_at(after) + 1));
            near.start..near.end.min(near.start.saturating_add(MOST))
        })
        .collect()
}

fn all_differ(
    path: &PathTemplate,
    keys: &PartitionKeys,
    indexes: impl IntoIterator<Item = u32>,
) -> bool {
    let mut seen = HashSet::new();
    indexes.into_iter().all(|index| {
        let partition = PartitionRef { keys, index };
        seen.insert(path.path(partition).into_owned())
    })
}
