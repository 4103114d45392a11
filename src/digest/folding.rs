//! The two sinks: one hashes, the other explains.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Sink};

/// What a digest is of. Each kind hashes under a key derived from its own context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes and executable bit of a file.
    File,
    /// The sorted entries of a directory or of what a glob matches.
    Tree,
    /// A symlink: its text and what it points to.
    Link,
    /// A value of a structured file, as canonical JSON.
    Value,
    /// A version that a command or a person reported as text.
    Reported,
    /// An optional source that is absent.
    Absent,
    /// Several outputs or paths taken as one.
    Several,
    /// The code version of an asset.
    Code,
    /// A block of mapped keys with their data versions.
    Block,
    /// What one dependency contributes.
    Dependency,
    /// The fingerprint of an asset partition.
    Fingerprint,
    /// A partition key, to find where blocks end.
    Key,
    /// The files that a compiled manifest was made from.
    Manifest,
    /// A path, as the key of a cache row.
    Path,
    /// What stands in for fingerprints where the lock file holds a block of partitions as one line.
    StandIn,
    /// What a command read of an input that was changed while it ran: nobody knows.
    Unsettled,
    /// What a declaration means.
    Declaration,
}

const CONTEXTS: [&str; 17] = [
    "assetctl v1 file",
    "assetctl v1 tree",
    "assetctl v1 link",
    "assetctl v1 value",
    "assetctl v1 reported",
    "assetctl v1 absent",
    "assetctl v1 several",
    "assetctl v1 code",
    "assetctl v1 block",
    "assetctl v1 dependency",
    "assetctl v1 fingerprint",
    "assetctl v1 key",
    "assetctl v1 manifest",
    "assetctl v1 path",
    "assetctl v1 stand-in",
    "assetctl v1 unsettled",
    "assetctl v1 declaration",
];

/// One derived key per context: a constant, computed once because deriving is no `const fn`.
static KEYS: LazyLock<[[u8; 32]; CONTEXTS.len()]> =
    LazyLock::new(|| CONTEXTS.map(|context| blake3::derive_key(context, b"")));

impl Kind {
    /// The BLAKE3 key of this kind, for hashing a stream with `blake3::Hasher::new_keyed`.
    pub fn key(self) -> &'static [u8; 32] {
        &KEYS[self as usize]
    }

    /// The digest of `bytes` under this kind's key.
    pub fn digest(self, bytes: &[u8]) -> Digest {
        Digest::truncated(&blake3::keyed_hash(self.key(), bytes))
    }
}

/// Collects fields and hashes them in one go; reusable, so that a fingerprint costs no allocation.
#[derive(Debug, Default)]
pub struct Folding {
    bytes: Vec<u8>,
}

impl Folding {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest of the fields so far, as `kind`; the sink is empty afterwards.
    pub fn finish(&mut self, kind: Kind) -> Digest {
        let digest = kind.digest(&self.bytes);
        self.bytes.clear();
        digest
    }

    fn field(&mut self, name: &str, value: &[u8]) {
        self.prefixed(name.as_bytes());
        self.prefixed(value);
    }

    fn prefixed(&mut self, bytes: &[u8]) {
        self.bytes
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}

impl Sink for Folding {
    fn text(&mut self, name: &str, value: &str) {
        self.field(name, value.as_bytes());
    }

    fn digest(&mut self, name: &str, value: Digest) {
        self.field(name, value.as_bytes());
    }

    fn number(&mut self, name: &str, value: u64) {
        self.field(name, &value.to_le_bytes());
    }
}

/// One field of a readable record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What the field is, for example `code.command` or `config.limit`.
    pub name: String,
    /// Its value as text: a digest is written in hexadecimal.
    pub value: String,
}

/// Collects fields as text.
#[derive(Debug, Default)]
pub struct Readable {
    fields: Vec<Field>,
}

impl Readable {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields, in the order in which they were folded.
    pub fn into_fields(self) -> Vec<Field> {
        self.fields
    }
}

impl Sink for Readable {
    fn text(&mut self, name: &str, value: &str) {
        self.fields.push(Field {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    fn digest(&mut self, name: &str, value: Digest) {
        self.text(name, &value.to_string());
    }

    fn number(&mut self, name: &str, value: u64) {
        self.text(name, &value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Folding, Kind};
    use crate::digest::Sink;

    fn fold(fields: &[(String, String)]) -> crate::digest::Digest {
        let mut sink = Folding::new();
        for (name, value) in fields {
            sink.text(name, value);
        }
        sink.finish(Kind::Code)
    }

    #[test]
    fn kinds_do_not_meet() {
        assert_ne!(Kind::File.digest(b"x"), Kind::Reported.digest(b"x"));
    }

    #[test]
    fn moving_a_byte_between_fields_changes_the_digest() {
        let one = fold(&[("ab".into(), "c".into())]);
        let other = fold(&[("a".into(), "bc".into())]);
        assert_ne!(one, other);
    }

    proptest! {
        #[test]
        fn folding_is_injective(
            a in proptest::collection::vec(("[ab]{0,3}", "[ab]{0,3}"), 0..4),
            b in proptest::collection::vec(("[ab]{0,3}", "[ab]{0,3}"), 0..4),
        ) {
            prop_assert_eq!(a == b, fold(&a) == fold(&b));
        }
    }
}
