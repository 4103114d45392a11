//! What a snapshot holds of each partition of an asset or source, in chunks that can be read and looked at apart.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::hash::{EntryReader, EntryWriter, Sighting, read_number, take, write_number};
use crate::model::PartitionSet;

/// What entries belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OwnedPart {
    /// The data of a partition of a source.
    Source,
    /// The code of an asset, the same for all its partitions.
    Code,
    /// The outputs of a partition of an asset, which is fresh.
    Outputs,
}

const PARTS: [OwnedPart; 3] = [OwnedPart::Source, OwnedPart::Code, OwnedPart::Outputs];

/// What entries belong to, of which partition; code belongs to number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The place of the asset or source in the order of the graph.
    pub place: u32,
    /// What of it.
    pub part: OwnedPart,
    /// The index of the partition.
    pub index: u32,
}

/// A variable of the environment that is part of a code version: its name, and the digest of its value if it was set.
pub type Variable = (String, Option<Digest>);

/// Records that follow the order of their owners, in chunks.
#[derive(Clone, Debug, Default)]
pub struct ChunkedRecords {
    /// All chunks, one behind the other.
    pub bytes: Vec<u8>,
    /// Where each is.
    pub chunks: Vec<Chunk>,
}

/// A stretch of records that is read apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The owner of the first record.
    pub first: Owner,
    /// The owner of the last record.
    pub last: Owner,
    /// The length in bytes.
    pub len: u32,
}

/// From this length on a chunk is not made longer.
const LONG: usize = 32 * 1024;

/// A record with more entries goes on in another one.
const MANY: usize = 512;

/// Bits before the number of entries of a record.
const IS_NEXT: u64 = 1;
const HAS_VARIABLES: u64 = 2;
const BITS: u32 = 2;

/// Writes records.
#[derive(Debug, Default)]
pub struct RecordWriter {
    records: ChunkedRecords,
    entries: EntryWriter,
    /// Where the chunk begins that is being written.
    start: usize,
    first: Option<Owner>,
    last: Option<Owner>,
}

impl RecordWriter {
    /// Adds what belongs to an owner, which does not come before the last one.
    pub fn add<'e>(
        &mut self,
        owner: Owner,
        variables: &[Variable],
        entries: impl Iterator<Item = Sighting<'e>> + Clone,
    ) {
        let mut left = entries.clone().count();
        self.begin(owner, left.min(MANY), variables);
        for (entry, number) in entries.zip(1..) {
            self.entries.write(&mut self.records.bytes, &entry);
            left -= 1;
            if number % MANY == 0 && left > 0 {
                self.begin(owner, left.min(MANY), &[]);
            }
        }
    }

    fn begin(&mut self, owner: Owner, count: usize, variables: &[Variable]) {
        if self.records.bytes.len() - self.start >= LONG {
            self.end_chunk();
        }
        let is_next = self.last.is_some_and(|last| next(last) == owner);
        let mut head = (count as u64) << BITS;
        if is_next {
            head |= IS_NEXT;
        }
        if !variables.is_empty() {
            head |= HAS_VARIABLES;
        }
        let bytes = &mut self.records.bytes;
        write_number(bytes, head);
        if !is_next {
            write_number(bytes, owner.place.into());
            let part = PARTS.iter().position(|part| *part == owner.part);
            write_number(bytes, part.unwrap_or(0) as u64);
            write_number(bytes, owner.index.into());
        }
        if !variables.is_empty() {
            write_number(bytes, variables.len() as u64);
            for (name, value) in variables {
                write_number(bytes, name.len() as u64);
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(u8::from(value.is_some()));
                bytes.extend(value.iter().flat_map(|value| *value.as_bytes()));
            }
        }
        self.first.get_or_insert(owner);
        self.last = Some(owner);
    }

    /// Adds a chunk as it is, whose owners do not come before the last one.
    fn copy(&mut self, chunk: Chunk, bytes: &[u8]) {
        self.end_chunk();
        self.records.bytes.extend_from_slice(bytes);
        self.records.chunks.push(chunk);
        self.start = self.records.bytes.len();
    }

    fn end_chunk(&mut self) {
        if let (Some(first), Some(last)) = (self.first.take(), self.last.take()) {
            let len = (self.records.bytes.len() - self.start) as u32;
            self.records.chunks.push(Chunk { first, last, len });
        }
        self.start = self.records.bytes.len();
        self.entries = EntryWriter::default();
    }

    /// All records.
    pub fn finish(mut self) -> ChunkedRecords {
        self.end_chunk();
        self.records
    }
}

/// The owner that follows where one partition comes after the other.
fn next(owner: Owner) -> Owner {
    Owner {
        index: owner.index.wrapping_add(1),
        ..owner
    }
}

/// Reads the records of a chunk.
#[derive(Debug)]
pub struct ChunkReader<'c> {
    bytes: &'c [u8],
    entries: EntryReader,
    last: Option<Owner>,
    left: usize,
}

/// The beginning of a record.
#[derive(Debug)]
pub struct RecordHead {
    /// What it belongs to.
    pub owner: Owner,
    /// The variables that count.
    pub variables: Vec<Variable>,
    /// How many entries follow.
    pub entries: usize,
}

impl<'c> ChunkReader<'c> {
    /// Of the bytes of one chunk.
    pub fn new(bytes: &'c [u8]) -> Self {
        let (entries, last, left) = (EntryReader::default(), None, 0);
        Self {
            bytes,
            entries,
            last,
            left,
        }
    }

    /// The beginning of the next record, after all entries of the one before were read; `None` at the end.
    pub fn next_record(&mut self) -> Option<RecordHead> {
        while self.left > 0 {
            self.next_entry()?;
        }
        if self.bytes.is_empty() {
            return None;
        }
        let head = read_number(&mut self.bytes)?;
        let owner = if head & IS_NEXT == 0 {
            let number = |bytes: &mut &[u8]| u32::try_from(read_number(bytes)?).ok();
            let place = number(&mut self.bytes)?;
            let part = *PARTS.get(number(&mut self.bytes)? as usize)?;
            let index = number(&mut self.bytes)?;
            Owner { place, part, index }
        } else {
            next(self.last?)
        };
        let mut variables = Vec::new();
        if head & HAS_VARIABLES != 0 {
            for _ in 0..read_number(&mut self.bytes)? {
                variables.push(self.variable()?);
            }
        }
        self.last = Some(owner);
        self.left = (head >> BITS) as usize;
        Some(RecordHead {
            owner,
            variables,
            entries: self.left,
        })
    }

    fn variable(&mut self) -> Option<Variable> {
        let len = usize::try_from(read_number(&mut self.bytes)?).ok()?;
        let name = str::from_utf8(take(&mut self.bytes, len)?).ok()?.to_owned();
        let value = match take(&mut self.bytes, 1)?[0] {
            0 => None,
            _ => Some(Digest::from_bytes(
                take(&mut self.bytes, 16)?.try_into().ok()?,
            )),
        };
        Some((name, value))
    }

    /// The next entry of the record; `None` after the last one.
    pub fn next_entry(&mut self) -> Option<Sighting<'_>> {
        self.left = self.left.checked_sub(1)?;
        self.entries.read(&mut self.bytes)
    }
}

/// Which partitions of which parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners(BTreeMap<(u32, OwnedPart), Vec<(u32, u32)>>);

impl Owners {
    /// Adds partitions of a part.
    pub fn add(&mut self, place: u32, part: OwnedPart, set: &PartitionSet) {
        if set.is_empty() {
            return;
        }
        let known = self.0.entry((place, part)).or_default();
        let both = as_set(known).union(set);
        *known = both.ranges().map(|it| (it.start, it.end)).collect();
    }

    /// Takes out what others hold.
    pub fn remove(&mut self, others: &Self) {
        for (part, theirs) in &others.0 {
            if let Some(own) = self.0.get_mut(part) {
                let rest = as_set(own).difference(&as_set(theirs));
                *own = rest.ranges().map(|it| (it.start, it.end)).collect();
            }
        }
        self.0.retain(|_, ranges| !ranges.is_empty());
    }

    /// The same by other places; what has none is left out.
    #[must_use]
    pub fn moved(&self, to: impl Fn(u32) -> Option<u32>) -> Self {
        let all = self.0.iter();
        let moved =
            all.filter_map(|((place, part), ranges)| Some(((to(*place)?, *part), ranges.clone())));
        Self(moved.collect())
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, each part with its partitions.
    pub fn iter(&self) -> impl Iterator<Item = (u32, OwnedPart, PartitionSet)> + '_ {
        let all = self.0.iter();
        all.map(|((place, part), ranges)| (*place, *part, as_set(ranges)))
    }

    /// Whether any of the owners of a chunk may be among them.
    fn may_meet(&self, chunk: &Chunk) -> bool {
        let part = |owner: Owner| (owner.place, owner.part);
        self.0
            .range(part(chunk.first)..=part(chunk.last))
            .next()
            .is_some()
    }

    /// Whether an owner is among them.
    pub fn has(&self, owner: Owner) -> bool {
        let ranges = self.0.get(&(owner.place, owner.part));
        ranges.is_some_and(|ranges| {
            let at = ranges.partition_point(|(_, end)| *end <= owner.index);
            ranges
                .get(at)
                .is_some_and(|(start, _)| *start <= owner.index)
        })
    }
}

fn as_set(ranges: &[(u32, u32)]) -> PartitionSet {
    PartitionSet::from_ranges(ranges.iter().map(|(start, end)| *start..*end))
}

/// Owners that are met in their order, as stretches of partitions.
#[derive(Debug, Default)]
pub struct Stretches(Vec<(u32, OwnedPart, Range<u32>)>);

impl Stretches {
    /// Adds the next owner.
    pub fn push(&mut self, owner: Owner) {
        let own = owner.index..owner.index + 1;
        match self.0.last_mut() {
            Some((place, part, range))
                if (*place, *part) == (owner.place, owner.part)
                    && (range.start..=range.end).contains(&owner.index) =>
            {
                range.end = range.end.max(own.end);
            }
            _ => self.0.push((owner.place, owner.part, own)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds those of others, which follow.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The partitions of each part.
    pub fn into_sets(mut self) -> Vec<(u32, OwnedPart, PartitionSet)> {
        self.0
            .sort_by_key(|(place, part, range)| (*place, *part, range.start));
        let parts = self.0.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        let sets = parts.map(|own| {
            let ranges = own.iter().map(|(_, _, range)| range.clone());
            (own[0].0, own[0].1, PartitionSet::from_ranges(ranges))
        });
        sets.collect()
    }
}

/// Several lists of records as one; of an owner that is in several, the records of the last list count, and what is `gone` of
/// one list counts not in it.
pub fn merged(lists: &[(&ChunkedRecords, Option<&Owners>)]) -> ChunkedRecords {
    let mut writer = RecordWriter::default();
    let mut open: Vec<Merging<'_>> = lists
        .iter()
        .map(|(records, gone)| Merging::new(records, *gone))
        .collect();
    loop {
        let heads = open.iter().enumerate();
        let heads = heads.filter_map(|(at, list)| Some((list.owner()?, at)));
        let order = |a: &(Owner, usize), b: &(Owner, usize)| match a.0.cmp(&b.0) {
            Ordering::Equal => b.1.cmp(&a.1),
            other => other,
        };
        let Some((owner, at)) = heads.min_by(order) else {
            return writer.finish();
        };
        let others = open.iter().enumerate().filter(|(other, _)| *other != at);
        let others = others.filter_map(|(_, list)| list.owner()).min();
        if let Some((chunk, bytes)) = open[at].whole_chunk(others) {
            writer.copy(chunk, bytes);
            open[at].leave_chunk();
            continue;
        }
        while open[at].owner() == Some(owner) {
            open[at].write_as(owner, &mut writer);
        }
        for list in &mut open {
            list.skip(owner);
        }
    }
}

/// How many stretches of records are brought into another order.
const FEW_STRETCHES: usize = 64;

/// Records by other places, as lists that are in order; what has no place is left out. `None` where the order is too different.
pub fn moved(
    records: &ChunkedRecords,
    to: impl Fn(u32) -> Option<u32>,
) -> Option<Vec<ChunkedRecords>> {
    let mut lists = Vec::new();
    let mut writer = RecordWriter::default();
    let mut reading = Merging::new(records, None);
    while let Some(owner) = reading.owner() {
        let Some(place) = to(owner.place) else {
            reading.advance();
            continue;
        };
        let owner = Owner { place, ..owner };
        if writer.last.is_some_and(|last| owner < last) {
            lists.push(std::mem::take(&mut writer).finish());
            if lists.len() == FEW_STRETCHES {
                return None;
            }
        }
        reading.write_as(owner, &mut writer);
    }
    lists.push(writer.finish());
    Some(lists)
}

/// A list of records that is read from its beginning.
struct Merging<'r> {
    records: &'r ChunkedRecords,
    gone: Option<&'r Owners>,
    next_chunk: usize,
    next_byte: usize,
    chunk: Option<ChunkReader<'r>>,
    head: Option<RecordHead>,
    /// Whether the head is the first of its chunk.
    is_first: bool,
}

impl<'r> Merging<'r> {
    fn new(records: &'r ChunkedRecords, gone: Option<&'r Owners>) -> Self {
        let mut list = Self {
            records,
            gone,
            next_chunk: 0,
            next_byte: 0,
            chunk: None,
            head: None,
            is_first: false,
        };
        list.advance();
        list
    }

    /// The chunk that is next with its bytes, if all of it counts and comes before others, and it is long.
    fn whole_chunk(&self, others: Option<Owner>) -> Option<(Chunk, &'r [u8])> {
        let chunk = self.records.chunks.get(self.next_chunk.checked_sub(1)?)?;
        let is_before = others.is_none_or(|other| chunk.last < other);
        let counts = self.gone.is_none_or(|gone| !gone.may_meet(chunk));
        let is_whole = self.is_first && is_before && counts && chunk.len as usize >= LONG / 2;
        let start = self.next_byte - chunk.len as usize;
        is_whole.then(|| (*chunk, &self.records.bytes[start..self.next_byte]))
    }

    fn leave_chunk(&mut self) {
        self.chunk = None;
        self.advance();
    }

    fn owner(&self) -> Option<Owner> {
        self.head.as_ref().map(|head| head.owner)
    }

    fn advance(&mut self) {
        self.is_first = false;
        loop {
            self.head = self.chunk.as_mut().and_then(ChunkReader::next_record);
            match &self.head {
                Some(head) if self.gone.is_some_and(|gone| gone.has(head.owner)) => {
                    self.is_first = false;
                }
                Some(_) => return,
                None => {
                    let Some(chunk) = self.records.chunks.get(self.next_chunk) else {
                        return;
                    };
                    let end = self.next_byte + chunk.len as usize;
                    let bytes = &self.records.bytes[self.next_byte..end];
                    self.chunk = Some(ChunkReader::new(bytes));
                    self.is_first = true;
                    (self.next_chunk, self.next_byte) = (self.next_chunk + 1, end);
                }
            }
        }
    }

    fn write_as(&mut self, owner: Owner, writer: &mut RecordWriter) {
        if let (Some(head), Some(chunk)) = (&self.head, &mut self.chunk) {
            writer.begin(owner, head.entries, &head.variables);
            while let Some(entry) = chunk.next_entry() {
                writer.entries.write(&mut writer.records.bytes, &entry);
            }
        }
        self.advance();
    }

    fn skip(&mut self, owner: Owner) {
        while self.owner() == Some(owner) {
            self.advance();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{ChunkReader, ChunkedRecords, OwnedPart, Owner, Owners, RecordWriter, merged};
    use crate::hash::{Seen, Sighting};
    use crate::model::PartitionSet;

    type Plain = (Owner, Vec<PathBuf>);

    fn written(all: &[Plain]) -> ChunkedRecords {
        let mut writer = RecordWriter::default();
        for (owner, paths) in all {
            let entries = paths.iter().map(|path| Sighting {
                path,
                seen: Seen::Own,
                stamp: None,
            });
            writer.add(*owner, &[], entries);
        }
        writer.finish()
    }

    fn read(records: &ChunkedRecords) -> Vec<Plain> {
        let mut all: Vec<Plain> = Vec::new();
        let mut bytes = records.bytes.as_slice();
        for chunk in &records.chunks {
            let (own, rest) = bytes.split_at(chunk.len as usize);
            bytes = rest;
            let mut reader = ChunkReader::new(own);
            while let Some(head) = reader.next_record() {
                assert!((chunk.first..=chunk.last).contains(&head.owner));
                let mut paths = Vec::new();
                while let Some(entry) = reader.next_entry() {
                    paths.push(entry.path.to_owned());
                }
                match all.last_mut() {
                    Some((last, known)) if *last == head.owner => known.append(&mut paths),
                    _ => all.push((head.owner, paths)),
                }
            }
        }
        all
    }

    fn owner(place: u32, part: OwnedPart, index: u32) -> Owner {
        Owner { place, part, index }
    }

    #[test]
    fn records_of_many_entries_and_partitions_come_back() {
        let paths = |count: usize| {
            (0..count)
                .map(|it| PathBuf::from(format!("data/{it}")))
                .collect()
        };
        let mut all = vec![
            (owner(0, OwnedPart::Source, 0), paths(5_000)),
            (owner(1, OwnedPart::Code, 0), paths(1)),
        ];
        all.extend((0..3_000).map(|index| (owner(1, OwnedPart::Outputs, index), paths(2))));
        all.push((owner(7, OwnedPart::Outputs, 0), Vec::new()));
        let records = written(&all);
        assert!(records.chunks.len() > 1);
        assert_eq!(read(&records), all);
        assert_eq!(read(&merged(&[(&records, None)])), all);
    }

    #[test]
    fn chunks_without_a_change_stay_as_they_are() {
        let entries = |index: u32, text: &str| {
            let own = owner(0, OwnedPart::Outputs, index);
            (own, vec![PathBuf::from(format!("{index}/{text}"))])
        };
        let mut all: Vec<Plain> = (0..9_000).map(|index| entries(index, "old")).collect();
        let old = written(&all);
        let new = written(&[entries(4_000, "new"), entries(9_500, "new")]);
        let gone_one = owner(1, OwnedPart::Code, 0);
        all.push((gone_one, vec![PathBuf::from("code")]));
        let with_code = written(&all);
        let mut gone = Owners::default();
        gone.add(1, OwnedPart::Code, &PartitionSet::single(0));
        let both = merged(&[(&with_code, Some(&gone)), (&new, None)]);
        all.pop();
        all[4_000] = entries(4_000, "new");
        all.push(entries(9_500, "new"));
        assert_eq!(read(&both), all);
        assert_eq!(both.chunks[0], old.chunks[0]);
        assert!(both.chunks.len() <= old.chunks.len() + 2);
    }

    #[test]
    fn the_last_list_counts_and_what_is_gone_does_not() {
        let path = |text: &str| vec![Path::new(text).to_owned()];
        let old = written(&[
            (owner(0, OwnedPart::Source, 0), path("a")),
            (owner(0, OwnedPart::Source, 1), path("b")),
            (owner(0, OwnedPart::Source, 2), path("c")),
        ]);
        let new = written(&[
            (owner(0, OwnedPart::Source, 1), path("B")),
            (owner(1, OwnedPart::Outputs, 4), path("d")),
        ]);
        let mut gone = Owners::default();
        gone.add(0, OwnedPart::Source, &PartitionSet::single(2));
        assert!(
            gone.has(owner(0, OwnedPart::Source, 2)) && !gone.has(owner(0, OwnedPart::Source, 1))
        );
        let both = merged(&[(&old, Some(&gone)), (&new, None)]);
        assert_eq!(
            read(&both),
            [
                (owner(0, OwnedPart::Source, 0), path("a")),
                (owner(0, OwnedPart::Source, 1), path("B")),
                (owner(1, OwnedPart::Outputs, 4), path("d")),
            ]
        );
    }
}
