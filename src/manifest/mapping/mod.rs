//! Which upstream partitions a dep reads: as declared, or inferred from the two definitions.
//!
//! A mapping's settings stand beside it in the table of the dep. Whether a mapping fits its two sides is the model's to
//! say; here stands how it is written, and what is said of one that does not fit.

mod misfit;
mod settings;

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Table, Value};
use crate::manifest::mapping::misfit::{Ends, Misfits};
use crate::manifest::mapping::settings::{MappingKind, Settings};
use crate::manifest::partitions::{Definitions, Partitions};
use crate::model::{DimensionSource, PartitionMapping, fits};

/// The keys of a dep's table that say how partitions are mapped.
pub(super) const KEYS: [&str; 7] = [
    "mapping",
    "start_offset",
    "end_offset",
    "keys",
    "map",
    "dimension",
    "dimensions",
];

/// The two sides of a dep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    /// The partitions of the asset that reads.
    pub downstream: Partitions,
    /// The partitions of what is read.
    pub upstream: Partitions,
    /// All definitions.
    pub definitions: &'a Definitions<'a>,
    /// What both are called.
    pub names: (&'a str, &'a str),
}

/// Reads the mapping of a dep, or infers it. Where a definition is wrong, nothing is said about the mapping.
pub(super) fn read(
    value: &Value<'_>,
    table: Option<Table<'_>>,
    sides: Sides<'_>,
    problems: &mut Problems,
) -> Option<PartitionMapping> {
    if sides.downstream == Partitions::Faulty || sides.upstream == Partitions::Faulty {
        return Some(PartitionMapping::All);
    }
    let ends = Ends {
        definitions: sides.definitions,
        downstream: sides.downstream.definition(),
        upstream: sides.upstream.definition(),
    };
    let settings = table.map(|table| Settings::beside(table, "mapping", &KEYS));
    let kind = match &settings {
        None => None,
        Some(settings) => settings.kind(problems)?,
    };
    let place = table
        .and_then(|table| table.get("mapping"))
        .map_or(value.location(), |word| word.location());
    let misfits = Misfits {
        names: sides.names,
        ends,
        place,
    };
    let mapping = if let (Some(kind), Some(settings)) = (kind, &settings) {
        settings.mapping(kind, ends, problems)?
    } else {
        let inferred = ends.infer();
        if inferred.is_none() {
            misfits.report_no_inference(problems);
        }
        inferred?
    };
    let fitting = fits(
        &mapping,
        ends.definitions.declared(),
        ends.downstream,
        ends.upstream,
    );
    if let Err(misfit) = &fitting {
        misfits.report(
            kind.map_or(mapping.name(), MappingKind::word),
            misfit,
            problems,
        );
    }
    fitting.ok().map(|()| mapping)
}

/// Whether a dep of an asset on itself only reads partitions that come before: earlier windows, and of other dimensions
/// the same keys.
pub(super) fn is_earlier(mapping: &PartitionMapping) -> bool {
    let ends_below = |mapping: &PartitionMapping, limit: i32| matches!(mapping, PartitionMapping::TimeWindow { end_offset, .. } if *end_offset < limit);
    let earlier = |mapping: &PartitionMapping| ends_below(mapping, 0);
    let same = |mapping: &PartitionMapping| {
        *mapping == PartitionMapping::Identity || ends_below(mapping, 1)
    };
    match mapping {
        PartitionMapping::Multi(dimensions) => {
            let mut any = false;
            let own = dimensions.iter().all(|dimension| match &dimension.source {
                DimensionSource::From {
                    downstream,
                    mapping,
                } => {
                    any |= earlier(mapping);
                    *downstream == dimension.upstream && same(mapping)
                }
                DimensionSource::Keys(_) => false,
            });
            own && any
        }
        mapping => earlier(mapping),
    }
}
