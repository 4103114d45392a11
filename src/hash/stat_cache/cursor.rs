//! A place in a saved stat cache, for who looks up many paths.

/// Where the last row was found, with the page that holds it.
///
/// Rows lie in the order in which they were looked at when they were learnt. Who asks in that order again finds each row
/// after the last one, without a search.
#[derive(Debug, Default)]
pub(in crate::hash) struct Cursor {
    /// The position of the row that is expected next.
    pub(super) next: u32,
    /// The page that `bytes` hold.
    pub(super) page: Option<u64>,
    pub(super) bytes: Vec<u8>,
}
