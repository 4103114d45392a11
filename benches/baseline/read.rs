//! The bare cost of reading an instance: steps through all rows of its current state, and prints the seconds that this took.
//!
//! `read FILE`: the file is a copy of `.assetctl/instance.db`. It is what `benches/compare.py` measures `status --recorded` of many
//! partitions against.

use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

fn main() {
    let file = std::env::args().nth(1).expect("usage: read FILE");
    let start = Instant::now();
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = connection.expect("the instance can be opened");
    let mut statement = connection
        .prepare("SELECT asset_id, partition_id, attempt, materialized FROM current")
        .expect("it is an instance");
    let mut rows = statement.query([]).expect("it can be read");
    let mut bytes = 0;
    while let Some(row) = rows.next().expect("a row can be read") {
        let materialized = row.get_ref(3).expect("there are four columns");
        let materialized = materialized.as_blob_or_null().expect("it is a blob");
        bytes += materialized.map_or(0, <[u8]>::len);
    }
    assert!(bytes > 0, "something was materialized");
    println!("{}", start.elapsed().as_secs_f64());
}
