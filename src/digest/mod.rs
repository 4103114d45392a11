//! Length-prefixed, named BLAKE3 folding, and its twin that writes readable text.
//!
//! A value that is hashed is described once, as calls on a [`Sink`]. Two sinks exist: [`Folding`] gives the digest and
//! [`Readable`] gives the fields as text. Because both are driven by the same calls, what is hashed and what is
//! explained cannot disagree.
//!
//! Every field is `name, value`, each with its length in front, so no two different lists of fields give the same bytes;
//! every kind of value has a key of its own, so no digest of one kind can be mistaken for another's.

mod folding;
mod key;
mod readable;

use std::fmt;

pub use folding::{Folding, Kind};
pub use key::Key;
pub use readable::{Field, Readable};
use serde::{Deserialize, Serialize};

/// The first 128 bits of a BLAKE3 hash: what versions and fingerprints are made of, and all that is recorded of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 16]);

impl Digest {
    /// A digest from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The first 128 bits of a BLAKE3 hash.
    #[must_use]
    pub fn truncated(hash: &blake3::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The digest that `hex`, 32 lower-case hexadecimal digits, stands for; `None` if it is anything else.
    #[must_use]
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
