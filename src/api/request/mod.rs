//! What the library's verbs are asked for: builders over the requests of `model`, of words that are read when the call is made.

mod check;
mod io_manager_kind;
mod materialize;
mod plan;
mod raise_on_error;
mod selecting;
mod status;

pub use check::CheckRequest;
pub use io_manager_kind::IoManagerKind;
pub use materialize::MaterializeRequest;
pub use plan::PlanRequest;
pub use raise_on_error::RaiseOnError;
pub use status::StatusRequest;

pub(super) use materialize::Kept;
