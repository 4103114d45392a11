//! A snapshot of the last looks: what was fresh, and how all looked that it was judged by.
//!
//! A look stats everything that a snapshot holds, finds the little that looks otherwise, and judges that and all that lies below
//! it. All else is *settled*: its verdict is what it was, as everything is what it was made of.
//!
//! What is settled:
//!
//! - A partition of an asset is recorded as fresh only where all that it reads or waits for is recorded, too: sources as they
//!   look, upstream partitions as fresh. So whatever changes, a walk downstream from there meets all that it concerns.
//! - A stamp is recorded only where no later change can leave it as it is, and only with the version that was judged.
//! - What belongs to a source or to code is recorded anew only where all that read it is opened: judged anew in the same look,
//!   or no more fresh by the snapshot. So a look at one reader never speaks for another.
//! - What the verdicts are made of besides (the manifest, the instance, the lock file, keys) is the [`SnapshotState`]. After an edit
//!   of the manifest the [`Numbering`] tells which declarations mean what they did; all others count as new, and their readers
//!   are opened.
//!
//! A snapshot decides nothing: where it is absent, old, torn or altered, a look takes longer.

mod file;
mod glance;
mod narrow;
mod numbering;
mod record;
mod records;
mod state;

pub use file::{Snapshot, SnapshotPlace, SnapshotUpdate};
pub use glance::{ChangedRecords, Glance, GlanceExtent, Viewpoint};
pub use narrow::{Besides, Narrowed, narrow};
pub use numbering::Numbering;
pub use record::{Judgement, OutputCounts, SnapshotRecording, SnapshotRecords, by_rule};
pub use records::{OwnedPart, Owner, Owners};
pub use state::{Everything, KeysSince, KnownKeys, SnapshotState};
