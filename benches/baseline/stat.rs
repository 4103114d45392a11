//! The bare cost of looking at files: stats the paths in a list on all cores, and prints the seconds that this took.
//!
//! `stat FOLDER LIST`: the list has one path, relative to the folder, on each line. It is what `benches/compare.py` measures
//! `status` of many partitions against.

use std::fs;
use std::thread;
use std::time::Instant;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().expect("usage: stat FOLDER LIST");
    let (folder, list) = (argument(), argument());
    let list = fs::read_to_string(list).expect("the list can be read");
    let paths: Vec<&str> = list.lines().collect();
    let root = openat(CWD, folder, OFlags::DIRECTORY, Mode::empty()).expect("the folder exists");
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let start = Instant::now();
    thread::scope(|scope| {
        for share in paths.chunks(paths.len().div_ceil(cores).max(1)) {
            let root = &root;
            scope.spawn(move || {
                for path in share {
                    let stat = statat(root, *path, AtFlags::SYMLINK_NOFOLLOW);
                    assert!(stat.is_ok(), "{path} is there");
                }
            });
        }
    });
    println!("{}", start.elapsed().as_secs_f64());
}
