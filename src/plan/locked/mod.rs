//! Freshness from a lock file: which of its lines are right, and what follows for each asset partition.
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

mod fold;
mod judge;
mod reading;
mod rows;
mod stand_in;
#[cfg(test)]
mod tests;
mod verdicts;

pub use fold::{FoldLimits, Unfold, holds_foldable, refold};
pub use judge::{LockFacts, LockJudge};
pub use verdicts::LockStatus;
