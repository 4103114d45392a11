//! The bare cost of commands: runs `sh -euc 'cat src/sN > out/aN'` for each N, and prints the seconds that this took.
//!
//! `spawn FOLDER COUNT JOBS`: so many commands at once. It is what `benches/compare.py` measures steps against; nothing is
//! hashed, recorded or put into place.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().expect("usage: spawn FOLDER COUNT JOBS");
    let folder = argument();
    let mut number = || argument().parse().expect("a number");
    let (count, jobs): (usize, usize) = (number(), number());
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let ended = Command::new("/bin/sh")
                        .args(["-euc", &format!("cat src/s{number} > out/a{number}")])
                        .current_dir(&folder)
                        .process_group(0)
                        .stdin(Stdio::null())
                        .status();
                    assert!(ended.is_ok_and(|it| it.success()), "command {number}");
                }
            });
        }
    });
    println!("{}", start.elapsed().as_secs_f64());
}
