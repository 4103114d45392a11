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

use crate::digest::Key;
use crate::hash::stat_cache::row::ROW;

/// Names this format; another format, or other rules of what a version is, get another number.
pub(super) const MAGIC: &[u8; 16] = b"assetctl stat 3\n";

/// Where the header's fields stand, and its length.
pub(super) const ROWS_AT: usize = 16;
pub(super) const DAY_AT: usize = 20;
pub(super) const CHECKSUM_AT: usize = 24;
pub(super) const HEADER: usize = 40;

/// Rows of a page, and entries of an index page.
pub(super) const PAGE_ROWS: u64 = 64;
pub(super) const PAGE_ENTRIES: u64 = 256;

/// Bytes of an index entry, of the part of it that is of the key, and of a checksum.
pub(super) const ENTRY: usize = 12;
pub(super) const LEADING: usize = 8;
pub(super) const CHECKSUM: usize = 16;

/// What stands where in a file with so many rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
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
