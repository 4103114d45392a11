//! The rows of a saved stat cache, as they lie in its file.
//!
//! A small file is read at once; of a large one the pages that are asked for. Who asks in the order of the file reads each
//! page once. Where too many ask in no order, the whole file is read after all. A page that does not fit its checksum, or a
//! file that does not fit its header, is as good as none.
//!
//! How the file of a stat cache is laid out.
//!
//! ```text
//! header    magic, number of rows, day of the save, checksum of all this and of the top
//! top       the first key of each index page
//! index     pages of (leading bytes of a key, position of its row), sorted
//! rows      pages of rows, in the order in which they were looked at
//! ```
//!
//! Each page begins with its checksum, so that it can be read alone: who wants one row of a million reads two pages.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::digest::{Digest, Key};
use crate::model::DataVersion;
use crate::sys::file::{FileStamp, open_file};

/// Files up to this length are read at once.
const SMALL: u64 = 2 * 1024 * 1024;

/// How many rows each search reads in a file that is not in memory: beyond that, reading it whole is cheaper.
const ROWS_PER_SEARCH: u64 = 64;

/// An open file, and which of its rows were looked up since.
#[derive(Debug, Default)]
pub(super) struct Table {
    file: Option<File>,
    /// What its checksums are made with; there is one where there is a file.
    key: Option<Key>,
    layout: Layout,
    day: u32,
    /// The first key of each index page.
    top: Vec<u64>,
    /// The whole file, checked; empty where it is damaged.
    whole: OnceLock<Vec<u8>>,
    searches: AtomicU32,
    is_damaged: AtomicBool,
    seen: Vec<AtomicU64>,
}

impl Table {
    /// The table in the file at `path`; an empty one where the file is missing.
    pub fn open(path: &Path, key: &Key) -> Self {
        let Ok(file) = open_file(path) else {
            return Self::default();
        };
        Self::load(file, key).unwrap_or_else(|| Self {
            is_damaged: AtomicBool::new(true),
            ..Self::default()
        })
    }

    fn load(file: File, key: &Key) -> Option<Self> {
        let len = file.metadata().ok()?.len();
        let mut head = vec![0; HEADER];
        file.read_exact_at(&mut head, 0).ok()?;
        let rows = number(&head, ROWS_AT);
        let layout = Layout { rows: rows.into() };
        if !head.starts_with(MAGIC) || layout.len() != len {
            return None;
        }
        head.resize(layout.head() as usize, 0);
        file.read_exact_at(&mut head[HEADER..], HEADER as u64)
            .ok()?;
        let content = [&head[..CHECKSUM_AT], &head[HEADER..]].concat();
        if checksum(key, &content) != head[CHECKSUM_AT..HEADER] {
            return None;
        }
        let table = Self {
            file: Some(file),
            key: Some(key.clone()),
            layout,
            day: number(&head, DAY_AT),
            top: head[HEADER..].chunks_exact(LEADING).map(leading).collect(),
            seen: (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            ..Self::default()
        };
        if len <= SMALL {
            table.read_whole();
        }
        (!table.is_damaged()).then_some(table)
    }

    /// How many rows there are.
    pub fn rows(&self) -> u32 {
        self.layout.rows as u32
    }

    /// The day of the save; 0 for a table that was never saved.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Whether any row was seen.
    pub fn is_used(&self) -> bool {
        let is_marked = |word: &AtomicU64| word.load(Ordering::Relaxed) != 0;
        self.seen.iter().any(is_marked)
    }

    /// Whether some of the file was found not to be what was written.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// The row after the one that was found last, if it is that of `key`; it thereby counts as seen.
    pub fn follow(&self, key: Digest, cursor: &mut Cursor) -> Option<Row> {
        let at = cursor.next;
        if u64::from(at) >= self.layout.rows {
            return None;
        }
        self.row_of(key, at, cursor)
    }

    /// The row of `key`, wherever it is; it thereby counts as seen.
    pub fn find(&self, key: Digest, cursor: &mut Cursor) -> Option<Row> {
        let wanted = leading(key.as_bytes());
        let page = self
            .top
            .partition_point(|first| *first <= wanted)
            .checked_sub(1)?;
        self.count_search();
        let start = self.layout.index_page(page as u64);
        let mut read = Vec::new();
        let index = self.page(start, &mut read)?;
        let entries = index.as_chunks::<ENTRY>().0;
        let first = entries.partition_point(|entry| leading(entry) < wanted);
        let at = entries[first..]
            .iter()
            .take_while(|entry| leading(*entry) == wanted)
            .map(|entry| number(entry, LEADING))
            .collect::<Vec<_>>();
        at.into_iter().find_map(|at| self.row_of(key, at, cursor))
    }

    /// All rows in order, each with whether it was seen. Ends where the file is damaged.
    pub fn iter(&self) -> impl Iterator<Item = (Row, bool)> {
        let mut cursor = Cursor::default();
        (0..self.rows()).map_while(move |at| {
            let row = Row::decode(self.row_at(at, &mut cursor)?);
            let word = self.seen[at as usize / 64].load(Ordering::Relaxed);
            Some((row, word >> (at % 64) & 1 == 1))
        })
    }

    fn row_of(&self, key: Digest, at: u32, cursor: &mut Cursor) -> Option<Row> {
        let row = self.row_at(at, cursor)?;
        if row[..16] != key.as_bytes()[..] {
            return None;
        }
        let row = Row::decode(row);
        cursor.next = at + 1;
        self.mark(at as usize);
        Some(row)
    }

    fn row_at<'a>(&'a self, at: u32, cursor: &'a mut Cursor) -> Option<&'a [u8; ROW]> {
        let (page, within) = (u64::from(at) / PAGE_ROWS, u64::from(at) % PAGE_ROWS);
        let place = self.layout.row_page(page);
        let content = if self.whole.get().is_none() && cursor.page == Some(page) {
            &cursor.bytes[CHECKSUM..]
        } else {
            cursor.page = None;
            let content = self.page(place, &mut cursor.bytes)?;
            cursor.page = Some(page);
            content
        };
        content.as_chunks().0.get(within as usize)
    }

    /// The content of a page: out of the whole file, or read into `bytes` and checked.
    fn page<'a>(&'a self, (start, len): (u64, usize), bytes: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        if let Some(whole) = self.whole.get() {
            return whole.get(start as usize + CHECKSUM..start as usize + len);
        }
        bytes.resize(len, 0);
        let read = self.file.as_ref()?.read_exact_at(bytes, start);
        if read.is_err() || !self.is_intact(bytes) {
            self.is_damaged.store(true, Ordering::Relaxed);
            return None;
        }
        Some(&bytes[CHECKSUM..])
    }

    /// Searches are dear where the file is not in memory: after many of them it is read whole.
    fn count_search(&self) {
        if self.whole.get().is_none() {
            let searches = self.searches.fetch_add(1, Ordering::Relaxed);
            if u64::from(searches) > self.layout.rows / ROWS_PER_SEARCH {
                self.read_whole();
            }
        }
    }

    fn read_whole(&self) {
        self.whole.get_or_init(|| {
            let whole = self.intact();
            let found_damage = whole.is_none();
            self.is_damaged.fetch_or(found_damage, Ordering::Relaxed);
            whole.unwrap_or_default()
        });
    }

    /// All bytes of the file, if every page fits its checksum.
    fn intact(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.layout.len() as usize];
        self.file.as_ref()?.read_exact_at(&mut bytes, 0).ok()?;
        let is_whole = |(start, len): (u64, usize)| {
            let start = start as usize;
            self.is_intact(&bytes[start..start + len])
        };
        let layout = self.layout;
        let mut index = (0..layout.index_pages()).map(|page| layout.index_page(page));
        let mut rows = (0..layout.rows.div_ceil(PAGE_ROWS)).map(|page| layout.row_page(page));
        (index.all(is_whole) && rows.all(is_whole)).then_some(bytes)
    }

    fn is_intact(&self, page: &[u8]) -> bool {
        let parts = page.split_at_checked(CHECKSUM).zip(self.key.as_ref());
        parts.is_some_and(|((sum, content), key)| checksum(key, content) == sum)
    }

    /// Writes only the first time: in later lookups the threads share the word without passing it to and fro.
    fn mark(&self, at: usize) {
        let (word, bit) = (&self.seen[at / 64], 1 << (at % 64));
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }
}

/// The leading bytes of a key, of an index entry or of an entry of the top, as a number.
pub(super) fn leading(bytes: impl AsRef<[u8]>) -> u64 {
    let bytes = bytes.as_ref()[..LEADING].try_into();
    u64::from_be_bytes(bytes.expect("a slice of eight bytes is an array of eight bytes"))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_le_bytes(bytes.expect("a slice of four bytes is an array of four bytes"))
}

/// Names this format; another format, or other rules of what a version is, get another number.
pub(super) const MAGIC: &[u8; 16] = b"assetctl stat 3\n";

/// Where the header's fields stand, and its length.
const ROWS_AT: usize = 16;
const DAY_AT: usize = 20;
pub(super) const CHECKSUM_AT: usize = 24;
pub(super) const HEADER: usize = 40;

/// Rows of a page, and entries of an index page.
pub(super) const PAGE_ROWS: u64 = 64;
pub(super) const PAGE_ENTRIES: u64 = 256;

/// Bytes of an index entry, of the part of it that is of the key, and of a checksum.
pub(super) const ENTRY: usize = 12;
pub(super) const LEADING: usize = 8;
pub(super) const CHECKSUM: usize = 16;

/// The layout of a file with this many rows.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    pub(super) rows: u64,
}

impl Layout {
    /// How many index pages there are.
    pub(super) fn index_pages(self) -> u64 {
        self.rows.div_ceil(PAGE_ENTRIES)
    }

    /// The bytes of header and top.
    pub(super) fn head(self) -> u64 {
        HEADER as u64 + self.index_pages() * LEADING as u64
    }

    /// Where an index page begins, and its length with its checksum.
    pub(super) fn index_page(self, page: u64) -> (u64, usize) {
        let start = self.head() + page * (CHECKSUM + PAGE_ENTRIES as usize * ENTRY) as u64;
        (
            start,
            CHECKSUM + held(self.rows, page, PAGE_ENTRIES) * ENTRY,
        )
    }

    /// Where a page of rows begins, and its length with its checksum.
    pub(super) fn row_page(self, page: u64) -> (u64, usize) {
        let start = self.rows_start() + page * (CHECKSUM + PAGE_ROWS as usize * ROW) as u64;
        (start, CHECKSUM + held(self.rows, page, PAGE_ROWS) * ROW)
    }

    /// The length of the file.
    pub(super) fn len(self) -> u64 {
        let checksums = self.rows.div_ceil(PAGE_ROWS) * CHECKSUM as u64;
        self.rows_start() + checksums + self.rows * ROW as u64
    }

    fn rows_start(self) -> u64 {
        let checksums = self.index_pages() * CHECKSUM as u64;
        self.head() + checksums + self.rows * ENTRY as u64
    }
}

/// How much the page holds where each holds `most` of `all`.
fn held(all: u64, page: u64, most: u64) -> usize {
    all.saturating_sub(page * most).min(most) as usize
}

/// The checksum of a page's content, and of the head of a file: made by who knows `key`.
pub(super) fn checksum(key: &Key, content: &[u8]) -> [u8; CHECKSUM] {
    *key.digest(content).as_bytes()
}

/// Bytes of a row.
pub(super) const ROW: usize = 80;

/// A path, what it looked like, and the version it had then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The digest of the path.
    pub key: Digest,
    /// The version of the file.
    pub version: DataVersion,
    /// What the file looked like when that was its version.
    pub stamp: FileStamp,
    /// Days from 1970 to when the row was last looked up, as of the last save.
    pub day: u32,
}

impl Row {
    /// Appends the bytes of the row.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(self.version.0.as_bytes());
        bytes.extend_from_slice(&self.stamp.to_bytes());
        bytes.extend_from_slice(&self.day.to_le_bytes());
    }

    /// The row that these bytes are of.
    pub fn decode(bytes: &[u8; ROW]) -> Self {
        Self {
            key: Digest::from_bytes(part(bytes, 0)),
            version: DataVersion(Digest::from_bytes(part(bytes, 16))),
            stamp: FileStamp {
                size: u64::from_le_bytes(part(bytes, 32)),
                mtime_ns: i64::from_le_bytes(part(bytes, 40)),
                ctime_ns: i64::from_le_bytes(part(bytes, 48)),
                inode: u64::from_le_bytes(part(bytes, 56)),
                device: u64::from_le_bytes(part(bytes, 64)),
                mode: u32::from_le_bytes(part(bytes, 72)),
            },
            day: u32::from_le_bytes(part(bytes, 76)),
        }
    }
}

fn part<const N: usize>(bytes: &[u8; ROW], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("a slice of N bytes is an array of N bytes")
}

/// Where the last row was found, with the page that holds it.
///
/// Rows lie in the order in which they were looked at when they were learnt. Who asks in that order again finds each row
/// after the last one, without a search.
#[derive(Debug, Default)]
pub(in crate::hash) struct Cursor {
    /// The position of the row that is expected next.
    pub(super) next: u32,
    /// The page that `bytes` hold.
    pub(super) page: Option<u64>,
    pub(super) bytes: Vec<u8>,
}

const _: () = assert!(CHECKSUM_AT + CHECKSUM == HEADER && LEADING + 4 == ENTRY);

/// Bytes that are written at once.
const BUFFER: usize = 256 * 1024;

/// Writes the rows that `rows` gives each time it is asked, saved on `day`.
pub(super) fn write<I: Iterator<Item = Row>>(
    file: &mut File,
    key: &Key,
    day: u32,
    rows: impl Fn() -> I,
) -> io::Result<()> {
    let mut keys: Vec<(u64, u32)> = rows()
        .map(|row| leading(row.key.as_bytes()))
        .zip(0..)
        .collect();
    keys.sort_unstable();
    let mut out = BufWriter::with_capacity(BUFFER, file);
    head(&mut out, key, day, &keys)?;
    let mut page = Vec::new();
    for keys in keys.chunks(PAGE_ENTRIES as usize) {
        for (leading, at) in keys {
            page.extend_from_slice(&leading.to_be_bytes());
            page.extend_from_slice(&at.to_le_bytes());
        }
        end_page(&mut page, &mut out, key)?;
    }
    for row in rows().take(keys.len()) {
        row.encode(&mut page);
        if page.len() == PAGE_ROWS as usize * ROW {
            end_page(&mut page, &mut out, key)?;
        }
    }
    if !page.is_empty() {
        end_page(&mut page, &mut out, key)?;
    }
    out.flush()
}

fn head(out: &mut impl Write, key: &Key, day: u32, keys: &[(u64, u32)]) -> io::Result<()> {
    let rows = u32::try_from(keys.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut content = MAGIC.to_vec();
    content.extend_from_slice(&rows.to_le_bytes());
    content.extend_from_slice(&day.to_le_bytes());
    let fields = content.len();
    for (first, _) in keys.iter().step_by(PAGE_ENTRIES as usize) {
        content.extend_from_slice(&first.to_be_bytes());
    }
    out.write_all(&content[..fields])?;
    out.write_all(&checksum(key, &content))?;
    out.write_all(&content[fields..])
}

/// Writes a page with its checksum, and empties it.
fn end_page(page: &mut Vec<u8>, out: &mut impl Write, key: &Key) -> io::Result<()> {
    out.write_all(&checksum(key, page))?;
    out.write_all(page)?;
    page.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ROW, Row};
    use crate::digest::Kind;
    use crate::model::DataVersion;
    use crate::sys::file::FileStamp;

    #[test]
    fn a_row_survives_its_bytes() {
        let row = Row {
            key: Kind::Path.digest(b"a"),
            version: DataVersion(Kind::File.digest(b"b")),
            stamp: FileStamp {
                size: u64::MAX,
                mtime_ns: -1,
                ctime_ns: 3,
                inode: 4,
                device: 5,
                mode: 6,
            },
            day: 7,
        };
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        let bytes: [u8; ROW] = bytes.try_into().unwrap();
        assert_eq!(Row::decode(&bytes), row);
    }
}
