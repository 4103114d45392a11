//! Literals that the tests of several renderers need.

use jiff::Timestamp;

use crate::cli::terminal::Glyphs;
use crate::cli::text::{Detail, Hints, Look};
use crate::digest::Digest;
use crate::model::{
    AssetKey, Cause, CodeChange, DataChange, DataVersion, KeyRange, Name, PartitionKey, RunId,
    StepName,
};

/// The look of a test: 100 columns, without colours.
pub fn look() -> Look {
    Look {
        glyphs: Glyphs::Unicode,
        width: Some(100),
        now: time("2013-07-06T12:00:00Z"),
        detail: Detail::Normal,
        hints: Hints::Given,
    }
}

/// A text without colours.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn asset(text: &str) -> AssetKey {
    AssetKey::parse(text).expect("a key")
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
        root,
    })
}
