//! Files: what tells a changed one without reading it, how they are written, copied and removed.

mod copy;
mod open;
mod relocate;
mod remove;
mod stamp;
mod write;

pub use copy::{copy_file, copy_tree};
pub use open::{create_parent, open_file, open_own, read_file, read_own};
pub use relocate::{FileSystem, Mount, file_system_of, mount_of, relocate, room_in};
pub use remove::remove_tree;
pub use stamp::{
    FileKind, FileStamp, FileSystemNow, Follow, backdate, filesystem_now, stamp_at, stamp_of,
};
pub use write::{remove_abandoned, rename_to_new, replace_atomically, write_atomically};
