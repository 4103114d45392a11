//! Blocks of bytes in a file, each with a digest that only the user's own assetctl can make.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use crate::digest::{Digest, Key};
use crate::model::GraphBlocks;

/// The blocks of a file that stays open: another one is renamed into its place, and this one never written again.
#[derive(Debug)]
pub(super) struct SignedBlocks {
    file: File,
    key: Key,
    places: Vec<BlockPlace>,
}

/// A block in its file.
#[derive(Debug)]
struct BlockPlace {
    start: u64,
    len: u64,
    digest: Digest,
}

/// The length and the digest of a block, in a table of them.
const ENTRY: usize = 8 + 16;

/// What [`SignedBlocks::open`] finds the blocks by, one behind the other.
pub(super) fn table_of<'b>(blocks: impl Iterator<Item = &'b Vec<u8>>, key: &Key) -> Vec<u8> {
    let entry = |block: &Vec<u8>| {
        let len = (block.len() as u64).to_le_bytes();
        len.into_iter().chain(*key.digest(block).as_bytes())
    };
    blocks.flat_map(entry).collect()
}

impl SignedBlocks {
    /// The blocks from `start` on; `None` if one of them but the last is damaged.
    pub(super) fn open(file: File, table: &[u8], start: u64, key: &Key) -> Option<Self> {
        let (entries, []) = table.as_chunks::<ENTRY>() else {
            return None;
        };
        let mut next = start;
        let place = |entry: &[u8; ENTRY]| {
            let (len, digest) = entry.split_first_chunk::<8>()?;
            let (start, len) = (next, u64::from_le_bytes(*len));
            next = start.checked_add(len)?;
            let digest = Digest::from_bytes(digest.try_into().ok()?);
            Some(BlockPlace { start, len, digest })
        };
        let places = entries.iter().map(place).collect::<Option<Vec<_>>>()?;
        let mut reader = &file;
        reader.seek(SeekFrom::Start(start)).ok()?;
        let mut is_right = |place: &BlockPlace| {
            let digest = key.digest_read(reader.take(place.len));
            digest.is_ok_and(|digest| digest == place.digest)
        };
        let (_, before) = places.split_last()?;
        before.iter().all(&mut is_right).then(|| Self {
            key: key.clone(),
            places,
            file,
        })
    }
}

impl SignedBlocks {
    /// The last block, if it is not damaged.
    pub(super) fn last(&self) -> Option<Vec<u8>> {
        self.read(self.places.last()?)
    }

    fn read(&self, place: &BlockPlace) -> Option<Vec<u8>> {
        let mut bytes = vec![0; place.len as usize];
        self.file.read_exact_at(&mut bytes, place.start).ok()?;
        (self.key.digest(&bytes) == place.digest).then_some(bytes)
    }
}

impl GraphBlocks for SignedBlocks {
    fn block(&self, number: usize) -> Vec<u8> {
        let read = self.read(&self.places[number]);
        read.expect("the compiled manifest was right when it was opened")
    }
}
