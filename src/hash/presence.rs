//! Whether something is there, asked of many paths at once.

use std::path::PathBuf;

use crate::hash::pool;

/// How many paths are worth threads.
const WORTH: usize = 256;

/// Whether there is a file or a directory at the path of each of `values`; a dangling link leads to nothing.
pub fn exist<T: Sync>(values: &[T], path: impl Fn(&T) -> PathBuf + Sync) -> Vec<bool> {
    let exists = |value: &T| path(value).exists();
    if values.len() < WORTH {
        values.iter().map(exists).collect()
    } else {
        pool::map(values, exists)
    }
}
