//! Numbers for partitions, such that one asset's time windows stand in order.
//!
//! A window is its start in seconds, the only partition of an unpartitioned asset is the smallest number, and interned
//! names count downwards from -2^62. No timestamp comes near (they span less than 2^39 seconds), so the three never
//! meet.

/// The partition of an unpartitioned asset.
pub(super) const UNPARTITIONED: i64 = i64::MIN;

/// The number of the partition whose key has the interned number `name`, which is positive.
pub(super) fn of_name(name: i64) -> i64 {
    -(1 << 62) - name
}

/// The interned number of the name that a partition has: the inverse of [`of_name`].
pub(super) fn name(partition_id: i64) -> i64 {
    -(1 << 62) - partition_id
}

/// Whether a number is that of an interned name.
pub(super) fn is_name(partition_id: i64) -> bool {
    partition_id != UNPARTITIONED && partition_id < -(1 << 62)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{UNPARTITIONED, name, of_name};

    #[test]
    fn kinds_do_not_meet() {
        assert!(of_name(1) < Timestamp::MIN.as_second());
        assert!(UNPARTITIONED < of_name(1 << 40));
        assert_eq!(name(of_name(7)), 7);
    }
}
