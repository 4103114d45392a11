//! Literals that the tests of several renderers need.

use jiff::Timestamp;

use crate::answer::{
    Certainty, CheckBasis, CheckReport, CheckedAsset, KeyRange, LockedSources, ManifestLine,
    Orphans, StaleRange, Unverifiable, WhyUnverifiable,
};
use crate::cli::next::Next;
use crate::cli::terminal::Glyphs;
use crate::cli::text::{Detail, Look, uncolored};
use crate::digest::Digest;
use crate::model::{
    Cause, CodeChange, DataChange, DataVersion, DueWindows, Name, PartitionKey, Presence, RunId,
    Status, StepName, Strictness,
};
pub use crate::testkit::asset;

/// The look of a test: 100 columns, without colours.
pub fn look() -> Look {
    Look {
        glyphs: Glyphs::Unicode,
        width: Some(100),
        height: None,
        now: time("2013-07-06T12:00:00Z"),
        detail: Detail::Normal,
        hints: true,
    }
}

/// A text without colours.
pub fn plain(text: &str) -> String {
    uncolored(text).into_owned()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A partition key; none for the empty text.
pub fn key(text: &str) -> Option<PartitionKey> {
    PartitionKey::parse(text).ok()
}

pub fn digest(byte: &str) -> Digest {
    Digest::from_hex(&byte.repeat(16)).expect("sixteen bytes")
}

pub fn step(name: &str, partition: &str) -> StepName {
    StepName {
        asset: asset(name),
        partition: key(partition),
    }
}

pub fn range(name: &str, first: &str, last: &str, count: u32) -> KeyRange {
    KeyRange {
        asset: asset(name),
        first: key(first),
        last: key(last),
        count,
    }
}

pub fn run() -> RunId {
    RunId(
        "0190a6e0-0000-7000-8000-000000000001"
            .parse()
            .expect("an id"),
    )
}

/// A code file that changed.
pub fn code(path: &str) -> Cause {
    Cause::Code(CodeChange {
        what: format!("file {path}"),
        path: Some(path.into()),
        old: Some(digest("0a").to_string()),
        new: Some(digest("0b").to_string()),
        origin: None,
        recorded_by: None,
    })
}

/// An input that changed; one that will, if there is a root.
pub fn data(name: &str, partition: &str, root: Vec<Cause>) -> Cause {
    Cause::Data(DataChange {
        input: Name::of_asset(&asset(name)),
        asset: asset(name),
        partition: key(partition),
        path: None,
        old: Some(DataVersion(digest("0a"))),
        new: root.is_empty().then(|| DataVersion(digest("0b"))),
        presence: if root.is_empty() {
            Presence::There
        } else {
            Presence::ToBeMade
        },
        detail: None,
        root,
        old_path: None,
    })
}

/// What a check may find, of each kind.
pub fn check_report() -> CheckReport {
    let place = |line| ManifestLine {
        file: "Assets.toml".into(),
        line,
    };
    let checked = |name: &str, count, fresh, line| CheckedAsset {
        asset: asset(name),
        count,
        fresh,
        place: place(line),
    };
    let stale = |range, status, causes, line| StaleRange {
        range,
        status,
        causes,
        certainty: Certainty::Exact,
        place: place(line),
    };
    CheckReport {
        assets: vec![
            checked("clean", 365, 359, 12),
            checked("events", 20_000, 19_755, 30),
            checked("day", 365, 362, 40),
            checked("year", 1, 0, 50),
            checked("names", 1, 1, 60),
            checked("photos", 2, 1, 70),
        ],
        stale: vec![
            stale(
                range("clean", "2013-07-04", "2013-07-05", 2),
                Status::Stale,
                vec![code("steps/clean.py")],
                12,
            ),
            stale(
                range("clean", "2013-07-07", "2013-07-07", 1),
                Status::Stale,
                vec![code("steps/clean.py")],
                12,
            ),
            stale(
                range("clean", "2013-12-31", "2013-12-31", 1),
                Status::Missing,
                vec![],
                12,
            ),
            StaleRange {
                certainty: Certainty::Cautious,
                ..stale(
                    range("events", "2013-01-01", "2013-09-02", 245),
                    Status::Stale,
                    vec![data("raw", "", vec![])],
                    30,
                )
            },
        ],
        pending: vec![
            stale(
                range("day", "2013-07-04", "2013-07-05", 2),
                Status::Pending,
                vec![data("clean", "", vec![code("steps/clean.py")])],
                40,
            ),
            stale(range("year", "", "", 1), Status::Pending, vec![], 50),
        ],
        due: vec![
            range("clean", "2014-01-01", "2014-01-02", 2),
            range("day", "2014-01-01", "2014-01-01", 1),
        ],
        unverifiable: vec![Unverifiable {
            range: range("photos", "b", "b", 1),
            why: WhyUnverifiable::LfsPointer,
            path: "photos/b.png".into(),
            place: place(70),
        }],
        locked_sources: vec![LockedSources {
            range: range("warehouse", "", "", 1),
            observed: None,
        }],
        irreproducible: vec![range("clean", "2013-07-01", "2013-07-01", 1)],
        orphans: vec![Orphans {
            asset: "old".into(),
            lines: 3,
        }],
        ..CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient)
    }
}

/// What goes on from a call without words.
pub fn next() -> Next {
    Next {
        program: "assetctl".to_owned(),
        materialize: "assetctl materialize".to_owned(),
        lock: "Assets.lock".to_owned(),
    }
}
