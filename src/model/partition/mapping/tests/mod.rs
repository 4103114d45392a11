//! Mappings between keys of every kind.

mod nonexistent;
mod relation;
mod several;

use std::sync::Arc;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::PartitionMapping;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{Cadence, TimePartitions, TimeSettings};
use crate::testkit::{self, key};

const OVERLAP: PartitionMapping = window(0, 0);

const fn window(start_offset: i32, end_offset: i32) -> PartitionMapping {
    PartitionMapping::TimeWindow {
        start_offset,
        end_offset,
    }
}

fn keys_of(texts: &[&str]) -> Arc<[PartitionKey]> {
    texts.iter().map(|text| key(text)).collect()
}

fn definition(cadence: Cadence, start: &str, end: &str) -> Arc<TimePartitions> {
    let definition = TimePartitions::new(TimeSettings {
        end: Some(end),
        ..TimeSettings::new(cadence, start)
    });
    Arc::new(definition.expect("a valid definition"))
}

fn windows(cadence: Cadence, start: &str, end: &str) -> PartitionKeys {
    let definition = definition(cadence, start, end);
    PartitionKeys::Time(TimeKeys::at(&definition, jiff::Timestamp::MAX))
}

fn named(texts: &[&str]) -> PartitionKeys {
    PartitionKeys::Named(NamedKeys::declared(&keys_of(texts)))
}

fn multi(dimensions: Vec<PartitionKeys>) -> PartitionKeys {
    let named = dimensions.into_iter().enumerate().map(|(at, keys)| {
        let name = testkit::name(&format!("d{at}"));
        (name, keys)
    });
    PartitionKeys::Multi(MultiKeys::new(named.collect()).expect("few keys"))
}

fn texts(keys: &PartitionKeys, set: &PartitionSet) -> Vec<String> {
    keys.keys_in(set).map(|key| key.to_string()).collect()
}
