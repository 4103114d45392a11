//! Writing the file of a stat cache, without holding its rows in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::digest::Key;
use crate::hash::stat_cache::layout::{
    CHECKSUM, CHECKSUM_AT, ENTRY, HEADER, LEADING, MAGIC, PAGE_ENTRIES, PAGE_ROWS, checksum,
};
use crate::hash::stat_cache::row::{ROW, Row};
use crate::hash::stat_cache::table::leading;

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
    let mut page = Page::default();
    for keys in keys.chunks(PAGE_ENTRIES as usize) {
        for (leading, at) in keys {
            page.bytes.extend_from_slice(&leading.to_be_bytes());
            page.bytes.extend_from_slice(&at.to_le_bytes());
        }
        page.end(&mut out, key)?;
    }
    for row in rows().take(keys.len()) {
        row.encode(&mut page.bytes);
        if page.bytes.len() == PAGE_ROWS as usize * ROW {
            page.end(&mut out, key)?;
        }
    }
    if !page.bytes.is_empty() {
        page.end(&mut out, key)?;
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

/// The content of a page that is being written.
#[derive(Default)]
struct Page {
    bytes: Vec<u8>,
}

impl Page {
    fn end(&mut self, out: &mut impl Write, key: &Key) -> io::Result<()> {
        out.write_all(&checksum(key, &self.bytes))?;
        out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}
