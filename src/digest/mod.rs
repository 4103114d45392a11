//! Length-prefixed, named BLAKE3 folding, and its twin that writes readable text.
//!
//! A value that is hashed is described once, as calls on a [`Sink`]. Two sinks exist: [`Folding`] gives the digest and
//! [`Readable`] gives the fields as text. Because both are driven by the same calls, what is hashed and what is
//! explained cannot disagree.
//!
//! Every field is `name, value`, each with its length in front, so no two different lists of fields give the same bytes;
//! every kind of value has a key of its own, so no digest of one kind can be mistaken for another's.

mod folding;

use std::fmt;
use std::io::{self, Read};

pub use folding::{Field, Folding, Kind, Readable};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The first 128 bits of a BLAKE3 hash: what versions and fingerprints are made of, and all that is recorded of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// A digest from its 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The first 128 bits of a BLAKE3 hash.
    pub fn truncated(hash: &blake3::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The digest that `hex`, 32 lower-case hexadecimal digits, stands for; `None` if it is anything else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let canonical = !hex.bytes().any(|byte| byte.is_ascii_uppercase());
        (canonical && hex::decode_to_slice(hex, &mut bytes).is_ok()).then_some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 32];
        hex::encode_to_slice(self.0, &mut text).expect("32 digits hold 16 bytes");
        f.pad(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

/// As text where people may read it, as bytes elsewhere.
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        if out.is_human_readable() {
            return out.collect_str(self);
        }
        self.0.serialize(out)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            return Self::from_hex(&text).ok_or_else(|| de::Error::custom("not a digest"));
        }
        Deserialize::deserialize(from).map(Self)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where the fields of a value go, in order: into a digest or into a readable record.
pub trait Sink {
    /// A field whose value is text.
    fn text(&mut self, name: &str, value: &str);

    /// A field whose value is a digest.
    fn digest(&mut self, name: &str, value: Digest);

    /// A field whose value is a number.
    fn number(&mut self, name: &str, value: u64);
}

/// A key that is derived from a secret: a digest under it says that who knows the secret has made it.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// The key for one purpose.
    pub fn of(secret: &[u8; 32], purpose: &str) -> Self {
        Self(*blake3::keyed_hash(secret, purpose.as_bytes()).as_bytes())
    }

    /// The digest of `bytes` under this key.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::truncated(&blake3::keyed_hash(&self.0, bytes))
    }

    /// [`Self::digest`] of all that a reader gives.
    pub fn digest_read(&self, reader: impl Read) -> io::Result<Digest> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update_reader(reader)?;
        Ok(Digest::truncated(&hasher.finalize()))
    }

    /// [`Self::digest`] of several parts, one after the other.
    pub fn digest_of(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Digest::truncated(&hasher.finalize())
    }
}

impl fmt::Debug for Key {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn another_secret_or_purpose_gives_another_digest() {
        let (one, two) = ([1; 32], [2; 32]);
        let digest = |secret, purpose| Key::of(secret, purpose).digest(b"bytes");
        assert_eq!(digest(&one, "a"), digest(&one, "a"));
        assert_ne!(digest(&one, "a"), digest(&two, "a"));
        assert_ne!(digest(&one, "a"), digest(&one, "b"));
        let key = Key::of(&one, "a");
        assert_ne!(key.digest_of(&[b"ab", b"c"]), key.digest_of(&[b"a", b"bc"]));
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
