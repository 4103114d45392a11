//! `Assets.lock`: the text file beside `Assets.toml` that lets freshness be judged from a checkout alone.
//!
//! Text in, [`Lock`](crate::model::Lock) out, and back. The writer is deterministic: the same lock is the same bytes. The
//! reader takes what version control makes of such a file: lines in any order, both sides of a conflict, lines twice,
//! several lines for one key. Whether a line is right is not judged here.
//!
//! `docs/lockfile.md` describes the format. A reader of the first format refuses a newer one. From the second on lines of
//! unknown kinds are kept as they are, so only what changes the meaning of other lines raises it.

mod disk;
mod error;
mod gather;
mod line_index;
mod parse;
mod print;
mod splice;
#[cfg(test)]
mod tests;
mod words;

pub use disk::{FILE_NAME, LockPlace};
pub use error::{Damage, DamagedLine, LockError};
pub use line_index::{LineIndex, WantedLines};
pub use parse::{Parsed, parse, salvage};
pub use print::print;
pub use splice::splice;

/// The newest format that is read. It is written where a line needs it, and the first one otherwise.
const FORMAT: u32 = 2;
