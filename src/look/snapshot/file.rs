//! Snapshots on disk: a base, and beside it a smaller file with all that has changed since.
//!
//! Both begin with a head that is signed, in which stand the digests of the chunks behind it, so that each chunk can be read
//! apart. The changes name the base that they belong to; beside another one they count as absent. Whatever is damaged counts as
//! absent, too.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Key};
use crate::look::snapshot::numbering::{DeclaredMeanings, Numbering};
use crate::look::snapshot::records::{
    Chunk, ChunkReader, ChunkedRecords, OwnedPart, Owners, Stretches, merged, moved,
};
use crate::look::snapshot::state::SnapshotState;
use crate::model::{AssetGraph, PartitionSet};
use crate::sys::file::{open_file, write_atomically};

/// Raised when the form of the files changes.
const MAGIC: &[u8; 16] = b"assetctl look 3\n";

/// The bytes of a digest.
const DIGEST: usize = 16;

/// Before the head: what the file is, and the length of the head.
const PREFIX: usize = MAGIC.len() + 8;

/// How many snapshots are kept, each with its changes: one for each instance and kind of judgement that was looked at lately.
const KEPT: usize = 6;

/// How many bytes of snapshots are kept, besides the newest.
const KEPT_BYTES: u64 = 256 * 1024 * 1024;

/// Changes of up to this many bytes never make a new base.
const FEW_CHANGES: u64 = 128 * 1024;

/// Changes make a new base once it is no more than this many times as long.
const TIMES_LONGER: u64 = 4;

/// What stands before the chunks.
#[derive(Debug, Serialize, Deserialize)]
struct LayerHead {
    /// The base that changes belong to; `None` for a base.
    base: Option<Digest>,
    state: SnapshotState,
    /// What of the base counts no more.
    gone: Owners,
    chunks: Vec<(Chunk, Digest)>,
    /// The length and the digest of what was declared, which stands behind the chunks of a base.
    declared: Option<(u32, Digest)>,
}

/// One file of a snapshot.
#[derive(Debug)]
struct Layer {
    file: File,
    head: LayerHead,
    /// The digest that signs the head.
    id: Digest,
    /// Where the chunks begin.
    start: u64,
}

impl Layer {
    fn open(path: &Path, key: &Key) -> Option<Self> {
        let file = open_file(path).ok()?;
        let mut prefix = [0; PREFIX];
        file.read_exact_at(&mut prefix, 0).ok()?;
        let len = prefix.strip_prefix(MAGIC)?.try_into().ok()?;
        let len = u64::from_le_bytes(len);
        let start = (PREFIX + DIGEST) as u64 + len;
        if start > file.metadata().ok()?.len() {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(len).ok()? + DIGEST];
        file.read_exact_at(&mut bytes, PREFIX as u64).ok()?;
        let (head, signature) = bytes.split_at(bytes.len() - DIGEST);
        let id = key.digest(head);
        if id.as_bytes() != signature {
            return None;
        }
        let layer = Self {
            head: postcard::from_bytes(head).ok()?,
            id,
            start,
            file,
        };
        let declared = layer.head.declared.map_or(0, |(len, _)| u64::from(len));
        let len = start + layer.bytes() + declared;
        (layer.file.metadata().ok()?.len() == len).then_some(layer)
    }

    /// The chunks, each with where it begins and its digest.
    fn chunks(&self) -> impl Iterator<Item = (Chunk, u64, Digest)> + '_ {
        let mut at = self.start;
        self.head.chunks.iter().map(move |(chunk, digest)| {
            let start = at;
            at += u64::from(chunk.len);
            (*chunk, start, *digest)
        })
    }

    fn read(&self, (chunk, start, digest): (Chunk, u64, Digest), key: &Key) -> Option<Vec<u8>> {
        let mut bytes = vec![0; chunk.len as usize];
        self.file.read_exact_at(&mut bytes, start).ok()?;
        (key.digest(&bytes) == digest).then_some(bytes)
    }

    fn records(&self, key: &Key) -> Option<ChunkedRecords> {
        let mut records = ChunkedRecords::default();
        for place in self.chunks() {
            records.bytes.extend(self.read(place, key)?);
            records.chunks.push(place.0);
        }
        Some(records)
    }

    /// What was declared; `None` where that is damaged, or stands elsewhere.
    fn declared(&self, key: &Key) -> Option<DeclaredMeanings> {
        let (len, digest) = self.head.declared?;
        let mut bytes = vec![0; len as usize];
        let at = self.start + self.bytes();
        self.file.read_exact_at(&mut bytes, at).ok()?;
        let is_whole = key.digest(&bytes) == digest;
        is_whole.then(|| postcard::from_bytes(&bytes).ok())?
    }

    fn bytes(&self) -> u64 {
        self.head
            .chunks
            .iter()
            .map(|(chunk, _)| u64::from(chunk.len))
            .sum()
    }
}

/// A snapshot that was opened.
#[derive(Debug)]
pub struct Snapshot {
    key: Key,
    base: Layer,
    changes: Option<Layer>,
    /// What of the base counts no more, or is told anew by the changes.
    hidden: Owners,
}

/// A chunk: whether it stands in the base, and where it begins.
pub(super) type ChunkId = (bool, u64);

/// A part of a snapshot that can be looked at apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkPlace {
    pub chunk: Chunk,
    /// Whether it stands in the base.
    pub is_of_base: bool,
    place: (u64, Digest),
}

impl ChunkPlace {
    pub fn id(&self) -> ChunkId {
        (self.is_of_base, self.place.0)
    }
}

impl Snapshot {
    /// Opens the snapshot at `path`; `None` where there is none that is whole and signed with this key.
    pub fn open(path: &Path, key: &Key) -> Option<Self> {
        let base = Layer::open(path, key).filter(|it| it.head.base.is_none())?;
        let changes = Layer::open(&changes_beside(path), key);
        let changes = changes.filter(|it| it.head.base == Some(base.id));
        let mut hidden = Owners::default();
        if let Some(changes) = &changes {
            hidden.clone_from(&changes.head.gone);
            for (place, part, set) in told_by(&changes.records(key)?) {
                hidden.add(place, part, &set);
            }
        }
        Some(Self {
            key: key.clone(),
            base,
            changes,
            hidden,
        })
    }

    /// What its verdicts were made of, besides what its records tell.
    pub fn state(&self) -> &SnapshotState {
        let newest = self.changes.as_ref().unwrap_or(&self.base);
        &newest.head.state
    }

    /// How it numbers what a graph declares that has this manifest; `None` where that cannot be told.
    pub fn numbering(&self, graph: &AssetGraph, manifest: Digest) -> Option<Numbering> {
        if self.state().manifest == manifest {
            return Some(Numbering::of(graph));
        }
        let then = self.base.declared(&self.key)?;
        Some(Numbering::since(&then, graph))
    }

    /// All chunks, in no order.
    pub(super) fn chunks(&self) -> Vec<ChunkPlace> {
        let layers = [(Some(&self.base), true), (self.changes.as_ref(), false)];
        let mut all = Vec::new();
        for (layer, is_of_base) in layers {
            let chunks = layer.into_iter().flat_map(Layer::chunks);
            all.extend(chunks.map(|(chunk, start, digest)| ChunkPlace {
                chunk,
                is_of_base,
                place: (start, digest),
            }));
        }
        all
    }

    /// The bytes of a chunk; `None` where it is damaged.
    pub(super) fn read(&self, chunk: &ChunkPlace) -> Option<Vec<u8>> {
        let layer = if chunk.is_of_base {
            &self.base
        } else {
            self.changes.as_ref()?
        };
        layer.read((chunk.chunk, chunk.place.0, chunk.place.1), &self.key)
    }

    /// What of the base counts no more.
    pub(super) fn hidden(&self) -> &Owners {
        &self.hidden
    }
}

/// What is written after a look.
#[derive(Debug)]
pub struct SnapshotUpdate {
    /// What verdicts are made of now, besides what the records tell.
    pub state: SnapshotState,
    /// What of the snapshot counts no more.
    pub gone: Owners,
    /// What counts instead, and besides, by the places in the order of the graph.
    pub records: ChunkedRecords,
}

/// Where a snapshot is written, and of what.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPlace<'p> {
    /// The file.
    pub path: &'p Path,
    /// What it is signed with.
    pub key: &'p Key,
    /// What is declared.
    pub graph: &'p AssetGraph,
}

impl SnapshotUpdate {
    /// Writes what has changed since a snapshot, or all where there is none. What cannot be written costs only time.
    pub fn write(self, at: SnapshotPlace<'_>, since: Option<(Snapshot, Numbering)>) {
        let Some((snapshot, numbering)) = since else {
            at.write_base(&self.state, &self.records);
            return;
        };
        if self.gone.is_empty() && self.records.chunks.is_empty() && self.state == *snapshot.state()
        {
            return;
        }
        if snapshot.update(self, at, &numbering).is_none() {
            // What is in it may not be true any more.
            drop(fs::remove_file(at.path));
        }
    }
}

impl Snapshot {
    /// Brings it up to date; `None` where that cannot be.
    fn update(
        &self,
        update: SnapshotUpdate,
        at: SnapshotPlace<'_>,
        numbering: &Numbering,
    ) -> Option<()> {
        let SnapshotUpdate {
            state,
            mut gone,
            records,
        } = update;
        let moves = numbering.moves();
        let mut changes = ChunkedRecords::default();
        if let Some(layer) = &self.changes {
            let known = layer.records(at.key)?;
            changes = merged(&[(&known, Some(&gone))]);
            for (place, part, set) in layer.head.gone.iter() {
                gone.add(place, part, &set);
            }
        }
        if moves.is_none() {
            changes = merged(&[(&changes, None), (&records, None)]);
            let room = self.base.bytes() / TIMES_LONGER;
            if changes.bytes.len() as u64 <= FEW_CHANGES.max(room) {
                let base = Some(self.base.id);
                let path = changes_beside(at.path);
                write(&path, at.key, (base, &state, gone), &changes, None);
                return Some(());
            }
        }
        let base = self.base.records(at.key)?;
        let all = merged(&[(&base, Some(&gone)), (&changes, None)]);
        let Some(moves) = moves else {
            at.write_base(&state, &all);
            return Some(());
        };
        let lists = moved(&all, moves)?;
        let lists = lists.iter().chain([&records]).map(|list| (list, None));
        at.write_base(&state, &merged(&lists.collect::<Vec<_>>()));
        Some(())
    }
}

impl SnapshotPlace<'_> {
    fn write_base(self, state: &SnapshotState, records: &ChunkedRecords) {
        make_room(self.path);
        let declared = postcard::to_stdvec(&DeclaredMeanings::of(self.graph)).ok();
        let head = (None, state, Owners::default());
        if write(self.path, self.key, head, records, declared.as_deref()) {
            // They belong to the old base.
            drop(fs::remove_file(changes_beside(self.path)));
        }
    }
}

fn write(
    path: &Path,
    key: &Key,
    (base, state, gone): (Option<Digest>, &SnapshotState, Owners),
    records: &ChunkedRecords,
    declared: Option<&[u8]>,
) -> bool {
    let mut rest = records.bytes.as_slice();
    let chunks = records.chunks.iter().map(|chunk| {
        let (bytes, after) = rest.split_at(chunk.len as usize);
        rest = after;
        (*chunk, key.digest(bytes))
    });
    let head = LayerHead {
        base,
        state: state.clone(),
        gone,
        chunks: chunks.collect(),
        declared: declared.map(|bytes| (bytes.len() as u32, key.digest(bytes))),
    };
    let declared = declared.unwrap_or_default();
    let Ok(head) = postcard::to_stdvec(&head) else {
        return false;
    };
    let len = PREFIX + head.len() + DIGEST + records.bytes.len() + declared.len();
    let mut bytes = Vec::with_capacity(len);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(key.digest(&head).as_bytes());
    bytes.extend_from_slice(&records.bytes);
    bytes.extend_from_slice(declared);
    write_atomically(path, &bytes).is_ok()
}

/// The file of the changes beside a base.
fn changes_beside(path: &Path) -> PathBuf {
    path.with_extension("changes")
}

/// The owners of all records.
fn told_by(records: &ChunkedRecords) -> Vec<(u32, OwnedPart, PartitionSet)> {
    let mut all = Stretches::default();
    let mut rest = records.bytes.as_slice();
    for chunk in &records.chunks {
        let (bytes, after) = rest.split_at(chunk.len as usize);
        rest = after;
        let mut reader = ChunkReader::new(bytes);
        while let Some(head) = reader.next_record() {
            all.push(head.owner);
        }
    }
    all.into_sets()
}

/// Makes the folder, and removes the oldest snapshots where there are many.
fn make_room(path: &Path) {
    let Some(folder) = path.parent() else { return };
    if fs::create_dir(folder).is_ok() {
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?, entry.path())))
        .filter_map(|(metadata, path)| Some((metadata.modified().ok()?, metadata.len(), path)))
        .collect();
    all.sort();
    let mut bytes = 0;
    for (position, (_, len, old)) in all.iter().rev().enumerate() {
        bytes += len;
        if (position >= 2 * KEPT || bytes > KEPT_BYTES) && old != path {
            // One more than wanted harms nobody.
            drop(fs::remove_file(old));
        }
    }
}
