//! The cores, for work that falls into independent parts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::plan::{Alone, Share};
use crate::sys::inherited::cores;

/// All cores: the thread that asks, and others that end with the work.
#[derive(Clone, Copy, Debug)]
pub struct AllCores;

impl Share for AllCores {
    fn share(&self, parts: usize, part: &(dyn Fn(usize) + Sync)) {
        let threads = cores().min(parts);
        if threads < 2 {
            return Alone.share(parts, part);
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let numbers = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < parts);
            while let Some(number) = numbers() {
                part(number);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Where the system gives no thread, there is one fewer.
                drop(thread::Builder::new().spawn_scoped(scope, work));
            }
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::AllCores;
    use crate::plan::Share;

    #[test]
    fn each_part_is_done_once() {
        for parts in [0, 1, 2, 1000] {
            let done = Mutex::new(Vec::new());
            AllCores.share(parts, &|part| done.lock().unwrap().push(part));
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            assert!(done.into_iter().eq(0..parts));
        }
    }
}
