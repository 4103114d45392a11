//! What a lock file says, judged: which lines are right, which are to be written, which are folded into blocks.
//!
//! A line is *right* if its fingerprint can be computed again from the declaration, the code, the sources and the outputs of
//! the lines that it depends on. So each line is judged by itself, and by induction down the graph neither outputs nor an
//! instance are needed. Where an asset has very many partitions, whole blocks of them stand in one line, for which a digest
//! of everything that they read stands in.
//!
//! - `rows`: which line stands for which cell.
//! - `judge`: whether a line is right.
//! - `reading`: what lines and sources contribute to what reads them.
//! - `stand_in`: what stands in for fingerprints where blocks are read.
//! - `verdicts`: what follows downstream, and why.
//! - `fold`: lines into blocks.
//! - `lines`, `keys`, `update`: what is written of an evaluation, and the content after it.
//! - `compare`, `count`: what differs between two lock files.
//!
//! Pure: the text is read and written by `lockfile`, and what is on disk comes in as facts.

mod apart;
mod asked;
mod compare;
mod count;
mod fold;
mod fresh;
mod judge;
mod keys;
mod lines;
mod reading;
mod right;
mod rows;
mod stand_in;
#[cfg(test)]
mod tests;
mod update;
mod verdicts;

pub use fold::{FoldLimits, Unfold, holds_foldable, refold};
pub use judge::{LockFacts, LockJudge};
pub use verdicts::LockStatus;

pub use compare::{Compared, compare};
pub use count::changed_lines;
pub use keys::{is_locked, key_changes, keys_of};
pub use lines::{
    LinesOfCells, fresh_line, fresh_lines, is_fresh, is_unsettled, line_of, was_made_now,
    without_cells,
};
pub use right::{is_met, lock_facts, right_cells, stands_in_block};
pub use update::{Changes, update};

pub use apart::{Outline, stand_apart};
pub use asked::{Asked, asset_of, locked_result};
pub use fresh::{staying, unsettled_lines};
