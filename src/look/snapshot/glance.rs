//! A glance at everything that a snapshot holds: what looks as it did, and what does not.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;

use crate::digest::{Digest, Kind};
use crate::hash::{Look, Seen, SeenEntry};
use crate::look::snapshot::file::{ChunkId, ChunkPlace, Snapshot};
use crate::look::snapshot::records::{ChunkReader, OwnedPart, Owner, Stretches, Variable};
use crate::model::PartitionSet;
use crate::sys::parallel;

/// What is glanced at.
#[derive(Clone, Copy, Debug)]
pub enum GlanceExtent<'w> {
    /// All that there is.
    Everything,
    /// These partitions, by the places of assets and sources in the order of the graph.
    Partitions(&'w [&'w PartitionSet]),
}

impl GlanceExtent<'_> {
    fn has(&self, owner: Owner) -> bool {
        match self {
            Self::Everything => true,
            Self::Partitions(sets) => {
                let set = sets.get(owner.place as usize);
                set.is_some_and(|set| match owner.part {
                    OwnedPart::Code => !set.is_empty(),
                    OwnedPart::Source | OwnedPart::Outputs => set.contains(owner.index),
                })
            }
        }
    }

    fn meets(&self, chunk: &ChunkPlace) -> bool {
        let Self::Partitions(sets) = self else {
            return true;
        };
        let (first, last) = (chunk.chunk.first, chunk.chunk.last);
        let is_of_one =
            first.place == last.place && first.part == last.part && first.part != OwnedPart::Code;
        (first.place..=last.place).any(|place| {
            let set = sets.get(place as usize).filter(|set| !set.is_empty());
            set.is_some_and(|set| !is_of_one || set.meets(&(first.index..last.index + 1)))
        })
    }
}

/// What a glance has found: stretches of partitions by places in the order of the graph.
#[derive(Debug, Default)]
pub struct Glance {
    /// What there are records of, be it as it was or not. Of a snapshot of which everything is fresh only sources are listed here in a
    /// glance at everything.
    pub known: Stretches,
    /// What does not look as it did.
    pub changed: Stretches,
    /// The records of sources among it.
    pub records: ChangedRecords,
}

/// The records of sources that do not look as they did.
#[derive(Debug, Default)]
pub struct ChangedRecords {
    /// Each by its chunk and its number in that.
    places: HashSet<(ChunkId, u32)>,
    /// The partitions of sources with many entries, of which a look at the changed ones alone saves time.
    pub large: BTreeSet<Owner>,
}

/// Of fewer entries all are looked at anew where one does not hold, outside of tests.
const MANY_ENTRIES: usize = if cfg!(test) { 1 } else { 64 };

/// Who looks, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Viewpoint<'v> {
    /// The project root.
    pub root: &'v Path,
    /// The variables that declarations may name.
    pub variables: &'v [(OsString, OsString)],
}

impl Viewpoint<'_> {
    /// The digest of a variable's value, if it is set.
    pub fn variable(&self, name: &str) -> Option<Digest> {
        let mut all = self.variables.iter().rev();
        let found = all.find(|(variable, _)| variable == name);
        found.map(|(_, text)| Kind::Value.digest(text.as_encoded_bytes()))
    }

    fn is_set(&self, (name, value): &Variable) -> bool {
        self.variable(name) == *value
    }
}

/// How many chunks are worth another thread.
const FEW: usize = 2;

impl Snapshot {
    /// Looks whether what is wanted looks as it did; `None` where the snapshot turns out to be damaged.
    pub fn glance(&self, from: Viewpoint<'_>, wanted: GlanceExtent<'_>) -> Option<Glance> {
        let directory = File::open(from.root).ok()?;
        let chunks = self.chunks();
        let chunks: Vec<_> = chunks.into_iter().filter(|it| wanted.meets(it)).collect();
        let look = |chunk: ChunkPlace| self.look_at(&chunk, (&directory, from), wanted);
        let mut all = Glance::default();
        for chunk in parallel::map(chunks.into_iter(), FEW, look) {
            let chunk = chunk?;
            all.known.append(chunk.known);
            all.changed.append(chunk.changed);
            all.records.places.extend(chunk.records.places);
            all.records.large.extend(chunk.records.large);
        }
        Some(all)
    }

    /// How a partition of a source looks now, of which no other records have changed than these; `None` where that cannot be
    /// told.
    pub fn look_since(&self, records: &ChangedRecords, root: &Path, owner: Owner) -> Option<Look> {
        let directory = File::open(root).ok()?;
        let holds = |chunk: &ChunkPlace| {
            let is_hidden = chunk.is_of_base && self.hidden().has(owner);
            (chunk.chunk.first..=chunk.chunk.last).contains(&owner) && !is_hidden
        };
        let chunks = self.chunks();
        let chunks: Vec<_> = chunks.into_iter().filter(holds).collect();
        let look = |chunk| self.entries_since(&chunk, records, (&directory, owner));
        let entries = parallel::map(chunks.into_iter(), FEW, look);
        let entries: Vec<_> = entries.into_iter().collect::<Option<_>>()?;
        Some(Look::of_entries(entries.into_iter().flatten()))
    }

    fn entries_since(
        &self,
        chunk: &ChunkPlace,
        records: &ChangedRecords,
        (directory, owner): (&File, Owner),
    ) -> Option<Vec<SeenEntry>> {
        let bytes = self.read(chunk)?;
        let mut reader = ChunkReader::new(&bytes);
        let (mut number, mut found) = (0, Vec::new());
        while let Some(head) = reader.next_record() {
            number += 1;
            if head.owner != owner {
                continue;
            }
            let has_changed = records.places.contains(&(chunk.id(), number));
            while let Some(entry) = reader.next_entry() {
                let now = if has_changed {
                    entry.now(directory).ok()?
                } else {
                    entry.stamp
                };
                let is_same = now == entry.stamp;
                if now.is_none() && !is_same && matches!(entry.seen, Seen::Folder { .. }) {
                    return None;
                }
                found.push((entry.path.to_owned(), entry.seen, now, is_same));
            }
        }
        Some(found)
    }

    fn look_at(
        &self,
        chunk: &ChunkPlace,
        (directory, from): (&File, Viewpoint<'_>),
        wanted: GlanceExtent<'_>,
    ) -> Option<Glance> {
        let bytes = self.read(chunk)?;
        let mut reader = ChunkReader::new(&bytes);
        let mut found = Glance::default();
        let hidden = self.hidden();
        let is_of_everything = matches!(wanted, GlanceExtent::Everything);
        let lists_outputs = !is_of_everything || self.state().everything.is_none();
        let any_hidden = chunk.is_of_base && !hidden.is_empty();
        let mut number = 0;
        while let Some(head) = reader.next_record() {
            let owner = head.owner;
            number += 1;
            if !wanted.has(owner) || any_hidden && hidden.has(owner) {
                continue;
            }
            let mut holds = head.variables.iter().all(|variable| from.is_set(variable));
            while let Some(entry) = reader.next_entry() {
                holds = holds && entry.holds(directory);
            }
            if lists_outputs || owner.part != OwnedPart::Outputs {
                found.known.push(owner);
            }
            if !holds {
                found.changed.push(owner);
                if owner.part == OwnedPart::Source {
                    found.records.places.insert((chunk.id(), number));
                    // What begins a chunk may go on from another one.
                    if head.entries >= MANY_ENTRIES || chunk.chunk.first == owner {
                        found.records.large.insert(owner);
                    }
                }
            }
        }
        Some(found)
    }
}
