//! What a mapping's definitions alone tell.

use crate::model::name::Location;
use crate::model::partition::definition::{
    DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition,
};
use crate::model::partition::mapping::tests::{OVERLAP, definition, key, keys_of, window};
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::time::Cadence;
use crate::testkit;

/// Days, months, colors, and colors of a day.
fn declared() -> Vec<DeclaredPartitions> {
    let declared = |definition| DeclaredPartitions {
        name: None,
        definition,
        location: Location::default(),
    };
    let time = |cadence| PartitionsDefinition::Time {
        windows: definition(cadence, "2013-01-01", "2014-01-01"),
        exists: None,
    };
    let dimension = |name: &str, id| Dimension {
        name: testkit::name(name),
        definition: DefinitionId(id),
    };
    vec![
        declared(time(Cadence::Daily)),
        declared(time(Cadence::Monthly)),
        declared(PartitionsDefinition::Static(keys_of(&["red", "blue"]))),
        declared(PartitionsDefinition::Multi(
            [dimension("color", 2), dimension("date", 0)].into(),
        )),
    ]
}

#[test]
fn a_dep_can_read_several_keys_if_any_partition_may() {
    let definitions = declared();
    let (day, month, color, product) = (0, 1, 2, 3);
    let pairs = |pairs: &[(&str, &str)]| {
        PartitionMapping::Static(
            pairs
                .iter()
                .map(|(up, down)| (key(up), key(down)))
                .collect(),
        )
    };
    let part = |multi, through| PartitionMapping::MultiToSingle {
        multi,
        dimension: 1,
        through: Box::new(through),
    };
    let over = |dimensions: &[(u32, PartitionMapping)]| {
        let each = dimensions.iter().map(|(place, mapping)| DimensionMapping {
            upstream: *place,
            source: DimensionSource::From {
                downstream: *place,
                mapping: mapping.clone(),
            },
        });
        PartitionMapping::Multi(each.collect())
    };
    let same = PartitionMapping::Identity;
    for (mapping, downstream, upstream, several) in [
        (same.clone(), day, day, false),
        (PartitionMapping::Last, day, day, false),
        (PartitionMapping::All, day, day, true),
        (OVERLAP, day, day, false),
        (window(-1, -1), day, day, false),
        (window(-1, 0), day, day, true),
        (OVERLAP, day, month, false),
        (OVERLAP, month, day, true),
        (
            PartitionMapping::Specific(keys_of(&["red", "red"])),
            day,
            color,
            false,
        ),
        (
            PartitionMapping::Specific(keys_of(&["red", "blue"])),
            day,
            color,
            true,
        ),
        (
            pairs(&[("red", "blue"), ("blue", "red")]),
            color,
            color,
            false,
        ),
        (
            pairs(&[("red", "blue"), ("blue", "blue")]),
            color,
            color,
            true,
        ),
        (part(MappingSide::Upstream, OVERLAP), day, product, true),
        (part(MappingSide::Downstream, OVERLAP), product, day, false),
        (
            part(MappingSide::Downstream, OVERLAP),
            product,
            month,
            false,
        ),
        (
            over(&[(0, same.clone()), (1, OVERLAP)]),
            product,
            product,
            false,
        ),
        (
            over(&[(0, same.clone()), (1, window(-1, 0))]),
            product,
            product,
            true,
        ),
        (over(&[(0, same)]), product, product, true),
    ] {
        let ids = (Some(DefinitionId(downstream)), Some(DefinitionId(upstream)));
        let can = mapping.can_read_several(&definitions, ids.0, ids.1);
        assert_eq!(can, several, "{mapping}: {downstream} reads {upstream}");
    }
}

#[test]
fn only_strictly_earlier_windows_may_be_read_of_oneself() {
    let product = PartitionsDefinition::Multi(
        ["color", "date"]
            .map(|name| Dimension {
                name: testkit::name(name),
                definition: DefinitionId(0),
            })
            .into(),
    );
    let days = PartitionsDefinition::Time {
        windows: definition(Cadence::Daily, "2013-01-01", "2014-01-01"),
        exists: None,
    };
    let over = |dimensions: &[(u32, u32, PartitionMapping)]| {
        let each = dimensions
            .iter()
            .map(|(upstream, downstream, mapping)| DimensionMapping {
                upstream: *upstream,
                source: DimensionSource::From {
                    downstream: *downstream,
                    mapping: mapping.clone(),
                },
            });
        PartitionMapping::Multi(each.collect())
    };
    let same = PartitionMapping::Identity;
    for (mapping, own, earlier) in [
        (window(-2, -1), &days, true),
        (window(-1, 0), &days, false),
        (same.clone(), &days, false),
        (
            over(&[(0, 0, same.clone()), (1, 1, window(-1, -1))]),
            &product,
            true,
        ),
        (
            over(&[(0, 0, same.clone()), (1, 1, OVERLAP)]),
            &product,
            false,
        ),
        (over(&[(1, 1, window(-1, -1))]), &product, false),
        (
            over(&[(0, 1, same), (1, 1, window(-1, -1))]),
            &product,
            false,
        ),
    ] {
        assert_eq!(mapping.reads_earlier(own), earlier, "{mapping}");
    }
}
