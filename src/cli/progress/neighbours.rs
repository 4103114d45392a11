//! Steps of neighbouring keys of which the same is to say, told as one.

use crate::answer::{KeyPlaces, KeyRange};
use crate::model::StepName;

/// Steps of neighbouring partitions that end alike.
#[derive(Debug)]
pub struct AdjacentSteps<'a, T> {
    /// Which.
    pub keys: KeyRange,
    /// The first of them.
    pub first: &'a T,
}

/// `clean@2013-01-01...2013-03-01 (60)`
pub fn name(keys: &KeyRange) -> String {
    match keys.count {
        1 => keys.to_string(),
        many => format!("{keys} ({many})"),
    }
}

/// Groups what happened to steps: asset by asset as they came, in each by key.
pub fn neighbours<'a, T, K: PartialEq>(
    all: &'a [T],
    places: &KeyPlaces,
    step: impl Fn(&'a T) -> &'a StepName,
    alike: impl Fn(&'a T) -> K,
) -> Vec<AdjacentSteps<'a, T>> {
    let mut assets = Vec::new();
    let mut placed: Vec<(usize, Option<u32>, &T)> = Vec::new();
    for each in all {
        let name = step(each);
        let known = assets.iter().position(|asset| *asset == &name.asset);
        let asset = known.unwrap_or_else(|| {
            assets.push(&name.asset);
            assets.len() - 1
        });
        placed.push((asset, places.place(name), each));
    }
    placed.sort_by_key(|(asset, place, _)| (*asset, *place));
    let mut groups: Vec<AdjacentSteps<'a, T>> = Vec::new();
    let mut last: Option<(usize, Option<u32>)> = None;
    for (asset, place, each) in placed {
        let next = last.filter(|(known, before)| {
            *known == asset && place.is_some() && before.map(|it| it + 1) == place
        });
        last = Some((asset, place));
        let name = step(each);
        match groups.last_mut() {
            Some(group) if next.is_some() && alike(group.first) == alike(each) => {
                group.keys.last.clone_from(&name.partition);
                group.keys.count += 1;
            }
            _ => groups.push(AdjacentSteps {
                keys: KeyRange {
                    asset: name.asset.clone(),
                    first: name.partition.clone(),
                    last: name.partition.clone(),
                    count: 1,
                },
                first: each,
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{name, neighbours};
    use crate::answer::KeyPlaces;
    use crate::cli::fixtures::{asset, key, step};
    use crate::model::{NamedKeys, PartitionKeys};

    #[test]
    fn neighbours_of_which_the_same_is_to_say_are_one() {
        let keys = ["a", "b", "c", "d", "e"].map(|text| key(text).expect("a key"));
        let keys = PartitionKeys::Named(NamedKeys::declared(&Arc::from(keys)));
        let places: KeyPlaces = [(asset("x"), keys)].into_iter().collect();
        let all = [
            (step("x", "c"), 1),
            (step("y", ""), 1),
            (step("x", "a"), 1),
            (step("x", "b"), 1),
            (step("x", "e"), 1),
            (step("z", "b"), 1),
            (step("z", "c"), 1),
            (step("x", "d"), 2),
        ];
        let groups = neighbours(&all, &places, |it| &it.0, |it| it.1);
        let names: Vec<_> = groups.iter().map(|group| name(&group.keys)).collect();
        assert_eq!(names, ["x@a...c (3)", "x@d", "x@e", "y", "z@b", "z@c"]);
        assert_eq!(groups[0].first.0, step("x", "a"));
    }
}
