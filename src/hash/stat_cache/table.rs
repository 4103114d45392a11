//! The rows of a saved stat cache, as they lie in its file.
//!
//! A small file is read at once; of a large one the pages that are asked for. Who asks in the order of the file reads each
//! page once. Where too many ask in no order, the whole file is read after all. A page that does not fit its checksum, or a
//! file that does not fit its header, is as good as none.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::digest::{Digest, Key};
use crate::hash::stat_cache::cursor::Cursor;
use crate::hash::stat_cache::layout::{
    CHECKSUM, CHECKSUM_AT, DAY_AT, ENTRY, HEADER, LEADING, Layout, MAGIC, PAGE_ROWS, ROWS_AT,
    checksum,
};
use crate::hash::stat_cache::row::{ROW, Row};
use crate::sys::file::open_file;

/// Files up to this length are read at once.
const SMALL: u64 = 2 * 1024 * 1024;

/// So many rows for each search in a file that is not in memory: after that reading it whole is cheaper.
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
    /// The table in the file at `path`; an empty one where there is none.
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
