//! Digests that only who knows a secret can make.

use std::fmt;

use crate::digest::Digest;

/// A key that is derived from a secret: a digest under it says that who knows the secret has made it.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// The key for one purpose.
    #[must_use]
    pub fn of(secret: &[u8; 32], purpose: &str) -> Self {
        Self(*blake3::keyed_hash(secret, purpose.as_bytes()).as_bytes())
    }

    /// The digest of `bytes` under this key.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::truncated(&blake3::keyed_hash(&self.0, bytes))
    }

    /// [`Self::digest`] of several parts, one after the other.
    #[must_use]
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
