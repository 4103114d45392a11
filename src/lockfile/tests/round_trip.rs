//! Any lock is the same after it was written and read, and its text does not depend on its order.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::subsequence;

use super::lines_of;
use crate::digest::Digest;
use crate::lockfile::{parse, print, salvage};
use crate::model::{
    AddedKey, AssetKey, CodePrefix, ContributionPrefix, DataVersion, Fingerprint, Lock, LockBlock,
    LockLine, LockedAsset, LockedManifest, LockedOutput, LockedSource, PartitionKey,
};
use crate::testkit;

/// Texts with what has a meaning in a line.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-a-c.@+#%= <>|~,\u{e9}\u{a0}\u{202e}\u{6771}/]{1,5}",
        Just("format".to_owned()),
        Just("=======".to_owned()),
        "[^\\p{Cc}]{1,6}",
    ]
}

pub(super) fn key() -> impl Strategy<Value = PartitionKey> {
    text().prop_filter_map("no key", |text| PartitionKey::parse(&text).ok())
}

pub(super) fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest::from_bytes)
}

/// At least one output, each label once.
fn outputs() -> impl Strategy<Value = Box<[LockedOutput]>> {
    let labels = vec![None, Some("a"), Some("b=c d"), Some("\u{e9}%"), Some("0")];
    let versions = vec(of(digest()), 5);
    (subsequence(labels, 1..5), versions).prop_map(|(labels, versions)| {
        let output = |(label, version): (Option<&str>, Option<Digest>)| LockedOutput {
            label: label.map(Into::into),
            version: version.map(DataVersion),
        };
        labels.into_iter().zip(versions).map(output).collect()
    })
}

pub(super) fn line() -> impl Strategy<Value = LockLine> {
    let contributions = vec(any::<u32>().prop_map(ContributionPrefix), 0..3);
    let of_inputs = (any::<u64>(), digest(), contributions, of(digest()));
    (of(key()), outputs(), of_inputs).prop_map(|(partition, outputs, of_inputs)| {
        let (code, fingerprint, contributions, stand_in) = of_inputs;
        LockLine {
            partition,
            code: CodePrefix(code),
            fingerprint: Fingerprint(fingerprint),
            outputs,
            contributions: contributions.into(),
            stand_in,
        }
    })
}

fn block() -> impl Strategy<Value = LockBlock> {
    (key(), key(), 1..u32::MAX, any::<u64>(), digest(), outputs()).prop_map(
        |(first, last, count, code, stand_in, outputs)| LockBlock {
            first,
            last,
            count,
            code: CodePrefix(code),
            stand_in,
            outputs,
        },
    )
}

pub(super) fn lock() -> impl Strategy<Value = Lock> {
    let added = ("[a-b_-]{1,2}", key()).prop_map(|(definition, key)| AddedKey {
        definition: testkit::name(&definition),
        key,
    });
    let source =
        (text(), of(key()), digest()).prop_map(|(source, partition, version)| LockedSource {
            source: AssetKey::of_path(&source),
            partition,
            version: DataVersion(version),
        });
    let asset =
        (text(), vec(line(), 0..4), vec(block(), 0..2)).prop_map(|(asset, lines, blocks)| {
            LockedAsset {
                asset: AssetKey::of_path(&asset),
                lines,
                blocks,
            }
        });
    let manifest = (text(), digest(), digest()).prop_map(|(path, of, version)| LockedManifest {
        path,
        fingerprint: Fingerprint(of),
        version: DataVersion(version),
    });
    let unknown = "[?!*] [a-z]{1,4}( [a-z]=[0-9]{1,3}){0,2}";
    let parts = (
        vec(added, 0..4),
        vec(source, 0..3),
        vec(asset, 0..3),
        vec(manifest, 0..3),
        vec(unknown, 0..2),
    );
    parts.prop_map(|(added, sources, assets, manifests, unknown)| Lock {
        added,
        sources,
        assets,
        manifests,
        unknown,
        ..Lock::default()
    })
}

/// A lock whose text is of the first format, as all that is spliced.
pub(super) fn plain_lock() -> impl Strategy<Value = Lock> {
    lock().prop_map(|lock| Lock {
        manifests: Vec::new(),
        unknown: Vec::new(),
        ..lock
    })
}

/// A lock as it is read: all in an order of its own, each asset and each line once, and no asset without lines.
fn canonical(lock: &Lock) -> Lock {
    let mut canonical = Lock {
        rule: lock.rule,
        ..Lock::default()
    };
    for added in &lock.added {
        if !canonical.added.contains(added) {
            canonical.added.push(added.clone());
        }
    }
    canonical
        .added
        .sort_by(|one, other| one.definition.cmp(&other.definition));
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
    canonical.sources.clone_from(&lock.sources);
    canonical.sources.sort_by_key(|source| text(source));
    canonical.sources.dedup();
    canonical.manifests.clone_from(&lock.manifests);
    canonical.manifests.sort_by_key(|manifest| text(manifest));
    canonical.manifests.dedup();
    canonical.unknown.clone_from(&lock.unknown);
    canonical.unknown.sort();
    canonical.unknown.dedup();
    let mut assets = lock.assets.clone();
    assets.sort_by(|one, other| one.asset.cmp(&other.asset));
    for of_one in assets.chunk_by(|one, other| one.asset == other.asset) {
        let mut lines: Vec<_> = of_one.iter().flat_map(|it| it.lines.clone()).collect();
        let mut blocks: Vec<_> = of_one.iter().flat_map(|it| it.blocks.clone()).collect();
        lines.sort_by_key(|line| text(line));
        lines.dedup();
        blocks.sort_by_key(|block| text(block));
        blocks.dedup();
        if !lines.is_empty() || !blocks.is_empty() {
            canonical.assets.push(LockedAsset {
                asset: of_one[0].asset.clone(),
                lines,
                blocks,
            });
        }
    }
    canonical
}

#[test]
fn the_second_format_is_written_only_for_its_lines() {
    let text = |lines: &str| format!("# x\nformat 2 rule 2\n{lines}");
    let manifest =
        "% gen/Assets.toml i=5b0c0000000000000000000000000001 o=c41d0000000000000000000000000002\n";
    let later = "? clean 1 rows v=5 p=pass\n";
    for (lines, format) in [("", 1), (manifest, 2), (later, 2)] {
        let read = parse("Assets.lock", text(lines).as_bytes()).expect("it can be read");
        let written = print(&read.lock);
        assert!(
            written.contains(&format!("format {format} rule 2\n")),
            "{written}"
        );
        assert!(written.ends_with(lines), "{written}");
    }
    // After a union of both sides there are two headers.
    let merged = format!("format 1 rule 2\n{}{later}", text(manifest));
    let read = parse("Assets.lock", merged.as_bytes()).expect("it can be read");
    assert_eq!((read.lock.manifests.len(), read.lock.unknown.len()), (1, 1));
    for (line, problem) in [("% gen i=5b0c", "i"), ("% gen", "i"), ("%", "incomplete")] {
        let (lock, damaged) = salvage("Assets.lock", text(&format!("{line}\n")).as_bytes())
            .expect("lines are left out");
        assert_eq!((lock.manifests.len(), damaged.len()), (0, 1), "{problem}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(lock in lock()) {
        let text = print(&lock);
        for line in text.lines() {
            prop_assert_eq!(line.trim(), line);
        }
        let parsed = parse("Assets.lock", text.as_bytes());
        let parsed = parsed.unwrap_or_else(|error| panic!("{text}\n{error:?}"));
        prop_assert_eq!(canonical(&parsed.lock), canonical(&lock), "{}", text);
        prop_assert_eq!(print(&parsed.lock), text);
    }

    #[test]
    fn the_order_of_lines_is_lost(lock in lock(), order in vec(any::<u32>(), 64)) {
        let text = print(&Lock { added: Vec::new(), ..lock });
        let mut lines: Vec<(u32, &str)> = order.into_iter().cycle().zip(text.lines()).collect();
        lines.sort_unstable();
        let shuffled: String = lines.iter().flat_map(|(_, line)| [line, "\n"]).collect();
        let parsed = parse("Assets.lock", shuffled.as_bytes()).expect("the same lines");
        prop_assert_eq!(print(&parsed.lock), text);
    }

    #[test]
    fn no_text_is_too_odd(text in "(format 1 rule [12]\n)?([-+@#%a=.<>|~ \u{e9}\r\n]|o=|\\.\\.\\.|=======|i=0{32} ?|c=0{16} ?){0,40}") {
        if let Ok(parsed) = parse("Assets.lock", text.as_bytes()) {
            let again = parse("Assets.lock", print(&parsed.lock).as_bytes()).expect("a text of ours");
            prop_assert_eq!(lines_of(&again.lock), lines_of(&parsed.lock));
        }
        if let Ok((_, damaged)) = salvage("Assets.lock", text.as_bytes()) {
            for line in damaged {
                prop_assert_eq!(text.get(line.span.clone()).is_some(), true);
            }
        }
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in vec(any::<u8>(), 0..40)) {
        let _ = parse("Assets.lock", &bytes);
    }
}
