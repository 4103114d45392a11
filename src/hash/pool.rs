//! The threads that hash.
//!
//! They are a rayon pool of their own, started by the first call that needs it. The reason is a trap: whoever waits inside a
//! rayon worker takes up other jobs of the worker's pool meanwhile. Hashing may be asked for on the worker of a pool whose
//! jobs are commands that take hours, so from there this room waits on a channel or does the work itself, and never waits in
//! rayon.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// `None` where the system gives no threads: then everything is done by who asks.
static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    ThreadPoolBuilder::new()
        .thread_name(|index| format!("hash-{index}"))
        .build()
        .ok()
});

/// Runs `job` on a thread of the pool, so that `rayon::join` in it stays within the pool.
pub(super) fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let Some(pool) = POOL.as_ref() else {
        return job();
    };
    if pool.current_thread_index().is_some() {
        return job();
    }
    let (sender, receiver) = sync_channel(1);
    pool.spawn(move || {
        // The receiver waits below for as long as the job runs.
        let _ = sender.send(job());
    });
    receiver
        .recv()
        .expect("the job sends its result, and a panic in it ends the process")
}

/// `each` of `values` in order, on all threads of the pool; on the calling thread alone where waiting would be a trap.
pub(super) fn map<I: Sync, O: Send>(values: &[I], each: impl Fn(&I) -> O + Sync) -> Vec<O> {
    let Some(pool) = POOL.as_ref() else {
        return values.iter().map(&each).collect();
    };
    if rayon::current_thread_index().is_some() && pool.current_thread_index().is_none() {
        return values.iter().map(&each).collect();
    }
    pool.install(|| values.par_iter().map(&each).collect())
}

/// How much there is to do, to decide whether threads are worth their start (0.1 ms).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// Bytes to be read.
    pub bytes: u64,
    /// Files to be opened.
    pub files: usize,
}

impl Work {
    /// Adds a file of `bytes`.
    pub fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.files += 1;
    }

    /// [`map`] where the work is worth it and can be shared, else the same on the calling thread.
    pub fn map<I: Sync, O: Send>(self, values: &[I], each: impl Fn(&I) -> O + Sync) -> Vec<O> {
        const WORTH_BYTES: u64 = 256 * 1024;
        const WORTH_FILES: usize = 64;
        if values.len() > 1 && (self.bytes > WORTH_BYTES || self.files > WORTH_FILES) {
            map(values, each)
        } else {
            values.iter().map(&each).collect()
        }
    }
}

/// How many paths are worth threads.
const WORTH: usize = 256;

/// Whether there is a file or a directory at the path of each of `values`; a dangling link leads to nothing.
pub fn exist<T: Sync>(values: &[T], path: impl Fn(&T) -> PathBuf + Sync) -> Vec<bool> {
    let exists = |value: &T| path(value).exists();
    if values.len() < WORTH {
        values.iter().map(exists).collect()
    } else {
        map(values, exists)
    }
}
