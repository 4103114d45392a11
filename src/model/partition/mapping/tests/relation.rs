//! Mappings against a relation between single keys that knows nothing of ranges.

use std::sync::Arc;

use proptest::prelude::*;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::tests::{definition, key, keys_of, multi, named, window};
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{Cadence, Exclusion, TimePartitions, TimeSettings};

/// Whether one downstream key needs one upstream key, by their texts and windows.
fn relates(
    mapping: &PartitionMapping,
    downstream: &PartitionKeys,
    upstream: &PartitionKeys,
    down: u32,
    up: u32,
) -> bool {
    let (down_key, up_key) = (downstream.key(down), upstream.key(up));
    match mapping {
        PartitionMapping::Identity => down_key == up_key,
        PartitionMapping::All => true,
        PartitionMapping::Last => upstream.shown().last() == Some(up),
        PartitionMapping::Specific(keys) => up_key.is_some_and(|key| keys.contains(&key)),
        PartitionMapping::Static(pairs) => {
            let pair = up_key.zip(down_key);
            pair.is_some_and(|pair| pairs.contains(&pair))
        }
        PartitionMapping::TimeWindow {
            start_offset,
            end_offset,
        } => {
            let (PartitionKeys::Time(downs), Some(up)) = (downstream, upstream.window(up)) else {
                return false;
            };
            let shifted = |offset: &i32| {
                let at = downs.lattice(down) + i64::from(*offset);
                downs.definition().window(at)
            };
            let (start, end) = (shifted(start_offset).start, shifted(end_offset).end);
            up.start < end && start < up.end
        }
        PartitionMapping::MultiToSingle {
            multi: MappingSide::Upstream,
            dimension,
            through,
        } => {
            let (part, at) = part(upstream, up, *dimension);
            relates(through, downstream, part, down, at)
        }
        PartitionMapping::MultiToSingle {
            multi: MappingSide::Downstream,
            dimension,
            through,
        } => {
            let (part, at) = part(downstream, down, *dimension);
            relates(through, part, upstream, at, up)
        }
        PartitionMapping::Multi(dimensions) => dimensions.iter().all(|each| {
            let (up_part, up_at) = part(upstream, up, each.upstream);
            match &each.source {
                DimensionSource::Keys(keys) => {
                    up_part.key(up_at).is_some_and(|key| keys.contains(&key))
                }
                DimensionSource::From {
                    downstream: from,
                    mapping,
                } => {
                    let (down_part, down_at) = part(downstream, down, *from);
                    relates(mapping, down_part, up_part, down_at, up_at)
                }
            }
        }),
    }
}

/// The keys of a dimension, and the index in it of a key, found by its text.
fn part(keys: &PartitionKeys, index: u32, dimension: u32) -> (&PartitionKeys, u32) {
    let multi = keys.multi().expect("several dimensions");
    let text = keys.key(index).expect("a key").to_string();
    let part = text.split('|').nth(dimension as usize).expect("a part");
    let dimension = &multi.dimensions()[dimension as usize].keys;
    let found = dimension
        .range()
        .find(|at| dimension.key(*at).is_some_and(|key| key.as_str() == part));
    (dimension, found.expect("the part is a key"))
}

const POOL: [&str; 6] = ["b", "a", "c", "2013-01-05", "2013-02-01", "e"];

fn some_keys(most: u8) -> impl Strategy<Value = Arc<[PartitionKey]>> {
    let keys = proptest::sample::subsequence(POOL.to_vec(), 0..=usize::from(most)).prop_shuffle();
    keys.prop_map(|keys| keys_of(&keys))
}

/// Keys of one dimension, at most so many.
fn flat(most: u8) -> impl Strategy<Value = PartitionKeys> {
    let time = (0..6u8, 1..40u32, 1..=i64::from(most), any::<Option<u16>>());
    let time = time.prop_map(move |(kind, start, len, only)| {
        let definition = some_windows(kind, start, len);
        PartitionKeys::Time(match only {
            None => TimeKeys::at(&definition, jiff::Timestamp::MAX),
            Some(bits) => {
                let windows = (0..2 * u32::from(most)).filter(|at| bits >> at & 1 == 1);
                TimeKeys::only(&definition, windows.collect())
            }
        })
    });
    prop_oneof![
        2 => time,
        1 => some_keys(most).prop_map(|keys| PartitionKeys::Named(NamedKeys::declared(&keys))),
        1 => some_keys(most).prop_map(|keys| PartitionKeys::Named(NamedKeys::growing(keys.to_vec()))),
    ]
}

/// So many windows, or a few less, from a day of 2013 on.
fn some_windows(kind: u8, start: u32, len: i64) -> Arc<TimePartitions> {
    let start = jiff::civil::date(2013, 1, 1) + jiff::Span::new().days(start);
    let end = match kind {
        0 | 1 => start + jiff::Span::new().days(len),
        2 => start + jiff::Span::new().days(7 * len),
        3 => start + jiff::Span::new().days(2),
        4 => start + jiff::Span::new().months(len),
        _ => start + jiff::Span::new().days(2 * len),
    };
    let (start, end) = (start.to_string(), end.to_string());
    let cadence = match kind {
        2 => Cadence::Weekly,
        3 => Cadence::Cron,
        4 => Cadence::Monthly,
        _ => Cadence::Daily,
    };
    let settings = TimeSettings {
        cron: (kind == 3).then_some("0 */8 * * *"),
        end: Some(&end),
        hour_offset: (kind == 1).then_some(6),
        exclusions: if kind == 5 {
            &[Exclusion::Cron("0 0 * * 2-4")]
        } else {
            &[]
        },
        ..TimeSettings::new(cadence, &start)
    };
    Arc::new(TimePartitions::new(settings).expect("a valid definition"))
}

fn flat_mapping() -> BoxedStrategy<PartitionMapping> {
    let pairs = proptest::collection::vec((some_key(), some_key()), 0..6);
    prop_oneof![
        2 => Just(PartitionMapping::Identity),
        1 => Just(PartitionMapping::All),
        1 => Just(PartitionMapping::Last),
        1 => some_keys(6).prop_map(PartitionMapping::Specific),
        1 => pairs.prop_map(|pairs| PartitionMapping::Static(pairs.into())),
        4 => (-4..4, 0..4).prop_map(|(start, more)| window(start, start + more)),
    ]
    .boxed()
}

fn some_key() -> impl Strategy<Value = PartitionKey> {
    proptest::sample::select(&POOL).prop_map(key)
}

/// Both sides and a mapping between them.
type Case = (PartitionKeys, PartitionKeys, PartitionMapping);

fn flat_case() -> impl Strategy<Value = Case> {
    let side = || prop_oneof![9 => flat(6), 1 => Just(PartitionKeys::Unpartitioned)];
    (side(), side(), flat_mapping())
}

fn several() -> impl Strategy<Value = PartitionKeys> {
    proptest::collection::vec(flat(3), 2..4).prop_map(multi)
}

fn dimensions(keys: &PartitionKeys) -> u32 {
    keys.multi()
        .map_or(0, |keys| keys.dimensions().len() as u32)
}

fn multi_to_single_case() -> impl Strategy<Value = Case> {
    let sides = (several(), flat(6), flat_mapping(), 0..2u32, any::<bool>());
    sides.prop_map(|(several, single, through, dimension, upstream)| {
        let mapping = |multi| PartitionMapping::MultiToSingle {
            multi,
            dimension,
            through: Box::new(through),
        };
        if upstream {
            (single, several, mapping(MappingSide::Upstream))
        } else {
            (several, single, mapping(MappingSide::Downstream))
        }
    })
}

fn multi_case() -> impl Strategy<Value = Case> {
    (several(), several()).prop_flat_map(|(down, up)| {
        let from = (0..dimensions(&down), flat_mapping());
        let from = from.prop_map(|(downstream, mapping)| DimensionSource::From {
            downstream,
            mapping,
        });
        let source = prop_oneof![4 => from, 1 => some_keys(6).prop_map(DimensionSource::Keys)];
        let places: Vec<u32> = (0..dimensions(&up)).collect();
        let named = proptest::sample::subsequence(places.clone(), 0..=places.len());
        let sources = proptest::collection::vec(source, places.len());
        let mapping = (named, sources).prop_map(|(named, sources)| {
            let each = named.into_iter().zip(sources);
            let each = each.map(|(upstream, source)| DimensionMapping { upstream, source });
            PartitionMapping::Multi(each.collect())
        });
        let mapping = prop_oneof![4 => mapping, 1 => Just(PartitionMapping::Identity)];
        (Just(down), Just(up), mapping)
    })
}

/// The windows that overlap a key's own and do not exist upstream, found one by one, where windows are mapped.
fn missing_windows((downstream, upstream, mapping): &Case, down: u32) -> Option<Vec<PartitionKey>> {
    let PartitionMapping::TimeWindow {
        start_offset: ..=0,
        end_offset: 0..,
    } = mapping
    else {
        return None;
    };
    let (own, PartitionKeys::Time(ups)) = (downstream.window(down)?, upstream) else {
        return None;
    };
    let missing = (-400..1_500).filter(|at| {
        let window = ups.definition().window(*at);
        let overlaps = window.start < own.end && own.start < window.end;
        overlaps && ups.rank(*at).is_none()
    });
    let keys = missing.map(|at| key(&ups.definition().key(at)));
    Some(keys.collect())
}

/// Compares all that a mapping answers with the relation between single keys.
fn check(case: &Case, cut: (u32, u32)) -> Result<(), TestCaseError> {
    let (downstream, upstream, mapping) = case;
    let related = |down, up| relates(mapping, downstream, upstream, down, up);
    let part = |len: u32| {
        let at = |cut: u32| len * cut / 100;
        at(cut.0)..at(cut.1).max(at(cut.0))
    };
    let downs = part(downstream.len());
    let ups = part(upstream.len());
    let read = |up: &u32| downs.clone().any(|down| related(down, *up));
    prop_assert_eq!(
        mapping.upstream_of(downstream, upstream, downs.clone()),
        upstream.range().filter(read).collect::<PartitionSet>()
    );
    let reads = |down: &u32| ups.clone().any(|up| related(*down, up));
    prop_assert_eq!(
        mapping.downstream_of(downstream, upstream, ups.clone()),
        downstream.range().filter(reads).collect::<PartitionSet>()
    );
    let mut lacking = Vec::new();
    for down in downstream.range() {
        let mapped = mapping.mapped(downstream, upstream, down);
        let needed = upstream.range().filter(|up| related(down, *up));
        prop_assert_eq!(&mapped.existing, &needed.collect::<PartitionSet>());
        for absent in &mapped.nonexistent {
            prop_assert_eq!(upstream.index_of(absent.as_str()), None);
        }
        if let Some(needed) = missing_windows(case, down) {
            prop_assert_eq!(&mapped.nonexistent, &needed);
        }
        lacking.extend((!mapped.nonexistent.is_empty()).then_some(down));
    }
    let lacking: PartitionSet = lacking.into_iter().collect();
    prop_assert_eq!(
        mapping.lacking(downstream, upstream, downs.clone()),
        lacking.within(&downs)
    );
    Ok(())
}

/// Where a part of a range starts and ends, in percent.
fn cut() -> impl Strategy<Value = (u32, u32)> {
    (0..100u32, 0..=100u32)
}

proptest! {
    #[test]
    fn ranges_answer_as_single_keys_do(case in flat_case(), cut in cut()) {
        check(&case, cut)?;
    }

    #[test]
    fn a_dimension_answers_for_its_keys(case in multi_to_single_case(), cut in cut()) {
        check(&case, cut)?;
    }

    #[test]
    fn products_answer_as_single_keys_do(case in multi_case(), cut in cut()) {
        check(&case, cut)?;
    }

    #[test]
    fn boxes_are_the_range(
        lens in proptest::collection::vec(1u32..5, 2..5),
        cut in cut(),
    ) {
        let dimension = |len: &u32| named(&POOL[..*len as usize]);
        let keys = multi(lens.iter().map(dimension).collect());
        let keys = keys.multi().expect("several dimensions");
        let at = |cut: u32| keys.len() * cut / 100;
        let range = at(cut.0)..at(cut.1).max(at(cut.0));
        let boxes = keys.boxes(range.clone());
        prop_assert!(boxes.len() < 2 * lens.len());
        let indexes = boxes.iter().flat_map(|parts| {
            let sets: Vec<_> = parts.iter().cloned().map(PartitionSet::from_range).collect();
            keys.product(&sets).iter().collect::<Vec<_>>()
        });
        prop_assert!(indexes.eq(range.clone()), "in order and without overlap");
        let set = PartitionSet::from_range(range.clone());
        for dimension in 0..lens.len() {
            let parts: PartitionSet = range.clone().map(|index| keys.part(index, dimension)).collect();
            prop_assert_eq!(keys.parts(&set, dimension as u32), parts);
        }
    }

    #[test]
    fn earlier_windows_are_closed(
        set in proptest::collection::btree_set(0u32..24, 0..5),
        only in any::<Option<u16>>(),
        offsets in (-5i32..0, 0i32..3).prop_map(|(end, more)| (end - more, end)),
        outer in any::<bool>(),
    ) {
        let definition = definition(Cadence::Daily, "2013-01-01", "2013-01-13");
        let days = PartitionKeys::Time(match only {
            None => TimeKeys::at(&definition, jiff::Timestamp::MAX),
            Some(bits) => TimeKeys::only(&definition, (0..16).filter(|at| bits >> at & 1 == 1).collect()),
        });
        let colors = named(&["red", "blue"]);
        let earlier = window(offsets.0, offsets.1);
        let from = |place: u32, mapping: &PartitionMapping| DimensionMapping {
            upstream: place,
            source: DimensionSource::From { downstream: place, mapping: mapping.clone() },
        };
        let (day, color) = if outer { (0, 1) } else { (1, 0) };
        let mut dimensions = vec![colors.clone(), colors];
        dimensions[day as usize] = days.clone();
        let product = PartitionMapping::Multi(
            [from(day, &earlier), from(color, &PartitionMapping::Identity)].into(),
        );
        for (keys, mapping) in [(days, earlier), (multi(dimensions), product)] {
            let mut naive: PartitionSet = set.iter().copied().filter(|at| *at < keys.len()).collect();
            let closed = mapping.with_earlier(&keys, &naive);
            loop {
                let grown = naive.union(&mapping.upstream_of_set(&keys, &keys, &naive));
                if grown == naive {
                    break;
                }
                naive = grown;
            }
            prop_assert_eq!(closed, naive);
        }
    }
}
