//! The stable JSON shapes: borrowed views of `model` values, converted by hand, so that a change of a model type cannot
//! change the contract.
//!
//! Within [`SCHEMA`] fields are added, never renamed or removed. Absent means unknown or not applicable; a partition of
//! an unpartitioned asset is `null`. Times are RFC 3339 in UTC, durations `…_ms`, sizes `…_bytes`, versions lower-case
//! hexadecimal. The shapes are documented in `docs/json.md`.

mod affected;
mod cause;
mod check;
mod errors;
mod event;
mod explain;
mod graph;
mod history;
mod impact;
mod init;
mod list;
mod lock;
mod lock_diff;
mod logs;
mod observe;
mod output;
mod partitions;
mod plan;
mod range;
mod show;
mod status;
mod text;
mod validate;

pub use affected::AffectedDocument;
pub use cause::CauseShape;
pub use check::CheckDocument;
pub use errors::{ErrorShape, ErrorsDocument, LabelShape, flattened};
pub use event::EventLine;
pub use explain::ExplainDocument;
pub use graph::GraphDocument;
pub use history::{FailedShape, HistoryDocument, MaterializationShape};
pub use impact::ImpactDocument;
pub use init::InitDocument;
pub use list::{ListDocument, ListingShape};
pub use lock::LockDocument;
pub use lock_diff::LockDiffDocument;
pub use logs::LogsDocument;
pub use observe::ObserveDocument;
pub use output::OutputLine;
pub use partitions::{KeysDocument, MapDocument, PartitionsDocument, ShownPartitionsDocument};
pub use plan::PlanDocument;
pub use range::RangeShape;
pub use show::ShowDocument;
pub use status::StatusDocument;
pub use text::Text;
pub use validate::ValidateDocument;

/// The number of the shapes.
pub const SCHEMA: u32 = 1;
