//! A text with lines put in is the same as all of it written anew, and a part of a text says the same as the whole.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

use super::round_trip::{digest, key, line, plain_lock, text};
use super::{HEADER, line as line_of};
use crate::lock::Outline;
use crate::lockfile::{LineIndex, WantedLines, parse, print, splice};
use crate::model::{
    AddedKey, AssetKey, DataVersion, Lock, LockLine, LockedAsset, LockedSource, PartitionKey,
};
use crate::testkit;

/// The partition of something new.
#[derive(Clone, Debug)]
enum About {
    /// One that is there, if any is.
    Known,
    /// Another.
    Own(Option<PartitionKey>),
}

/// Where something new goes: to what is there already, by a number, or elsewhere.
#[derive(Clone, Debug)]
struct Comes<T> {
    at: usize,
    about: About,
    what: T,
}

fn comes<T: std::fmt::Debug>(what: impl Strategy<Value = T>) -> impl Strategy<Value = Comes<T>> {
    let about = of(of(key())).prop_map(|own| own.map_or(About::Known, About::Own));
    (any::<usize>(), about, what).prop_map(|(at, about, what)| Comes { at, about, what })
}

/// The partition of something new: its own, or one that is there.
fn partition<T>(new: &Comes<T>, there: &[Option<PartitionKey>]) -> Option<PartitionKey> {
    match &new.about {
        About::Own(key) => key.clone(),
        About::Known if there.is_empty() => None,
        About::Known => there[new.at % there.len()].clone(),
    }
}

/// What comes, of which much takes the place of what is there.
fn new_lines(
    lock: &Lock,
    lines: &[Comes<LockLine>],
    sources: &[Comes<DataVersion>],
    assets: &[String],
) -> Lock {
    let mut new = Lock::default();
    for line in lines {
        let count = lock.assets.len() + assets.len();
        let (asset, there) = match lock.assets.get(line.at % count) {
            Some(locked) => (locked.asset.clone(), keys_of(locked)),
            None => (
                AssetKey::of_path(&assets[line.at % count - lock.assets.len()]),
                Vec::new(),
            ),
        };
        let partition = partition(line, &there);
        let line = LockLine {
            partition,
            ..line.what.clone()
        };
        match new.assets.iter_mut().find(|locked| locked.asset == asset) {
            Some(locked) => locked.lines.push(line),
            None => new.assets.push(LockedAsset {
                asset,
                lines: vec![line],
                blocks: Vec::new(),
            }),
        }
    }
    for source in sources {
        let named = |it: &LockedSource| (it.source.clone(), vec![it.partition.clone()]);
        let there = lock.sources.get(source.at % (lock.sources.len() + 1));
        let (name, there) =
            there.map_or_else(|| (AssetKey::of_path(&assets[0]), Vec::new()), named);
        new.sources.push(LockedSource {
            source: name,
            partition: partition(source, &there),
            version: source.what,
        });
    }
    new
}

/// The keys of lines, and those that blocks begin with.
fn keys_of(locked: &LockedAsset) -> Vec<Option<PartitionKey>> {
    let lines = locked.lines.iter().map(|line| line.partition.clone());
    let blocks = locked.blocks.iter().map(|block| Some(block.first.clone()));
    lines.chain(blocks).collect()
}

/// All of it with new lines, put together one by one.
fn with(mut lock: Lock, new: &Lock) -> Lock {
    for locked in &new.assets {
        let is_new = |line: &LockLine| locked.lines.iter().any(|it| it.partition == line.partition);
        for known in lock.assets.iter_mut().filter(|it| it.asset == locked.asset) {
            known.lines.retain(|line| !is_new(line));
        }
        lock.assets.push(locked.clone());
    }
    let is_new = |source: &LockedSource| {
        let about = |it: &LockedSource| (it.source.clone(), it.partition.clone());
        new.sources.iter().any(|it| about(it) == about(source))
    };
    lock.sources.retain(|source| !is_new(source));
    lock.sources.extend(new.sources.iter().cloned());
    for added in &new.added {
        if !lock.added.contains(added) {
            lock.added.push(added.clone());
        }
    }
    lock
}

fn parsed(text: &str) -> Lock {
    parse("Assets.lock", text.as_bytes())
        .expect("a text of ours")
        .lock
}

fn spliced(text: &str, new: &Lock) -> Option<String> {
    splice((text, &LineIndex::of(text)?), new)
}

proptest! {
    #[test]
    fn what_is_put_in_is_where_it_would_be_written(
        lock in plain_lock(),
        lines in vec(comes(line()), 0..6),
        sources in vec(comes(digest().prop_map(DataVersion)), 0..3),
        added in vec(("[a-c_-]{1,2}", key()), 0..4),
        assets in vec(text(), 2),
    ) {
        let before = print(&lock);
        let mut new = new_lines(&parsed(&before), &lines, &sources, &assets);
        new.added = added.into_iter().map(|(definition, key)| AddedKey {
            definition: testkit::name(&definition),
            key,
        }).collect();
        new.added.extend(lock.added.first().cloned());
        let anew = print(&with(parsed(&before), &new));
        prop_assert_eq!(spliced(&before, &new), Some(anew));
    }

    #[test]
    fn a_part_says_the_same_as_the_whole(lock in plain_lock(), bits in any::<u64>()) {
        let text = print(&lock);
        let mut whole = parsed(&text);
        let outlined = whole.assets.iter().map(Outline::of);
        let is_partitioned = |it: &Outline<'_>| it.keys != [""] || !it.blocks.is_empty();
        let outlined: Vec<Outline<'_>> = outlined.filter(is_partitioned).collect();
        let index = LineIndex::of(&text).expect("as it is written");
        prop_assert_eq!(index.outlines(&text), Some(outlined));
        let has_bit = |text: &str, at: u32| bits >> (at + text.len() as u32 % 8) & 1 == 1;
        whole.assets.retain(|it| has_bit(it.asset.as_str(), 0));
        let mut wanted = WantedLines::new();
        let named: Vec<AssetKey> = whole.assets.iter().map(|it| it.asset.clone()).collect();
        for (asset, locked) in named.iter().zip(&mut whole.assets) {
            let text = |line: &LockLine| line.partition.as_ref().map_or(String::new(), ToString::to_string);
            locked.lines.retain(|line| has_bit(&text(line), 8));
            let keys = locked.lines.iter().map(|line| text(line).into());
            wanted.insert(asset.as_str(), keys.collect());
            locked.blocks.clear();
        }
        let part = index.parse_part(&text, &wanted);
        whole.assets.retain(|it| !it.lines.is_empty());
        prop_assert_eq!(part, Some(whole));
    }
}

#[test]
fn many_new_lines_are_written_anew() {
    let of = |count: usize| Lock {
        assets: vec![LockedAsset {
            asset: AssetKey::of_path("a"),
            lines: (0..count)
                .map(|it| line_of(PartitionKey::parse(&it.to_string()).ok(), "x"))
                .collect(),
            blocks: Vec::new(),
        }],
        ..Lock::default()
    };
    assert_eq!(spliced(HEADER, &of(16)), Some(print(&of(16))));
    assert_eq!(spliced(HEADER, &of(17)), None);
    assert_eq!(spliced("# another header\n", &of(1)), None);
}
