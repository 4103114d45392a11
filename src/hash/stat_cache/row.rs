//! One row of the stat cache, and its bytes.

use crate::digest::Digest;
use crate::model::DataVersion;
use crate::sys::file::FileStamp;

/// Bytes of a row.
pub(super) const ROW: usize = 80;

/// A path, what it looked like, and the version it had then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The digest of the path.
    pub key: Digest,
    /// The version of the file.
    pub version: DataVersion,
    /// What the file looked like when that was its version.
    pub stamp: FileStamp,
    /// Days from 1970 to when the row was last looked up, as of the last save.
    pub day: u32,
}

impl Row {
    /// Appends the bytes of the row.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(self.version.0.as_bytes());
        bytes.extend_from_slice(&self.stamp.size.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.mtime_ns.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.ctime_ns.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.inode.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.device.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.mode.to_le_bytes());
        bytes.extend_from_slice(&self.day.to_le_bytes());
    }

    /// The row that these bytes are of.
    pub fn decode(bytes: &[u8; ROW]) -> Self {
        Self {
            key: Digest::from_bytes(part(bytes, 0)),
            version: DataVersion(Digest::from_bytes(part(bytes, 16))),
            stamp: FileStamp {
                size: u64::from_le_bytes(part(bytes, 32)),
                mtime_ns: i64::from_le_bytes(part(bytes, 40)),
                ctime_ns: i64::from_le_bytes(part(bytes, 48)),
                inode: u64::from_le_bytes(part(bytes, 56)),
                device: u64::from_le_bytes(part(bytes, 64)),
                mode: u32::from_le_bytes(part(bytes, 72)),
            },
            day: u32::from_le_bytes(part(bytes, 76)),
        }
    }
}

fn part<const N: usize>(bytes: &[u8; ROW], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("a slice of N bytes is an array of N bytes")
}

#[cfg(test)]
mod tests {
    use super::{ROW, Row};
    use crate::digest::Kind;
    use crate::model::DataVersion;
    use crate::sys::file::FileStamp;

    #[test]
    fn a_row_survives_its_bytes() {
        let row = Row {
            key: Kind::Path.digest(b"a"),
            version: DataVersion(Kind::File.digest(b"b")),
            stamp: FileStamp {
                size: u64::MAX,
                mtime_ns: -1,
                ctime_ns: 3,
                inode: 4,
                device: 5,
                mode: 6,
            },
            day: 7,
        };
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        let bytes: [u8; ROW] = bytes.try_into().unwrap();
        assert_eq!(Row::decode(&bytes), row);
    }
}
