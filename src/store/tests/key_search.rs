//! Searching keys that come in order gives what searching for each gives.

use proptest::prelude::*;

use crate::model::{MultiKeys, NamedKeys, PartitionKeys};
use crate::store::scan::KeySearch;
use crate::store::tests::samples::{days, names};
use crate::testkit;

fn multi(outer: &[&str]) -> PartitionKeys {
    let name = |text| testkit::name(text);
    let dimensions = vec![(name("a"), names(outer)), (name("b"), days(40))];
    PartitionKeys::Multi(MultiKeys::new(dimensions).expect("few keys"))
}

proptest! {
    #[test]
    fn finds_what_the_definition_finds(
        mut declared in proptest::collection::vec("[a-c]{1,3}", 0..60),
        mut asked in proptest::collection::btree_set("[a-c]{1,3}", 0..60),
    ) {
        let key = |text: &String| testkit::key(text);
        declared.sort();
        declared.dedup();
        let ordered: Vec<_> = declared.iter().map(key).collect();
        let reversed: Vec<_> = declared.iter().rev().map(key).collect();
        let texts: Vec<_> = declared.iter().rev().map(String::as_str).collect();
        for text in &declared {
            asked.extend(["2013-01-01", "2013-01-09", "2013-03-01", "x"].map(|day| format!("{text}|{day}")));
        }
        for keys in [
            PartitionKeys::Named(NamedKeys::declared(&ordered.into())),
            PartitionKeys::Named(NamedKeys::declared(&reversed.into())),
            multi(&texts),
        ] {
            let mut search = KeySearch::new(&keys);
            for text in &asked {
                prop_assert_eq!(search.index_of(text), keys.index_of(text), "{}", text);
            }
        }
    }
}
