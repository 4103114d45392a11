//! Work on all cores.
//!
//! The threads are a pool of this crate's own, which starts with the first work that is worth it. The reason is a trap: whoever
//! waits inside a worker of rayon takes up other jobs of the worker's pool meanwhile, and the jobs of a program that uses this
//! crate may take hours. On a worker of another pool the caller does the work itself, or waits for it on a channel.

use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// `None` where the system gives no threads: then the caller does everything.
static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    ThreadPoolBuilder::new()
        .thread_name(|index| format!("assetctl-{index}"))
        .build()
        .ok()
});

/// `each` of `values`, in order; on all cores where there are more than `few` of them.
pub fn map<I: Send, O: Send>(
    values: impl ExactSizeIterator<Item = I>,
    few: usize,
    each: impl Fn(I) -> O + Sync,
) -> Vec<O> {
    let is_foreign = |pool: &ThreadPool| {
        rayon::current_thread_index().is_some() && pool.current_thread_index().is_none()
    };
    if values.len() > few
        && let Some(pool) = POOL.as_ref().filter(|pool| !is_foreign(pool))
    {
        let values: Vec<I> = values.collect();
        return pool.install(|| values.into_par_iter().map(&each).collect());
    }
    values.map(each).collect()
}

/// `part` of each number below `parts`, in any order.
pub fn share(parts: usize, part: &(dyn Fn(usize) + Sync)) {
    map(0..parts, 1, part);
}

/// Runs `job` on a thread of the pool, so that [`rayon::join`] in it stays within the pool.
pub fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{map, share};

    #[test]
    fn results_come_in_order() {
        for count in [0, 1, 2, 1000] {
            let doubled = map(0..count, 1, |number| 2 * number);
            assert!(doubled.into_iter().eq((0..count).map(|number| 2 * number)));
        }
    }

    #[test]
    fn each_part_is_done_once() {
        for parts in [0, 1, 2, 1000] {
            let done = Mutex::new(Vec::new());
            share(parts, &|part| done.lock().unwrap().push(part));
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            assert!(done.into_iter().eq(0..parts));
        }
    }
}
