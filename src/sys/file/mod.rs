//! Files: what tells a changed one without reading it, how they are written, copied and removed.

mod access;
mod copy;
mod stamp;

pub use access::{
    create_parent, open_file, open_own, read_file, read_own, remove_abandoned, remove_tree,
    rename_to_new, replace_atomically, write_atomically, write_privately,
};
pub use copy::{
    FileSystem, Mount, copy_file, copy_tree, file_system_of, mount_of, relocate, room_in,
};
pub use stamp::{
    FileKind, FileStamp, FileSystemNow, Follow, backdate, filesystem_now, stamp_at, stamp_of,
};
