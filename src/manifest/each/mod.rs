//! Factories: `[each.NAME]` lists, and the declarations that are made once for each of their values.
//!
//! The parsed tables are expanded before anything is read from them: a declaration with `each` becomes one table for each
//! value, with the value in the place of its `{{each…}}` placeholders. So all that follows reads what somebody could have
//! written, and an asset has the fingerprint of the one that is written with its values. Places in an expanded table are
//! those of the declaration; [`Origins`] adds the value to what is said of it.

mod bindings;
mod expansion;
mod list_files;
mod lists;
mod origins;
mod substitution;

pub(super) use expansion::expand;
pub(super) use list_files::{ListFiles, parse_lists};
pub(super) use lists::Lists;
pub(super) use origins::Origins;
