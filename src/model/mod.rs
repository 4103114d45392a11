//! The nouns: plain data, checked when it is constructed, without I/O.

mod version;

pub use version::{CodeVersion, DataVersion, Fingerprint};
