//! What follows from a value's other fields and is worked out when it is first needed.

use std::fmt;
use std::sync::OnceLock;

/// A cache that is no part of its value: all are equal, and a copy begins empty.
pub(super) struct Derived<T> {
    cell: OnceLock<Box<T>>,
}

impl<T> Derived<T> {
    pub(super) fn get_or_init(&self, derive: impl FnOnce() -> T) -> &T {
        self.cell.get_or_init(|| Box::new(derive()))
    }
}

impl<T> Default for Derived<T> {
    fn default() -> Self {
        Self {
            cell: OnceLock::new(),
        }
    }
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Derived<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Derived<T> {}

impl<T> fmt::Debug for Derived<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("..")
    }
}
