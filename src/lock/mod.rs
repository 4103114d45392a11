//! What a lock file says, judged: which lines are right, which are to be written, which are folded into blocks.
//!
//! A line is *right* if its fingerprint can be computed again from the declaration, the code, the sources and the outputs of
//! the lines that it depends on. So each line is judged by itself, and by induction down the graph neither outputs nor an
//! instance are needed. Where an asset has very many partitions, whole blocks of them stand in one line, for which a digest
//! of everything that they read stands in.
//!
//! - `rows`: which line stands for which cell.
//! - `judge`: whether a line is right.
//! - `contribution`: what lines and sources contribute to what reads them.
//! - `stand_in`: what stands in for fingerprints where blocks are read.
//! - `verdicts`: what follows downstream, and why.
//! - `fold`: lines into blocks.
//! - `lines`, `keys`, `update`: what is written of an evaluation, and the content after it.
//! - `compare`, `count`: what differs between two lock files.
//!
//! Pure: the text is read and written by `lockfile`, and what is on disk comes in as facts.

mod compare;
mod contribution;
mod fold;
mod judge;
mod lines;
mod outline;
mod rows;
#[cfg(test)]
mod tests;
mod update;
mod verdicts;
mod witnesses;

pub use fold::{FoldLimits, Unfold, holds_foldable, refold};
pub use judge::{LockFacts, LockJudge};
pub use verdicts::{CONFIG_OF_PARTITION, LockStatus};

pub use compare::{Compared, changed_lines, compare, lines_by_name};
pub use lines::{
    LinesOfCells, fresh_line, fresh_lines, is_fresh, is_unsettled, line_of, staying,
    unsettled_lines, was_made_now, without_cells,
};
pub use update::{LockChanges, is_locked, key_changes, keys_of, update};
pub use witnesses::{
    Asked, asset_of, is_met, lock_facts, locked_result, right_cells, stands_in_block,
};

pub use outline::{Outline, stand_apart};
