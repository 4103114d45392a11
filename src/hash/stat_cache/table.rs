//! The rows of a saved stat cache, as they lie in its file.
//!
//! The file is a header and rows sorted by key. Keys are digests, so their leading bits spread evenly: an index over them,
//! made when the file is loaded, leads to about one row.
//!
//! The header holds a magic that names the format, the number of rows, the day of the save and a checksum over all of it. A
//! file that does not fit its header in any way is as good as none.

use std::sync::atomic::{AtomicU64, Ordering};

use super::row::{ROW, Row};
use crate::digest::{Digest, Kind};

/// Names this format; another format, or other rules of what a version is, get another number.
const MAGIC: &[u8; 16] = b"assetctl stat 1\n";
const DAY_AT: usize = 16;
const CHECKSUM_AT: usize = 20;
const HEADER: usize = 52;

/// A loaded file, and which of its rows were looked up since.
#[derive(Debug, Default)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// For every value of the leading `bits` bits of a key, where its rows begin; and where the last ones end.
    starts: Vec<u32>,
    bits: u32,
    seen: Vec<AtomicU64>,
}

impl Table {
    /// The table that `bytes` hold; an empty one where they hold none.
    pub fn load(bytes: Vec<u8>) -> Self {
        if !is_whole(&bytes) {
            return Self::default();
        }
        let rows = rows(&bytes);
        let bits = rows.len().max(2).ilog2();
        let mut starts = vec![0; (1 << bits) + 1];
        for row in rows {
            starts[bucket(row, bits) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let seen = (0..rows.len().div_ceil(64))
            .map(|_| AtomicU64::new(0))
            .collect();
        Self {
            bytes,
            starts,
            bits,
            seen,
        }
    }

    /// The bytes of a file with `rows`, which come sorted by key, saved on `day`.
    pub fn encode(rows: &[Row], day: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + rows.len() * ROW);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&day.to_le_bytes());
        bytes.resize(HEADER, 0);
        for row in rows {
            row.encode(&mut bytes);
        }
        let sum = checksum(&bytes);
        bytes[CHECKSUM_AT..HEADER].copy_from_slice(sum.as_bytes());
        bytes
    }

    /// The row of `key`, which thereby counts as seen.
    pub fn find(&self, key: Digest) -> Option<Row> {
        if self.starts.is_empty() {
            return None;
        }
        let bucket = bucket(key.as_bytes(), self.bits);
        let (start, end) = (
            self.starts[bucket] as usize,
            self.starts[bucket + 1] as usize,
        );
        let at = (start..end).find(|at| self.rows()[*at][..16] == key.as_bytes()[..])?;
        self.mark(at);
        Some(Row::decode(&self.rows()[at]))
    }

    /// All rows, each with whether it was seen.
    pub fn iter(&self) -> impl Iterator<Item = (Row, bool)> {
        self.rows().iter().enumerate().map(|(at, row)| {
            let word = self.seen[at / 64].load(Ordering::Relaxed);
            (Row::decode(row), word >> (at % 64) & 1 == 1)
        })
    }

    /// Whether any row was seen.
    pub fn is_used(&self) -> bool {
        self.seen
            .iter()
            .any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// The day of the save; 0 for a table that was never saved.
    pub fn day(&self) -> u32 {
        self.bytes
            .get(DAY_AT..CHECKSUM_AT)
            .and_then(|day| day.try_into().ok())
            .map_or(0, u32::from_le_bytes)
    }

    fn rows(&self) -> &[[u8; ROW]] {
        rows(&self.bytes)
    }

    /// Writes only the first time: in later lookups the threads share the word without passing it to and fro.
    fn mark(&self, at: usize) {
        let (word, bit) = (&self.seen[at / 64], 1 << (at % 64));
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER
        && bytes.starts_with(MAGIC)
        && (bytes.len() - HEADER).is_multiple_of(ROW)
        && u32::try_from(bytes.len() / ROW).is_ok()
        && checksum(bytes).as_bytes()[..] == bytes[CHECKSUM_AT..HEADER]
}

/// The hash of everything but itself; the length of the file is part of what BLAKE3 hashes.
fn checksum(bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(Kind::Path.key());
    hasher.update(&bytes[..CHECKSUM_AT]);
    hasher.update(&bytes[HEADER..]);
    hasher.finalize()
}

fn rows(bytes: &[u8]) -> &[[u8; ROW]] {
    bytes.get(HEADER..).unwrap_or_default().as_chunks().0
}

/// The leading `bits` bits of a key, or of a row, which begins with its key.
fn bucket(key: &[u8], bits: u32) -> usize {
    let leading = u32::from_be_bytes([key[0], key[1], key[2], key[3]]);
    (leading >> (32 - bits)) as usize
}
