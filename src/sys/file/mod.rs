//! Files: what tells a changed one without reading it, how they are written, copied and removed.

mod copy;
mod open;
mod own;
mod relocate;
mod remove;
mod room;
mod stamp;
mod write;

pub use copy::{copy_file, copy_tree};
pub use open::{open_file, read_file};
pub use own::{open_own, read_own};
pub use relocate::{Mount, mount_of, relocate};
pub use remove::remove_tree;
pub use room::room_in;
pub use stamp::{
    FileKind, FileStamp, FileSystemNow, Follow, backdate, filesystem_now, stamp_at, stamp_of,
};
pub use write::{remove_abandoned, rename_to_new, replace_atomically, write_atomically};
